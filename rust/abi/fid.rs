// SPDX-License-Identifier: GPL-2.0

//! `struct p9_fid`, and turning pointers into fids.

use super::bytes;
use crate::{
    abi::client,
    bindings,
    client::Client,
    fid::Fid,
    proto::types::{
        FidNum,
        Qid,
        QidType, //
    },
    sys::{
        export::p9_export,
        trace::{
            self,
            FidRef, //
        },
    },
};
use core::ptr::NonNull;
use kernel::{
    ffi::{
        c_char,
        c_uchar, //
    },
    list::ListArc,
    prelude::*,
    sync::{
        Arc,
        ArcBorrow, //
    },
    types::Opaque, //
};

/// The mode of a fid that is not open.
const NOT_OPEN: c_int = -1;

/// The bits of an open mode that tell reading from writing.
const ACCESS_MODE: c_int = 3;

/// The bit of an open mode that the file system adds where it does without the page cache.
// CAST: 0x2000.
const DIRECT: c_int = bindings::p9_open_mode_t_P9L_DIRECT as c_int;

/// The part of a fid that the file system sees: `struct p9_fid`.
///
/// The file system counts references in it and keeps it in its lists. The fields used here are
/// set before the file system learns of the fid, or in calls that it makes one at a time.
#[repr(transparent)]
pub(crate) struct P9Fid(Opaque<bindings::p9_fid>);

// SAFETY: plain data; what changes while shared is accessed as the type's description says.
unsafe impl Send for P9Fid {}

// SAFETY: as above.
unsafe impl Sync for P9Fid {}

impl P9Fid {
    /// A fid of `clnt` that is not open, with one reference, that belongs to the user of the task.
    pub(crate) fn new(clnt: &Client, num: FidNum) -> Self {
        let mut fid = bindings::p9_fid {
            clnt: core::ptr::from_ref(clnt).cast_mut().cast(),
            fid: num.get(),
            mode: NOT_OPEN,
            // SAFETY: a task has credentials.
            uid: unsafe { bindings::p9rs_current_fsuid() },
            ..Default::default()
        };
        fid.count.refs.counter = 1;
        Self(Opaque::new(fid))
    }

    /// The structure.
    fn as_ptr(&self) -> *mut bindings::p9_fid {
        self.0.get()
    }

    /// The mode it was opened with; [`NOT_OPEN`] if it was not.
    fn mode(&self) -> c_int {
        // SAFETY: the field is valid. The file system may add a flag at the same time, which does
        // not matter here.
        unsafe { (&raw const (*self.as_ptr()).mode).read_volatile() }
    }

    /// Whether it is open.
    pub(super) fn is_open(&self) -> bool {
        self.mode() != NOT_OPEN
    }

    /// Whether it is open, and not for reading only.
    pub(crate) fn is_open_for_writing(&self) -> bool {
        self.is_open() && self.mode() & ACCESS_MODE != 0
    }

    /// Whether it is open, and read without the page cache.
    pub(crate) fn is_direct(&self) -> bool {
        self.is_open() && self.mode() & DIRECT != 0
    }

    /// Bytes that one Tread or Twrite may move without being split; zero if there is no such limit.
    pub(crate) fn iounit(&self) -> u32 {
        // SAFETY: the field is valid, and written only when the fid is opened.
        unsafe { (*self.as_ptr()).iounit }
    }

    /// Notes what file it is.
    ///
    /// # Safety
    ///
    /// Nobody else may use the field: the file system does not know the fid yet, or changes it.
    pub(super) unsafe fn set_qid(&self, qid: Qid) {
        // SAFETY: the field is valid, and by the safety requirements nobody else uses it.
        unsafe { (*self.as_ptr()).qid = qid.into() };
    }

    /// Whether it is a directory.
    pub(crate) fn is_dir(&self) -> bool {
        QidType::new(self.qid().type_).contains(QidType::DIR)
    }

    /// Notes that it is open.
    ///
    /// # Safety
    ///
    /// As for [`set_qid`](Self::set_qid).
    pub(super) unsafe fn set_open(&self, mode: c_int, iounit: u32) {
        // SAFETY: the fields are valid, and by the safety requirements nobody else uses them.
        unsafe {
            (*self.as_ptr()).iounit = iounit;
            (&raw mut (*self.as_ptr()).mode).write_volatile(mode);
        }
    }

    /// Notes to whom it belongs.
    fn set_uid(&self, uid: bindings::kuid_t) {
        // SAFETY: the field is valid; see the type's description.
        unsafe { (*self.as_ptr()).uid = uid };
    }

    /// To whom it belongs.
    fn uid(&self) -> bindings::kuid_t {
        // SAFETY: the field is valid, and written only before the file system learns of the fid.
        unsafe { (*self.as_ptr()).uid }
    }

    /// Frees what the file system has allocated for reading a directory.
    ///
    /// # Safety
    ///
    /// The file system must not use the fid any more.
    pub(super) unsafe fn free_dir_buffer(&self) {
        // SAFETY: the field is valid; the buffer is null or comes from `kvmalloc`, and by the safety
        // requirements nobody else has it.
        unsafe {
            bindings::kvfree((*self.as_ptr()).rdir);
            (*self.as_ptr()).rdir = core::ptr::null_mut();
        }
    }

    /// What file it is.
    fn qid(&self) -> bindings::p9_qid {
        // SAFETY: the field is valid; see the type's description.
        unsafe { core::ptr::read(&raw const (*self.as_ptr()).qid) }
    }
}

/// The fid at `fid`.
///
/// # Safety
///
/// `fid` must come from [`into_raw`], and the file system must hold a reference of it for `'a`.
pub(super) unsafe fn fid<'a>(fid: *mut bindings::p9_fid) -> &'a Fid {
    // SAFETY: a `Fid` begins with its `struct p9_fid`, and lives as long as it is referenced.
    unsafe { &*fid.cast::<Fid>() }
}

/// A reference of our own of the fid at `fid`.
///
/// # Safety
///
/// As for [`fid`].
pub(super) unsafe fn shared(fid: *mut bindings::p9_fid) -> Arc<Fid> {
    // SAFETY: the fid comes from `Arc::as_ptr`, and is alive.
    unsafe { ArcBorrow::from_raw(fid.cast::<Fid>()) }.into()
}

/// The session of the fid at `fid`.
///
/// # Safety
///
/// As for [`fid`].
pub(super) unsafe fn client_of<'a>(fid: *mut bindings::p9_fid) -> &'a Client {
    // SAFETY: the fid is alive, and names the session that it was made for. The file system ends a
    // session only when it uses none of its fids any more.
    unsafe { client::client((*fid).clnt) }
}

/// A new fid of `clnt`.
///
/// # Errors
///
/// - `ENOMEM` if there is no memory.
/// - `ENOSPC` if every number is in use.
pub(super) fn create(clnt: &Client) -> Result<Arc<Fid>> {
    Fid::new(clnt.fids(), |num| P9Fid::new(clnt, num))
}

/// Hands `fid`, a fid of `clnt`, to the file system, which gives it back by [`p9_client_clunk`] or
/// [`p9_client_remove`].
///
/// # Errors
///
/// - `EBUSY` if the file system has it already.
fn into_raw(clnt: &Client, fid: Arc<Fid>) -> Result<*mut bindings::p9_fid> {
    let ptr = Arc::as_ptr(&fid).cast_mut().cast();
    clnt.c()
        .hold(ListArc::try_from_arc(fid).map_err(|_| EBUSY)?);
    // SAFETY: the fid is alive.
    unsafe { trace::fid_ref(ptr, FidRef::Create) };
    Ok(ptr)
}

/// Takes `raw` back from the file system, with its session.
///
/// # Errors
///
/// - `EBADF` if the file system did not have it.
///
/// # Safety
///
/// `raw` must come from [`into_raw`], and the file system must not use it any more.
unsafe fn from_raw<'a>(raw: *mut bindings::p9_fid) -> Result<(&'a Client, Arc<Fid>)> {
    // SAFETY: by the safety requirements the fid is alive.
    let clnt = unsafe {
        trace::fid_ref(raw, FidRef::Destroy);
        client_of(raw)
    };
    // SAFETY: a fid names its own session.
    let taken = unsafe { clnt.c().unhold(fid(raw)) }.ok_or(EBADF)?;
    // SAFETY: by the safety requirements.
    unsafe { taken.c().free_dir_buffer() };
    Ok((clnt, taken))
}

/// A new fid of `clnt`, or an error, as C functions return it.
fn fid_or_err_ptr(clnt: &Client, result: Result<Arc<Fid>>) -> *mut bindings::p9_fid {
    match result.and_then(|fid| into_raw(clnt, fid)) {
        Ok(fid) => fid,
        Err(err) => err.to_ptr(),
    }
}

p9_export! {
    /// Attaches to the tree `aname` as the user `uname`.
    ///
    /// # Safety
    ///
    /// `clnt` must be a session, `afid` null or a fid of it; the names must be strings or null.
    pub unsafe extern "C" fn p9_client_attach(
        clnt: *mut bindings::p9_client,
        afid: *mut bindings::p9_fid,
        uname: *const c_char,
        n_uname: bindings::kuid_t,
        aname: *const c_char,
    ) -> *mut bindings::p9_fid {
        // SAFETY: by the safety requirements.
        let clnt = unsafe { client::client(clnt) };
        let afid = NonNull::new(afid).map(|afid| {
            // SAFETY: by the safety requirements.
            unsafe { fid(afid.as_ptr()) }.num()
        });
        // SAFETY: by the safety requirements.
        let (uname, aname) = unsafe { (bytes(uname), bytes(aname)) };
        fid_or_err_ptr(clnt, create(clnt).and_then(|new| {
            new.c().set_uid(n_uname);
            let (new, qid) = clnt.attach(new, afid, uname, aname, n_uname.val)?;
            // SAFETY: the file system does not know the fid yet.
            unsafe { new.c().set_qid(qid) };
            Ok(new)
        }))
    }

    /// Walks from `oldfid` along the `nwname` names at `wnames`; makes a new fid if `clone`.
    ///
    /// # Safety
    ///
    /// `oldfid` must be a fid, which no other task uses unless `clone`; `wnames` an array of
    /// `nwname` strings.
    pub unsafe extern "C" fn p9_client_walk(
        oldfid: *mut bindings::p9_fid,
        nwname: u16,
        wnames: *const *const c_uchar,
        clone: c_int,
    ) -> *mut bindings::p9_fid {
        // SAFETY: by the safety requirements.
        let (old, clnt) = unsafe { (fid(oldfid), client_of(oldfid)) };
        let mut names = [&[][..]; crate::proto::types::MAXWELEM];
        let Some(names) = names.get_mut(..usize::from(nwname)) else {
            return EINVAL.to_ptr();
        };
        for (i, name) in names.iter_mut().enumerate() {
            // SAFETY: by the safety requirements, since `i < nwname`.
            *name = unsafe { bytes((*wnames.add(i)).cast()) };
        }
        if clone == 0 {
            return match clnt.walk_in_place(old, names) {
                Ok(qid) => {
                    if let Some(qid) = qid {
                        // SAFETY: by the safety requirements: it is the call that changes the fid.
                        unsafe { old.c().set_qid(qid) };
                    }
                    oldfid
                }
                Err(err) => err.to_ptr(),
            };
        }
        fid_or_err_ptr(clnt, create(clnt).and_then(|new| {
            new.c().set_uid(old.c().uid());
            let (new, qid) = clnt.walk(old, new, names)?;
            // SAFETY: the file system does not know the fid yet.
            unsafe {
                match qid {
                    Some(qid) => new.c().set_qid(qid),
                    None => (*new.c().as_ptr()).qid = old.c().qid(),
                }
            }
            Ok(new)
        }))
    }

    /// Gives a fid back whose last reference is gone.
    ///
    /// # Safety
    ///
    /// `fid` must be a fid that nobody uses any more.
    pub unsafe extern "C" fn p9_client_clunk(fid: *mut bindings::p9_fid) -> c_int {
        // SAFETY: by the safety requirements.
        super::errno(unsafe { from_raw(fid) }.and_then(|(clnt, fid)| clnt.clunk(fid)))
    }

    /// Removes the file of a fid and gives the fid back.
    ///
    /// # Safety
    ///
    /// `fid` must be a fid that nobody uses any more.
    pub unsafe extern "C" fn p9_client_remove(fid: *mut bindings::p9_fid) -> c_int {
        // SAFETY: by the safety requirements.
        super::errno(unsafe { from_raw(fid) }.and_then(|(clnt, fid)| clnt.remove(fid)))
    }

    /// Makes a fid of an extended attribute, or of the list of them.
    ///
    /// # Safety
    ///
    /// `file_fid` must be a fid, `attr_name` a string or null, `attr_size` writable.
    pub unsafe extern "C" fn p9_client_xattrwalk(
        file_fid: *mut bindings::p9_fid,
        attr_name: *const c_char,
        attr_size: *mut u64,
    ) -> *mut bindings::p9_fid {
        // SAFETY: by the safety requirements.
        let (file, clnt) = unsafe { (fid(file_fid), client_of(file_fid)) };
        // SAFETY: by the safety requirements.
        let name = unsafe { bytes(attr_name) };
        fid_or_err_ptr(clnt, create(clnt).and_then(|new| {
            let (new, size) = clnt.xattrwalk(file, new, name)?;
            // SAFETY: by the safety requirements.
            unsafe { *attr_size = size };
            Ok(new)
        }))
    }

    /// Makes a fid an extended attribute that is about to be written.
    ///
    /// # Safety
    ///
    /// `file_fid` must be a fid, `name` a string.
    pub unsafe extern "C" fn p9_client_xattrcreate(
        file_fid: *mut bindings::p9_fid,
        name: *const c_char,
        attr_size: u64,
        flags: c_int,
    ) -> c_int {
        // SAFETY: by the safety requirements.
        let (fid, clnt, name) = unsafe { (fid(file_fid), client_of(file_fid), bytes(name)) };
        // CAST: flags are bits.
        super::errno(clnt.xattrcreate(fid, name, attr_size, flags as u32))
    }
}
