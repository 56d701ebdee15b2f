// SPDX-License-Identifier: GPL-2.0

//! The client around the table: what the lock guards, the end of requests, and what is left to do.
//!
//! Follows `client/reply.rs` and `client/deferred.rs`. What is done there under one lock is one
//! step here; between two steps anything may happen.

use std::collections::VecDeque;
use std::rc::Rc;

use p9proto::rpc::{
    Key,
    NoTag,
    Owner,
    Reply,
    Rflush,
    Signal,
    Slot,
    Slots,
    Table, //
};

use crate::parts::{
    todo,
    Done,
    Fid,
    Message,
    Outcome,
    Request, //
};
use crate::world::{
    Mistake,
    World, //
};

/// Slots that are added together.
const CHUNK: usize = 3;

/// The slots of the table.
pub struct Storage(Vec<Slot<Rc<Request>>>);

impl Slots<Rc<Request>> for Storage {
    fn capacity(&self) -> usize {
        self.0.len()
    }

    fn slot(&self, index: usize) -> Option<&Slot<Rc<Request>>> {
        self.0.get(index)
    }

    fn slot_mut(&mut self, index: usize) -> Option<&mut Slot<Rc<Request>>> {
        self.0.get_mut(index)
    }
}

/// How far the session is from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Connected,
    BeginDisconnect,
    Disconnected,
}

/// On what a task sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    Request(u64),
    Gate,
}

/// Why a request got no tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Closed,
    Memory,
    Full,
}

/// What is known of a request in the table from what the table has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Waiting,
    Abandoned,
    /// The reply has come, not the Rflush.
    Answered,
    /// The server has refused the Tflush.
    Refused,
    /// The reply has come and is to be undone, the Rflush has not.
    ToUndo,
    /// Both have come.
    ToUndoOnly,
}

/// A request that has a tag.
pub struct Entry {
    pub key: Key,
    pub id: u64,
    pub owner: Owner,
    pub state: State,
}

pub struct Client {
    pub table: Table<Rc<Request>, Storage>,
    /// What the table should hold.
    pub entries: Vec<Entry>,
    pub todo: VecDeque<Rc<Request>>,
    pub clunks: VecDeque<Rc<Fid>>,
    pub in_hand: bool,
    pub tag_waiters: usize,
    pub closing: bool,
    pub closed: bool,
    pub status: Status,
    /// The copy of the number of abandoned requests.
    pub flushing: usize,
    /// The client has not let go of itself.
    pub this: bool,
    pub work_queued: bool,
    pub retry_armed: bool,
    /// Keys of the past.
    pub stale: Vec<Key>,
}

impl Client {
    pub fn new() -> Self {
        Self {
            table: Table::new(Storage(Vec::new())),
            entries: Vec::new(),
            todo: VecDeque::new(),
            clunks: VecDeque::new(),
            in_hand: false,
            tag_waiters: 0,
            closing: false,
            closed: false,
            status: Status::Connected,
            flushing: 0,
            this: true,
            work_queued: false,
            retry_armed: false,
            stale: Vec::new(),
        }
    }

    pub fn is_idle(&self) -> bool {
        self.table.used() == 0 && !self.in_hand && self.todo.is_empty() && self.clunks.is_empty()
    }

    /// The entry of the request, which the table has just changed.
    fn entry(&mut self, request: &Request) -> &mut Entry {
        let found = self.entries.iter_mut().find(|entry| entry.id == request.id);
        found.unwrap_or_else(|| panic!("{request:?} has ended before"))
    }

    /// The table has freed the tag of the request.
    fn leave(&mut self, request: &Request) {
        request.end();
        self.entry(request);
        self.entries.retain(|entry| entry.id != request.id);
        if self.stale.len() == 8 {
            self.stale.remove(0);
        }
        self.stale.push(request.key.get());
    }
}

/// The end of a request, on its way to whoever cares.
pub struct Ending {
    pub request: Rc<Request>,
    pub outcome: Outcome,
    pub stage: Stage,
}

/// How far it has come.
pub enum Stage {
    Outcome,
    Table,
    Replied(Reply<Rc<Request>>),
    Flushed(Rflush<Rc<Request>>),
}

impl Ending {
    pub fn new(request: Rc<Request>, outcome: Outcome) -> Self {
        Self {
            request,
            outcome,
            stage: Stage::Outcome,
        }
    }
}

impl World {
    /// Whether an allocation fails.
    pub fn no_memory(&mut self) -> bool {
        let often = self.setup.no_memory;
        self.choices.percent(often)
    }

    /// Enters a request in the table.
    pub fn try_insert(
        &mut self,
        request: Rc<Request>,
    ) -> Result<Rc<Request>, (Refusal, Rc<Request>)> {
        let (owner, mut unsent) = (request.owner, request);
        loop {
            if self.client.closed {
                return Err((Refusal::Closed, unsent));
            }
            let inserted = self.client.table.insert(owner, unsent, |key, request| {
                request.key.set(key);
                request
            });
            match inserted {
                Ok(request) => {
                    assert!(!request.entered.replace(true), "{request:?} enters twice");
                    self.client.entries.push(Entry {
                        key: request.key.get(),
                        id: request.id,
                        owner,
                        state: State::Waiting,
                    });
                    return Ok(request);
                }
                Err((why, back)) => {
                    assert_eq!(why, NoTag::Grow);
                    unsent = back;
                }
            }
            // A small table is as good as one of 32,767 for what happens when it is full.
            if self.client.table.slots_mut().0.len() >= self.setup.tags {
                return Err((Refusal::Full, unsent));
            }
            if self.no_memory() {
                return Err((Refusal::Memory, unsent));
            }
            let slots = &mut self.client.table.slots_mut().0;
            slots.extend((0..CHUNK).map(|_| Slot::new()));
        }
    }

    /// Whether a request would get a tag.
    pub fn has_free_tag(&mut self) -> bool {
        self.client.table.used() < self.setup.tags
    }

    /// Makes the copy of the number of abandoned requests.
    fn copy_flushing(&mut self) {
        self.client.flushing = self.client.table.flushing();
    }

    /// Lets tasks look at their conditions again.
    pub fn wake(&mut self, queue: Queue) {
        for task in &mut self.tasks {
            if task.asleep == Some(queue) {
                task.asleep = None;
            }
        }
    }

    /// Wakes who waits for a tag, or for the end of the session.
    pub fn wake_after_release(&mut self) {
        if self.client.tag_waiters > 0 && self.setup.mistake != Some(Mistake::TagWithoutWake) {
            self.wake(Queue::Gate);
        }
        if self.client.closing && self.client.is_idle() {
            self.umount_woken = true;
        }
    }

    /// Brings the session nearer to its end.
    pub fn advance_status(&mut self, status: Status) {
        if self.client.status < status {
            self.client.status = status;
            let mut waiting = Vec::new();
            self.client
                .table
                .for_each_waiting(|request| waiting.push(request.id));
            for id in waiting {
                self.wake(Queue::Request(id));
            }
        }
        self.wake(Queue::Gate);
        self.umount_woken = true;
    }

    /// The waiter of the request gives up.
    pub fn handle_signal(&mut self, request: &Request) -> Signal {
        let signal = self.client.table.handle_signal(request.key.get());
        if signal == Signal::Flush {
            request.abandoned.set(Some(self.seen.steps));
            self.client.entry(request).state = State::Abandoned;
        }
        self.copy_flushing();
        signal
    }

    /// The transport has given the request back unsent.
    pub fn handle_cancelled(&mut self, request: &Rc<Request>) {
        let cancelled = self.client.table.handle_cancelled(request.key.get());
        let cancelled = cancelled.expect("nobody else ends what was not sent");
        assert!(Rc::ptr_eq(&cancelled, request));
        self.client.leave(request);
        request.abandoned.set(Some(self.seen.steps));
        self.undo_if_without_effect(&cancelled);
        self.wake_after_release();
    }

    /// Sends a Tflush for the request.
    pub fn send_flush(&mut self, request: &Rc<Request>) {
        if self.no_memory() {
            self.push_todo(request, todo::FLUSH);
            if self.setup.mistake != Some(Mistake::FlushWithoutRetry) {
                self.retry_later();
            }
            return;
        }
        let (book, message) = (&self.book, Message::Flush(request.tag()));
        let flush = Request::new(book, message, Done::Callback, request.owner, (0, 0), None);
        flush.key.set(request.key.get());
        self.link_request(flush);
    }

    /// Takes the end of a request one step further.
    pub fn end_step(&mut self, mut ending: Ending) -> Option<Ending> {
        let request = &ending.request;
        ending.stage = match ending.stage {
            Stage::Outcome => {
                let before = request.outcome.replace(Some(ending.outcome));
                assert_eq!(before, None, "{request:?} ends twice");
                Stage::Table
            }
            Stage::Table if request.message.is_flush() => self.end_flush(request)?,
            Stage::Table => {
                let (table, key) = (&mut self.client.table, request.key.get());
                let to_undo =
                    request.has_effect() && self.setup.mistake != Some(Mistake::GateBeforeUndo);
                let reply = table.handle_reply(key, to_undo);
                self.note_reply(&reply, to_undo);
                self.copy_flushing();
                Stage::Replied(reply)
            }
            Stage::Replied(reply) => {
                self.act_on_reply(request, reply);
                return None;
            }
            Stage::Flushed(answer) => {
                self.act_on_flush(answer);
                return None;
            }
        };
        Some(ending)
    }

    /// Keeps the book of what the table says about a reply.
    fn note_reply(&mut self, reply: &Reply<Rc<Request>>, to_undo: bool) {
        match reply {
            Reply::Deliver(request) => {
                assert_eq!(self.client.entry(request).state, State::Waiting);
                self.client.leave(request);
                request.tell();
            }
            Reply::Undo { request, released } => {
                let entry = self.client.entry(request);
                if *released {
                    assert_eq!(entry.state, State::Refused);
                    self.client.leave(request);
                } else {
                    entry.state = match (entry.state, to_undo) {
                        (State::Abandoned, false) => State::Answered,
                        (State::Abandoned, true) => State::ToUndo,
                        (State::Refused, true) => State::ToUndoOnly,
                        state => panic!("{request:?} is answered in state {state:?}"),
                    };
                }
            }
            Reply::Stale => {}
        }
    }

    fn act_on_reply(&mut self, request: &Rc<Request>, reply: Reply<Rc<Request>>) {
        match reply {
            Reply::Deliver(delivered) => {
                assert!(Rc::ptr_eq(request, &delivered));
                match request.done {
                    Done::Wake => self.wake(Queue::Request(request.id)),
                    Done::Callback => {}
                }
            }
            Reply::Undo { request, released } => {
                if request.has_effect() {
                    self.push_todo(&request, todo::UNDO);
                    self.work_soon();
                }
                if released {
                    self.undo_if_without_effect(&request);
                    self.after_flush();
                }
            }
            Reply::Stale => {}
        }
        self.wake_after_release();
    }

    /// Acts on the answer to a Tflush.
    fn end_flush(&mut self, flush: &Rc<Request>) -> Option<Stage> {
        let accepted = match flush.outcome.get() {
            Some(Outcome::Success) => true,
            Some(Outcome::Nothing) => self.link.dead,
            _ => false,
        };
        if accepted && self.setup.learns {
            self.push_todo(flush, todo::FLUSHED);
            self.work_soon();
            return None;
        }
        Some(Stage::Flushed(self.handle_rflush(flush, accepted)))
    }

    fn handle_rflush(&mut self, flush: &Request, accepted: bool) -> Rflush<Rc<Request>> {
        let answer = self.client.table.handle_rflush(flush.key.get(), accepted);
        match &answer {
            Rflush::Ended { request, replied } => {
                let answered = self.client.entry(request).state == State::Answered;
                assert_eq!(*replied, answered);
                assert!(accepted || answered);
                self.client.leave(request);
            }
            Rflush::Refused => {
                let key = flush.key.get();
                let entry = self.client.entries.iter_mut().find(|e| e.key == key);
                let entry = entry.expect("the request goes on");
                entry.state = match entry.state {
                    State::Abandoned if !accepted => State::Refused,
                    State::ToUndo => State::ToUndoOnly,
                    state => panic!("a flush is answered in state {state:?}"),
                };
            }
            Rflush::Stale => {}
        }
        self.copy_flushing();
        answer
    }

    fn act_on_flush(&mut self, answer: Rflush<Rc<Request>>) {
        match answer {
            Rflush::Ended { request, .. } => {
                self.undo_if_without_effect(&request);
                self.after_flush();
            }
            Rflush::Refused | Rflush::Stale => {}
        }
        self.wake_after_release();
    }

    /// The transport has been told of an Rflush.
    pub fn flushed(&mut self, flush: &Request) {
        let answer = self.handle_rflush(flush, true);
        self.act_on_flush(answer);
    }

    /// What an abandoned request has done is undone.
    pub fn undone(&mut self, request: &Request) {
        if let Some(request) = self.client.table.handle_undone(request.key.get()) {
            assert_eq!(self.client.entry(&request).state, State::ToUndoOnly);
            self.client.leave(&request);
            self.copy_flushing();
            self.after_flush();
        } else {
            let mut entries = self.client.entries.iter_mut();
            if let Some(entry) = entries.find(|entry| entry.id == request.id) {
                if entry.state == State::ToUndo {
                    entry.state = State::Answered;
                }
            }
        }
        self.wake_after_release();
    }

    /// Whether the Tclunk of the fid, given up by `owner`, has to wait.
    pub fn holds_back(&self, fid: &Fid, owner: Owner) -> bool {
        let mistake = self.setup.mistake;
        if mistake != Some(Mistake::ClunkBeforeUnlock) && !fid.unlocks.borrow().is_empty() {
            return true;
        }
        self.client.flushing != 0
            && self.client.table.any_abandoned(|other, request| {
                let own = other == owner && mistake != Some(Mistake::ClunkBeforeFlush);
                own || request.message.used() == Some(fid.num)
            })
    }

    /// A Tremove that had no effect has not given its fid back.
    fn undo_if_without_effect(&mut self, request: &Rc<Request>) {
        if matches!(request.message, Message::Remove(_))
            && !request.is_answered()
            && self.setup.mistake != Some(Mistake::RemoveLosesFid)
        {
            self.push_todo(request, todo::UNDO);
            self.work_soon();
        }
    }

    /// An abandoned request has ended: whoever waited behind it may go on.
    fn after_flush(&mut self) {
        if self.setup.mistake != Some(Mistake::FlushWithoutWake) {
            self.wake(Queue::Gate);
        }
        self.work_soon();
    }

    /// Notes something left to do for the request.
    pub fn push_todo(&mut self, request: &Rc<Request>, todo: u8) {
        request.note(todo);
        if !request.listed.replace(true) {
            self.client.todo.push_back(request.clone());
        }
    }

    /// Runs the work item soon.
    pub fn work_soon(&mut self) {
        let client = &mut self.client;
        if client.todo.is_empty() && client.clunks.is_empty() && !client.in_hand {
            return;
        }
        client.work_queued |= client.this;
    }

    /// Runs the work item after a while.
    pub fn retry_later(&mut self) {
        self.client.retry_armed |= self.client.this;
    }

    /// Leaves the Tclunk of the fid to the work queue, behind the flushes of `owner`.
    pub fn clunk_later(&mut self, fid: Rc<Fid>, owner: Owner) {
        fid.owner.set(owner);
        self.client.clunks.push_back(fid);
    }

    /// Ends what the transport has never heard of, and returns whether there was something.
    pub fn disconnect_one(&mut self) -> bool {
        let Some(request) = self.client.table.handle_disconnect() else {
            return false;
        };
        self.client.leave(&request);
        if request.done == Done::Callback {
            request.tell();
        }
        true
    }
}
