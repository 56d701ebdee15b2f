// SPDX-License-Identifier: GPL-2.0

//! Operations on names: creating, linking, renaming, removing.

use super::{
    bytes, duplicate, errno,
    fid::{
        client_of,
        fid, //
    },
};
use crate::{
    bindings,
    proto::types::Qid,
    sys::export::p9_export, //
};
use kernel::{
    ffi::c_char,
    prelude::*, //
};

/// Stores the identity of a new file where the caller wants it.
///
/// # Safety
///
/// `to` must be writable.
unsafe fn store(result: Result<Qid>, to: *mut bindings::p9_qid) -> c_int {
    errno(result.map(|qid| {
        // SAFETY: by the safety requirements.
        unsafe { *to = qid.into() }
    }))
}

/// Major and minor number of a device.
fn device(rdev: bindings::dev_t) -> (u32, u32) {
    (rdev >> MINOR_BITS, rdev & ((1 << MINOR_BITS) - 1))
}

/// Bits of a minor number in a `dev_t` of the kernel.
const MINOR_BITS: u32 = 20;

p9_export! {
    /// Creates a symbolic link.
    ///
    /// # Safety
    ///
    /// `dfid` must be a fid, the names strings, `qid` writable.
    pub unsafe extern "C" fn p9_client_symlink(
        dfid: *mut bindings::p9_fid,
        name: *const c_char,
        symname: *const c_char,
        gid: bindings::kgid_t,
        qid: *mut bindings::p9_qid,
    ) -> c_int {
        // SAFETY: by the safety requirements.
        unsafe {
            let result =
                client_of(dfid).symlink(fid(dfid), bytes(name), bytes(symname), gid.val);
            store(result, qid)
        }
    }

    /// Creates a device, fifo or socket.
    ///
    /// # Safety
    ///
    /// `oldfid` must be a fid, `name` a string, `qid` writable.
    pub unsafe extern "C" fn p9_client_mknod_dotl(
        oldfid: *mut bindings::p9_fid,
        name: *const c_char,
        mode: c_int,
        rdev: bindings::dev_t,
        gid: bindings::kgid_t,
        qid: *mut bindings::p9_qid,
    ) -> c_int {
        // CAST: a mode is bits.
        let mode = mode as u32;
        // SAFETY: by the safety requirements.
        unsafe {
            let result =
                client_of(oldfid).mknod(fid(oldfid), bytes(name), mode, device(rdev), gid.val);
            store(result, qid)
        }
    }

    /// Creates a directory.
    ///
    /// # Safety
    ///
    /// `dfid` must be a fid, `name` a string, `qid` writable.
    pub unsafe extern "C" fn p9_client_mkdir_dotl(
        dfid: *mut bindings::p9_fid,
        name: *const c_char,
        mode: c_int,
        gid: bindings::kgid_t,
        qid: *mut bindings::p9_qid,
    ) -> c_int {
        // CAST: a mode is bits.
        let mode = mode as u32;
        // SAFETY: by the safety requirements.
        unsafe {
            let result = client_of(dfid).mkdir(fid(dfid), bytes(name), mode, gid.val);
            store(result, qid)
        }
    }

    /// Creates another name for a file.
    ///
    /// # Safety
    ///
    /// `dfid` and `oldfid` must be fids of one session, `newname` a string.
    pub unsafe extern "C" fn p9_client_link(
        dfid: *mut bindings::p9_fid,
        oldfid: *mut bindings::p9_fid,
        newname: *const c_char,
    ) -> c_int {
        // SAFETY: by the safety requirements.
        errno(unsafe { client_of(dfid).link(fid(dfid), fid(oldfid), bytes(newname)) })
    }

    /// Moves a file.
    ///
    /// # Safety
    ///
    /// `file` and `newdirfid` must be fids of one session, `name` a string.
    pub unsafe extern "C" fn p9_client_rename(
        file: *mut bindings::p9_fid,
        newdirfid: *mut bindings::p9_fid,
        name: *const c_char,
    ) -> c_int {
        // SAFETY: by the safety requirements.
        errno(unsafe { client_of(file).rename(fid(file), fid(newdirfid), bytes(name)) })
    }

    /// Moves a file from one directory to another.
    ///
    /// # Safety
    ///
    /// The fids must be of one session, the names strings.
    pub unsafe extern "C" fn p9_client_renameat(
        olddirfid: *mut bindings::p9_fid,
        old_name: *const c_char,
        newdirfid: *mut bindings::p9_fid,
        new_name: *const c_char,
    ) -> c_int {
        // SAFETY: by the safety requirements.
        errno(unsafe {
            client_of(olddirfid).renameat(
                fid(olddirfid),
                bytes(old_name),
                fid(newdirfid),
                bytes(new_name),
            )
        })
    }

    /// Removes a name.
    ///
    /// # Safety
    ///
    /// `dfid` must be a fid, `name` a string.
    pub unsafe extern "C" fn p9_client_unlinkat(
        dfid: *mut bindings::p9_fid,
        name: *const c_char,
        flags: c_int,
    ) -> c_int {
        // CAST: flags are bits.
        let flags = flags as u32;
        // SAFETY: by the safety requirements.
        errno(unsafe { client_of(dfid).unlinkat(fid(dfid), bytes(name), flags) })
    }

    /// Reads a symbolic link; the caller frees what `target` then points to.
    ///
    /// # Safety
    ///
    /// `link` must be a fid, `target` writable.
    pub unsafe extern "C" fn p9_client_readlink(
        link: *mut bindings::p9_fid,
        target: *mut *mut c_char,
    ) -> c_int {
        // SAFETY: by the safety requirements.
        let copy = unsafe { client_of(link).readlink(fid(link), duplicate) }.and_then(|copy| copy);
        errno(copy.map(|copy| {
            // SAFETY: by the safety requirements.
            unsafe { *target = copy }
        }))
    }
}
