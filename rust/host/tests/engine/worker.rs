// SPDX-License-Identifier: GPL-2.0

//! The work item: does what is left to do.
//!
//! Follows `Client::run_deferred` in `client/deferred.rs`.

use std::collections::VecDeque;
use std::rc::Rc;

use p9proto::rpc::Owner;

use crate::client::{
    Queue,
    Refusal, //
};
use crate::parts::{
    todo,
    Done,
    Fid,
    Message,
    Outcome,
    Request,
    WORKER, //
};
use crate::world::{
    Mistake,
    World, //
};

/// What goes back to the list if it can not be sent.
pub enum Back {
    Clunk(Rc<Fid>),
    Unlock(Rc<Request>, u8),
}

/// A request on its way.
pub struct Sending {
    pub request: Rc<Request>,
    pub back: Back,
}

#[derive(Default)]
pub struct Worker {
    pub running: bool,
    pub todo: VecDeque<Rc<Request>>,
    pub clunks: VecDeque<Rc<Fid>>,
    /// Has left the list, but the notes were not looked at.
    pub item: Option<Rc<Request>>,
    pub sending: Option<Sending>,
    again: bool,
}

impl World {
    /// The work item takes its next step. Returns `false` if it does not run.
    pub fn worker_step(&mut self) -> bool {
        if !self.worker.running {
            if !std::mem::take(&mut self.client.work_queued) {
                return false;
            }
            self.worker.todo = std::mem::take(&mut self.client.todo);
            self.worker.clunks = std::mem::take(&mut self.client.clunks);
            self.client.in_hand = true;
            self.worker.running = true;
            self.worker.again = false;
        } else if let Some(sending) = self.worker.sending.take() {
            self.go_on_sending(sending);
        } else if let Some(request) = self.worker.item.take() {
            self.run_todo(request);
        } else if let Some(request) = self.worker.todo.pop_front() {
            request.listed.set(false);
            self.worker.item = Some(request);
        } else if let Some(fid) = self.worker.clunks.pop_front() {
            self.run_clunk(fid);
        } else {
            self.client.in_hand = false;
            self.wake_after_release();
            if self.worker.again {
                self.retry_later();
            }
            self.worker.running = false;
        }
        true
    }

    /// Does what is left to do for one request.
    fn run_todo(&mut self, request: Rc<Request>) {
        let notes = request.todo.replace(0);
        if notes & todo::FLUSH != 0 {
            self.send_flush(&request);
        }
        if notes & todo::FLUSHED != 0 {
            self.flushed(&request);
        }
        if notes & todo::UNDO != 0 {
            self.undo(request);
        } else if notes & todo::UNLOCK != 0 {
            if self.client.table.is_flushing(request.owner) {
                self.push_todo(&request, todo::UNLOCK);
            } else {
                let behalf = request.behalf;
                self.unlock(request, todo::UNLOCK, behalf);
            }
        }
    }

    /// Undoes what an abandoned request has done on the server.
    fn undo(&mut self, request: Rc<Request>) {
        let mut success = request.outcome.get() == Some(Outcome::Success);
        success &= self.setup.mistake != Some(Mistake::NoUndo);
        let fid_is_there = match request.message {
            Message::Attach(_) | Message::Walk(..) | Message::Xattrwalk(..) => success,
            Message::Remove(_) => !request.is_answered(),
            Message::Lock(..) if success => return self.unlock(request, todo::UNDO, (0, 0)),
            _ => false,
        };
        let fid = request.fid.borrow_mut().take();
        if let (Some(fid), true) = (fid, fid_is_there) {
            self.run_clunk(fid);
        }
        self.undone(&request);
    }

    /// Unlocks what a Tlock has locked.
    fn unlock(&mut self, request: Rc<Request>, note: u8, behalf: (Owner, usize)) {
        let (Message::Lock(num, owner) | Message::Unlock(num, owner)) = request.message else {
            unreachable!()
        };
        let message = Message::Unlock(num, owner);
        let fid = request.fid.borrow().clone();
        self.begin_sending(message, behalf, fid, Back::Unlock(request, note));
    }

    /// Sends a Tclunk that was left to the work queue.
    fn run_clunk(&mut self, fid: Rc<Fid>) {
        let owner = fid.owner.get();
        if self.holds_back(&fid, owner) {
            self.clunk_later(fid, owner);
            return;
        }
        let message = Message::Clunk(fid.num);
        let behalf = (owner, fid.given_up.get());
        self.begin_sending(message, behalf, Some(fid.clone()), Back::Clunk(fid));
    }

    fn begin_sending(
        &mut self,
        message: Message,
        behalf: (Owner, usize),
        fid: Option<Rc<Fid>>,
        back: Back,
    ) {
        if self.no_memory() {
            return self.put_back(back);
        }
        let request = Request::new(&self.book, message, Done::Callback, WORKER, behalf, fid);
        self.worker.sending = Some(Sending { request, back });
    }

    fn go_on_sending(&mut self, sending: Sending) {
        let Sending { request, back } = sending;
        if request.entered.get() {
            self.link_request(request);
            return self.sent_instead_of(back);
        }
        match self.try_insert(request) {
            Ok(request) => self.worker.sending = Some(Sending { request, back }),
            // With the session all fids are gone.
            Err((Refusal::Closed, _)) => self.sent_instead_of(back),
            Err((Refusal::Memory | Refusal::Full, request)) => {
                drop(request);
                self.put_back(back);
            }
        }
    }

    /// What was left to do is done.
    fn sent_instead_of(&mut self, back: Back) {
        match back {
            Back::Unlock(request, todo::UNDO) => self.undone(&request),
            Back::Unlock(request, _) => {
                if let Some(fid) = &*request.fid.borrow() {
                    let mut unlocks = fid.unlocks.borrow_mut();
                    let at = unlocks.iter().position(|owner| *owner == request.owner);
                    unlocks.swap_remove(at.unwrap());
                }
                self.wake(Queue::Gate);
                self.work_soon();
            }
            Back::Clunk(_) => {}
        }
    }

    /// To be tried again.
    fn put_back(&mut self, back: Back) {
        match back {
            Back::Clunk(fid) => self.clunk_later(fid, 0),
            Back::Unlock(request, note) => self.push_todo(&request, note),
        }
        self.worker.again = true;
    }
}
