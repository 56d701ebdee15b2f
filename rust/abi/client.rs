// SPDX-License-Identifier: GPL-2.0

//! Making and ending a session; `struct p9_client`.

use super::{
    foreign::Requests,
    trans::{
        self,
        TransRef, //
    },
};
use crate::{
    bindings,
    client::Client,
    fid::Fid,
    proto::types::{
        Dialect,
        Msize, //
    },
    sys::{
        export::p9_export,
        seq::SeqFile,
        task, //
    },
};
use core::fmt::Write;
use kernel::{
    list::{
        List,
        ListArc, //
    },
    new_spinlock,
    prelude::*,
    sync::{
        Arc,
        SpinLock, //
    },
    types::Opaque, //
};

/// The value of `p9_client::status` after which a transport does not use its connection any more.
const DISCONNECTED: bindings::p9_trans_status = bindings::p9_trans_status_Disconnected;

/// The part of a session that the file system and transports written in C see:
/// `struct p9_client`.
#[pin_data]
#[repr(C)]
pub(crate) struct P9Client {
    #[pin]
    c: Opaque<bindings::p9_client>,
    #[pin]
    requests: Requests,
    /// The fids that the file system has.
    ///
    /// Every fid of the session that is in a list by its second links is in this one.
    #[pin]
    held: SpinLock<List<Fid, 1>>,
}

// SAFETY: the file system reads `msize` and `name`, which are set before it learns of the session.
// A transport uses the fields that are its own, and `status`, which is written at any time by all.
unsafe impl Send for P9Client {}

// SAFETY: as above.
unsafe impl Sync for P9Client {}

impl P9Client {
    /// A session named after this machine.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            // SAFETY: the function initialises all of the structure.
            c <- Opaque::ffi_init(|slot| unsafe { bindings::p9rs_client_init(slot) }),
            requests <- Requests::new(),
            held <- new_spinlock!(List::new(), "P9Client::held"),
        })
    }

    /// The structure.
    pub(crate) fn as_ptr(&self) -> *mut bindings::p9_client {
        self.c.get()
    }

    /// The requests that a transport written in C has.
    pub(super) fn requests(&self) -> &Requests {
        &self.requests
    }

    /// Whether the connection of a transport written in C is broken or closed.
    pub(super) fn is_disconnected(&self) -> bool {
        // SAFETY: the field is valid.
        unsafe { (&raw const (*self.as_ptr()).status).read_volatile() == DISCONNECTED }
    }

    /// Lets a transport written in C see that its connection is broken or closed.
    pub(super) fn set_disconnected(&self) {
        // SAFETY: the field is valid.
        unsafe { (&raw mut (*self.as_ptr()).status).write_volatile(DISCONNECTED) };
    }

    /// Sets the size of frames. To be called before the file system learns of the session.
    pub(crate) fn set_msize(&self, msize: u32) {
        // SAFETY: the field is valid.
        unsafe { (&raw mut (*self.as_ptr()).msize).write_volatile(msize) };
    }

    /// Sets the dialect. To be called before the file system learns of the session.
    pub(crate) fn set_dialect(&self, dialect: Dialect) {
        // SAFETY: the field is valid.
        unsafe { (&raw mut (*self.as_ptr()).proto_version).write_volatile(number(dialect)) };
    }

    /// Sets the transport, which stays until [`release`](Self::release), and the dialect.
    ///
    /// # Safety
    ///
    /// Nobody else may know the session yet.
    unsafe fn set_up(&self, trans: TransRef, dialect: Dialect) {
        self.set_dialect(dialect);
        // SAFETY: the field is valid, and by the safety requirements nobody reads it yet.
        unsafe { (*self.as_ptr()).trans_mod = trans.into_raw() };
    }

    /// Notes that the file system has `fid` from now on.
    pub(super) fn hold(&self, fid: ListArc<Fid, 1>) {
        self.held.lock().push_back(fid);
    }

    /// Takes `fid` back, if the file system has it.
    ///
    /// # Safety
    ///
    /// `fid` must be a fid of this session.
    pub(super) unsafe fn unhold(&self, fid: &Fid) -> Option<Arc<Fid>> {
        // SAFETY: by the safety requirements and the description of the field, it is in no other
        // list.
        let item = unsafe { self.held.lock().remove(fid) };
        item.map(ListArc::into_arc)
    }

    /// Lets go of what a session that has ended still has: the fids that the file system has
    /// forgotten, and its transport, which is returned.
    ///
    /// Context: process context.
    pub(crate) fn release(&self) -> Option<TransRef> {
        let mut left = core::mem::replace(&mut *self.held.lock(), List::new());
        while let Some(fid) = left.pop_front() {
            pr_info!("Found fid {} not clunked\n", fid.num().get());
            // SAFETY: the file system has forgotten the fid.
            unsafe { fid.c().free_dir_buffer() };
        }
        // SAFETY: the field is valid, and nobody uses it any more. `set_up` has stored a reference,
        // which only this takes out.
        unsafe {
            TransRef::from_raw(core::mem::replace(
                &mut (*self.as_ptr()).trans_mod,
                core::ptr::null_mut(),
            ))
        }
    }
}

/// The session at `clnt`.
///
/// # Safety
///
/// `clnt` must come from [`p9_client_create`] and not be destroyed for `'a`.
pub(super) unsafe fn client<'a>(clnt: *mut bindings::p9_client) -> &'a Client {
    // SAFETY: a `Client` begins with its `struct p9_client`.
    unsafe { &*clnt.cast::<Client>() }
}

/// The number of a dialect in `enum p9_proto_versions`.
fn number(dialect: Dialect) -> u8 {
    match dialect {
        // CAST: the values are 0, 1 and 2.
        Dialect::P2000 => bindings::p9_proto_versions_p9_proto_legacy as u8,
        Dialect::P2000u => bindings::p9_proto_versions_p9_proto_2000u as u8,
        Dialect::P2000L => bindings::p9_proto_versions_p9_proto_2000L as u8,
    }
}

/// The dialect with that number.
fn dialect(number: u8) -> Option<Dialect> {
    Dialect::ALL
        .into_iter()
        .find(|d| self::number(*d) == number)
}

/// Makes the session that the options in `fc` describe.
///
/// # Errors
///
/// - `EPROTONOSUPPORT` if there is no transport.
/// - `EINVAL` if the dialect is not known, or the frames are too small.
///
/// Errors of the transport, of Tversion and of the memory allocation are propagated as-is.
///
/// # Safety
///
/// `fc` must be the context of a mount of the 9p file system.
unsafe fn create(fc: *mut bindings::fs_context) -> Result<Arc<Client>> {
    // SAFETY: by the safety requirements.
    let opts = unsafe { &mut (*(*fc).fs_private.cast::<bindings::v9fs_context>()).client_opts };
    // SAFETY: the reference of the transport that the options hold is taken over.
    let given = unsafe {
        TransRef::from_raw(core::mem::replace(
            &mut opts.trans_mod,
            core::ptr::null_mut(),
        ))
    };
    let trans = match given.or_else(trans::default) {
        Some(trans) => trans,
        None => {
            pr_err!("no transport is given, and there is no default one\n");
            return Err(EPROTONOSUPPORT);
        }
    };
    let dialect = dialect(opts.proto_version).ok_or(EINVAL)?;
    let clnt = Client::new(P9Client::new(), crate::work_queue()?)?;
    // SAFETY: the session is new.
    unsafe { clnt.c().set_up(trans, dialect) };
    // SAFETY: by the safety requirements.
    if let Err(err) = unsafe { connect(&clnt, fc, opts.msize, dialect) } {
        Client::close(clnt);
        return Err(err);
    }
    Ok(clnt)
}

/// Connects a new session and agrees with the server on the protocol.
///
/// # Safety
///
/// `fc` must be the context of a mount of the 9p file system.
unsafe fn connect(
    clnt: &Arc<Client>,
    fc: *mut bindings::fs_context,
    msize: u32,
    dialect: Dialect,
) -> Result {
    clnt.c().set_msize(msize);
    // SAFETY: a session keeps its transport.
    let trans = unsafe { trans::borrow((*clnt.c().as_ptr()).trans_mod) };
    // SAFETY: by the safety requirements.
    let transport = unsafe { trans.create(clnt, fc) }?;
    let most = transport.max_msize();
    clnt.connect(transport);
    if msize > most {
        pr_info!(
            "Limiting 'msize' to {} as this is the maximum supported by transport {}\n",
            most,
            trans.name()
        );
    }
    let msize = match Msize::new(msize.min(most)) {
        Some(msize) => msize,
        None => {
            pr_err!("msize must be at least {}\n", Msize::MIN.get());
            return Err(EINVAL);
        }
    };
    clnt.c().set_msize(msize.get());
    clnt.version(dialect, msize)
}

p9_export! {
    /// Makes the session that a mount asks for.
    ///
    /// # Safety
    ///
    /// `fc` must be the context of a mount of the 9p file system.
    pub unsafe extern "C" fn p9_client_create(
        fc: *mut bindings::fs_context,
    ) -> *mut bindings::p9_client {
        // SAFETY: by the safety requirements.
        match unsafe { create(fc) } {
            Ok(clnt) => Arc::into_raw(clnt).cast_mut().cast(),
            Err(err) => err.to_ptr(),
        }
    }

    /// Ends a session and frees it.
    ///
    /// # Safety
    ///
    /// `clnt` must come from [`p9_client_create`], and nobody may use it any more.
    pub unsafe extern "C" fn p9_client_destroy(clnt: *mut bindings::p9_client) {
        // SAFETY: by the safety requirements.
        let client = unsafe { Arc::from_raw(clnt.cast::<Client>()) };
        if task::dying() {
            Client::end_later(client);
        } else {
            Client::close(client);
        }
    }

    /// The file system is gone; see [`Client::begin_disconnect`]. The end of the session follows.
    ///
    /// # Safety
    ///
    /// `clnt` must be a session.
    pub unsafe extern "C" fn p9_client_disconnect(clnt: *mut bindings::p9_client) {
        // SAFETY: by the safety requirements.
        unsafe { client(clnt) }.begin_disconnect();
    }

    /// `umount -f`; see [`Client::begin_disconnect`].
    ///
    /// # Safety
    ///
    /// `clnt` must be a session.
    pub unsafe extern "C" fn p9_client_begin_disconnect(clnt: *mut bindings::p9_client) {
        // SAFETY: by the safety requirements.
        unsafe { client(clnt) }.begin_disconnect();
    }

    /// Whether the session speaks 9P2000.L.
    ///
    /// # Safety
    ///
    /// `clnt` must be a session.
    pub unsafe extern "C" fn p9_is_proto_dotl(clnt: *mut bindings::p9_client) -> c_int {
        // SAFETY: by the safety requirements.
        c_int::from(unsafe { client(clnt) }.dialect() == Dialect::P2000L)
    }

    /// Whether the session speaks 9P2000.u.
    ///
    /// # Safety
    ///
    /// `clnt` must be a session.
    pub unsafe extern "C" fn p9_is_proto_dotu(clnt: *mut bindings::p9_client) -> c_int {
        // SAFETY: by the safety requirements.
        c_int::from(unsafe { client(clnt) }.dialect() == Dialect::P2000u)
    }

    /// Shows the options of a session as in `/proc/mounts`.
    ///
    /// # Safety
    ///
    /// `m` must be a file that is being read, `clnt` a session.
    pub unsafe extern "C" fn p9_show_client_options(
        m: *mut bindings::seq_file,
        clnt: *mut bindings::p9_client,
    ) -> c_int {
        // SAFETY: by the safety requirements.
        let (mut file, client) = unsafe { (SeqFile::from_raw(m), client(clnt)) };
        // SAFETY: a session keeps its transport.
        let trans = unsafe { trans::borrow((*clnt).trans_mod) };
        // A full buffer is remembered by the file.
        if client.msize() != bindings::DEFAULT_MSIZE {
            let _ = write!(file, ",msize={}", client.msize());
        }
        file.write(b",trans=");
        file.write(trans.name().to_bytes());
        file.write(match client.dialect() {
            Dialect::P2000 => b",noextend",
            Dialect::P2000u => b",version=9p2000.u",
            Dialect::P2000L => b"",
        });
        // SAFETY: by the safety requirements.
        unsafe { trans.show_options(m, clnt) }
    }
}
