// SPDX-License-Identifier: GPL-2.0

//! Opening and creating files.

use super::{
    bytes,
    errno,
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
fn opened(fid: &Fid, mode: c_int, opened: &Opened) {
    fid.c().set_qid(opened.qid);
    fid.c().set_open(mode, opened.iounit);
}

p9_export! {
    /// Opens a file.
    ///
    /// # Safety
    ///
    /// `file` must be a fid.
    pub unsafe extern "C" fn p9_client_open(file: *mut bindings::p9_fid, mode: c_int) -> c_int {
        // SAFETY: by the safety requirements.
        let (fid, clnt) = unsafe { (fid(file), client_of(file)) };
        if fid.c().is_open() {
            return EINVAL.to_errno();
        }
        // CAST: a mode is bits.
        let flags = mode as u32 & bindings::p9_open_mode_t_P9L_MODE_MASK;
        errno(clnt.lopen(fid, flags).map(|result| opened(fid, mode, &result)))
    }

    /// Creates a file in the directory `ofid`, which becomes the opened file.
    ///
    /// # Safety
    ///
    /// `ofid` must be a fid, `name` a string, `qid` writable.
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
            opened(fid, flags as c_int, &result);
            // SAFETY: by the safety requirements.
            unsafe { *qid = result.qid.into() };
        }))
    }

    /// Creates a file as 9P2000 and 9P2000.u do. No session speaks those.
    ///
    /// # Safety
    ///
    /// None.
    pub unsafe extern "C" fn p9_client_fcreate(
        _fid: *mut bindings::p9_fid,
        _name: *const c_char,
        _perm: u32,
        _mode: c_int,
        _extension: *mut c_char,
    ) -> c_int {
        EOPNOTSUPP.to_errno()
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
