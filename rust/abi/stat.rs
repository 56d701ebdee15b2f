// SPDX-License-Identifier: GPL-2.0

//! The file record of 9P2000 and 9P2000.u: `struct p9_wstat`.

use super::{
    client::client,
    duplicate, //
};
use crate::{
    bindings,
    proto::{
        errno::Errno,
        stat::Stat,
        types::Dialect, //
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

p9_export! {
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
