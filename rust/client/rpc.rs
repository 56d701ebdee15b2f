// SPDX-License-Identifier: GPL-2.0

//! Sending requests, waiting for them, leaving them behind.
//!
//! # Who waits for what
//!
//! A wait for a reply ends by the reply, by an error of the transport, or by a fatal signal. With
//! the module parameter `intr` any unblocked signal ends it. A task that ends its wait sends a
//! Tflush and goes; the tag table and [`super::deferred`] see to the rest. From then on until the
//! Rflush that task, and no other, waits before it sends anything else: otherwise a repeated write
//! could be overtaken by the flushed one.
//!
//! An exiting task has no signals any more that could end its waits, so they are bounded by the
//! module parameter `exit_timeout`; the same holds for a killed task that writes back dirty pages,
//! which must not be given up at once.

use super::{
    Chunks,
    Client,
    Inner,
    Status, //
};
use crate::{
    fid::Fid,
    proto::{
        errno::Errno,
        message::{
            encode_frame,
            frame_size,
            Message,
            Tflush,
            Tmessage,
            Tversion, //
        },
        reply::{
            error_in,
            open_reply,
            ReplyError, //
        },
        rpc::{
            NoTag,
            Signal,
            MAX_REQUESTS, //
        },
        types::NOTAG,
        wire::HEADER_SIZE,
    },
    request::{
        Done,
        Kind,
        Request,
        Todo, //
    },
    sys::{
        fcall::Fcall,
        gfp::GFP_NOFS,
        params,
        payload::{
            Direction,
            Payload, //
        },
        task, trace,
        wait::{
            Mode,
            Place,
            Wait, //
        },
    },
};
use core::marker::PhantomData;
use kernel::{
    prelude::*,
    sync::{
        atomic::Relaxed,
        Arc,
        UniqueArc, //
    },
};

/// When a task stops waiting for a reply.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// At a fatal signal, at once.
    Killable,
    /// When `exit_timeout` has passed after a fatal signal: giving up loses data.
    WriteBack,
}

/// What an RPC carries beside its message.
pub(crate) struct Call {
    /// Bulk data outside the frames.
    pub(crate) payload: Option<Payload>,
    /// Bytes of bulk data for which there must be room in the reply frame.
    pub(crate) reply_data: usize,
    /// The fid that the request makes or ends, see [`Request::take_fid`].
    pub(crate) fid: Option<Arc<Fid>>,
    /// When to stop waiting.
    pub(crate) patience: Patience,
}

impl Default for Call {
    fn default() -> Self {
        Self {
            payload: None,
            reply_data: 0,
            fid: None,
            patience: Patience::Killable,
        }
    }
}

/// A request that has been sent, and whose reply is a `M::Reply`.
#[must_use]
pub(crate) struct Pending<M: Tmessage> {
    request: Arc<Request>,
    patience: Patience,
    _message: PhantomData<fn() -> M::Reply>,
}

/// A request that has been answered by a frame, perhaps an error.
pub(crate) struct Answer<'a, M: Tmessage> {
    client: &'a Client,
    request: Arc<Request>,
    _message: PhantomData<fn() -> M::Reply>,
}

impl<'a, M: Tmessage> Answer<'a, M> {
    /// What has come back for `request`, which has carried a `M`.
    pub(super) fn new(client: &'a Client, request: Arc<Request>) -> Self {
        Self {
            client,
            request,
            _message: PhantomData,
        }
    }

    /// The reply, or the error that the server has answered.
    ///
    /// # Errors
    ///
    /// - The server's error number.
    /// - `EPROTO` if the frame is not a well-formed reply to the message.
    /// - `EIO` if a value in it is out of bounds, or the server's error number is none that a
    ///   program may see.
    pub(crate) fn decode(&self) -> Result<<M::Reply as Message>::Value<'_>> {
        let frame = self.frame()?;
        self.traced(open_reply::<M::Reply>(self.client.dialect(), frame))
    }

    /// The fid that the request has made, and what `f` makes of the reply.
    ///
    /// # Errors
    ///
    /// Those of [`decode`](Self::decode) and of `f`. Then the fid is clunked, unless the server has
    /// refused to make it.
    pub(super) fn made_fid<T>(
        &self,
        f: impl FnOnce(<M::Reply as Message>::Value<'_>) -> Result<T>,
    ) -> Result<(Arc<Fid>, T)> {
        let result = self.decode().and_then(f);
        let fid = self.request.take_fid().ok_or(EIO)?;
        let err = match result {
            Ok(value) => return Ok((fid, value)),
            Err(err) => err,
        };
        let refused = self
            .frame()
            .is_ok_and(|frame| error_in(self.client.dialect(), frame).is_some());
        if !refused {
            // Behind a Tflush for the request, if there is one.
            self.client.clunk_later(fid, self.request.owner());
            self.client.work_soon();
        }
        Err(err)
    }

    /// The session.
    pub(super) fn client(&self) -> &'a Client {
        self.client
    }

    /// The request.
    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    /// The frame that has arrived.
    pub(super) fn frame(&self) -> Result<&[u8]> {
        self.request.outcome().unwrap_or(Err(EIO))
    }

    /// Turns what was decoded into a result of ours, and tells the tracepoint of it; the log, too, if
    /// it made no sense.
    pub(super) fn traced<T>(&self, reply: core::result::Result<T, ReplyError>) -> Result<T> {
        if let Err(ReplyError::Decode(_)) = reply {
            let len = self.frame().map_or(0, <[u8]>::len);
            self.client.complain(&self.request, len);
        }
        let reply = reply.map_err(|err| Error::from_errno(Errno::from(err).to_negative()));
        trace::client_res(
            self.client.c().as_ptr(),
            self.request.ty(),
            self.request.tag().get(),
            reply.as_ref().err().map_or(0, |err| err.to_errno()),
        );
        reply
    }
}

impl Client {
    /// Sends `message` and waits for the answer.
    ///
    /// Context: process context, sleeps.
    ///
    /// # Errors
    ///
    /// - `ERESTARTSYS` if a signal has ended the wait.
    /// - `EIO` if the session is over or breaks, or an exiting task has waited long enough.
    /// - `ENOMEM` if there is no memory.
    pub(crate) fn rpc<M: Tmessage>(&self, message: &M, call: Call) -> Result<Answer<'_, M>> {
        self.pass_gate(call.patience)?;
        let pending = self.start(message, call)?;
        self.finish(pending)
    }

    /// Sends `message`, whose answer [`finish`](Self::finish) waits for. The caller has passed
    /// [the gate](Self::pass_gate).
    ///
    /// Context: process context, may sleep for memory, or for a tag if all are in use.
    ///
    /// # Errors
    ///
    /// As [`rpc`](Self::rpc).
    pub(crate) fn start<M: Tmessage>(&self, message: &M, call: Call) -> Result<Pending<M>> {
        self.start_with(message, call, 0, |_| Ok(()))
    }

    /// As [`start`](Self::start), with `room` bytes of bulk data at the end of the T-message, which
    /// `fill` writes.
    ///
    /// # Errors
    ///
    /// As [`rpc`](Self::rpc), and those of `fill`.
    pub(super) fn start_with<M: Tmessage>(
        &self,
        message: &M,
        call: Call,
        room: usize,
        fill: impl FnOnce(&mut [u8]) -> Result,
    ) -> Result<Pending<M>> {
        let patience = call.patience;
        let kind = if M::TYPE == Tversion::TYPE {
            Kind::Version
        } else {
            Kind::Rpc
        };
        let mut unsent = self.prepare_with(message, kind, Done::Wake, call, room, fill)?;
        let request = loop {
            match self.submit(unsent) {
                Ok(request) => break request,
                Err((err, request)) if err == EBUSY => {
                    self.wait_for_tag(patience)?;
                    unsent = request;
                }
                Err((err, _)) => return Err(err),
            }
        };
        Ok(Pending {
            request,
            patience,
            _message: PhantomData,
        })
    }

    /// Sends `message` and returns; `done` tells who learns of the end.
    ///
    /// Context: process context, may sleep for memory.
    ///
    /// # Errors
    ///
    /// - `EIO` if the session is over.
    /// - `ENOMEM` if there is no memory, `EBUSY` if no tag is free: see [`is_passing`].
    pub(crate) fn rpc_async<M: Tmessage>(
        &self,
        message: &M,
        call: Call,
        done: Done,
    ) -> Result<Arc<Request>> {
        let request = self.prepare(message, Kind::Rpc, done, call)?;
        self.submit(request).map_err(|(err, _)| err)
    }

    /// A [`Callback`](crate::request::Callback) for requests whose answer changes nothing: tells
    /// the tracepoint.
    pub(super) fn note_answer(&self, request: &Arc<Request>) {
        let err = match request.outcome() {
            Some(Ok(frame)) => error_in(self.dialect(), frame).map_or(0, Errno::to_negative),
            Some(Err(err)) => err.to_errno(),
            None => 0,
        };
        trace::client_res(self.c().as_ptr(), request.ty(), request.tag().get(), err);
    }

    /// Waits for the answer to a request.
    ///
    /// Context: process context, sleeps.
    ///
    /// # Errors
    ///
    /// As [`rpc`](Self::rpc).
    pub(crate) fn finish<M: Tmessage>(&self, pending: Pending<M>) -> Result<Answer<'_, M>> {
        if let Err(err) = self.wait(&pending.request, pending.patience) {
            // The reply may have come while the wait ended; then it counts.
            if !self.abandon(&pending.request) {
                return Err(err);
            }
        }
        Ok(Answer::new(self, pending.request))
    }

    /// Waits until the current task may send a request: its own flushes are answered.
    ///
    /// # Errors
    ///
    /// - `ERESTARTSYS` if a fatal signal is pending, or ends the wait.
    /// - `EIO` if the session is ending, or an exiting task has waited long enough.
    pub(crate) fn pass_gate(&self, patience: Patience) -> Result {
        if patience == Patience::Killable && task::fatal_signal_pending() {
            return Err(ERESTARTSYS);
        }
        if self.status() != Status::Connected {
            return Err(EIO);
        }
        if self.flushing.load(Relaxed) == 0 {
            return Ok(());
        }
        let owner = task::current_id().get();
        self.sleep(&self.gate, patience, || {
            !self.inner.lock().table.is_flushing(owner)
        })
    }

    /// Waits until what unlocks on `fid` and was left to the work queue has been sent: it would
    /// take back a lock that overtakes it.
    pub(super) fn pass_unlocks(&self, fid: &Fid) -> Result {
        if !fid.has_unlocks() {
            return Ok(());
        }
        self.sleep(&self.gate, Patience::Killable, || !fid.has_unlocks())
    }

    /// Encodes `message` into a new request.
    ///
    /// # Errors
    ///
    /// - `ENAMETOOLONG` if it does not fit into a frame.
    /// - `ENOMEM` if there is no memory.
    pub(super) fn prepare<M: Tmessage>(
        &self,
        message: &M,
        kind: Kind,
        done: Done,
        call: Call,
    ) -> Result<Unsent> {
        self.prepare_with(message, kind, done, call, 0, |_| Ok(()))
    }

    /// As [`prepare`](Self::prepare), with `data` bytes behind `message`, which `fill` writes. They
    /// are right where they are sent from: no copy of them is made.
    ///
    /// # Errors
    ///
    /// As [`prepare`](Self::prepare), and those of `fill`.
    #[inline(never)]
    fn prepare_with<M: Tmessage>(
        &self,
        message: &M,
        kind: Kind,
        done: Done,
        call: Call,
        data: usize,
        fill: impl FnOnce(&mut [u8]) -> Result,
    ) -> Result<Unsent> {
        let dialect = self.dialect();
        let room = match &call.payload {
            // The data begin right behind the count; a longer error reaches into the payload.
            Some(payload) if payload.direction() == Direction::FromServer => M::Reply::ROOM,
            _ => message.reply_size(dialect),
        };
        let size = frame_size(message, dialect).saturating_add(data);
        let mut request = self.new_request(kind, M::TYPE, done, call, size, room)?;
        let frame = request.as_mut().tcall_mut();
        let len = encode_frame(frame, NOTAG, message, dialect).map_err(|_| ENAMETOOLONG)?;
        fill(frame.get_mut(len..).ok_or(ENAMETOOLONG)?)?;
        Ok(request)
    }

    /// A request with room for a T-message of `size` bytes, and for the body of a reply of `room`
    /// bytes without its bulk data.
    ///
    /// # Errors
    ///
    /// As [`prepare`](Self::prepare).
    #[inline(never)]
    fn new_request(
        &self,
        kind: Kind,
        ty: u8,
        done: Done,
        call: Call,
        size: usize,
        room: usize,
    ) -> Result<Unsent> {
        let outside = match &call.payload {
            Some(payload) if payload.direction() == Direction::ToServer => payload.len(),
            _ => 0,
        };
        // Before there is an agreement only Tversion is sent.
        let msize = self
            .session
            .as_ref()
            .map_or(u32::MAX, |agreed| agreed.msize.get());
        // CAST: a `u32` fits into a `usize` on every 64 bit machine.
        if size.saturating_add(outside) > msize as usize {
            return Err(ENAMETOOLONG);
        }
        let fcall = Fcall::new(
            size,
            HEADER_SIZE
                .saturating_add(room)
                .saturating_add(call.reply_data),
            || {
                self.transport()
                    .is_none_or(|transport| transport.has_linear_frames())
            },
            GFP_NOFS,
        )?;
        let owner = task::current_id().get();
        Request::new(kind, ty, done, owner, fcall, call.payload, call.fid)
    }

    /// Gives the request a tag and hands it to the transport.
    ///
    /// # Errors
    ///
    /// The request is given back with
    ///
    /// - `EIO` if the session is over.
    /// - `ENOMEM` if there is no memory.
    /// - `EBUSY` if all tags are in use.
    fn submit(&self, mut unsent: Unsent) -> core::result::Result<Arc<Request>, (Error, Unsent)> {
        let Some(transport) = self.transport() else {
            return Err((EIO, unsent));
        };
        let request = loop {
            match self.try_insert(unsent) {
                Ok(request) => break request,
                Err((Refusal::Closed, request)) => return Err((EIO, request)),
                Err((Refusal::NoTag(NoTag::Full), request)) => return Err((EBUSY, request)),
                Err((Refusal::NoTag(NoTag::Grow), request)) => {
                    let chunk = match Chunks::alloc() {
                        Ok(chunk) => chunk,
                        Err(err) => return Err((err, request)),
                    };
                    // A chunk that another task has made superfluous is freed with no lock held.
                    let _surplus = self.inner.lock().table.slots_mut().push(chunk);
                    unsent = request;
                }
            }
        };
        self.trace_sent(&request);
        transport.request(request.clone());
        Ok(request)
    }

    /// Enters the request in the tag table.
    fn try_insert(&self, request: Unsent) -> core::result::Result<Arc<Request>, (Refusal, Unsent)> {
        let owner = request.owner();
        let mut inner = self.inner.lock();
        if inner.closed {
            return Err((Refusal::Closed, request));
        }
        inner
            .table
            .insert(owner, request, |key, mut request| {
                request.as_mut().set_key(key);
                Arc::from(request)
            })
            .map_err(|(no_tag, request)| (Refusal::NoTag(no_tag), request))
    }

    /// Waits until a tag is free.
    fn wait_for_tag(&self, patience: Patience) -> Result {
        self.inner.lock().tag_waiters += 1;
        let result = self.sleep(&self.gate, patience, || {
            self.inner.lock().table.used() < MAX_REQUESTS
        });
        self.inner.lock().tag_waiters -= 1;
        result
    }

    /// Waits for the end of `request`.
    pub(super) fn wait(&self, request: &Request, patience: Patience) -> Result {
        self.sleep(request.waiter(), patience, || request.is_done())
    }

    /// Sleeps in `place` until `cond` holds. The session was connected when the caller began.
    ///
    /// # Errors
    ///
    /// - `ERESTARTSYS` if a signal has ended the wait.
    /// - `EIO` if the session is ending, or `exit_timeout` has passed.
    fn sleep(
        &self,
        place: &impl Place,
        mut patience: Patience,
        mut cond: impl FnMut() -> bool,
    ) -> Result {
        let mut bounded = task::exiting();
        loop {
            let (mode, timeout) = if bounded {
                // A task waits for that long once, not once for each of its requests.
                let owner = task::current_id().get();
                let timeout = if self.gave_up.lock().contains(owner) {
                    0
                } else {
                    params::exit_timeout()
                };
                (Mode::Uninterruptible, Some(timeout))
            } else if params::intr() && patience == Patience::Killable {
                (Mode::Interruptible, None)
            } else {
                (Mode::Killable, None)
            };
            let mut done = false;
            let wait = place.wait(mode, timeout, || {
                done = cond();
                done || self.status() != Status::Connected
            });
            match wait {
                Wait::Done if done => return Ok(()),
                Wait::Done => return Err(EIO),
                Wait::Signal if patience == Patience::WriteBack => {
                    patience = Patience::Killable;
                    bounded = true;
                }
                Wait::Signal => return Err(ERESTARTSYS),
                Wait::TimedOut => {
                    self.report_give_up();
                    return Err(EIO);
                }
            }
        }
    }

    /// Says once for each task that it has given up its data to exit.
    fn report_give_up(&self) {
        let owner = task::current_id().get();
        if self.gave_up.lock().insert(owner) {
            pr_warn!("the server does not answer: an exiting task gives up what it has to write\n");
        }
    }

    /// The caller does not wait for the answer to `request` any more. Never sleeps on the server.
    ///
    /// Returns `true` if the request has ended already.
    fn abandon(&self, request: &Arc<Request>) -> bool {
        if request.kind() == Kind::Version {
            // It has no tag that could be flushed; whoever gives up here closes the connection.
            return false;
        }
        if self
            .transport()
            .is_some_and(|transport| transport.cancel(request))
        {
            let mut inner = self.inner.lock();
            let cancelled = inner.table.handle_cancelled(request.key());
            let wake = inner.wake_after_release();
            drop(inner);
            drop(cancelled);
            self.wake(wake);
            self.after_no_effect(request);
            return false;
        }
        let mut inner = self.inner.lock();
        let signal = inner.table.handle_signal(request.key());
        self.copy_flushing(&inner);
        drop(inner);
        match signal {
            Signal::Delivered => true,
            Signal::Flush => {
                self.send_flush(request);
                false
            }
        }
    }

    /// Sends a Tflush for `request`, or leaves it to the work queue if there is no memory.
    pub(super) fn send_flush(&self, request: &Arc<Request>) {
        if self.try_send_flush(request).is_err() {
            self.push_todo(request.clone(), Todo::FLUSH);
            self.retry_later();
        }
    }

    /// Sends a Tflush for `request`.
    fn try_send_flush(&self, request: &Arc<Request>) -> Result {
        let Some(transport) = self.transport() else {
            return Ok(());
        };
        let message = Tflush {
            oldtag: request.tag(),
        };
        let mut flush = self.prepare(&message, Kind::Flush, NOTE, Call::default())?;
        flush.as_mut().set_key(request.key());
        self.trace_sent(&flush);
        transport.request(Arc::from(flush));
        Ok(())
    }

    /// Tells the tracepoints of a request that is about to be sent.
    fn trace_sent(&self, request: &Request) {
        let (c, ty, tag) = (self.c().as_ptr(), request.ty(), request.tag().get());
        trace::client_req(c, ty, tag);
        trace::protocol_dump(c, ty, tag, request.fcall().tcall());
    }

    /// Makes the copy of the number of abandoned requests that RPCs look at.
    pub(super) fn copy_flushing(&self, inner: &Inner) {
        // CAST: `flushing <= MAX_REQUESTS <= u32::MAX`.
        let flushing = inner.table.flushing() as u32;
        // All RPCs read what is near it, and it hardly ever changes.
        if self.flushing.load(Relaxed) != flushing {
            self.flushing.store(flushing, Relaxed);
        }
    }
}

/// Nobody waits for the answer.
pub(super) const NOTE: Done = Done::Callback(Client::note_answer);

/// A request that nobody else knows yet.
type Unsent = Pin<UniqueArc<Request>>;

/// Whether what has failed with `err` may succeed later, with nothing else done about it.
pub(super) fn is_passing(err: Error) -> bool {
    err == ENOMEM || err == EBUSY
}

/// Why a request got no tag.
enum Refusal {
    /// The session is over.
    Closed,
    /// The table is full.
    NoTag(NoTag),
}
