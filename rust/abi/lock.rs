// SPDX-License-Identifier: GPL-2.0

//! Locks on ranges of files.

use super::{
    bytes, duplicate, errno,
    fid::{
        client_of,
        fid,
        shared, //
    },
};
use crate::{
    bindings,
    proto::message::{
        Tgetlock,
        Tlock, //
    },
    sys::export::p9_export,
};
use kernel::prelude::*;

p9_export! {
    /// Locks or unlocks a range; stores the server's answer.
    ///
    /// # Safety
    ///
    /// `file` must be a fid, `flock` readable with a string in it, `status` writable.
    pub unsafe extern "C" fn p9_client_lock_dotl(
        file: *mut bindings::p9_fid,
        flock: *mut bindings::p9_flock,
        status: *mut u8,
    ) -> c_int {
        // SAFETY: by the safety requirements.
        let (fid, clnt, flock) = unsafe { (shared(file), client_of(file), &*flock) };
        let num = fid.num();
        let result = clnt.lock(fid, &Tlock {
            fid: num,
            ty: flock.type_,
            flags: flock.flags,
            start: flock.start,
            length: flock.length,
            proc_id: flock.proc_id,
            // SAFETY: by the safety requirements.
            client_id: unsafe { bytes(flock.client_id) },
        });
        errno(result.map(|answer| {
            // SAFETY: by the safety requirements.
            unsafe { *status = answer }
        }))
    }

    /// Asks who holds a lock that is in the way. The caller frees the `client_id` that is stored.
    ///
    /// # Safety
    ///
    /// `file` must be a fid, `glock` readable and writable with a string in it.
    pub unsafe extern "C" fn p9_client_getlock_dotl(
        file: *mut bindings::p9_fid,
        glock: *mut bindings::p9_getlock,
    ) -> c_int {
        // SAFETY: by the safety requirements.
        let (fid, clnt, glock) = unsafe { (fid(file), client_of(file), &mut *glock) };
        let message = Tgetlock {
            fid: fid.num(),
            ty: glock.type_,
            start: glock.start,
            length: glock.length,
            proc_id: glock.proc_id,
            // SAFETY: by the safety requirements.
            client_id: unsafe { bytes(glock.client_id) },
        };
        let result = clnt.getlock(&message, |reply| {
            Ok(bindings::p9_getlock {
                type_: reply.ty,
                start: reply.start,
                length: reply.length,
                proc_id: reply.proc_id,
                client_id: duplicate(reply.client_id)?,
            })
        });
        errno(result.and_then(|answer| answer).map(|answer| *glock = answer))
    }
}
