// SPDX-License-Identifier: GPL-2.0

//! Attributes of files and of the file system, as 9P2000.L has them.

use super::{
    errno,
    fid::{
        client_of,
        fid, //
    },
};
use crate::{
    bindings,
    proto::message::{
        Rgetattr,
        Tsetattr, //
    },
    sys::export::p9_export,
};
use kernel::prelude::*;

/// The attributes as the file system knows them, made in place.
fn attributes(attr: Rgetattr) -> impl Init<bindings::p9_stat_dotl> {
    init!(bindings::p9_stat_dotl {
        st_result_mask: attr.valid,
        qid: attr.qid.into(),
        st_mode: attr.mode,
        st_uid: bindings::kuid_t { val: attr.uid },
        st_gid: bindings::kgid_t { val: attr.gid },
        st_nlink: attr.nlink,
        st_rdev: attr.rdev,
        st_size: attr.size,
        st_blksize: attr.blksize,
        st_blocks: attr.blocks,
        st_atime_sec: attr.atime_sec,
        st_atime_nsec: attr.atime_nsec,
        st_mtime_sec: attr.mtime_sec,
        st_mtime_nsec: attr.mtime_nsec,
        st_ctime_sec: attr.ctime_sec,
        st_ctime_nsec: attr.ctime_nsec,
        st_btime_sec: attr.btime_sec,
        st_btime_nsec: attr.btime_nsec,
        st_gen: attr.gen,
        st_data_version: attr.data_version,
    })
}

p9_export! {
    /// Asks for attributes; the caller frees what is returned with `kfree`.
    ///
    /// # Safety
    ///
    /// `file` must be a fid.
    pub unsafe extern "C" fn p9_client_getattr_dotl(
        file: *mut bindings::p9_fid,
        request_mask: u64,
    ) -> *mut bindings::p9_stat_dotl {
        // SAFETY: by the safety requirements.
        let (clnt, fid) = unsafe { (client_of(file), fid(file)) };
        let stat = clnt.getattr(fid, request_mask, |attr| {
            KBox::init(attributes(attr), GFP_KERNEL)
        });
        match stat {
            Ok(Ok(stat)) => KBox::into_raw(stat),
            Ok(Err(err)) | Err(err) => err.to_ptr(),
        }
    }

    /// Sets attributes.
    ///
    /// # Safety
    ///
    /// `file` must be a fid, `attr` readable.
    pub unsafe extern "C" fn p9_client_setattr(
        file: *mut bindings::p9_fid,
        attr: *mut bindings::p9_iattr_dotl,
    ) -> c_int {
        // SAFETY: by the safety requirements.
        let (fid, clnt, attr) = unsafe { (fid(file), client_of(file), &*attr) };
        errno(clnt.setattr(&Tsetattr {
            fid: fid.num(),
            valid: attr.valid,
            mode: attr.mode,
            uid: attr.uid.val,
            gid: attr.gid.val,
            size: attr.size,
            atime_sec: attr.atime_sec,
            atime_nsec: attr.atime_nsec,
            mtime_sec: attr.mtime_sec,
            mtime_nsec: attr.mtime_nsec,
        }))
    }

    /// Asks about the file system.
    ///
    /// # Safety
    ///
    /// `file` must be a fid, `sb` writable.
    pub unsafe extern "C" fn p9_client_statfs(
        file: *mut bindings::p9_fid,
        sb: *mut bindings::p9_rstatfs,
    ) -> c_int {
        // SAFETY: by the safety requirements.
        errno(unsafe { client_of(file).statfs(fid(file)) }.map(|reply| {
            let stat = bindings::p9_rstatfs {
                type_: reply.ty,
                bsize: reply.bsize,
                blocks: reply.blocks,
                bfree: reply.bfree,
                bavail: reply.bavail,
                files: reply.files,
                ffree: reply.ffree,
                fsid: reply.fsid,
                namelen: reply.namelen,
            };
            // SAFETY: by the safety requirements.
            unsafe { *sb = stat };
        }))
    }
}
