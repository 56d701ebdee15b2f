// SPDX-License-Identifier: GPL-2.0

//! Reading and writing.

use super::{
    errno,
    fid::{
        client_of,
        fid, //
    },
};
use crate::{
    bindings,
    client::Client,
    fid::Fid,
    sys::{
        export::p9_export,
        iov::IovIter, //
    },
};
use kernel::{
    ffi::c_char,
    prelude::*, //
};

/// A number of bytes as C functions return it.
fn length(n: usize) -> c_int {
    // The file system never asks for more than 2 GiB at once.
    c_int::try_from(n).unwrap_or(c_int::MAX)
}

/// Moves data between `iter` and the file with `f`. Returns the bytes moved; `err` tells why it was
/// not more.
///
/// # Safety
///
/// `file` must be a fid, `iter` a valid iterator, `err` writable.
unsafe fn transfer(
    file: *mut bindings::p9_fid,
    iter: *mut bindings::iov_iter,
    err: *mut c_int,
    f: impl FnOnce(&Client, &Fid, &mut IovIter<'_>) -> (usize, Result),
) -> c_int {
    // SAFETY: by the safety requirements.
    let (fid, clnt, mut iter) = unsafe { (fid(file), client_of(file), IovIter::from_raw(iter)) };
    let (n, result) = f(clnt, fid, &mut iter);
    // SAFETY: by the safety requirements.
    unsafe { *err = errno(result) };
    length(n)
}

p9_export! {
    /// Reads until `to` is full or the file ends. Returns the bytes read; `err` tells why it was
    /// not more.
    ///
    /// # Safety
    ///
    /// `file` must be a fid, `to` a valid iterator, `err` writable.
    pub unsafe extern "C" fn p9_client_read(
        file: *mut bindings::p9_fid,
        offset: u64,
        to: *mut bindings::iov_iter,
        err: *mut c_int,
    ) -> c_int {
        // SAFETY: by the safety requirements.
        unsafe { transfer(file, to, err, |clnt, fid, to| clnt.read(fid, offset, to)) }
    }

    /// Reads with one message. Returns the bytes read; `err` tells why it was not more.
    ///
    /// # Safety
    ///
    /// `file` must be a fid, `to` a valid iterator, `err` writable.
    pub unsafe extern "C" fn p9_client_read_once(
        file: *mut bindings::p9_fid,
        offset: u64,
        to: *mut bindings::iov_iter,
        err: *mut c_int,
    ) -> c_int {
        // SAFETY: by the safety requirements.
        unsafe { transfer(file, to, err, |clnt, fid, to| clnt.read_once(fid, offset, to)) }
    }

    /// Writes what is in `from`. Returns the bytes that the server has taken; `err` tells why it
    /// was not more.
    ///
    /// Of the page cache either all is written, or nothing is said to be: netfs would ask for the
    /// rest, and `v9fs_issue_write` would send that to where the first bytes belong.
    ///
    /// # Safety
    ///
    /// `file` must be a fid, `from` a valid iterator, `err` writable.
    pub unsafe extern "C" fn p9_client_write(
        file: *mut bindings::p9_fid,
        offset: u64,
        from: *mut bindings::iov_iter,
        err: *mut c_int,
    ) -> c_int {
        // SAFETY: by the safety requirements.
        unsafe {
            transfer(file, from, err, |clnt, fid, from| {
                let all = from.kind().is_page_cache();
                match clnt.write(fid, offset, from) {
                    (_, Err(err)) if all => (0, Err(err)),
                    written => written,
                }
            })
        }
    }

    /// Writes what is left of a subrequest of netfs, and tells netfs how it ended.
    ///
    /// # Safety
    ///
    /// `subreq` must be a subrequest whose request was begun with a fid.
    pub unsafe extern "C" fn p9_client_write_subreq(subreq: *mut bindings::netfs_io_subrequest) {
        // SAFETY: by the safety requirements.
        let (file, start, iter) = unsafe {
            let file: *mut bindings::p9_fid = (*(*subreq).rreq).netfs_priv.cast();
            // CAST: a `size_t` fits into a `u64`.
            let start = (*subreq).start.saturating_add((*subreq).transferred as u64);
            (file, start, &raw mut (*subreq).io_iter)
        };
        // SAFETY: by the safety requirements.
        let (fid, clnt, mut iter) =
            unsafe { (fid(file), client_of(file), IovIter::from_raw(iter)) };
        let outcome = match clnt.write(fid, start, &mut iter) {
            (0, Err(err)) => err.to_errno() as isize,
            // What was written counts; netfs asks again for the rest.
            (n, _) => isize::try_from(n).unwrap_or(isize::MAX),
        };
        // SAFETY: by the safety requirements; nothing of the subrequest is used any more.
        unsafe { bindings::netfs_write_subrequest_terminated(subreq.cast(), outcome) };
    }

    /// Reads directory entries into `data`. Returns their bytes, or a negative error number.
    ///
    /// # Safety
    ///
    /// `file` must be a fid, `data` writable for `count` bytes.
    pub unsafe extern "C" fn p9_client_readdir(
        file: *mut bindings::p9_fid,
        data: *mut c_char,
        count: u32,
        offset: u64,
    ) -> c_int {
        // CAST: a `u32` fits into a `usize` on every 64 bit machine.
        let len = count as usize;
        // SAFETY: by the safety requirements. The buffer was allocated zeroed.
        let (fid, clnt, data) = unsafe {
            (
                fid(file),
                client_of(file),
                core::slice::from_raw_parts_mut(data.cast::<u8>(), len),
            )
        };
        match clnt.readdir(fid, offset, data) {
            Ok(n) => length(n),
            Err(err) => err.to_errno(),
        }
    }
}
