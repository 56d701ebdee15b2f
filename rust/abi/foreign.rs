// SPDX-License-Identifier: GPL-2.0

//! Transports written in C: what they call.

use crate::{
    bindings,
    proto::wire::HEADER_SIZE,
    sys::export::p9_export, //
};
use kernel::prelude::*;

p9_export! {
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

    /// The request with the tag `tag` on the wire, with a reference; null if there is none.
    ///
    /// # Safety
    ///
    /// `c` must be a session.
    pub unsafe extern "C" fn p9_tag_lookup(
        _c: *mut bindings::p9_client,
        _tag: u16,
    ) -> *mut bindings::p9_req_t {
        core::ptr::null_mut()
    }

    /// Gives a reference of a request back. Returns 1 if it was the last one.
    ///
    /// # Safety
    ///
    /// `r` must be a request with a reference of the caller's.
    pub unsafe extern "C" fn p9_req_put(
        _c: *mut bindings::p9_client,
        _r: *mut bindings::p9_req_t,
    ) -> c_int {
        0
    }

    /// A request has ended.
    ///
    /// # Safety
    ///
    /// `req` must be a request with a reference of the caller's, which is given back.
    pub unsafe extern "C" fn p9_client_cb(
        _c: *mut bindings::p9_client,
        _req: *mut bindings::p9_req_t,
        _status: c_int,
    ) {
    }
}
