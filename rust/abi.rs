// SPDX-License-Identifier: GPL-2.0

//! The edge to C: the functions and structures that the file system and transports written in C
//! use, under the names and types of the kernel's own headers.
//!
//! Functions here turn pointers into references and numbers into errors, and call
//! [`crate::client`]. What they do is described there.
//!
//! # Layout
//!
//! - [`client`]: making and ending a session; `struct p9_client`.
//! - [`fid`]: `struct p9_fid`, and turning pointers into fids.
//! - [`attr`], [`file`], [`lock`], [`name`]: operations by what they are about.
//! - [`io`]: reading and writing.
//! - [`stat`]: the file record of the older dialects.
//! - [`trans`]: the registry of transports; [`foreign`]: those written in C.
//! - [`wire`]: decoding for others: directory entries, error strings.

use crate::bindings;
use kernel::{
    ffi::c_char,
    prelude::*, //
};

pub(crate) mod attr;
pub(crate) mod client;
pub(crate) mod fid;
pub(crate) mod file;
mod foreign;
pub(crate) mod io;
pub(crate) mod lock;
pub(crate) mod name;
mod stat;
pub(crate) mod trans;
pub(crate) mod wire;

/// The bytes of a C string, without its NUL; none for a null pointer.
///
/// # Safety
///
/// `string` must be null or point to a NUL-terminated string that stays as it is for `'a`.
unsafe fn bytes<'a>(string: *const c_char) -> &'a [u8] {
    if string.is_null() {
        return &[];
    }
    // SAFETY: by the safety requirements.
    unsafe { CStr::from_char_ptr(string) }.to_bytes()
}

/// A result as C functions return it: zero or a negative error number.
fn errno(result: Result) -> c_int {
    result.err().map_or(0, |err| err.to_errno())
}

/// A copy of `data` as a NUL-terminated string that C code frees with `kfree`.
///
/// # Errors
///
/// - `ENOMEM` if there is no memory.
fn duplicate(data: &[u8]) -> Result<*mut c_char> {
    // SAFETY: `data` is readable for its length.
    let copy = unsafe { bindings::p9rs_kmemdup_nul(data.as_ptr().cast(), data.len()) };
    if copy.is_null() {
        return Err(ENOMEM);
    }
    Ok(copy.cast())
}

impl From<crate::proto::types::Qid> for bindings::p9_qid {
    fn from(qid: crate::proto::types::Qid) -> Self {
        Self {
            type_: qid.ty.get(),
            version: qid.version,
            path: qid.path,
        }
    }
}
