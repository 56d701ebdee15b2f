// SPDX-License-Identifier: GPL-2.0

//! Transports written in C: any `struct p9_trans_module` that a module registers.
//!
//! Such a transport knows sessions as `struct p9_client` and requests as `struct p9_req_t`. For
//! each [`Request`] it gets a [`CRequest`], whose frames are those of the request, and which it
//! finds again by its tag with `p9_tag_lookup`.
//!
//! # Sending
//!
//! Some transports wait until there is room, for as long as their server likes; of those some let
//! signals end that, and others nothing. So no task sends: requests go to a queue, and a work item
//! of the [`Connection`] hands them over one by one. It has no signals, nobody waits for it, and
//! what still is in the queue can be taken back.
//!
//! # Context and locks
//!
//! A transport reports the end of a request with `p9_client_cb` from any context, with locks of
//! its own held. No lock of this module is held while a transport is called, and what follows from
//! the end of a request calls no transport: so those locks come before all of ours, and nothing can
//! wait in a circle.
//!
//! # The end
//!
//! A connection is closed when the transport has returned from all its functions. If that takes
//! longer than [`LINGER`], the session ends without it: its requests have failed then, and the
//! connection is closed by the work item when the transport lets go of it. Until then the
//! transport's module stays loaded.
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

use super::{
    client::P9Client,
    trans::TransRef, //
};
use crate::{
    bindings,
    client::Client,
    request::Request,
    sys::{
        fcall::Completed,
        task::NofsGuard,
        wait::{
            Mode,
            Place,
            Wait,
            WaitQueue, //
        },
        workqueue::WorkQueue,
    },
    transport::{
        queue::Queue,
        Transport, //
    },
};
use core::ptr::NonNull;
use gate::Gate;
use kernel::{
    error::to_result,
    impl_has_work,
    list::ListArc,
    new_spinlock_irq, new_work,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Acquire,
            Atomic,
            Release, //
        },
        Arc,
        ArcBorrow,
        SpinLockIrq,
        UniqueArc, //
    },
    time::{
        delay::fsleep,
        msecs_to_jiffies,
        Delta,
        Msecs, //
    },
    workqueue::{
        Work,
        WorkItem, //
    },
};
use request::CRequest;
use table::Table;

mod gate;
mod request;
mod table;

/// The requests of a session that a transport written in C has.
#[pin_data]
pub(super) struct Requests {
    /// By their tags, as `p9_tag_lookup` looks for them.
    #[pin]
    table: Table<CRequest>,
}

impl Requests {
    /// For a session that has no such transport yet.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            table <- Table::new(),
        })
    }
}

/// How long the end of a session waits for its transport to return.
///
/// Not longer: `umount` would seem to hang. Not shorter: a transport that only works on a message
/// takes no time, and the next mount may need what it gives back.
const LINGER: Msecs = 5000;

/// How long to wait before asking again for memory to send a request, in milliseconds.
const RETRY: i64 = 10;

/// A function of a transport that is about one request.
type OnRequest = unsafe extern "C" fn(*mut bindings::p9_client, *mut bindings::p9_req_t) -> c_int;

/// A session's use of a [`Connection`].
pub(super) struct Foreign(Arc<Connection>);

/// A connection through a transport written in C.
///
/// # Invariants
///
/// - `client` is the session that owns the [`Foreign`] of this. One reference of it is owned here
///   until [`finish`](Self::finish), so it also is alive for everybody who has passed the gate.
/// - The functions are those of the transport `_trans`, which stays loaded, and `client` is
///   connected through it until `finish`.
#[pin_data]
struct Connection {
    client: NonNull<Client>,
    request: OnRequest,
    cancel: Option<OnRequest>,
    cancelled: Option<OnRequest>,
    close: unsafe extern "C" fn(*mut bindings::p9_client),
    max_msize: u32,
    pooled: bool,
    linear: bool,
    /// The requests that the transport has not got yet; `None` once the session has ended.
    #[pin]
    unsent: SpinLockIrq<Option<Queue>>,
    gate: Gate,
    /// Whether the transport has closed the connection.
    closed: Atomic<bool>,
    #[pin]
    closing: WaitQueue,
    #[pin]
    work: Work<Connection>,
    queue: Arc<WorkQueue>,
    /// Dropped last: it keeps this module loaded, through that of the transport.
    _trans: TransRef,
}

// SAFETY: a session may be used by all threads, and so may a transport.
unsafe impl Send for Connection {}

// SAFETY: as above.
unsafe impl Sync for Connection {}

impl_has_work! {
    impl HasWork<Self> for Connection { self.work }
}

impl WorkItem for Connection {
    type Pointer = Arc<Connection>;

    fn run(this: Arc<Self>) {
        // Once the session has ended its requests have failed.
        let Some(_inside) = this.enter() else { return };
        let _nofs = NofsGuard::new();
        loop {
            let Some(Some(item)) = this.with_unsent(Queue::pop) else {
                return;
            };
            this.send(item.into_arc());
        }
    }
}

/// Its owner has passed the gate of a [`Connection`], which is not closed before this is dropped.
struct Inside<'a>(&'a Connection);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        if self.0.gate.leave() {
            self.0.finish();
        }
    }
}

impl Foreign {
    /// Connects `client` through the transport `trans` to the server that `fc` names.
    ///
    /// Context: process context, sleeps.
    ///
    /// # Errors
    ///
    /// - `EINVAL` if the transport lacks a function.
    /// - `ENODEV` if its module is going away.
    ///
    /// Errors of the transport and of the memory allocation are propagated as-is.
    ///
    /// # Safety
    ///
    /// - `trans` must be the `trans_mod` of `client`.
    /// - `fc` must be the context of a mount of the 9p file system.
    /// - What is returned must be given to `client`, and to nobody else.
    pub(super) unsafe fn connect(
        client: &Arc<Client>,
        trans: &TransRef,
        fc: *mut bindings::fs_context,
    ) -> Result<KBox<dyn Transport>> {
        client.c().requests().table.open()?;
        let queue = crate::work_queue()?;
        let mine = trans.another().ok_or(ENODEV)?;
        let this = KBox::<Self>::new_uninit(GFP_KERNEL)?;
        let connection = UniqueArc::<Connection>::new_uninit(GFP_KERNEL)?;
        let trans = trans.as_ptr();
        // SAFETY: a transport that is referenced is valid. It does not change these.
        let (create, close, request) =
            unsafe { ((*trans).create, (*trans).close, (*trans).request) };
        let (Some(create), Some(close), Some(request)) = (create, close, request) else {
            return Err(EINVAL);
        };
        // SAFETY: by the safety requirements.
        to_result(unsafe { create(client.c().as_ptr(), fc) })?;
        // SAFETY: as above. A transport that changes one of these does so in `create`.
        let (cancel, cancelled, max_msize, pooled, linear) = unsafe {
            (
                (*trans).cancel,
                (*trans).cancelled,
                u32::try_from((*trans).maxsize).unwrap_or(0),
                (*trans).pooled_rbuffers,
                !(*trans).supports_vmalloc,
            )
        };
        // INVARIANT: by the safety requirements, and the transport has just connected.
        let connection = connection.pin_init_with(pin_init!(Connection {
            // SAFETY: the pointer of an `Arc` is not null.
            client: unsafe {
                NonNull::new_unchecked(Arc::into_raw(client.clone()).cast_mut())
            },
            request,
            cancel,
            cancelled,
            close,
            max_msize,
            pooled,
            linear,
            _trans: mine,
            unsent <- new_spinlock_irq!(Some(Queue::new()), "Connection::unsent"),
            gate: Gate::new(),
            closed: Atomic::new(false),
            closing <- WaitQueue::new(),
            work <- new_work!("Connection::work"),
            queue,
        }));
        match connection {
            Ok(connection) => Ok(this.write(Self(connection.into()))),
            Err(never) => match never {},
        }
    }
}

impl Connection {
    /// The session. To be called by itself, or by who has passed the gate.
    fn client(&self) -> ArcBorrow<'_, Client> {
        // SAFETY: by the type invariants the session is alive, and `connect` has the pointer from
        // `Arc::into_raw`.
        unsafe { ArcBorrow::from_raw(self.client.as_ptr()) }
    }

    /// What the transport knows the session by. To be called as [`client`](Self::client).
    fn c(&self) -> &P9Client {
        // SAFETY: by the type invariants the session is alive.
        unsafe { self.client.as_ref() }.c()
    }

    /// Passes the gate, if the session has not ended.
    fn enter(&self) -> Option<Inside<'_>> {
        // Not `then_some`: who is turned away has nothing to leave.
        self.gate.enter().then(|| Inside(self))
    }

    /// Calls `f` with the requests that the transport has not got, unless the session has ended.
    fn with_unsent<R>(&self, f: impl FnOnce(&mut Queue) -> R) -> Option<R> {
        let mut unsent = self.unsent.lock();
        let queue: &mut Option<Queue> = &mut unsent;
        queue.as_mut().map(f)
    }

    /// What the transport has for `req`, unless the request has ended.
    fn find(&self, req: &Request) -> Option<ARef<CRequest>> {
        let found = self.c().requests().table.get(req.tag())?;
        found.is_of(req).then_some(found)
    }

    /// Hands `req` to the transport, or fails it. Waits for memory.
    ///
    /// The caller has passed the gate.
    fn send(&self, req: Arc<Request>) {
        let Some(mut token) = req.fcall().claim() else {
            // A request is sent once.
            return;
        };
        loop {
            let Err((err, unused)) = self.try_send(&req, token) else {
                return;
            };
            let Some(unused) = unused else {
                // It has ended by other means.
                return;
            };
            if err == ENOMEM && !self.c().is_disconnected() {
                token = unused;
                fsleep(Delta::from_millis(RETRY));
                continue;
            }
            let client = self.client();
            client.fail(req, err, unused);
            // These tell of the request, others of the connection.
            if ![EINTR, ERESTARTSYS, EFAULT].contains(&err) {
                self.c().set_disconnected();
                client.transport_died();
            }
            return;
        }
    }

    /// Hands `req`, whose token is `token`, to the transport.
    ///
    /// # Errors
    ///
    /// - `EIO` if the connection is closed or broken.
    ///
    /// Errors of the transport and of the memory allocation are propagated as-is. The token comes
    /// back with them unless the request has ended already.
    fn try_send(
        &self,
        req: &Arc<Request>,
        token: Completed,
    ) -> core::result::Result<(), (Error, Option<Completed>)> {
        if self.c().is_disconnected() {
            return Err((EIO, Some(token)));
        }
        let creq = match CRequest::new(self.client().into(), req.clone(), self.pooled) {
            Ok(creq) => creq,
            Err(err) => return Err((err, Some(token))),
        };
        creq.arm(token);
        let result = self.c().requests().table.insert(req.tag(), creq.clone());
        let result = result.and_then(|()| {
            let raw = CRequest::into_raw(creq.clone());
            // SAFETY: by the type invariants, as the caller has passed the gate. The transport gets
            // a reference.
            let result = to_result(unsafe { (self.request)(self.c().as_ptr(), raw) });
            if result.is_err() {
                // SAFETY: a transport that refuses a request leaves its reference with the caller.
                drop(unsafe { CRequest::from_raw(raw) });
            }
            result
        });
        result.map_err(|err| (err, creq.disarm()))
    }

    /// Fails a request that the transport will not get. To be called by the session.
    fn refuse(&self, req: Arc<Request>) {
        // Not so only for a request that was sent before, and is somebody else's to fail.
        if let Some(token) = req.fcall().claim() {
            self.client().fail(req, EIO, token);
        }
    }

    /// Closes the connection. To be called once, when nobody can pass the gate any more and nobody
    /// is inside.
    fn finish(&self) {
        // SAFETY: by the type invariants, and the precondition.
        unsafe { (self.close)(self.c().as_ptr()) };
        // ORDERING: the release pairs with the acquire in `Foreign::close`: who sees that the
        // connection is closed sees what the transport has done.
        self.closed.store(true, Release);
        self.closing.wake_all();
        // SAFETY: the reference is owned by the type invariants, and given back here only.
        drop(unsafe { Arc::from_raw(self.client.as_ptr()) });
    }
}

impl Transport for Foreign {
    fn max_msize(&self) -> u32 {
        self.0.max_msize
    }

    fn max_segments(&self) -> usize {
        0
    }

    fn has_linear_frames(&self) -> bool {
        self.0.linear
    }

    fn learns_of_flushes(&self) -> bool {
        true
    }

    fn request(&self, req: Arc<Request>) {
        let this = &self.0;
        // A request that is queued already is not queued twice.
        let Ok(item) = ListArc::try_from_arc(req) else {
            return;
        };
        let req = item.clone_arc();
        if this.with_unsent(|queue| queue.push(item)).is_none() {
            return this.refuse(req);
        }
        // Queued already is as good.
        let _ = this.queue.enqueue(this.clone());
    }

    fn cancel(&self, req: &Request) -> bool {
        let this = &self.0;
        if let Some(Some(_)) = this.with_unsent(|queue| queue.remove(req)) {
            return true;
        }
        let (Some(cancel), Some(_inside)) = (this.cancel, this.enter()) else {
            return false;
        };
        let Some(creq) = this.find(req) else {
            return false;
        };
        // SAFETY: by the type invariants, since we have passed the gate.
        if unsafe { cancel(this.c().as_ptr(), creq.as_ptr()) } != 0 {
            return false;
        }
        // The transport has given its reference back. The token goes unused.
        let _ = creq.disarm();
        true
    }

    fn flushed(&self, req: &Request) {
        let this = &self.0;
        let Some(_inside) = this.enter() else {
            return;
        };
        let Some(creq) = this.find(req) else {
            return;
        };
        let sent = creq.is_sent();
        // Nobody waits for the request any more: the token goes unused.
        if creq.disarm().is_none() || !sent {
            return;
        }
        if let Some(cancelled) = this.cancelled {
            // SAFETY: by the type invariants, since we have passed the gate.
            unsafe { cancelled(this.c().as_ptr(), creq.as_ptr()) };
        }
    }

    fn close(&self, client: &Client) {
        let this = &self.0;
        client.c().set_disconnected();
        let mut unsent = this.unsent.lock().take();
        while let Some(item) = unsent.as_mut().and_then(Queue::pop) {
            this.refuse(item.into_arc());
        }
        if this.gate.close() {
            this.finish();
        }
        let closed = this.closing.wait(
            Mode::Uninterruptible,
            Some(msecs_to_jiffies(LINGER)),
            // ORDERING: see `finish`.
            || this.closed.load(Acquire),
        );
        if closed != Wait::Done {
            pr_warn!("a transport holds up the end of its connection\n");
        }
        // What the transport has forgotten, or still has. It may keep its reference, and with it
        // the memory.
        client.c().requests().table.close(|creq| creq.fail(EIO));
    }
}
