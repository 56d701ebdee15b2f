// SPDX-License-Identifier: GPL-2.0

//! What nobody waits for: undoing, Tflush and Tclunk sent from a work queue.
//!
//! An answer to an abandoned request that has made something on the server (a fid, a lock) is
//! undone here. A task that dies leaves its Tclunks here, behind its own flushes. What fails for
//! want of memory stays here and is tried again, so neither a tag nor a fid is ever lost.

use super::{
    rpc::{
        is_passing,
        Call,
        NOTE, //
    },
    Client, //
};
use crate::{
    fid::Fid,
    proto::{
        message::{
            Message,
            Rlock,
            Rwalk,
            Tattach,
            Tclunk,
            Tlink,
            Tlock,
            Tmessage,
            Tremove,
            Trename,
            Trenameat,
            Twalk,
            Txattrwalk, //
        },
        reply::{
            error_in,
            open_reply, //
        },
        rpc::Owner,
        types::{
            lock,
            Dialect,
            FidNum, //
        },
        wire::HEADER_SIZE, //
    },
    request::{
        Done,
        Request,
        Todo, //
    },
    sys::workqueue::system,
};
use kernel::{
    impl_has_delayed_work, impl_has_work,
    list::{
        List,
        ListArc, //
    },
    prelude::*,
    sync::{
        atomic::Relaxed,
        Arc, //
    },
    time::{
        msecs_to_jiffies,
        Msecs, //
    },
    workqueue::WorkItem,
};

impl WorkItem<2> for Client {
    type Pointer = Arc<Client>;

    fn run(this: Arc<Client>) {
        Client::close(this);
    }
}

/// How long to wait before trying again what has failed for want of memory.
///
/// Long enough for memory to be freed, short enough that nobody misses a fid.
const RETRY: Msecs = 100;

impl_has_work! {
    impl HasWork<Self, 0> for Client { self.work }
    impl HasWork<Self, 2> for Client { self.farewell }
}

impl_has_delayed_work! {
    impl HasDelayedWork<Self, 1> for Client { self.retry }
}

impl WorkItem<0> for Client {
    type Pointer = Arc<Client>;

    fn run(this: Arc<Client>) {
        this.run_deferred();
    }
}

impl WorkItem<1> for Client {
    type Pointer = Arc<Client>;

    fn run(this: Arc<Client>) {
        // The timer of a delayed item may not belong to a queue that can go away.
        this.work_soon();
    }
}

impl Client {
    /// Notes something left to do for `request`.
    ///
    /// Context: any.
    pub(super) fn push_todo(&self, request: Arc<Request>, todo: Todo) {
        let mut inner = self.inner.lock();
        request.note(todo);
        // A request that is in the list already will be looked at after its note was taken.
        if let Ok(item) = ListArc::try_from_arc(request) {
            inner.todo.push_back(item);
        }
    }

    /// Runs the work item soon. Context: any.
    pub(super) fn work_soon(&self) {
        let inner = self.inner.lock();
        // What the work item has in hand now it may put back.
        if inner.todo.is_empty() && inner.clunks.is_empty() && inner.in_hand == 0 {
            return;
        }
        // Under the lock: once the session has taken `this` away nothing is queued any more.
        if let Some(this) = inner.this.clone() {
            // Queued already is as good; the client lives on in `this` then, so it is not freed
            // here.
            let _ = self.queue.enqueue::<Arc<Client>, 0>(this);
        }
    }

    /// Runs the work item after a while. Context: any.
    pub(super) fn retry_later(&self) {
        // Under the lock: see `work_soon`.
        let inner = self.inner.lock();
        if let Some(this) = inner.this.clone() {
            // Queued already is as good.
            let _ = system().enqueue_delayed::<Arc<Client>, 1>(this, msecs_to_jiffies(RETRY));
        }
    }

    /// Leaves the Tclunk of `fid` to the work queue, behind the flushes of `owner`.
    ///
    /// Context: any.
    pub(super) fn clunk_later(&self, fid: Arc<Fid>, owner: Owner) {
        fid.set_owner(owner);
        // PANIC: never in two lists; who has the last reference of the file system gives it here.
        if let Ok(item) = ListArc::try_from_arc(fid) {
            self.inner.lock().clunks.push_back(item);
        }
    }

    /// Sends a Tclunk for `fid` without waiting for its answer.
    ///
    /// Context: process context, may sleep for memory.
    ///
    /// # Errors
    ///
    /// Errors of [`Client::rpc_async`] are propagated as-is, with the fid.
    pub(super) fn send_clunk(
        &self,
        fid: Arc<Fid>,
        done: Done,
    ) -> core::result::Result<Arc<Request>, (Error, Arc<Fid>)> {
        let message = Tclunk { fid: fid.num() };
        let call = Call {
            fid: Some(fid.clone()),
            ..Call::default()
        };
        self.rpc_async(&message, call, done)
            .map_err(|err| (err, fid))
    }

    /// Does what is left to do, as far as it can be done now.
    fn run_deferred(&self) {
        let mut inner = self.inner.lock();
        let mut todo = core::mem::replace(&mut inner.todo, List::new());
        let mut clunks = core::mem::replace(&mut inner.clunks, List::new());
        inner.in_hand += 1;
        drop(inner);

        let mut again = false;
        while let Some(item) = todo.pop_front() {
            again |= self.run_todo(item.into_arc());
        }
        while let Some(item) = clunks.pop_front() {
            again |= self.run_clunk(item.into_arc());
        }

        let mut inner = self.inner.lock();
        inner.in_hand -= 1;
        let wake = inner.wake_after_release();
        drop(inner);
        self.wake(wake);
        if again {
            self.retry_later();
        }
    }

    /// Does what is left to do for one request. Returns `true` if it has to be tried again.
    fn run_todo(&self, request: Arc<Request>) -> bool {
        let todo = {
            let _inner = self.inner.lock();
            request.take_todo()
        };
        if todo.contains(Todo::FLUSH) {
            self.send_flush(&request);
        }
        if todo.contains(Todo::FLUSHED) {
            if let (Some(transport), Some(old)) = (self.transport(), self.lookup(request.tag())) {
                transport.flushed(&old);
            }
            self.free_flushed(&request, true);
        }
        if todo.contains(Todo::UNDO) {
            let again = self.undo(request.clone());
            if !request.has_todo(Todo::UNDO) {
                self.after_undo(&request);
            }
            return again;
        }
        if todo.contains(Todo::UNLOCK) {
            if self.is_owner_flushing(request.owner()) {
                self.push_todo(request, Todo::UNLOCK);
                return false;
            }
            let fid = request.fid();
            let again = self.unlock(request, Todo::UNLOCK);
            if let Some(fid) = fid.filter(|_| !again) {
                fid.unlock_sent();
                self.wake_gate();
                self.work_soon();
            }
            return again;
        }
        false
    }

    /// Undoes what an abandoned request has done on the server, now that it is known. Returns
    /// `true` if it has to be tried again.
    fn undo(&self, request: Arc<Request>) -> bool {
        let dialect = self.dialect();
        let answer = match request.outcome() {
            Some(Ok(frame)) => Some(frame),
            _ => None,
        };
        let frame = answer.filter(|frame| error_in(dialect, frame).is_none());
        let fid_is_there = match (request.ty(), frame) {
            // An answer of any kind ends the fid.
            (Tremove::TYPE, _) => answer.is_none(),
            (Tattach::TYPE | Txattrwalk::TYPE, Some(_)) => true,
            (Twalk::TYPE, Some(frame)) => {
                let way = sent::<Twalk<'_>>(dialect, &request).map_or(0, |sent| sent.names.len());
                // A walk that ends early makes no fid.
                open_reply::<Rwalk<'_>>(dialect, frame)
                    .map_or(true, |reply| reply.qids.len() >= way)
            }
            (Tlock::TYPE, Some(frame)) => {
                let granted = open_reply::<Rlock>(dialect, frame)
                    .is_ok_and(|reply| reply.status == lock::SUCCESS);
                return granted && self.unlock(request, Todo::UNDO);
            }
            _ => false,
        };
        match request.take_fid() {
            Some(fid) if fid_is_there => self.run_clunk(fid),
            _ => false,
        }
    }

    /// Unlocks what the Tlock in `request` names, unless it has unlocked itself and `again` is not
    /// [`Todo::UNLOCK`]. Returns `true` if it has to be tried again; then `again` is noted.
    fn unlock(&self, request: Arc<Request>, again: Todo) -> bool {
        let Some(sent) = sent::<Tlock<'_>>(self.dialect(), &request) else {
            return false;
        };
        if sent.ty == lock::TYPE_UNLCK && again == Todo::UNDO {
            return false;
        }
        let message = Tlock {
            ty: lock::TYPE_UNLCK,
            flags: 0,
            ..sent
        };
        let call = Call {
            fid: request.fid(),
            ..Call::default()
        };
        match self.rpc_async(&message, call, NOTE) {
            Err(err) if is_passing(err) => {
                self.push_todo(request, again);
                true
            }
            _ => false,
        }
    }

    /// Sends a Tclunk that was left to the work queue. Returns `true` if it has to be tried again.
    fn run_clunk(&self, fid: Arc<Fid>) -> bool {
        let owner = fid.owner();
        if self.holds_back(&fid, owner) {
            self.clunk_later(fid, owner);
            return false;
        }
        match self.send_clunk(fid, NOTE) {
            Err((err, fid)) if is_passing(err) => {
                self.clunk_later(fid, 0);
                true
            }
            // Sent; or the session is over, and with it all fids.
            _ => false,
        }
    }

    /// Whether the task `owner` has flushes that are not answered.
    fn is_owner_flushing(&self, owner: Owner) -> bool {
        self.flushing.load(Relaxed) != 0 && self.inner.lock().table.is_flushing(owner)
    }

    /// Whether the Tclunk of `fid`, given up by the task `owner`, has to wait: for a Tlock that
    /// unlocks, for the flushes of that task, and for any abandoned request on the fid. A server that
    /// gets it earlier ends the request with the fid gone under it. The end of each of these has the
    /// work item look at what was left to it.
    pub(super) fn holds_back(&self, fid: &Fid, owner: Owner) -> bool {
        if fid.has_unlocks() {
            return true;
        }
        if self.flushing.load(Relaxed) == 0 {
            return false;
        }
        let dialect = self.dialect();
        self.inner
            .lock()
            .table
            .any_abandoned(|other, request| other == owner || is_on(dialect, request, fid.num()))
    }
}

/// Whether `request` is one on the fid `num`.
fn is_on(dialect: Dialect, request: &Request, num: FidNum) -> bool {
    let fids = match request.ty() {
        Trename::TYPE => sent::<Trename<'_>>(dialect, request).map(|sent| [sent.fid, sent.dfid]),
        Trenameat::TYPE => {
            sent::<Trenameat<'_>>(dialect, request).map(|sent| [sent.olddirfid, sent.newdirfid])
        }
        Tlink::TYPE => sent::<Tlink<'_>>(dialect, request).map(|sent| [sent.dfid, sent.fid]),
        // The first field of all others, Twrite without its data too, is the fid.
        _ => {
            let fid = request.fcall().tcall().get(HEADER_SIZE..HEADER_SIZE + 4);
            return fid == Some(&num.get().to_le_bytes());
        }
    };
    fids.is_some_and(|fids| fids.contains(&num))
}

/// The message that `request` has carried, if it is a `M`.
fn sent<M: Tmessage>(dialect: Dialect, request: &Request) -> Option<M::Value<'_>> {
    let body = request.fcall().tcall().get(HEADER_SIZE..)?;
    (request.ty() == M::TYPE).then_some(())?;
    M::decode(dialect, body).ok()
}
