// SPDX-License-Identifier: GPL-2.0

//! Decoding for others: directory entries, error strings; and what transports written in C call.

use crate::{
    bindings,
    proto::{
        dirent::Dirent,
        errno::Errno,
        errstr, //
    },
    sys::export::p9_export,
};
use kernel::{
    ffi::c_char,
    prelude::*, //
};

p9_export! {
    /// Decodes the first directory entry in `buf`. Returns its size, or a negative error number.
    ///
    /// # Safety
    ///
    /// `buf` must be readable for `len` bytes, `dirent` writable.
    pub unsafe extern "C" fn p9dirent_read(
        _clnt: *mut bindings::p9_client,
        buf: *mut c_char,
        len: c_int,
        dirent: *mut bindings::p9_dirent,
    ) -> c_int {
        let Ok(len) = usize::try_from(len) else {
            return EINVAL.to_errno();
        };
        // SAFETY: by the safety requirements.
        let bytes = unsafe { core::slice::from_raw_parts(buf.cast::<u8>(), len) };
        let (entry, size) = match Dirent::decode(bytes) {
            Ok(decoded) => decoded,
            Err(err) => return Errno::from(err).to_negative(),
        };
        // SAFETY: by the safety requirements.
        let dirent = unsafe { &mut *dirent };
        let name = &mut dirent.d_name;
        let Some((to, rest)) = name.split_at_mut_checked(entry.name.len()) else {
            return EIO.to_errno();
        };
        let Some(end) = rest.first_mut() else {
            return EIO.to_errno();
        };
        to.copy_from_slice(entry.name);
        *end = 0;
        dirent.qid = entry.qid.into();
        dirent.d_off = entry.offset;
        dirent.d_type = entry.ty;
        c_int::try_from(size).unwrap_or(c_int::MAX)
    }

    /// The error number for the error string `errstr` of `len` bytes, negative.
    ///
    /// # Safety
    ///
    /// `errstr` must be readable for `len` bytes.
    pub unsafe extern "C" fn p9_errstr2errno(errstr: *mut c_char, len: c_int) -> c_int {
        let len = usize::try_from(len).unwrap_or(0);
        // SAFETY: by the safety requirements.
        let string = unsafe { core::slice::from_raw_parts(errstr.cast::<u8>(), len) };
        errstr::errno_of(string).to_negative()
    }

    /// Prepares the table of error strings: there is nothing to prepare.
    ///
    /// # Safety
    ///
    /// None.
    pub unsafe extern "C" fn p9_error_init() -> c_int {
        1
    }

    /// Gives the references of pages back.
    ///
    /// # Safety
    ///
    /// `pages` must be `nr_pages` pages with a reference each, or null pointers.
    pub unsafe extern "C" fn p9_release_pages(pages: *mut *mut bindings::page, nr_pages: c_int) {
        for i in 0..usize::try_from(nr_pages).unwrap_or(0) {
            // SAFETY: by the safety requirements.
            unsafe {
                let page = *pages.add(i);
                if !page.is_null() {
                    bindings::p9rs_page_return(page);
                }
            }
        }
    }
}
