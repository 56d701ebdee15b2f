// SPDX-License-Identifier: GPL-2.0

//! Transports written in C: any `struct p9_trans_module` that a module registers.
//!
//! Such a transport knows sessions as `struct p9_client` and requests as `struct p9_req_t`. For
//! each [`Request`] it gets a [`CRequest`], whose frames are those of the request, and which it
//! finds again by its tag with `p9_tag_lookup`.
//!
//! # Context and locks
//!
//! A transport may be asked to send only where it may sleep: some wait until there is room.
//! It reports the end of a request with `p9_client_cb` from any context, with locks of its own
//! held. No lock of this module is held while a transport is called, and what follows from the end
//! of a request calls no transport: so those locks come before all of ours, and nothing can wait in
//! a circle.
//!
//! # Memory
//!
//! The frames live as long as the transport holds a reference of the [`CRequest`], whatever has
//! become of the session. A transport that forgets a reference in its `close` (the kernel's virtio
//! transport does so with requests that the device still has) leaks that memory. A device that
//! writes into it later does no harm.
//!
//! # Bulk data
//!
//! The data of a read or write are part of the frames; `zc_request` is not used.
//!
//! # Signals
//!
//! A transport that waits for room lets some signals end that: then the call fails with `EINTR` or
//! `ERESTARTSYS`, and the connection goes on.

use super::client::P9Client;
use crate::{
    bindings,
    client::Client,
    request::Request,
    transport::Transport, //
};
use core::ptr::NonNull;
use gate::Gate;
use kernel::{
    error::to_result,
    prelude::*,
    sync::{
        aref::ARef,
        Arc,
        ArcBorrow, //
    },
};
use request::CRequest;
use table::Table;

mod gate;
mod request;
mod table;

/// What a session has for its transport written in C, beside its `struct p9_client`.
#[pin_data]
pub(super) struct Link {
    /// The requests that the transport has, by their tags.
    #[pin]
    requests: Table<CRequest>,
    /// Open as long as there is a connection that may be used.
    #[pin]
    gate: Gate,
}

impl Link {
    /// For a session that has no such transport yet.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            requests <- Table::new(),
            gate <- Gate::new(),
        })
    }
}

/// A function of a transport that is about one request.
type OnRequest = unsafe extern "C" fn(*mut bindings::p9_client, *mut bindings::p9_req_t) -> c_int;

/// A connection through a transport written in C.
///
/// # Invariants
///
/// - `client` is the session that owns this.
/// - The functions are those of a transport that stays loaded as long as the gate of the session's
///   [`Link`] is open, and the session is connected through it until then.
pub(super) struct Foreign {
    client: NonNull<Client>,
    request: OnRequest,
    cancel: Option<OnRequest>,
    cancelled: Option<OnRequest>,
    close: unsafe extern "C" fn(*mut bindings::p9_client),
    max_msize: u32,
    pooled: bool,
    linear: bool,
}

// SAFETY: a session may be used by all threads, and so may a transport.
unsafe impl Send for Foreign {}

// SAFETY: as above.
unsafe impl Sync for Foreign {}

impl Foreign {
    /// Connects `client` through the transport `trans` to the server that `fc` names.
    ///
    /// # Errors
    ///
    /// - `EINVAL` if the transport lacks a function.
    ///
    /// Errors of the transport and of the memory allocation are propagated as-is.
    ///
    /// # Safety
    ///
    /// - `trans` must be the `trans_mod` of `client`, and stay loaded until `client` is closed.
    /// - `fc` must be the context of a mount of the 9p file system.
    /// - What is returned must be given to `client`, and to nobody else.
    pub(super) unsafe fn connect(
        client: &Arc<Client>,
        trans: *mut bindings::p9_trans_module,
        fc: *mut bindings::fs_context,
    ) -> Result<KBox<dyn Transport>> {
        let link = client.c().link();
        link.requests.open()?;
        let this = KBox::new_uninit(GFP_KERNEL)?;
        // SAFETY: by the safety requirements the transport is valid. It does not change these.
        let (create, close, request) =
            unsafe { ((*trans).create, (*trans).close, (*trans).request) };
        let (Some(create), Some(close), Some(request)) = (create, close, request) else {
            return Err(EINVAL);
        };
        // SAFETY: by the safety requirements.
        to_result(unsafe { create(client.c().as_ptr(), fc) })?;
        link.gate.open();
        // SAFETY: as above. A transport that changes one of these does so in `create`.
        let this = unsafe {
            // INVARIANT: by the safety requirements, and the transport has just connected.
            KBox::write(
                this,
                Self {
                    client: NonNull::new_unchecked(Arc::as_ptr(client).cast_mut()),
                    request,
                    cancel: (*trans).cancel,
                    cancelled: (*trans).cancelled,
                    close,
                    max_msize: u32::try_from((*trans).maxsize).unwrap_or(0),
                    pooled: (*trans).pooled_rbuffers,
                    linear: !(*trans).supports_vmalloc,
                },
            )
        };
        Ok(this)
    }

    /// The session.
    fn client(&self) -> ArcBorrow<'_, Client> {
        // SAFETY: by the type invariants the session is alive, and `connect` has the pointer from
        // `Arc::as_ptr`.
        unsafe { ArcBorrow::from_raw(self.client.as_ptr()) }
    }

    /// What the transport knows the session by.
    fn c(&self) -> &P9Client {
        // SAFETY: by the type invariants the session is alive.
        unsafe { self.client.as_ref() }.c()
    }

    /// What the transport has for `req`, unless the request has ended.
    fn find(&self, req: &Request) -> Option<ARef<CRequest>> {
        let found = self.c().link().requests.get(req.tag())?;
        found.is_of(req).then_some(found)
    }

    /// Sends `creq`.
    ///
    /// # Errors
    ///
    /// - `EIO` if the connection is closed or broken.
    ///
    /// Errors of the transport and of the memory allocation are propagated as-is.
    fn send(&self, req: &Request, creq: &ARef<CRequest>) -> Result {
        let _inside = self.c().link().gate.enter().ok_or(EIO)?;
        if self.c().is_disconnected() {
            return Err(EIO);
        }
        self.c().link().requests.insert(req.tag(), creq.clone())?;
        let raw = CRequest::into_raw(creq.clone());
        // SAFETY: by the type invariants, since the gate is open. The transport gets a reference.
        let result = to_result(unsafe { (self.request)(self.c().as_ptr(), raw) });
        if result.is_err() {
            // SAFETY: a transport that refuses a request leaves its reference with the caller.
            drop(unsafe { CRequest::from_raw(raw) });
        }
        result
    }
}

impl Transport for Foreign {
    fn max_msize(&self) -> u32 {
        self.max_msize
    }

    fn max_segments(&self) -> usize {
        0
    }

    fn has_linear_frames(&self) -> bool {
        self.linear
    }

    fn learns_of_flushes(&self) -> bool {
        self.cancelled.is_some()
    }

    fn request(&self, req: Arc<Request>) {
        let client = self.client();
        let Some(token) = req.fcall().claim() else {
            // A request is sent once.
            return;
        };
        let creq = match CRequest::new(client.into(), req.clone(), self.pooled) {
            Ok(creq) => creq,
            Err(err) => return client.fail(req, err, token),
        };
        creq.arm(token);
        let Err(err) = self.send(&req, &creq) else {
            return;
        };
        creq.fail(err);
        // Those tell of the task or of the moment, others of the connection.
        if ![EINTR, ENOMEM, ERESTARTSYS, EFAULT].contains(&err) {
            self.c().set_disconnected();
            client.transport_died();
        }
    }

    fn cancel(&self, req: &Request) -> bool {
        let (Some(cancel), Some(_inside)) = (self.cancel, self.c().link().gate.enter()) else {
            return false;
        };
        let Some(creq) = self.find(req) else {
            return false;
        };
        // SAFETY: by the type invariants, since the gate is open.
        if unsafe { cancel(self.c().as_ptr(), creq.as_ptr()) } != 0 {
            return false;
        }
        // The transport has given its reference back. The token goes unused.
        let _ = creq.disarm();
        true
    }

    fn flushed(&self, req: &Request) {
        let (Some(cancelled), Some(_inside)) = (self.cancelled, self.c().link().gate.enter())
        else {
            return;
        };
        let Some(creq) = self.find(req) else {
            return;
        };
        if creq.is_sent() {
            // SAFETY: by the type invariants, since the gate is open.
            unsafe { cancelled(self.c().as_ptr(), creq.as_ptr()) };
        }
        // Nobody waits for the request any more. The token goes unused.
        let _ = creq.disarm();
    }

    fn close(&self, client: &Client) {
        let link = client.c().link();
        link.gate.close();
        client.c().set_disconnected();
        // SAFETY: by the type invariants, which end here: nobody passes the gate again.
        unsafe { (self.close)(client.c().as_ptr()) };
        // What the transport has forgotten. It may keep its reference, and with it the memory.
        link.requests.close(|creq| creq.fail(EIO));
    }
}
