// SPDX-License-Identifier: GPL-2.0

//! A session with one server.
//!
//! A [`Client`] owns the tag table, the flush queue, the fids that wait for their Tclunk and the
//! connection. Every RPC is asynchronous: it is sent, and something happens when the reply comes.
//! A synchronous RPC is that plus a wait, which a fatal signal ends at once.
//!
//! # Layout
//!
//! - [`rpc`]: sending requests, waiting for them, leaving them behind.
//! - [`reply`]: what a transport has received, and what becomes of it.
//! - [`deferred`]: what nobody waits for: undoing, Tflush and Tclunk sent from a work queue.
//! - [`gave_up`]: exiting tasks that have waited long enough.
//! - [`session`]: Tversion, Tattach, and the end of a session.
//! - [`ops`]: one method for each other T-message; [`io`]: those with bulk data.

use crate::{
    abi::client::P9Client,
    fid::{
        Fid,
        FidPool, //
    },
    proto::{
        rpc::{
            Slot,
            Slots,
            Table,
            MAX_REQUESTS, //
        },
        types::Dialect,
        version::Session, //
    },
    request::Request,
    sys::{
        gfp::GFP_NOFS,
        payload::BouncePool,
        seq::SeqFile,
        wait::WaitQueue,
        workqueue::WorkQueue, //
    },
    transport::Transport,
};
use gave_up::GaveUp;
use kernel::{
    list::List,
    new_mutex, new_spinlock_irq,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex,
        SetOnce,
        SpinLockIrq, //
    },
    workqueue::{
        DelayedWork,
        Work, //
    },
};

mod deferred;
mod gave_up;
pub(crate) mod io;
pub(crate) mod ops;
mod reply;
pub(crate) mod rpc;
pub(crate) mod session;

/// Requests whose slots are allocated together.
///
/// Not more: most sessions never have more requests under way. Not less: 64 slots are one 2 KiB
/// allocation.
const CHUNK: usize = 64;

/// The slots of the tag table, allocated chunk by chunk and never moved.
///
/// # Invariants
///
/// Every chunk holds [`CHUNK`] slots.
pub(crate) struct Chunks(KVec<KVec<Slot<Arc<Request>>>>);

impl Chunks {
    /// No slots, but room for the list of all chunks, so that [`push`](Self::push) never allocates.
    fn new() -> Result<Self> {
        Ok(Self(KVec::with_capacity(
            MAX_REQUESTS.div_ceil(CHUNK),
            GFP_KERNEL,
        )?))
    }

    /// The chunk that [`push`](Self::push) takes. May sleep. Starts no file system I/O.
    fn alloc() -> Result<KVec<Slot<Arc<Request>>>> {
        let mut chunk = KVec::with_capacity(CHUNK, GFP_NOFS)?;
        for _ in 0..CHUNK {
            chunk.push(Slot::new(), GFP_NOFS)?;
        }
        Ok(chunk)
    }

    /// Adds a chunk. Does not sleep. A chunk too many is given back.
    fn push(
        &mut self,
        chunk: KVec<Slot<Arc<Request>>>,
    ) -> core::result::Result<(), KVec<Slot<Arc<Request>>>> {
        // INVARIANT: `alloc` has filled the chunk.
        self.0.push_within_capacity(chunk).map_err(|full| full.0)
    }
}

impl Slots<Arc<Request>> for Chunks {
    fn capacity(&self) -> usize {
        self.0.len() * CHUNK
    }

    fn slot(&self, index: usize) -> Option<&Slot<Arc<Request>>> {
        self.0.get(index / CHUNK)?.get(index % CHUNK)
    }

    fn slot_mut(&mut self, index: usize) -> Option<&mut Slot<Arc<Request>>> {
        self.0.get_mut(index / CHUNK)?.get_mut(index % CHUNK)
    }
}

/// How far the session is from its end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub(crate) enum Status {
    /// Requests are sent and answered.
    Connected,
    /// `umount -f`: nobody waits for the server any more, and only fids are given back.
    BeginDisconnect,
    /// The session is over.
    Disconnected,
}

/// What [`Client::inner`] guards.
struct Inner {
    table: Table<Arc<Request>, Chunks>,
    /// Requests with something left to do, see [`crate::request::Todo`].
    todo: List<Request, 1>,
    /// Fids whose Tclunk has not been sent.
    clunks: List<Fid>,
    /// Fids and requests that the work queue has in hand.
    in_hand: usize,
    /// Tasks that wait for a tag.
    tag_waiters: usize,
    /// Somebody waits for the session to be [idle](Inner::is_idle).
    closing: bool,
    /// The transport is gone: nothing may be sent any more.
    closed: bool,
    /// The client itself, for its work items. Set until the session ends.
    this: Option<Arc<Client>>,
}

impl Inner {
    /// Whether nothing is under way and nothing is left to do.
    fn is_idle(&self) -> bool {
        self.table.used() == 0
            && self.in_hand == 0
            && self.todo.is_empty()
            && self.clunks.is_empty()
    }
}

/// A session with one server.
///
/// # Locking
///
/// `inner` is taken in hard interrupt context. Nothing is freed under it, and no other lock is taken
/// but those that waking a task takes.
#[pin_data]
#[repr(C)]
pub(crate) struct Client {
    /// What the file system and transports written in C see. First, so that a pointer to it is a
    /// pointer to the client.
    #[pin]
    c: P9Client,
    /// Dialect and frame size, once agreed on.
    session: SetOnce<Session>,
    transport: SetOnce<KBox<dyn Transport>>,
    fids: Arc<FidPool>,
    bounce: Arc<BouncePool>,
    #[pin]
    inner: SpinLockIrq<Inner>,
    status: Atomic<u32>,
    /// Copy of the number of abandoned requests: the one thing that an RPC looks at when no flush
    /// is under way.
    flushing: Atomic<u32>,
    /// The last tasks that have waited for all of `exit_timeout` while exiting.
    #[pin]
    gave_up: Mutex<GaveUp>,
    /// A malformed reply has been reported.
    complained: Atomic<bool>,
    /// Tasks that wait for their own flushes, or for a tag.
    #[pin]
    gate: WaitQueue,
    /// The task that waits for the end of the session.
    #[pin]
    idle: WaitQueue,
    #[pin]
    work: Work<Client, 0>,
    #[pin]
    retry: DelayedWork<Client, 1>,
    #[pin]
    farewell: Work<Client, 2>,
    queue: Arc<WorkQueue>,
}

impl Client {
    /// A session that has no transport yet.
    ///
    /// # Errors
    ///
    /// - `ENOMEM` if there is no memory.
    pub(crate) fn new(c: impl PinInit<P9Client>, queue: Arc<WorkQueue>) -> Result<Arc<Self>> {
        let fids = FidPool::new()?;
        let bounce = BouncePool::new()?;
        let slots = Chunks::new()?;
        let client = Arc::pin_init(
            try_pin_init!(Self {
                c <- c,
                session: SetOnce::new(),
                transport: SetOnce::new(),
                fids,
                bounce,
                inner <- new_spinlock_irq!(Inner {
                    table: Table::new(slots),
                    todo: List::new(),
                    clunks: List::new(),
                    in_hand: 0,
                    tag_waiters: 0,
                    closing: false,
                    closed: false,
                    this: None,
                }, "Client::inner"),
                status: Atomic::new(Status::Connected as u32),
                flushing: Atomic::new(0),
                gave_up <- new_mutex!(GaveUp::new(), "Client::gave_up"),
                complained: Atomic::new(false),
                gate <- WaitQueue::new(),
                idle <- WaitQueue::new(),
                work <- kernel::new_work!("Client::work"),
                retry <- kernel::new_delayed_work!("Client::retry"),
                farewell <- kernel::new_work!("Client::farewell"),
                queue,
            }),
            GFP_KERNEL,
        )?;
        client.inner.lock().this = Some(client.clone());
        Ok(client)
    }

    /// What the file system sees.
    pub(crate) fn c(&self) -> &P9Client {
        &self.c
    }

    /// The fid numbers of the session.
    pub(crate) fn fids(&self) -> &Arc<FidPool> {
        &self.fids
    }

    /// The memory that bulk data passes through when its destination may not be given to a server.
    pub(crate) fn bounce_pool(&self) -> &Arc<BouncePool> {
        &self.bounce
    }

    /// The connection, if there is one.
    fn transport(&self) -> Option<&dyn Transport> {
        self.transport.as_ref().map(|transport| &**transport)
    }

    /// Shows the options of the connection as in `/proc/mounts`.
    pub(crate) fn show_transport(&self, to: &mut SeqFile<'_>) {
        if let Some(transport) = self.transport() {
            transport.show_options(to);
        }
    }

    /// The dialect spoken.
    pub(crate) fn dialect(&self) -> Dialect {
        self.session
            .as_ref()
            .map_or(Dialect::P2000L, |agreed| agreed.dialect)
    }

    /// The largest frame in bytes.
    pub(crate) fn msize(&self) -> u32 {
        self.session.as_ref().map_or(0, |agreed| agreed.msize.get())
    }

    /// How far the session is from its end.
    pub(crate) fn status(&self) -> Status {
        match self.status.load(Relaxed) {
            0 => Status::Connected,
            1 => Status::BeginDisconnect,
            _ => Status::Disconnected,
        }
    }

    /// Brings the session nearer to its end and wakes everybody who waits.
    ///
    /// Context: any.
    fn advance_status(&self, status: Status) {
        let inner = self.inner.lock();
        if self.status() < status {
            // ORDERING: the lock orders the store; tasks that wait look again when woken.
            self.status.store(status as u32, Relaxed);
            inner
                .table
                .for_each_waiting(|request| request.waiter().wake());
        }
        drop(inner);
        self.gate.wake_all();
        self.idle.wake_all();
    }

    /// The connection is broken: everybody who waits fails at once with `EIO`.
    ///
    /// For transports. Context: any; no method of the transport is called.
    pub(crate) fn transport_died(&self) {
        self.advance_status(Status::Disconnected);
    }
}
