// SPDX-License-Identifier: GPL-2.0

//! Tasks: what programs ask for, how they wait for it, and how they die.
//!
//! Follows `client/rpc.rs`, `client/session.rs` and the Tlock of `client/ops.rs`.

use std::cell::RefCell;
use std::collections::{
    BTreeSet,
    VecDeque, //
};
use std::rc::Rc;

use p9proto::rpc::{
    Owner,
    Signal, //
};

use crate::client::{
    Queue,
    Refusal,
    Status, //
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
    AsyncClunk,
    Mistake,
    World, //
};

/// An open file, or a directory that somebody is in. Shared after a fork.
pub struct File {
    pub fid: Rc<Fid>,
    /// Who has it locked.
    pub locked: RefCell<BTreeSet<Owner>>,
    /// Who may have it locked: unlocking was interrupted.
    pub unsure: RefCell<BTreeSet<Owner>>,
}

/// What a task is doing.
#[derive(Clone)]
pub enum Goal {
    Version,
    Attach(Option<Rc<Fid>>),
    Walk(Rc<File>, Option<Rc<Fid>>),
    Xattrwalk(Rc<File>, Option<Rc<Fid>>),
    /// So many Treads that are not sent yet.
    Read(Rc<File>, usize),
    Write(Rc<File>),
    /// Like a write, but of dirty pages.
    WriteBack(Rc<File>),
    Lock(Rc<File>),
    Unlock(Rc<File>),
    Clunk(Rc<Fid>),
    Remove(Rc<Fid>),
}

/// How far it has come.
pub enum Phase {
    Idle,
    /// Waits for its own flushes.
    Gate,
    Prepare,
    Insert(Rc<Request>),
    /// Waits for a tag.
    Tag(Rc<Request>),
    Send(Rc<Request>),
    /// Waits for the oldest of its requests.
    Wait,
    /// Has waited long enough.
    Cancel,
    Cancelled,
    Signal,
    Flush,
}

pub struct Task {
    pub owner: Owner,
    /// A fatal signal is pending.
    pub killed: bool,
    /// Another signal is pending.
    pub interrupted: bool,
    pub exiting: bool,
    pub dead: bool,
    pub files: Vec<Rc<File>>,
    pub phase: Phase,
    pub asleep: Option<Queue>,
    /// Its time is over; see [`Task::is_bounded`].
    pub timed_out: bool,
    pub goal: Option<Goal>,
    pub pending: VecDeque<Rc<Request>>,
    /// The reply is waited for.
    sync: bool,
    /// A part of the call has failed.
    failed: bool,
    /// How far the session was when the call began.
    before: Status,
    written: u64,
}

/// Why a wait has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Signal,
    Over,
}

impl Task {
    pub fn new(owner: Owner, files: Vec<Rc<File>>) -> Self {
        Self {
            owner,
            killed: false,
            interrupted: false,
            exiting: false,
            dead: false,
            files,
            phase: Phase::Idle,
            asleep: None,
            timed_out: false,
            goal: None,
            pending: VecDeque::new(),
            sync: true,
            failed: false,
            before: Status::Connected,
            written: 0,
        }
    }

    pub fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Idle)
    }

    /// Will not wait for long.
    fn is_dying(&self) -> bool {
        self.killed || self.exiting
    }

    /// Gives up when it has waited for some time.
    pub fn is_bounded(&self) -> bool {
        let write_back = matches!(self.goal, Some(Goal::WriteBack(_)));
        self.exiting || self.killed && write_back
    }

    /// The requests that it has a reference of.
    pub fn requests(&self) -> impl Iterator<Item = &Rc<Request>> {
        let phase = match &self.phase {
            Phase::Insert(request) | Phase::Tag(request) | Phase::Send(request) => Some(request),
            _ => None,
        };
        self.pending.iter().chain(phase)
    }

    /// The fids that it has a reference of, but for those of its files.
    pub fn fids(&self) -> Option<&Rc<Fid>> {
        match self.goal.as_ref()? {
            Goal::Attach(fid) | Goal::Walk(_, fid) | Goal::Xattrwalk(_, fid) => fid.as_ref(),
            Goal::Clunk(fid) | Goal::Remove(fid) => Some(fid),
            _ => None,
        }
    }

    /// A signal comes.
    pub fn signal(&mut self, fatal: bool) {
        if self.exiting {
            return;
        }
        self.killed |= fatal;
        self.interrupted = true;
        self.asleep = None;
    }
}

impl World {
    /// A task takes its next step.
    pub fn task_step(&mut self, at: usize) {
        let placeholder = Task::new(0, Vec::new());
        let mut task = std::mem::replace(&mut self.tasks[at], placeholder);
        self.advance(&mut task);
        self.tasks[at] = task;
    }

    fn advance(&mut self, task: &mut Task) {
        match std::mem::replace(&mut task.phase, Phase::Idle) {
            Phase::Idle => self.exit(task),
            Phase::Gate => self.pass_gate(task),
            Phase::Prepare => self.prepare(task),
            Phase::Insert(request) => self.insert(task, request),
            Phase::Tag(request) => self.wait_for_tag(task, request),
            Phase::Send(request) => {
                self.link_request(request.clone());
                self.sent(task, request);
            }
            Phase::Wait => self.wait(task),
            Phase::Cancel => {
                task.phase = if self.link_cancel(&task.pending[0]) {
                    Phase::Cancelled
                } else {
                    Phase::Signal
                };
            }
            Phase::Cancelled => {
                let request = task.pending.pop_front().unwrap();
                self.handle_cancelled(&request);
                self.gave_up(task);
            }
            Phase::Signal => match self.handle_signal(&task.pending[0].clone()) {
                Signal::Delivered => self.answered(task),
                Signal::Flush => task.phase = Phase::Flush,
            },
            Phase::Flush => {
                let request = task.pending.pop_front().unwrap();
                self.send_flush(&request);
                self.gave_up(task);
            }
        }
    }

    /// A task that has died closes its files.
    fn exit(&mut self, task: &mut Task) {
        if task.killed {
            task.exiting = true;
            task.killed = false;
        }
        if !task.exiting || task.dead {
            return;
        }
        let Some(file) = task.files.last().cloned() else {
            task.dead = true;
            return;
        };
        if file.locked.borrow().contains(&task.owner) {
            self.begin(task, Goal::Unlock(file));
        } else if file.fid.observable && self.choices.percent(10) {
            self.begin(task, Goal::WriteBack(file));
        } else {
            drop(file);
            self.close(task, task.files.len() - 1);
        }
    }

    /// A task closes a file; the last one gives the fid back.
    pub fn close(&mut self, task: &mut Task, at: usize) {
        let file = task.files.remove(at);
        if let Ok(file) = Rc::try_unwrap(file) {
            self.begin(task, Goal::Clunk(file.fid));
        }
    }

    /// A task begins something.
    pub fn begin(&mut self, task: &mut Task, goal: Goal) {
        task.sync = true;
        task.failed = false;
        task.timed_out = false;
        task.before = self.client.status;
        task.phase = Phase::Gate;
        match &goal {
            Goal::Clunk(fid) => {
                fid.given_up.set(self.seen.steps);
                let wait = match self.setup.async_clunk {
                    AsyncClunk::Never => true,
                    AsyncClunk::Safe => fid.observable,
                    AsyncClunk::Always => false,
                };
                task.goal = Some(goal);
                if !wait || task.is_dying() {
                    self.clunk_now(task, false);
                }
                return;
            }
            Goal::Unlock(_) if task.is_dying() => {
                task.goal = Some(goal);
                return self.park_unlock(task);
            }
            _ => {}
        }
        task.goal = Some(goal);
    }

    /// The second half of `Client::clunk`.
    fn clunk_now(&mut self, task: &mut Task, wait: bool) {
        let Some(Goal::Clunk(fid)) = &task.goal else {
            unreachable!()
        };
        if self.holds_back(fid, task.owner) {
            // What holds it back has the work queue look at it.
            self.clunk_later(fid.clone(), task.owner);
            task.goal = None;
            self.finish(task);
        } else {
            task.sync = wait;
            task.phase = Phase::Prepare;
        }
    }

    /// The second half of `Client::lock` for what unlocks.
    fn park_unlock(&mut self, task: &mut Task) {
        let Some(Goal::Unlock(file)) = &task.goal else {
            unreachable!()
        };
        let (fid, owner) = (file.fid.clone(), task.owner);
        file.locked.borrow_mut().remove(&owner);
        if self.no_memory() {
            file.unsure.borrow_mut().insert(owner);
        } else {
            fid.unlocks.borrow_mut().push(owner);
            let message = Message::Unlock(fid.num, owner);
            let behalf = (owner, self.seen.steps);
            let done = Done::Callback;
            let request = Request::new(&self.book, message, done, owner, behalf, Some(fid));
            self.push_todo(&request, todo::UNLOCK);
            self.work_soon();
        }
        self.finish(task);
    }

    /// Leaves the Tclunk of the goal to the work queue.
    fn leave_clunk(&mut self, task: &mut Task, owner: Owner) {
        if let Some(Goal::Clunk(fid)) = task.goal.take() {
            self.clunk_later(fid, owner);
            self.work_soon();
        }
        self.finish(task);
    }

    /// Sleeps on `queue` until `cond`; says how the wait has ended, if it has.
    fn sleep(&mut self, task: &mut Task, queue: Queue, cond: bool) -> Option<Result<(), Why>> {
        if cond {
            return Some(Ok(()));
        }
        let before = match self.setup.mistake {
            Some(Mistake::StatusOfTheWait) => task.before,
            _ => Status::Connected,
        };
        if self.client.status > before {
            return Some(Err(Why::Over));
        }
        let write_back = matches!(task.goal, Some(Goal::WriteBack(_)));
        if task.is_bounded() {
            if task.timed_out {
                return Some(Err(Why::Over));
            }
        } else if task.killed || task.interrupted && self.setup.intr && !write_back {
            return Some(Err(Why::Signal));
        }
        assert!(!task.exiting || write_back, "a dying task sleeps");
        task.asleep = Some(queue);
        None
    }

    fn pass_gate(&mut self, task: &mut Task) {
        let write_back = matches!(task.goal, Some(Goal::WriteBack(_)));
        if task.killed && !write_back || self.client.status != Status::Connected {
            return self.gate_closed(task);
        }
        let mut open = self.client.flushing == 0
            || self.setup.mistake == Some(Mistake::NoGate)
            || !self.client.table.is_flushing(task.owner);
        assert!(open || self.is_flushing(task.owner), "waits for others");
        if let (Some(Goal::Lock(file)), true) = (&task.goal, open) {
            // What is still to be unlocked is unlocked first.
            open = !file.fid.unlocks.borrow().contains(&task.owner)
                || self.setup.mistake == Some(Mistake::LockBeforeUnlock);
        }
        match self.sleep(task, Queue::Gate, open) {
            None => task.phase = Phase::Gate,
            Some(Ok(())) if matches!(task.goal, Some(Goal::Clunk(_))) => self.clunk_now(task, true),
            Some(Ok(())) => task.phase = Phase::Prepare,
            Some(Err(_)) => self.gate_closed(task),
        }
    }

    /// Nothing of the call has been sent.
    fn gate_closed(&mut self, task: &mut Task) {
        match task.goal.take() {
            Some(Goal::Remove(fid)) => {
                task.phase = Phase::Idle;
                self.begin(task, Goal::Clunk(fid));
            }
            Some(goal @ Goal::Clunk(_)) => {
                task.goal = Some(goal);
                self.clunk_now(task, false);
            }
            Some(goal @ Goal::Unlock(_)) => {
                task.goal = Some(goal);
                self.park_unlock(task);
            }
            goal => {
                task.goal = goal;
                self.gave_up(task);
            }
        }
    }

    /// Makes the request.
    fn prepare(&mut self, task: &mut Task) {
        if self.no_memory() {
            return self.not_sent(task, None);
        }
        let (owner, mut fid) = (task.owner, None);
        let message = match task.goal.as_mut().unwrap() {
            Goal::Version => Message::Version,
            Goal::Attach(new) => {
                fid = new.take();
                Message::Attach(fid.as_ref().unwrap().num)
            }
            Goal::Walk(file, new) => {
                fid = new.take();
                Message::Walk(file.fid.num, fid.as_ref().unwrap().num)
            }
            Goal::Xattrwalk(file, new) => {
                fid = new.take();
                Message::Xattrwalk(file.fid.num, fid.as_ref().unwrap().num)
            }
            Goal::Read(file, left) => {
                *left -= 1;
                Message::Read(file.fid.num)
            }
            Goal::Write(file) | Goal::WriteBack(file) => {
                task.written += 1;
                Message::Write(file.fid.num, task.written)
            }
            Goal::Lock(file) => {
                fid = Some(file.fid.clone());
                Message::Lock(file.fid.num, owner)
            }
            Goal::Unlock(file) => {
                fid = Some(file.fid.clone());
                Message::Unlock(file.fid.num, owner)
            }
            Goal::Clunk(old) => {
                fid = Some(old.clone());
                Message::Clunk(old.num)
            }
            Goal::Remove(old) => {
                fid = Some(old.clone());
                Message::Remove(old.num)
            }
        };
        let done = if task.sync {
            Done::Wake
        } else {
            Done::Callback
        };
        let behalf = (owner, self.seen.steps);
        let request = Request::new(&self.book, message, done, owner, behalf, fid);
        task.phase = Phase::Insert(request);
    }

    fn insert(&mut self, task: &mut Task, request: Rc<Request>) {
        match self.try_insert(request) {
            Ok(request) => task.phase = Phase::Send(request),
            Err((Refusal::Full, request)) if task.sync && !is_always_sent(&request) => {
                self.client.tag_waiters += 1;
                task.phase = Phase::Tag(request);
            }
            Err((_, request)) => self.not_sent(task, Some(&request)),
        }
    }

    fn wait_for_tag(&mut self, task: &mut Task, request: Rc<Request>) {
        let free = self.has_free_tag();
        match self.sleep(task, Queue::Gate, free) {
            None => task.phase = Phase::Tag(request),
            Some(result) => {
                self.client.tag_waiters -= 1;
                match result {
                    Ok(()) => task.phase = Phase::Insert(request),
                    Err(_) => self.not_sent(task, Some(&request)),
                }
            }
        }
    }

    /// There was no memory, or no tag.
    fn not_sent(&mut self, task: &mut Task, request: Option<&Request>) {
        if let Some(request) = request {
            request.fid.borrow_mut().take();
        }
        match task.goal {
            Some(Goal::Clunk(_)) => self.leave_clunk(task, 0),
            Some(Goal::Unlock(_)) => self.park_unlock(task),
            Some(Goal::Remove(_)) => self.gate_closed(task),
            Some(Goal::Read(_, ref mut left)) => {
                *left = 0;
                task.failed = true;
                self.next(task);
            }
            _ => self.gave_up(task),
        }
    }

    /// A request was handed to the transport.
    fn sent(&mut self, task: &mut Task, request: Rc<Request>) {
        if !task.sync {
            if let Some(Goal::Clunk(_)) = task.goal {
                task.goal = None;
            }
            return self.finish(task);
        }
        if let Some(Goal::Clunk(_) | Goal::Remove(_)) = task.goal {
            task.goal = None;
        }
        task.pending.push_back(request);
        task.before = self.client.status;
        self.next(task);
    }

    /// Sends the next Tread, or waits for what was sent.
    fn next(&mut self, task: &mut Task) {
        task.phase = match task.goal {
            Some(Goal::Read(_, left)) if left > 0 => Phase::Prepare,
            _ if task.pending.is_empty() => return self.finish(task),
            _ => Phase::Wait,
        };
    }

    fn wait(&mut self, task: &mut Task) {
        let request = task.pending[0].clone();
        let done = request.outcome.get().is_some();
        match self.sleep(task, Queue::Request(request.id), done) {
            None => task.phase = Phase::Wait,
            Some(Ok(())) => self.answered(task),
            Some(Err(_)) if is_always_sent(&request) => {
                if let Some(Goal::Unlock(file)) = &task.goal {
                    file.locked.borrow_mut().remove(&task.owner);
                }
                task.pending.clear();
                self.finish(task);
            }
            Some(Err(_)) if request.message == Message::Version => {
                // Whoever gives up here closes the connection.
                task.pending.clear();
                task.failed = true;
                self.finish(task);
            }
            Some(Err(_)) => task.phase = Phase::Cancel,
        }
    }

    /// The oldest request has been answered.
    fn answered(&mut self, task: &mut Task) {
        let request = task.pending.pop_front().unwrap();
        let outcome = request.outcome.get().unwrap();
        if outcome != Outcome::Success {
            task.failed = true;
        } else if !task.failed {
            self.succeed(task, &request);
        }
        self.next(task);
    }

    fn succeed(&mut self, task: &mut Task, request: &Request) {
        match &task.goal {
            Some(Goal::Attach(_) | Goal::Walk(..) | Goal::Xattrwalk(..)) => {
                let fid = request.fid.borrow_mut().take().unwrap();
                task.files.push(Rc::new(File {
                    fid,
                    locked: RefCell::default(),
                    unsure: RefCell::default(),
                }));
            }
            Some(Goal::Lock(file)) => {
                file.unsure.borrow_mut().remove(&task.owner);
                file.locked.borrow_mut().insert(task.owner);
            }
            Some(Goal::Unlock(file)) => {
                file.locked.borrow_mut().remove(&task.owner);
            }
            _ => {}
        }
    }

    /// The oldest request was left to its fate, or nothing was sent.
    fn gave_up(&mut self, task: &mut Task) {
        task.failed = true;
        if let Some(Goal::Read(_, left)) = &mut task.goal {
            *left = 0;
        }
        self.next(task);
    }

    /// The call returns.
    fn finish(&mut self, task: &mut Task) {
        if let (Some(Goal::Version), true) = (&task.goal, task.failed) {
            self.refused = true;
        }
        task.goal = None;
        task.phase = Phase::Idle;
        task.interrupted = false;
    }
}

/// Whoever gives up waiting for it leaves it as it is.
fn is_always_sent(request: &Request) -> bool {
    matches!(request.message, Message::Clunk(_) | Message::Unlock(..))
}
