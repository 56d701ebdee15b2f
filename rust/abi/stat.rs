// SPDX-License-Identifier: GPL-2.0

//! The file record of 9P2000 and 9P2000.u: `struct p9_wstat`.

use super::{
    bytes,
    client::client,
    duplicate, errno,
    fid::{
        client_of,
        fid, //
    },
};
use crate::{
    bindings,
    proto::{
        errno::Errno,
        field::DotU,
        stat::Stat,
        types::{
            Dialect,
            Qid,
            QidType, //
        },
    },
    sys::export::p9_export,
};
use kernel::{
    ffi::c_char,
    prelude::*, //
};

/// A record whose strings are owned; it frees them if nobody takes it.
struct Wstat(bindings::p9_wstat);

impl Wstat {
    /// A copy of `stat`, a record of `dialect`.
    ///
    /// # Errors
    ///
    /// - `ENOMEM` if there is no memory.
    fn new(dialect: Dialect, stat: &Stat<'_>) -> Result<Self> {
        let mut copy = Self(bindings::p9_wstat {
            // The record's size field does not count itself. A record taken from the wire is not
            // longer than that field can say.
            size: u16::try_from(stat.record_size(dialect).saturating_sub(2)).unwrap_or(u16::MAX),
            type_: stat.ty,
            dev: stat.dev,
            qid: stat.qid.into(),
            mode: stat.mode,
            atime: stat.atime,
            mtime: stat.mtime,
            length: stat.length,
            n_uid: bindings::kuid_t { val: stat.n_uid.0 },
            n_gid: bindings::kgid_t { val: stat.n_gid.0 },
            n_muid: bindings::kuid_t { val: stat.n_muid.0 },
            ..Default::default()
        });
        copy.0.name = duplicate(stat.name)?;
        copy.0.uid = duplicate(stat.uid)?;
        copy.0.gid = duplicate(stat.gid)?;
        copy.0.muid = duplicate(stat.muid)?;
        copy.0.extension = duplicate(stat.extension.0)?;
        Ok(copy)
    }

    /// The record; the caller frees its strings.
    fn into_raw(mut self) -> bindings::p9_wstat {
        core::mem::take(&mut self.0)
    }
}

impl Drop for Wstat {
    fn drop(&mut self) {
        // SAFETY: the strings are null or come from `duplicate`, and nobody else has them.
        unsafe { p9stat_free(&mut self.0) };
    }
}

/// The record at `wst` as it goes to a server.
///
/// # Safety
///
/// `wst` must be a record whose strings are null or strings that stay as they are for `'a`.
unsafe fn to_stat<'a>(wst: &bindings::p9_wstat) -> Stat<'a> {
    // SAFETY: by the safety requirements.
    let string = |string| unsafe { bytes(string) };
    Stat {
        ty: wst.type_,
        dev: wst.dev,
        qid: Qid {
            ty: QidType::new(wst.qid.type_),
            version: wst.qid.version,
            path: wst.qid.path,
        },
        mode: wst.mode,
        atime: wst.atime,
        mtime: wst.mtime,
        length: wst.length,
        name: string(wst.name),
        uid: string(wst.uid),
        gid: string(wst.gid),
        muid: string(wst.muid),
        extension: DotU(string(wst.extension)),
        n_uid: DotU(wst.n_uid.val),
        n_gid: DotU(wst.n_gid.val),
        n_muid: DotU(wst.n_muid.val),
    }
}

p9_export! {
    /// Asks for attributes; the caller frees what is returned with [`p9stat_free`] and `kfree`.
    ///
    /// # Safety
    ///
    /// `file` must be a fid.
    pub unsafe extern "C" fn p9_client_stat(
        file: *mut bindings::p9_fid,
    ) -> *mut bindings::p9_wstat {
        // SAFETY: by the safety requirements.
        let (fid, clnt) = unsafe { (fid(file), client_of(file)) };
        let result = clnt
            .stat(fid, |stat| Wstat::new(clnt.dialect(), &stat))
            .and_then(|copy| {
                let place = KBox::new_uninit(GFP_KERNEL)?;
                Ok(KBox::write(place, copy?.into_raw()))
            });
        match result {
            Ok(stat) => KBox::into_raw(stat),
            Err(err) => err.to_ptr(),
        }
    }

    /// Sets attributes.
    ///
    /// # Safety
    ///
    /// `file` must be a fid, `wst` a record whose strings are null or strings.
    pub unsafe extern "C" fn p9_client_wstat(
        file: *mut bindings::p9_fid,
        wst: *mut bindings::p9_wstat,
    ) -> c_int {
        // SAFETY: by the safety requirements.
        let (fid, clnt, stat) = unsafe { (fid(file), client_of(file), to_stat(&*wst)) };
        errno(clnt.wstat(fid, stat))
    }

    /// Decodes the first record in `buf`, the data of a directory. Returns its size, or a negative
    /// error number. The caller frees the strings with [`p9stat_free`].
    ///
    /// # Safety
    ///
    /// `clnt` must be a session, `buf` readable for `len` bytes, `st` writable.
    pub unsafe extern "C" fn p9stat_read(
        clnt: *mut bindings::p9_client,
        buf: *mut c_char,
        len: c_int,
        st: *mut bindings::p9_wstat,
    ) -> c_int {
        let Ok(len) = usize::try_from(len) else {
            return EINVAL.to_errno();
        };
        // SAFETY: by the safety requirements.
        let (bytes, dialect) = unsafe {
            (
                core::slice::from_raw_parts(buf.cast::<u8>(), len),
                client(clnt).dialect(),
            )
        };
        let (stat, size) = match Stat::decode_record(dialect, bytes) {
            Ok(decoded) => decoded,
            Err(err) => return Errno::from(err).to_negative(),
        };
        match Wstat::new(dialect, &stat) {
            Ok(copy) => {
                // SAFETY: by the safety requirements.
                unsafe { st.write(copy.into_raw()) };
                c_int::try_from(size).unwrap_or(c_int::MAX)
            }
            Err(err) => err.to_errno(),
        }
    }

    /// Frees the strings of a record.
    ///
    /// # Safety
    ///
    /// `stbuf` must be a record whose strings are null or allocated with `kmalloc`.
    pub unsafe extern "C" fn p9stat_free(stbuf: *mut bindings::p9_wstat) {
        // SAFETY: by the safety requirements.
        let stat = unsafe { &mut *stbuf };
        let extension = core::mem::replace(&mut stat.extension, core::ptr::null_mut());
        for string in [&mut stat.name, &mut stat.uid, &mut stat.gid, &mut stat.muid] {
            let string = core::mem::replace(string, core::ptr::null());
            // SAFETY: by the safety requirements; the record does not refer to it any more.
            unsafe { bindings::kfree(string.cast()) };
        }
        // SAFETY: as above.
        unsafe { bindings::kfree(extension.cast()) };
    }
}
