// SPDX-License-Identifier: GPL-2.0

//! Everything that there is, what happens to it, and what must hold whatever happens.

use std::collections::{
    BTreeSet,
    VecDeque, //
};
use std::rc::Rc;

use p9proto::rpc::{
    Owner,
    Reply,
    Rflush,
    Signal, //
};

use crate::choices::Choices;
use crate::client::{
    Client,
    Ending,
    Stage,
    State,
    Status, //
};
use crate::link::Link;
use crate::parts::{
    Book,
    Fid,
    Request, //
};
use crate::server::Server;
use crate::task::{
    File,
    Goal,
    Task, //
};
use crate::worker::{
    Back,
    Worker, //
};

/// When a Tclunk is waited for; the module parameter `async_clunk`.
#[derive(Clone, Copy, Debug)]
pub enum AsyncClunk {
    Never,
    Safe,
    Always,
}

/// A fault put into the client, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// A task does not wait for its own flushes.
    NoGate,
    /// What an abandoned request has done is not undone.
    NoUndo,
    /// The gate opens before that is undone.
    GateBeforeUndo,
    /// A Tflush for which there was no memory is forgotten.
    FlushWithoutRetry,
    /// The gate is not told that a flush has ended.
    FlushWithoutWake,
    /// Tasks that wait for a tag are not told of a free one.
    TagWithoutWake,
    /// A dying task clunks a file before its flushed write.
    ClunkBeforeFlush,
    /// The number of a fid is free though its Tremove had no effect.
    RemoveLosesFid,
    /// A file is clunked before it is unlocked.
    ClunkBeforeUnlock,
    /// A file is locked again before it is unlocked.
    LockBeforeUnlock,
    /// A wait ends only by what happens to the session after it has begun.
    StatusOfTheWait,
}

impl Mistake {
    pub const ALL: [Self; 11] = [
        Self::NoGate,
        Self::NoUndo,
        Self::GateBeforeUndo,
        Self::FlushWithoutRetry,
        Self::FlushWithoutWake,
        Self::TagWithoutWake,
        Self::ClunkBeforeFlush,
        Self::RemoveLosesFid,
        Self::ClunkBeforeUnlock,
        Self::LockBeforeUnlock,
        Self::StatusOfTheWait,
    ];
}

/// What kind of world it is. Often are percentages.
#[derive(Clone, Debug)]
pub struct Setup {
    steps: usize,
    pub mistake: Option<Mistake>,
    /// Tasks at the same time.
    tasks: usize,
    /// Tags that there are.
    pub tags: usize,
    /// Requests that the device takes.
    pub places: usize,
    /// How often there is no memory.
    pub no_memory: usize,
    /// How often the server keeps a request to itself.
    pub stuck: usize,
    /// How often the server keeps a Tflush to itself.
    pub stuck_flushes: usize,
    /// How often the server refuses a Tflush.
    pub refused: usize,
    /// Signals that are not fatal end waits too.
    pub intr: bool,
    /// The transport wants to know of each Rflush.
    pub learns: bool,
    pub async_clunk: AsyncClunk,
}

impl Setup {
    fn choose(mistake: Option<Mistake>, choices: &mut Choices) -> Self {
        Self {
            steps: choices.one_of(&[500, 150, 50]),
            mistake,
            tasks: 1 + choices.below(5),
            tags: 12 - choices.below(10),
            places: 10 - choices.below(8),
            no_memory: choices.one_of(&[0, 0, 5, 20]),
            stuck: choices.one_of(&[0, 10, 30, 60]),
            stuck_flushes: choices.one_of(&[0, 10, 50, 100]),
            refused: choices.one_of(&[0, 0, 20, 60]),
            intr: choices.percent(50),
            learns: choices.percent(50),
            async_clunk: choices.one_of(&[AsyncClunk::Safe, AsyncClunk::Never, AsyncClunk::Always]),
        }
    }
}

/// The end of the session, step by step; see `Client::destroy`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    Farewell,
    Close,
    Settle,
    Detach,
    Cancel,
    Free,
    Done,
}

/// How often something has happened that a good test must see.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub steps: usize,
    pub flushed: usize,
    pub answered: usize,
    pub refused: usize,
    pub late: usize,
    pub farewells: usize,
}

impl std::ops::AddAssign for Seen {
    fn add_assign(&mut self, other: Self) {
        self.steps += other.steps;
        self.flushed += other.flushed;
        self.answered += other.answered;
        self.refused += other.refused;
        self.late += other.late;
        self.farewells += other.farewells;
    }
}

pub struct World {
    pub choices: Choices,
    pub setup: Setup,
    pub book: Rc<Book>,
    pub client: Client,
    pub link: Link,
    pub server: Server,
    pub worker: Worker,
    pub tasks: Vec<Task>,
    /// What comes back from the device, in order.
    pub irq: VecDeque<Ending>,
    /// What is failed by whoever has noticed that the connection is broken.
    pub failing: Vec<Ending>,
    /// The task that ends the session is to look again.
    pub umount_woken: bool,
    /// The server does not want us.
    pub refused: bool,
    pub seen: Seen,
    root: Option<Rc<File>>,
    next_owner: Owner,
    loud: bool,
}

impl World {
    pub fn new(mut choices: Choices, mistake: Option<Mistake>, loud: bool) -> Self {
        let setup = Setup::choose(mistake, &mut choices);
        let world = Self {
            choices,
            setup,
            book: Rc::default(),
            client: Client::new(),
            link: Link::default(),
            server: Server::default(),
            worker: Worker::default(),
            tasks: Vec::new(),
            irq: VecDeque::new(),
            failing: Vec::new(),
            umount_woken: false,
            refused: false,
            seen: Seen::default(),
            root: None,
            next_owner: 2,
            loud,
        };
        world.say(|| format!("{:?}", world.setup));
        world
    }

    /// For whoever wants to read what has happened.
    pub fn say(&self, what: impl FnOnce() -> String) {
        if self.loud {
            println!("{}", what());
        }
    }

    /// A session from its beginning to its end.
    pub fn run(&mut self) {
        self.mount();
        let steps = self.setup.steps;
        for _ in 0..steps {
            self.step();
            if self.choices.below(150) == 149 {
                self.lull();
            }
            // Then little is left to be tried out.
            if self.client.status != Status::Connected && self.choices.percent(5) {
                break;
            }
        }
        match self.choices.below(3) {
            0 => self.lull(),
            1 => self.kill_all_without_server(),
            _ => {}
        }
        self.umount();
    }

    /// Tversion, and a Tattach for the root.
    fn mount(&mut self) {
        // Mostly that is not what is to be tried out.
        self.server.eager = !self.choices.percent(5);
        let owner = self.new_owner();
        self.tasks.push(Task::new(owner, Vec::new()));
        self.start(0, Goal::Version);
        self.finish_first();
        for _ in 0..20 {
            let gone = self.tasks[0].killed || self.tasks[0].exiting;
            if self.refused || self.root.is_some() || gone {
                break;
            }
            let fid = Fid::new(&self.book, false);
            self.start(0, Goal::Attach(Some(fid)));
            self.finish_first();
            self.root = self.tasks[0].files.pop();
        }
        self.server.eager = false;
    }

    /// The first task ends its call. Somebody may lose patience with it.
    fn finish_first(&mut self) {
        while !self.tasks[0].is_idle() {
            if !self.server.eager && self.choices.percent(2) {
                self.tasks[0].signal(true);
            }
            self.step();
        }
    }

    fn new_owner(&mut self) -> Owner {
        self.next_owner += 1;
        self.next_owner
    }

    fn start(&mut self, at: usize, goal: Goal) {
        let mut task = std::mem::replace(&mut self.tasks[at], Task::new(0, Vec::new()));
        self.begin(&mut task, goal);
        self.tasks[at] = task;
    }

    /// Something happens.
    fn step(&mut self) {
        self.seen.steps += 1;
        assert!(self.seen.steps < 1_000_000, "it does not come to an end");
        for _ in 0..4 {
            let happened = match self.choices.below(16) {
                0..=4 => self.any_task(),
                5..=6 => self.worker_step(),
                7..=8 => self.irq_step(),
                9 => self.failing_step(),
                10..=12 => self.server_step(),
                13 => self.retry(),
                _ => self.misfortune(),
            };
            if happened {
                break;
            }
        }
        self.check();
    }

    /// The next thing happens to what has come back from the device.
    fn irq_step(&mut self) -> bool {
        let Some(ending) = self.irq.pop_front() else {
            return false;
        };
        if let Some(ending) = self.end_step(ending) {
            self.note(&ending);
            self.irq.push_front(ending);
        }
        true
    }

    /// The next thing happens to something that was failed.
    fn failing_step(&mut self) -> bool {
        if self.failing.is_empty() {
            return false;
        }
        let at = self.choices.below(self.failing.len());
        let ending = self.failing.swap_remove(at);
        if let Some(ending) = self.end_step(ending) {
            self.failing.push(ending);
        }
        true
    }

    /// Counts what a good test must see.
    fn note(&mut self, ending: &Ending) {
        match &ending.stage {
            Stage::Replied(Reply::Undo { .. }) => self.seen.answered += 1,
            Stage::Replied(Reply::Stale) => self.seen.late += 1,
            Stage::Flushed(Rflush::Ended { .. }) => self.seen.flushed += 1,
            Stage::Flushed(Rflush::Refused) => self.seen.refused += 1,
            _ => {}
        }
    }

    /// A timer fires, or the device is tried again.
    fn retry(&mut self) -> bool {
        let armed = std::mem::take(&mut self.client.retry_armed);
        if armed {
            self.work_soon();
        }
        let queued = self.link.queued().count();
        self.link_send();
        armed || queued != self.link.queued().count()
    }

    /// A task goes on, or begins something. Returns `false` if it does not.
    fn any_task(&mut self) -> bool {
        if self.tasks.is_empty() {
            return false;
        }
        let at = self.choices.below(self.tasks.len());
        let task = &mut self.tasks[at];
        if task.asleep.is_some() {
            if !task.is_bounded() || !self.choices.percent(10) {
                return false;
            }
            task.timed_out = true;
            task.asleep = None;
        } else if task.is_idle() && !task.killed && !task.exiting {
            if self.root.is_none() {
                return false;
            }
            self.any_call(at);
        } else {
            self.task_step(at);
        }
        true
    }

    /// A task begins a call.
    fn any_call(&mut self, at: usize) {
        let call = self.choices.below(16);
        let observable = self.choices.percent(50);
        let count = self.tasks[at].files.len();
        let which = self.choices.below(count + 1);
        let file = self.tasks[at].files.get(which).cloned();
        let from = file.clone().or_else(|| self.root.clone()).unwrap();
        let owner = self.tasks[at].owner;
        let goal = match (call, file) {
            (0..=2, _) | (_, None) if count < 4 => {
                let new = Some(Fid::new(&self.book, observable));
                match call {
                    0 => Goal::Attach(new),
                    1 => Goal::Xattrwalk(from, new),
                    _ => Goal::Walk(from, new),
                }
            }
            (_, None) => return,
            (3, Some(file)) => {
                let often = 1 + self.choices.below(3);
                Goal::Read(file, often)
            }
            (4, Some(file)) => Goal::WriteBack(file),
            (5..=6, Some(file)) => Goal::Write(file),
            (_, Some(file)) if file.locked.borrow().contains(&owner) => Goal::Unlock(file),
            (7..=11, Some(file)) => Goal::Lock(file),
            // Files are removed with a fid that is used for nothing else.
            (12, Some(file))
                if Rc::strong_count(&file) == 3 && !self.holds_back(&file.fid, owner) =>
            {
                drop((file, from));
                let file = self.tasks[at].files.remove(which);
                let fid = Rc::try_unwrap(file).ok().unwrap().fid;
                Goal::Remove(fid)
            }
            (_, Some(file)) => {
                drop((file, from));
                let mut task = std::mem::replace(&mut self.tasks[at], Task::new(0, Vec::new()));
                self.close(&mut task, which);
                self.tasks[at] = task;
                return;
            }
        };
        self.start(at, goal);
    }

    /// Something that nobody has asked for. Returns `false` if it has not come to it.
    fn misfortune(&mut self) -> bool {
        if self.server.eager {
            return false;
        }
        let kind = self.choices.below(1000);
        let at = self.choices.below(self.tasks.len().max(1));
        match kind {
            0..=99 => self.stale_events(),
            100..=399 => return self.new_task(at),
            400..=499 => self.signal_any(at, false),
            500..=559 => self.signal_any(at, true),
            560..=561 => {
                self.say(|| "umount -f".into());
                self.advance_status(Status::BeginDisconnect);
                self.go_without_server(Task::is_idle);
            }
            562..=563 => {
                self.say(|| "the connection breaks".into());
                self.link_die();
                self.go_without_server(Task::is_idle);
            }
            _ => return false,
        }
        true
    }

    /// A task gets a signal.
    fn signal_any(&mut self, at: usize, fatal: bool) {
        if let Some(task) = self.tasks.get_mut(at) {
            task.signal(fatal);
            self.say(|| format!("task {} gets a signal: {fatal}", self.tasks[at].owner));
        }
    }

    /// Events for requests of the past change nothing, nor do those that come twice.
    fn stale_events(&mut self) {
        let table = &mut self.client.table;
        for entry in &self.client.entries {
            if matches!(
                entry.state,
                State::Answered | State::ToUndo | State::ToUndoOnly
            ) {
                assert!(matches!(table.handle_reply(entry.key, false), Reply::Stale));
                assert!(matches!(table.handle_reply(entry.key, true), Reply::Stale));
            }
            if matches!(entry.state, State::Refused | State::ToUndoOnly) {
                assert!(matches!(
                    table.handle_rflush(entry.key, true),
                    Rflush::Stale
                ));
            }
            if entry.state != State::Waiting {
                assert_eq!(table.handle_signal(entry.key), Signal::Delivered);
            }
        }
        if self.client.stale.is_empty() {
            return;
        }
        let key = self.choices.one_of(&self.client.stale);
        let table = &mut self.client.table;
        assert!(matches!(table.handle_reply(key, false), Reply::Stale));
        assert_eq!(table.handle_signal(key), Signal::Delivered);
        assert!(matches!(table.handle_rflush(key, true), Rflush::Stale));
        assert!(matches!(table.handle_rflush(key, false), Rflush::Stale));
        assert!(table.handle_cancelled(key).is_none());
    }

    /// A task is born, perhaps with the files of another one.
    fn new_task(&mut self, parent: usize) -> bool {
        if self.root.is_none() {
            return false;
        }
        self.tasks.retain(|task| !task.dead);
        if self.tasks.len() >= self.setup.tasks {
            return false;
        }
        let mut files = Vec::new();
        if self.choices.percent(50) {
            if let Some(parent) = self.tasks.get(parent) {
                files.clone_from(&parent.files);
            }
        }
        let owner = self.new_owner();
        self.tasks.push(Task::new(owner, files));
        true
    }

    /// The server answers everything, and nothing else happens, until all is quiet.
    fn lull(&mut self) {
        let no_memory = std::mem::take(&mut self.setup.no_memory);
        self.server.eager = true;
        let mut left = 100_000;
        while self.quiet_step() {
            self.check();
            left -= 1;
            assert!(left > 0, "it does not come to rest");
        }
        self.server.eager = false;
        self.setup.no_memory = no_memory;
        for task in &self.tasks {
            assert!(task.is_idle(), "task {} sleeps for ever", task.owner);
        }
        assert!(self.client.is_idle(), "something is left to do");
        assert!(self.link.queued().next().is_none());
        if !self.link.dead {
            let (mut fids, mut locks) = (BTreeSet::new(), Vec::new());
            for file in self.files() {
                let fid = file.fid.num;
                fids.insert(fid);
                let held = |owner: &Owner| (fid, *owner, Some(true));
                locks.extend(file.locked.borrow().iter().map(held));
                let unsure = |owner: &Owner| (fid, *owner, None);
                locks.extend(file.unsure.borrow().iter().map(unsure));
            }
            self.server_check_rest(&fids, &locks);
        }
    }

    /// Something happens that has to happen. Returns `false` if there is nothing.
    fn quiet_step(&mut self) -> bool {
        for at in 0..self.tasks.len() {
            let task = &self.tasks[at];
            let busy = !task.is_idle() || task.killed || task.exiting && !task.dead;
            if busy && task.asleep.is_none() {
                self.task_step(at);
                return true;
            }
        }
        self.irq_step()
            || self.failing_step()
            || self.worker_step()
            || self.server_step()
            || self.retry()
    }

    /// Tasks die without anybody's help.
    fn kill_all_without_server(&mut self) {
        for task in &mut self.tasks {
            task.signal(true);
        }
        self.go_without_server(|task| task.dead);
    }

    /// Each task gets `there` without anybody's help.
    fn go_without_server(&mut self, there: impl Fn(&Task) -> bool) {
        // What has come to the table comes to its end.
        let (irq, failing) = (self.irq.pop_front(), std::mem::take(&mut self.failing));
        for mut ending in irq.into_iter().chain(failing).map(Some) {
            while let Some(now) = ending {
                ending = self.end_step(now);
            }
        }
        let mut left = 1000;
        while let Some(at) = self.tasks.iter().position(|task| !there(task)) {
            let task = &mut self.tasks[at];
            if task.asleep.is_some() {
                assert!(task.is_bounded(), "task {} needs help", task.owner);
                task.timed_out = true;
                task.asleep = None;
            }
            self.task_step(at);
            self.check();
            left -= 1;
            assert!(left > 0, "tasks do not come to an end");
        }
    }

    /// The end of the session.
    fn umount(&mut self) {
        for task in &mut self.tasks {
            task.signal(true);
        }
        self.setup.tasks = 0;
        let mut left = 200_000;
        while self.tasks.iter().any(|task| !task.dead) {
            self.any_task();
            self.step();
            left -= 1;
            assert!(left > 0, "a killed task does not die");
        }
        self.tasks.clear();
        if let Some(root) = self.root.take() {
            let owner = self.new_owner();
            self.tasks.push(Task::new(owner, vec![root]));
            if self.choices.percent(50) {
                self.tasks[0].signal(true);
            }
            let mut task = self.tasks.remove(0);
            self.close(&mut task, 0);
            self.tasks.push(task);
            self.finish_first();
            self.tasks.clear();
            self.advance_status(Status::BeginDisconnect);
        }
        self.work_soon();
        self.client.closing = true;
        self.umount_woken = true;
        let mut closing = Closing::Farewell;
        while closing != Closing::Done {
            closing = self.closing_step(closing);
            self.step();
        }
        self.check_end();
    }

    /// `Client::destroy` takes its next step.
    fn closing_step(&mut self, closing: Closing) -> Closing {
        match closing {
            Closing::Farewell => {
                let idle = std::mem::take(&mut self.umount_woken) && self.client.is_idle();
                self.seen.farewells += usize::from(idle);
                if !idle && !self.choices.percent(2) {
                    return Closing::Farewell;
                }
                self.client.closed = true;
                Closing::Close
            }
            Closing::Close => {
                self.advance_status(Status::Disconnected);
                self.link_die();
                Closing::Settle
            }
            Closing::Settle => {
                if !self.irq.is_empty() || !self.failing.is_empty() {
                    return Closing::Settle;
                }
                self.link.closed = true;
                Closing::Detach
            }
            Closing::Detach => {
                self.client.this = false;
                self.client.retry_armed = false;
                Closing::Cancel
            }
            Closing::Cancel => {
                self.client.work_queued = false;
                if self.worker.running {
                    return Closing::Cancel;
                }
                Closing::Free
            }
            Closing::Free => {
                if self.disconnect_one() {
                    return Closing::Free;
                }
                self.client.todo.clear();
                self.client.clunks.clear();
                Closing::Done
            }
            Closing::Done => Closing::Done,
        }
    }

    /// Nothing is left but what the device has, and then nothing at all.
    fn check_end(&mut self) {
        assert_eq!(self.client.table.used(), 0);
        assert!(self.client.table.handle_disconnect().is_none());
        let requests = self.book.requests.borrow().clone();
        let alive = requests.iter().filter(|weak| weak.strong_count() > 0);
        assert_eq!(alive.count(), self.server.jobs.len(), "requests left");
        self.server.jobs.clear();
        let alive = requests.iter().any(|weak| weak.strong_count() > 0);
        assert!(!alive, "requests left");
        assert!(self.book.numbers.borrow().is_empty(), "fids left");
    }

    /// The files that somebody has open, each once.
    fn files(&self) -> Vec<Rc<File>> {
        let goals = self.tasks.iter().filter_map(|task| match &task.goal {
            Some(
                Goal::Walk(file, _)
                | Goal::Xattrwalk(file, _)
                | Goal::Read(file, _)
                | Goal::Write(file)
                | Goal::WriteBack(file)
                | Goal::Lock(file)
                | Goal::Unlock(file),
            ) => Some(file),
            _ => None,
        });
        let open = self.tasks.iter().flat_map(|task| &task.files);
        let mut files: Vec<_> = goals.chain(open).chain(&self.root).cloned().collect();
        files.sort_unstable_by_key(Rc::as_ptr);
        files.dedup_by_key(|file| Rc::as_ptr(file));
        files
    }

    /// Whether a request of the task is abandoned and has not ended.
    pub fn is_flushing(&self, owner: Owner) -> bool {
        let mut entries = self.client.entries.iter();
        entries.any(|entry| entry.owner == owner && entry.state != State::Waiting)
    }

    /// What must hold after each step.
    fn check(&mut self) {
        for num in self.book.freed.take() {
            self.server_check_freed(num);
        }
        let client = &self.client;
        assert_eq!(client.table.used(), client.entries.len());
        let entries = client.entries.iter();
        let flushing = entries
            .filter(|entry| entry.state != State::Waiting)
            .count();
        assert_eq!(client.table.flushing(), flushing);
        assert!(client.closed || client.flushing == flushing);
        for task in &self.tasks {
            let flushing = self.is_flushing(task.owner);
            assert_eq!(client.table.is_flushing(task.owner), flushing);
        }
        for entry in &client.entries {
            let found = |tag| client.table.lookup(tag).map(|request| request.id);
            let (reply, rflush) = match entry.state {
                State::Waiting | State::Refused => (true, false),
                State::Abandoned => (true, true),
                State::Answered | State::ToUndo => (false, true),
                State::ToUndoOnly => (false, false),
            };
            assert_eq!(found(entry.key.tag()), reply.then_some(entry.id));
            assert_eq!(found(entry.key.flush_tag()), rflush.then_some(entry.id));
        }
        self.recount();
    }

    /// Each reference is where it should be, and there is no other.
    fn recount(&self) {
        let mut requests = Vec::new();
        self.book.requests.borrow_mut().retain(|weak| {
            requests.extend(weak.upgrade());
            weak.strong_count() > 0
        });
        let mut fids = Vec::new();
        self.book.fids.borrow_mut().retain(|weak| {
            fids.extend(weak.upgrade());
            weak.strong_count() > 0
        });
        requests.iter().for_each(|request| request.counted.set(1));
        fids.iter().for_each(|fid| fid.counted.set(1));

        let count = |request: &Rc<Request>| request.counted.set(request.counted.get() + 1);
        for entry in &self.client.entries {
            let held = requests.iter().find(|request| request.id == entry.id);
            count(held.expect("the table has a reference"));
        }
        let count_fid = |fid: &Rc<Fid>| fid.counted.set(fid.counted.get() + 1);
        self.client.todo.iter().for_each(count);
        self.client.clunks.iter().for_each(count_fid);
        self.link.queued().for_each(count);
        self.server.jobs.iter().for_each(|job| count(&job.request));
        for ending in self.irq.iter().chain(&self.failing) {
            count(&ending.request);
            match &ending.stage {
                Stage::Replied(Reply::Deliver(request) | Reply::Undo { request, .. })
                | Stage::Flushed(Rflush::Ended { request, .. }) => count(request),
                _ => {}
            }
        }
        for task in &self.tasks {
            task.requests().for_each(count);
            task.fids().into_iter().for_each(count_fid);
        }
        self.worker.todo.iter().for_each(count);
        self.worker.clunks.iter().for_each(count_fid);
        self.worker.item.iter().for_each(count);
        if let Some(sending) = &self.worker.sending {
            count(&sending.request);
            match &sending.back {
                Back::Clunk(fid) => count_fid(fid),
                Back::Unlock(request, _) => count(request),
            }
        }
        self.files().iter().for_each(|file| count_fid(&file.fid));
        for request in &requests {
            request.fid.borrow().iter().for_each(count_fid);
            let (has, should) = (Rc::strong_count(request), request.counted.get());
            assert_eq!(has, should, "references of {request:?}");
        }
        for fid in &fids {
            let (has, should) = (Rc::strong_count(fid), fid.counted.get());
            assert_eq!(has, should, "references of fid {}", fid.num);
        }
    }
}
