// SPDX-License-Identifier: GPL-2.0

//! One exchange with the server: a T-message, room for its R-message, and who is told of the end.
//!
//! A request knows neither its tag table nor its transport nor its client; those refer to it. Its
//! protocol state (waiting, abandoned, free) is kept by [`crate::proto::rpc::Table`].
//!
//! # References
//!
//! The waiter, the transport (queue, ring or stream) and the tag table own one reference each. The
//! transport's reference goes only when the server can no longer touch the buffers, so the memory
//! of a request lives until then, whoever else has lost interest.

use crate::{
    client::Client,
    fid::Fid,
    proto::{
        message::{
            Message,
            Tclunk, //
        },
        rpc::{
            Key,
            Owner, //
        },
        types::{
            Tag,
            NOTAG, //
        },
        wire::HEADER_SIZE, //
    },
    sys::{
        fcall::Fcall,
        gfp::GFP_NOFS,
        payload::Payload,
        wait::RcuWait, //
    },
};
use kernel::{
    list::{
        impl_list_arc_safe,
        impl_list_item,
        AtomicTracker,
        ListLinks,
        TryNewListArc, //
    },
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Relaxed,
            Release, //
        },
        Arc,
        SpinLock,
        UniqueArc, //
    },
};

/// What a request is for, as far as the transports and the tag table must know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any message but the two below. Its key is its own.
    Rpc,
    /// Tversion: has a key like every other request, but `NOTAG` on the wire.
    Version,
    /// Tflush. Its key is that of the request it flushes.
    Flush,
}

/// Called once when a request has ended, perhaps in hard interrupt context, with no lock held.
///
/// [`Request::outcome`] tells how it ended.
pub(crate) type Callback = fn(&Client, &Arc<Request>);

/// Who is told that a request has ended.
#[derive(Clone, Copy)]
pub(crate) enum Done {
    /// The task that waits on the request.
    Wake,
    /// This function.
    Callback(Callback),
}

/// What is left to do for a request, by the client's work queue.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Todo(u32);

impl Todo {
    /// Nothing.
    const NOTHING: Self = Self(0);
    /// Send a Tflush for it.
    pub(crate) const FLUSH: Self = Self(1);
    /// Undo what it did on the server.
    pub(crate) const UNDO: Self = Self(2);
    /// Send it, a Tlock that unlocks, once the flushes of its owner are answered.
    pub(crate) const UNLOCK: Self = Self(4);
    /// Tell the transport that this Tflush was answered, then free the tag of the flushed request.
    pub(crate) const FLUSHED: Self = Self(8);

    /// Whether `other` is part of this.
    pub(crate) fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Values of [`Request::status`].
mod status {
    /// The request has not ended.
    pub(super) const PENDING: u32 = 0;
    /// A well-formed frame is in the reply buffer.
    pub(super) const RECEIVED: u32 = 1;
    /// No reply will come; the reason is in `error`.
    pub(super) const FAILED: u32 = 2;
}

/// One exchange with the server.
///
/// # Invariants
///
/// - `status` leaves [`status::PENDING`] at most once, after the transport has said that the
///   server is done with the buffers.
/// - If `status` is [`status::RECEIVED`], the reply buffer holds a frame whose header has been
///   checked.
#[pin_data]
pub(crate) struct Request {
    kind: Kind,
    ty: u8,
    done: Done,
    key: Key,
    tag: Tag,
    owner: Owner,
    fcall: Fcall,
    payload: Option<Payload>,
    status: Atomic<u32>,
    error: Atomic<i32>,
    todo: Atomic<u32>,
    /// The fid whose number must not be used again before this request has ended: the fid that a
    /// Twalk, Tattach or Txattrwalk makes, the one that a Tclunk or Tremove gives up, or the one
    /// that a Tlock may have to be undone on.
    #[pin]
    fid: SpinLock<Option<Arc<Fid>>>,
    /// Where the task that waits for the end sleeps.
    waiter: RcuWait,
    /// Links of the queue of a transport.
    #[pin]
    links: ListLinks<0>,
    #[pin]
    tracker: AtomicTracker<0>,
    /// Links of the client's list of requests with something left to do.
    #[pin]
    todo_links: ListLinks<1>,
    #[pin]
    todo_tracker: AtomicTracker<1>,
}

impl_list_arc_safe! {
    impl ListArcSafe<0> for Request { tracked_by tracker: AtomicTracker<0>; }
    impl ListArcSafe<1> for Request { tracked_by todo_tracker: AtomicTracker<1>; }
}

impl_list_item! {
    impl ListItem<0> for Request { using ListLinks { self.links }; }
    impl ListItem<1> for Request { using ListLinks { self.todo_links }; }
}

impl Request {
    /// A request with room for its frames, not yet known to anybody. `ty` is the type of the
    /// T-message, which [`encode`](Self::encode) makes.
    ///
    /// Context: process context, may sleep for memory. Starts no file system I/O.
    ///
    /// # Errors
    ///
    /// - `ENOMEM` if there is no memory.
    pub(crate) fn new(
        kind: Kind,
        ty: u8,
        done: Done,
        owner: Owner,
        fcall: impl Init<Fcall>,
        payload: Option<Payload>,
        fid: Option<Arc<Fid>>,
    ) -> Result<Pin<UniqueArc<Self>>> {
        UniqueArc::pin_init(
            // INVARIANT: the request is pending.
            try_pin_init!(Self {
                kind,
                ty,
                done,
                key: Key::default(),
                tag: NOTAG,
                owner,
                fcall <- fcall,
                payload,
                status: Atomic::new(status::PENDING),
                error: Atomic::new(0),
                todo: Atomic::new(Todo::NOTHING.0),
                fid <- kernel::new_spinlock!(fid, "Request::fid"),
                waiter: RcuWait::new(),
                links <- ListLinks::new(),
                tracker <- AtomicTracker::new(),
                todo_links <- ListLinks::new(),
                todo_tracker <- AtomicTracker::new(),
            }),
            GFP_NOFS,
        )
    }

    /// The room for the T-message, all of which is sent.
    pub(crate) fn tcall_mut(self: Pin<&mut Self>) -> &mut [u8] {
        self.project().fcall.tcall_mut()
    }

    /// Gives the request its key, and with it the tag on the wire.
    pub(crate) fn set_key(self: Pin<&mut Self>, key: Key) {
        let this = self.project();
        let tag = match this.kind {
            Kind::Rpc => key.tag(),
            Kind::Version => NOTAG,
            Kind::Flush => key.flush_tag(),
        };
        *this.key = key;
        *this.tag = tag;
        if let Some(bytes) = this.fcall.tcall_mut().get_mut(5..HEADER_SIZE) {
            bytes.copy_from_slice(&tag.get().to_le_bytes());
        }
    }

    /// The key in the tag table; of a Tflush that of the flushed request.
    pub(crate) fn key(&self) -> Key {
        self.key
    }

    /// The tag on the wire.
    pub(crate) fn tag(&self) -> Tag {
        self.tag
    }

    /// What the request is for.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether this is a Tflush. A transport sends those even when it has no room for others.
    pub(crate) fn is_flush(&self) -> bool {
        self.kind == Kind::Flush
    }

    /// Whether nobody waits for the answer, nor for what follows from it: a Tclunk that was sent
    /// without a wait. A transport may come back to its answer when it is convenient, unless it was
    /// told to [hurry](crate::transport::Transport::hurry).
    pub(crate) fn is_quiet(&self) -> bool {
        matches!(self.done, Done::Callback(_)) && self.ty == Tclunk::TYPE
    }

    /// The type of the T-message.
    pub(crate) fn ty(&self) -> u8 {
        self.ty
    }

    /// The task that has sent the request.
    pub(crate) fn owner(&self) -> Owner {
        self.owner
    }

    /// Who is told of the end.
    pub(crate) fn done(&self) -> Done {
        self.done
    }

    /// The frames.
    pub(crate) fn fcall(&self) -> &Fcall {
        &self.fcall
    }

    /// The bulk data outside the frames.
    pub(crate) fn payload(&self) -> Option<&Payload> {
        self.payload.as_ref()
    }

    /// The fid that this request holds.
    ///
    /// Context: process context.
    pub(crate) fn fid(&self) -> Option<Arc<Fid>> {
        self.fid.lock().clone()
    }

    /// Takes over the fid that this request holds.
    ///
    /// Context: process context.
    pub(crate) fn take_fid(&self) -> Option<Arc<Fid>> {
        self.fid.lock().take()
    }

    /// Adds to what is left to do. The caller holds the lock of the client.
    pub(crate) fn note(&self, todo: Todo) {
        self.todo.store(self.todo.load(Relaxed) | todo.0, Relaxed);
    }

    /// Takes what is left to do. The caller holds the lock of the client.
    pub(crate) fn take_todo(&self) -> Todo {
        let todo = Todo(self.todo.load(Relaxed));
        self.todo.store(Todo::NOTHING.0, Relaxed);
        todo
    }

    /// Whether `todo` is left to do.
    pub(crate) fn has_todo(&self, todo: Todo) -> bool {
        Todo(self.todo.load(Relaxed)).contains(todo)
    }

    /// Where the one task that waits for the end sleeps.
    pub(crate) fn waiter(&self) -> &RcuWait {
        &self.waiter
    }

    /// Stores how the request has ended: with a frame whose header has been checked, or without.
    ///
    /// To be called at most once, by [`Client::complete`] and [`Client::fail`].
    pub(crate) fn set_outcome(&self, outcome: Result) {
        // INVARIANT: callers have the word of the transport that the server is done.
        let status = match outcome {
            Ok(()) => status::RECEIVED,
            Err(err) => {
                self.error.store(err.to_errno(), Relaxed);
                status::FAILED
            }
        };
        // ORDERING: the release pairs with the acquire in `outcome`: who sees the new status sees
        // the error and every byte of the reply.
        self.status.store(status, Release);
    }

    /// Whether the request has ended.
    pub(crate) fn is_done(&self) -> bool {
        self.status.load(Acquire) != status::PENDING
    }

    /// How the request has ended: with this frame, or with an error of the transport. `None` if it
    /// has not.
    pub(crate) fn outcome(&self) -> Option<Result<&[u8]>> {
        // ORDERING: see `set_outcome`.
        match self.status.load(Acquire) {
            status::RECEIVED => Some(self.fcall.reply().ok_or(EIO)),
            status::FAILED => Some(Err(Error::from_errno(self.error.load(Relaxed)))),
            _ => None,
        }
    }
}
