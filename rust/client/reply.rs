// SPDX-License-Identifier: GPL-2.0

//! What a transport has received, and what becomes of it.
//!
//! Everything here may run in hard interrupt context.

use super::{
    Client,
    Inner,
    Status, //
};
use crate::{
    proto::{
        message::{
            Message,
            Rflush,
            Tattach,
            Tlock,
            Tremove,
            Twalk,
            Txattrwalk, //
        },
        rpc::{
            Reply,
            Rflush as FlushAnswer, //
        },
        types::Tag,
        wire::{
            Header,
            HEADER_SIZE, //
        }, //
    },
    request::{
        Done,
        Kind,
        Request,
        Todo, //
    },
    sys::{
        fcall::Completed,
        trace, //
    },
};
use kernel::{
    prelude::*,
    sync::{
        atomic::Relaxed,
        Arc, //
    },
};

/// Who must be woken after a tag was freed.
#[derive(Clone, Copy, Default)]
#[must_use]
pub(super) struct Wake {
    /// Tasks that wait for a tag.
    tag: bool,
    /// The task that waits for the end of the session.
    idle: bool,
}

impl Inner {
    /// To be asked under the lock, after a tag was freed or something left to do was done.
    pub(super) fn wake_after_release(&self) -> Wake {
        Wake {
            tag: self.tag_waiters > 0,
            idle: self.closing && self.is_idle(),
        }
    }
}

impl Client {
    /// Wakes who has to be woken.
    pub(super) fn wake(&self, wake: Wake) {
        if wake.tag {
            self.gate.wake_all();
        }
        if wake.idle {
            self.idle.wake_all();
        }
    }

    /// The request that a frame with `tag` answers, for transports that know no other way to tell.
    ///
    /// For the tag of a Tflush this is the flushed request. Context: any.
    pub(crate) fn lookup(&self, tag: Tag) -> Option<Arc<Request>> {
        self.inner.lock().table.lookup(tag).cloned()
    }

    /// The server has written `len` bytes as the answer to `req`, and is done with its memory.
    ///
    /// For transports. Context: any; no method of the transport is called. `len` counts what has
    /// gone into the payload, and is not trusted otherwise.
    pub(crate) fn complete(&self, req: Arc<Request>, len: usize, done: Completed) {
        req.fcall().complete(done, len);
        self.received(req, len);
    }

    /// The frames of `req` are [complete](crate::sys::fcall::Fcall::complete).
    ///
    /// For transports. Context: any; no method of the transport is called.
    pub(crate) fn completed(&self, req: Arc<Request>) {
        let len = req.fcall().total().unwrap_or(0);
        self.received(req, len);
    }

    /// `len` bytes have come for `req`.
    #[inline(always)]
    fn received(&self, req: Arc<Request>, len: usize) {
        let outcome = self.check_frame(&req, len);
        if outcome.is_err() && self.keep_garbled(&req) {
            req.set_outcome(outcome);
            self.push_todo(req.clone(), Todo::FLUSH);
            self.work_soon();
            return self.tell(&req);
        }
        self.end(req, outcome);
    }

    /// What was received for `req` is no frame. Returns whether somebody has waited for it, who is to
    /// be told; the server may still have the request, so its tag stays taken until a Tflush is
    /// answered.
    fn keep_garbled(&self, req: &Request) -> bool {
        if req.kind() != Kind::Rpc {
            return false;
        }
        let mut inner = self.inner.lock();
        let kept = inner.table.handle_garbled(req.key());
        self.copy_flushing(&inner);
        kept
    }

    /// Tells whoever waits for `req` that it has ended.
    fn tell(&self, req: &Arc<Request>) {
        match req.done() {
            Done::Wake => req.waiter().wake(),
            Done::Callback(callback) => callback(self, req),
        }
    }

    /// No answer to `req` will come, and the server is done with its memory.
    ///
    /// For transports. Context: any; no method of the transport is called.
    pub(crate) fn fail(&self, req: Arc<Request>, err: Error, done: Completed) {
        req.fcall().complete(done, 0);
        self.end(req, Err(err));
    }

    /// Checks the header of what was received for `req`.
    ///
    /// # Errors
    ///
    /// - `EIO` if it is not a frame, or one with another tag.
    #[inline(always)]
    fn check_frame(&self, req: &Request, len: usize) -> Result {
        if len == 0 {
            // A server that has cancelled a flushed request gives its buffers back like this.
            return Err(EIO);
        }
        let frame = req.fcall().reply().ok_or(EIO)?;
        let header = frame
            .get(..HEADER_SIZE)
            .and_then(|bytes| Header::decode(bytes).ok());
        match header {
            Some(header) if header.len() == len && header.tag == req.tag() => {
                trace::protocol_dump(self.c().as_ptr(), header.ty, header.tag.get(), frame);
                Ok(())
            }
            _ => {
                self.complain(req, len);
                Err(EIO)
            }
        }
    }

    /// Tells the log that the `len` bytes received for `req` make no sense; once for each session.
    pub(super) fn complain(&self, req: &Request, len: usize) {
        if !self.complained.xchg(true, Relaxed) {
            pr_err!(
                "malformed reply to a message of type {}: {} bytes received\n",
                req.ty(),
                len
            );
        }
    }

    /// Acts on the end of `req`.
    fn end(&self, req: Arc<Request>, outcome: Result) {
        // Only an answer can tell of something that has to be undone.
        let effect = outcome.is_ok()
            && matches!(
                req.ty(),
                Tattach::TYPE | Tlock::TYPE | Twalk::TYPE | Txattrwalk::TYPE
            );
        req.set_outcome(outcome);
        if req.is_flush() {
            return self.end_flush(&req);
        }
        let mut inner = self.inner.lock();
        let reply = inner.table.handle_reply(req.key(), effect);
        let wake = inner.wake_after_release();
        self.copy_flushing(&inner);
        drop(inner);
        match reply {
            // The table's reference is dropped here, with no lock held.
            Reply::Deliver(_) => self.tell(&req),
            Reply::Undo { request, released } => {
                if effect {
                    // Until this is done the tag is taken, and the owner and the Tclunks behind it
                    // wait.
                    self.push_todo(request, Todo::UNDO);
                    self.work_soon();
                } else if released {
                    self.after_no_effect(&request);
                    self.after_flush();
                }
            }
            Reply::Stale => {}
        }
        self.wake(wake);
    }

    /// Acts on the answer to a Tflush.
    fn end_flush(&self, flush: &Arc<Request>) {
        // Once the session is over no server holds the tag.
        let accepted = match flush.outcome() {
            Some(Ok(frame)) => frame.get(4) == Some(&Rflush::TYPE),
            _ => self.status() == Status::Disconnected,
        };
        self.note_answer(flush);
        let learns = self
            .transport()
            .is_some_and(|transport| transport.learns_of_flushes());
        if accepted && learns {
            self.push_todo(flush.clone(), Todo::FLUSHED);
            return self.work_soon();
        }
        self.free_flushed(flush, accepted);
    }

    /// Frees the tag of the flushed request, if the server has accepted the Tflush.
    pub(super) fn free_flushed(&self, flush: &Request, accepted: bool) {
        let mut inner = self.inner.lock();
        let answer = inner.table.handle_rflush(flush.key(), accepted);
        let wake = inner.wake_after_release();
        self.copy_flushing(&inner);
        drop(inner);
        match answer {
            // The table's reference is dropped here, with no lock held.
            FlushAnswer::Ended { request, .. } => {
                self.after_no_effect(&request);
                self.after_flush();
            }
            FlushAnswer::Refused | FlushAnswer::Stale => {}
        }
        self.wake(wake);
    }

    /// What an abandoned request has done on the server is undone, or needs not to be.
    pub(super) fn after_undo(&self, request: &Request) {
        let mut inner = self.inner.lock();
        let ended = inner.table.handle_undone(request.key());
        let wake = inner.wake_after_release();
        self.copy_flushing(&inner);
        drop(inner);
        if ended.is_some() {
            self.after_flush();
        }
        self.wake(wake);
    }

    /// A request that was sent in vain, or not at all, has ended. A Tremove gives its fid up only if
    /// it is answered: now the fid has to be clunked.
    ///
    /// Context: any.
    pub(super) fn after_no_effect(&self, request: &Arc<Request>) {
        if request.ty() == Tremove::TYPE && !matches!(request.outcome(), Some(Ok(_))) {
            self.push_todo(request.clone(), Todo::UNDO);
            self.work_soon();
        }
    }

    /// An abandoned request has ended: whoever waited behind it may go on.
    fn after_flush(&self) {
        self.wake_gate();
        self.work_soon();
    }

    /// Lets tasks that wait to send something look again whether they may.
    pub(super) fn wake_gate(&self) {
        self.gate.wake_all();
    }
}
