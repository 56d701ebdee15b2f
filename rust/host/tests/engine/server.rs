// SPDX-License-Identifier: GPL-2.0

//! A server: answers in any order, late or never, and trusts nobody.
//!
//! Everything that a client must never do is checked here, where it would do harm.

use std::collections::{
    BTreeMap,
    BTreeSet, //
};
use std::rc::Rc;

use p9proto::rpc::Owner;

use crate::parts::{
    Message,
    Num,
    Outcome,
    Request, //
};
use crate::world::World;

/// What the server decides to do about a Tflush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flushing {
    /// Forget the request, then accept.
    Forget,
    /// Answer the request, then accept.
    AnswerFirst,
    /// Say no; the request goes on.
    Refuse,
}

/// A message that the server has received, and whose buffers it has.
pub struct Job {
    pub request: Rc<Request>,
    tag: u16,
    /// It was done, with this result.
    result: Option<Outcome>,
    /// It will never be done.
    forgotten: bool,
    /// The tag may be used again, though the buffers are still here.
    released: bool,
    /// It is not answered as long as that can be helped.
    stuck: bool,
    /// For a Tflush: what is to be done about it.
    flushing: Option<Flushing>,
}

impl Job {
    fn message(&self) -> Message {
        self.request.message
    }

    /// It may still be done.
    fn is_open(&self) -> bool {
        self.result.is_none() && !self.forgotten
    }

    fn is_lock(&self) -> bool {
        matches!(self.message(), Message::Lock(..) | Message::Unlock(..))
    }
}

#[derive(Default)]
pub struct Server {
    pub jobs: Vec<Job>,
    pub fids: BTreeSet<Num>,
    pub locks: BTreeSet<(Num, Owner)>,
    /// Fids that the client has given up.
    leaving: BTreeSet<Num>,
    /// Tags of forgotten requests whose buffers are back before the Rflush.
    held: BTreeSet<u16>,
    /// The last write done for each task.
    written: BTreeMap<Owner, u64>,
    /// Answers everything.
    pub eager: bool,
}

impl Server {
    /// Places taken by what is not a Tflush.
    pub fn normal_jobs(&self) -> usize {
        let normal = self.jobs.iter().filter(|job| !job.message().is_flush());
        normal.count()
    }

    /// Whether the server has the fid, or may still make it.
    pub fn may_hold(&self, num: Num) -> bool {
        let makes = |job: &Job| job.is_open() && job.message().made() == Some(num);
        self.fids.contains(&num) || self.jobs.iter().any(makes)
    }

    fn is_tag_in_use(&self, tag: u16) -> bool {
        let uses = |job: &Job| job.tag == tag && !job.released;
        self.held.contains(&tag) || self.jobs.iter().any(uses)
    }

    /// What a client must never do.
    fn check(&self, request: &Request) {
        let message = request.message;
        let tag = request.tag();
        assert!(!self.is_tag_in_use(tag), "{request:?}: tag {tag} is in use");
        if message.is_flush() {
            return;
        }
        if let Some(used) = message.used() {
            let has = self.fids.contains(&used) && !self.leaving.contains(&used);
            assert!(has, "{request:?}: no such fid");
        }
        if let Some(made) = message.made() {
            assert!(!self.may_hold(made), "{request:?}: the fid exists");
        }
        for job in &self.jobs {
            let (owner, since) = request.behalf;
            let flushed = job.request.abandoned.get().is_some_and(|when| when < since);
            // With its fid gone a server could not end the request well.
            let on_it = message.given_up().is_some() && message.used() == job.message().used();
            assert!(
                job.released || !flushed || job.request.owner != owner && !on_it,
                "{request:?} is sent before the end of {:?}",
                job.request
            );
        }
    }

    /// Does what the message asks for.
    fn perform(&mut self, request: &Request, wish: Outcome) -> Outcome {
        let message = request.message;
        if message
            .used()
            .is_some_and(|used| !self.fids.contains(&used))
        {
            return Outcome::Error;
        }
        // Fids are given up, and locks released, even with an error.
        if let Some(fid) = message.given_up() {
            self.leaving.remove(&fid);
            self.fids.remove(&fid);
            self.locks.retain(|lock| lock.0 != fid);
        }
        if let Message::Unlock(fid, owner) = message {
            self.locks.remove(&(fid, owner));
        }
        if wish != Outcome::Success {
            return wish;
        }
        match message {
            Message::Attach(fid) | Message::Walk(_, fid) | Message::Xattrwalk(_, fid) => {
                assert!(self.fids.insert(fid), "{request:?}: the fid exists");
            }
            Message::Write(_, number) => {
                let last = self.written.insert(request.owner, number);
                assert!(last < Some(number), "{request:?} was overtaken");
            }
            Message::Lock(fid, owner) => {
                self.locks.insert((fid, owner));
            }
            _ => {}
        }
        wish
    }
}

impl World {
    /// The server gets a message.
    pub fn server_receive(&mut self, request: Rc<Request>) {
        self.say(|| format!("server receives {request:?} with tag {}", request.tag()));
        self.server.check(&request);
        let message = request.message;
        self.server.leaving.extend(message.given_up());
        let stuck = if message.is_flush() {
            self.setup.stuck_flushes
        } else {
            self.setup.stuck
        };
        let stuck = self.choices.percent(stuck);
        let tag = request.tag();
        self.server.jobs.push(Job {
            request,
            tag,
            result: None,
            forgotten: false,
            released: false,
            stuck,
            flushing: None,
        });
    }

    /// The server does something. Returns `false` if there was nothing to do.
    pub fn server_step(&mut self) -> bool {
        let count = self.server.jobs.len();
        if count == 0 || self.link.dead {
            return false;
        }
        let first = self.choices.below(count);
        (0..count).any(|i| self.server_try((first + i) % count))
    }

    /// Goes on with a job, if that is possible.
    fn server_try(&mut self, at: usize) -> bool {
        let job = &self.server.jobs[at];
        if job.stuck && !job.forgotten && !self.server.eager {
            return false;
        }
        if job.message().is_flush() {
            return self.server_flush(at);
        }
        if job.forgotten || job.result.is_some() {
            self.server_answer(at);
            return true;
        }
        // Locks of one file are done in the order in which they were asked for.
        let used = job.message().used();
        let mut before = self.server.jobs[..at].iter();
        if job.is_lock() && before.any(|o| o.is_lock() && o.is_open() && o.message().used() == used)
        {
            return false;
        }
        self.server_do(at);
        true
    }

    /// Does a job.
    fn server_do(&mut self, at: usize) {
        let outcomes = match self.server.jobs[at].message() {
            Message::Version | Message::Write(..) | Message::Unlock(..) => &[Outcome::Success][..],
            Message::Walk(..) => &[
                Outcome::Success,
                Outcome::Success,
                Outcome::Error,
                Outcome::Partial,
            ],
            _ => &[
                Outcome::Success,
                Outcome::Success,
                Outcome::Success,
                Outcome::Error,
            ],
        };
        let wish = self.choices.one_of(outcomes);
        let request = self.server.jobs[at].request.clone();
        let result = self.server.perform(&request, wish);
        self.say(|| format!("server does {request:?}: {result:?}"));
        self.server.jobs[at].result = Some(result);
    }

    /// Answers a job that was done, or gives back the buffers of one that will not be.
    fn server_answer(&mut self, at: usize) {
        let job = self.server.jobs.remove(at);
        let flush = Message::Flush(job.tag);
        if job.forgotten && !job.released && self.server.jobs.iter().any(|j| j.message() == flush) {
            self.server.held.insert(job.tag);
        }
        let outcome = job.result.unwrap_or(Outcome::Nothing);
        self.say(|| format!("server answers {:?}: {outcome:?}", job.request));
        self.link_answered(job.request, outcome);
    }

    /// Goes on with a Tflush.
    fn server_flush(&mut self, at: usize) -> bool {
        let Message::Flush(oldtag) = self.server.jobs[at].message() else {
            unreachable!()
        };
        let found = self
            .server
            .jobs
            .iter()
            .position(|job| job.tag == oldtag && !job.released && !job.message().is_flush());
        let Some(flushing) = self.server.jobs[at].flushing else {
            let flushing = match found {
                None => Flushing::AnswerFirst,
                Some(_) if self.choices.percent(self.setup.refused) => Flushing::Refuse,
                Some(old) if self.server.jobs[old].is_open() && !self.choices.percent(40) => {
                    let message = self.server.jobs[old].message();
                    self.server.jobs[old].forgotten = true;
                    if let Some(fid) = message.given_up() {
                        self.server.leaving.remove(&fid);
                    }
                    Flushing::Forget
                }
                Some(old) => {
                    self.server.jobs[old].stuck = false;
                    Flushing::AnswerFirst
                }
            };
            self.say(|| format!("server looks at the flush of tag {oldtag}: {flushing:?}"));
            self.server.jobs[at].flushing = Some(flushing);
            return true;
        };
        let mut outcome = match flushing {
            Flushing::AnswerFirst if found.is_some() => return false,
            Flushing::AnswerFirst | Flushing::Forget => Outcome::Success,
            Flushing::Refuse => Outcome::Error,
        };
        if flushing == Flushing::Forget {
            // The answer may be one that nobody understands.
            if self.choices.percent(self.setup.refused) {
                outcome = Outcome::Nothing;
            } else if let Some(old) = found {
                self.server.jobs[old].released = true;
            }
            self.server.held.remove(&oldtag);
        }
        self.server.jobs[at].result = Some(outcome);
        self.server_answer(at);
        true
    }

    /// What the server must have, and must not have, when nothing is under way.
    pub fn server_check_rest(&self, fids: &BTreeSet<Num>, locks: &[(Num, Owner, Option<bool>)]) {
        assert!(self.server.jobs.is_empty() && self.server.held.is_empty());
        assert_eq!(
            &self.server.fids, fids,
            "fids of the server and of the client"
        );
        assert_eq!(&*self.book.numbers.borrow(), fids, "numbers that are taken");
        let mut left = self.server.locks.clone();
        for &(fid, owner, held) in locks {
            let has = left.remove(&(fid, owner));
            assert!(
                held.is_none_or(|held| held == has),
                "lock of {owner} on {fid}"
            );
        }
        assert!(left.is_empty(), "locks that nobody knows of: {left:?}");
    }

    /// A number has become free.
    pub fn server_check_freed(&self, num: Num) {
        let over = self.link.dead || self.client.closed;
        assert!(over || !self.server.may_hold(num), "fid {num} is leaked");
    }
}
