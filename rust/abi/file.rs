// SPDX-License-Identifier: GPL-2.0

//! Opening and creating files.

use super::{
    bytes, errno,
    fid::{
        client_of,
        fid, //
    },
};
use crate::{
    bindings,
    client::ops::Opened,
    fid::Fid,
    sys::export::p9_export, //
};
use kernel::{
    ffi::c_char,
    prelude::*, //
};

/// Notes that `fid` was opened with `mode`.
///
/// # Safety
///
/// The file system must have asked for that, and use the fid for nothing else meanwhile.
unsafe fn opened(fid: &Fid, mode: c_int, opened: &Opened) {
    // SAFETY: by the safety requirements.
    unsafe {
        fid.c().set_qid(opened.qid);
        fid.c().set_open(mode, opened.iounit);
    }
}

p9_export! {
    /// Opens a file.
    ///
    /// # Safety
    ///
    /// `file` must be a fid that no other task uses.
    pub unsafe extern "C" fn p9_client_open(file: *mut bindings::p9_fid, mode: c_int) -> c_int {
        // SAFETY: by the safety requirements.
        let (fid, clnt) = unsafe { (fid(file), client_of(file)) };
        if fid.c().is_open() {
            return EINVAL.to_errno();
        }
        // CAST: a mode is bits; what 9P2000 knows of them fits into a byte.
        let flags = mode as u32 & bindings::p9_open_mode_t_P9L_MODE_MASK;
        let result = if clnt.dialect().is_dotl() {
            clnt.lopen(fid, flags)
        } else {
            clnt.open(fid, flags as u8)
        };
        // SAFETY: by the safety requirements.
        errno(result.map(|result| unsafe { opened(fid, mode, &result) }))
    }

    /// Creates a file in the directory `ofid`, which becomes the opened file.
    ///
    /// # Safety
    ///
    /// `ofid` must be a fid that no other task uses, `name` a string, `qid` writable.
    pub unsafe extern "C" fn p9_client_create_dotl(
        ofid: *mut bindings::p9_fid,
        name: *const c_char,
        flags: u32,
        mode: u32,
        gid: bindings::kgid_t,
        qid: *mut bindings::p9_qid,
    ) -> c_int {
        // SAFETY: by the safety requirements.
        let (fid, clnt, name) = unsafe { (fid(ofid), client_of(ofid), bytes(name)) };
        if fid.c().is_open() {
            return EINVAL.to_errno();
        }
        let mode = mode & bindings::p9_open_mode_t_P9L_MODE_MASK;
        errno(clnt.lcreate(fid, name, flags, mode, gid.val).map(|result| {
            // CAST: flags are bits.
            // SAFETY: by the safety requirements.
            unsafe { opened(fid, flags as c_int, &result) };
            // SAFETY: by the safety requirements.
            unsafe { *qid = result.qid.into() };
        }))
    }

    /// Creates a file in the directory `file`, which becomes the opened file, as 9P2000 does.
    ///
    /// # Safety
    ///
    /// `file` must be a fid that no other task uses, `name` a string, `extension` a string or null.
    pub unsafe extern "C" fn p9_client_fcreate(
        file: *mut bindings::p9_fid,
        name: *const c_char,
        perm: u32,
        mode: c_int,
        extension: *mut c_char,
    ) -> c_int {
        // SAFETY: by the safety requirements.
        let (fid, clnt, name) = unsafe { (fid(file), client_of(file), bytes(name)) };
        // SAFETY: by the safety requirements.
        let extension = unsafe { bytes(extension) };
        if fid.c().is_open() {
            return EINVAL.to_errno();
        }
        // CAST: a mode is bits; what 9P2000 knows of them fits into a byte.
        let flags = (mode as u32 & bindings::p9_open_mode_t_P9L_MODE_MASK) as u8;
        errno(
            clnt.create(fid, name, perm, flags, extension)
                // SAFETY: by the safety requirements.
                .map(|result| unsafe { opened(fid, mode, &result) }),
        )
    }

    /// Lets the server write a file to its disk.
    ///
    /// # Safety
    ///
    /// `file` must be a fid.
    pub unsafe extern "C" fn p9_client_fsync(file: *mut bindings::p9_fid, datasync: c_int) -> c_int {
        // SAFETY: by the safety requirements.
        errno(unsafe { client_of(file).fsync(fid(file), datasync != 0) })
    }
}
