// SPDX-License-Identifier: GPL-2.0

//! Decoding for others: directory entries, error strings; and what transports written in C call.

use crate::{
    bindings,
    proto::{
        dirent::Dirent,
        errno::Errno,
        errstr,
        wire::HEADER_SIZE, //
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

    /// Reads the header of the frame in `pdu`: size, type and tag.
    ///
    /// # Safety
    ///
    /// `pdu` must have `size` readable bytes; `size`, which may be that very field, `ty` and `tag`
    /// must be null or writable.
    pub unsafe extern "C" fn p9_parse_header(
        pdu: *mut bindings::p9_fcall,
        size: *mut i32,
        ty: *mut i8,
        tag: *mut i16,
        rewind: c_int,
    ) -> c_int {
        // SAFETY: by the safety requirements.
        let (present, data) = unsafe { ((*pdu).size as usize, (*pdu).sdata) };
        if present < HEADER_SIZE {
            return EFAULT.to_errno();
        }
        // SAFETY: by the safety requirements.
        let [s0, s1, s2, s3, found_ty, t0, t1] = unsafe { data.cast::<[u8; HEADER_SIZE]>().read() };
        let found_size = u32::from_le_bytes([s0, s1, s2, s3]);
        let found_tag = u16::from_le_bytes([t0, t1]);
        // SAFETY: by the safety requirements.
        unsafe {
            if rewind == 0 {
                (*pdu).offset = HEADER_SIZE;
            }
            // CAST: the same bits, as the kernel's header has them.
            if !ty.is_null() {
                *ty = found_ty as i8;
            }
            if !tag.is_null() {
                *tag = found_tag as i16;
            }
            if !size.is_null() {
                *size = found_size as i32;
            }
            // A caller that has only the header lets the size be stored before the comparison.
            if (*pdu).size != found_size || (found_size as usize) < HEADER_SIZE {
                return EINVAL.to_errno();
            }
            (*pdu).id = found_ty;
            (*pdu).tag = found_tag;
        }
        0
    }

    /// Frees the buffer of a frame.
    ///
    /// # Safety
    ///
    /// The buffer must be null or belong to nobody else.
    pub unsafe extern "C" fn p9_fcall_fini(fc: *mut bindings::p9_fcall) {
        // SAFETY: by the safety requirements.
        unsafe {
            if (*fc).sdata.is_null() {
                return;
            }
            if (*fc).cache.is_null() {
                bindings::kvfree((*fc).sdata.cast());
            } else {
                bindings::kmem_cache_free((*fc).cache, (*fc).sdata.cast());
            }
        }
    }
}
