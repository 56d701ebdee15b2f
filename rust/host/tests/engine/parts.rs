// SPDX-License-Identifier: GPL-2.0

//! Messages, fids and requests, and the book that is kept of them.

use std::cell::{
    Cell,
    RefCell, //
};
use std::collections::BTreeSet;
use std::rc::{
    Rc,
    Weak, //
};

use p9proto::rpc::{
    Key,
    Owner, //
};
use p9proto::types::NOTAG;

/// The number of a fid.
pub type Num = u32;

/// Who sends what the work queue sends.
pub const WORKER: Owner = 1;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    Version,
    Attach(Num),
    /// From a fid to a new one.
    Walk(Num, Num),
    Xattrwalk(Num, Num),
    Read(Num),
    /// The writes of a task have rising numbers.
    Write(Num, u64),
    /// A lock belongs to a task.
    Lock(Num, Owner),
    Unlock(Num, Owner),
    Clunk(Num),
    Remove(Num),
    /// The tag of the flushed request.
    Flush(u16),
}

impl Message {
    /// The fid that it is about.
    pub fn used(self) -> Option<Num> {
        match self {
            Self::Version | Self::Attach(_) | Self::Flush(_) => None,
            Self::Walk(fid, _)
            | Self::Xattrwalk(fid, _)
            | Self::Read(fid)
            | Self::Write(fid, _)
            | Self::Lock(fid, _)
            | Self::Unlock(fid, _)
            | Self::Clunk(fid)
            | Self::Remove(fid) => Some(fid),
        }
    }

    /// The fid that it makes.
    pub fn made(self) -> Option<Num> {
        match self {
            Self::Attach(fid) | Self::Walk(_, fid) | Self::Xattrwalk(_, fid) => Some(fid),
            _ => None,
        }
    }

    /// The fid that it gives up, even if it fails.
    pub fn given_up(self) -> Option<Num> {
        match self {
            Self::Clunk(fid) | Self::Remove(fid) => Some(fid),
            _ => None,
        }
    }

    pub fn is_flush(self) -> bool {
        matches!(self, Self::Flush(_))
    }
}

/// How a request has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Success,
    /// A walk has led only a part of the way.
    Partial,
    /// With an error of the server.
    Error,
    /// Without a reply.
    Nothing,
}

/// Who is told of the end of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    Wake,
    Callback,
}

/// What is left to do for a request.
pub mod todo {
    pub const FLUSH: u8 = 1;
    pub const UNDO: u8 = 2;
    pub const UNLOCK: u8 = 4;
    pub const FLUSHED: u8 = 8;
}

/// Counts what lives.
#[derive(Default)]
pub struct Book {
    /// The numbers of the fids that live.
    pub numbers: RefCell<BTreeSet<Num>>,
    /// Numbers that have become free since it was last looked.
    pub freed: RefCell<Vec<Num>>,
    pub requests: RefCell<Vec<Weak<Request>>>,
    pub fids: RefCell<Vec<Weak<Fid>>>,
    /// Requests made so far.
    made: Cell<u64>,
}

/// A fid, which has its number to itself.
pub struct Fid {
    pub num: Num,
    /// Somebody can see the result of its Tclunk.
    pub observable: bool,
    /// The task behind whose flushes the Tclunk waits.
    pub owner: Cell<Owner>,
    /// When it was given up.
    pub given_up: Cell<usize>,
    /// The tasks whose unlocking has to be sent before the Tclunk.
    pub unlocks: RefCell<Vec<Owner>>,
    /// For [`crate::world::World::recount`].
    pub counted: Cell<usize>,
    book: Rc<Book>,
}

impl Fid {
    pub fn new(book: &Rc<Book>, observable: bool) -> Rc<Self> {
        let mut numbers = book.numbers.borrow_mut();
        let num = (1..).find(|num| !numbers.contains(num)).unwrap();
        numbers.insert(num);
        let fid = Rc::new(Self {
            num,
            observable,
            owner: Cell::new(0),
            given_up: Cell::new(0),
            unlocks: RefCell::default(),
            counted: Cell::new(0),
            book: book.clone(),
        });
        book.fids.borrow_mut().push(Rc::downgrade(&fid));
        fid
    }
}

impl Drop for Fid {
    fn drop(&mut self) {
        let had = self.book.numbers.borrow_mut().remove(&self.num);
        self.book.freed.borrow_mut().push(self.num);
        assert!(had || std::thread::panicking(), "number freed twice");
    }
}

/// One exchange with the server.
pub struct Request {
    pub id: u64,
    pub message: Message,
    pub done: Done,
    pub owner: Owner,
    /// What this task has flushed before that must have ended.
    pub behalf: (Owner, usize),
    pub key: Cell<Key>,
    pub outcome: Cell<Option<Outcome>>,
    pub todo: Cell<u8>,
    /// It is in the list of requests with something left to do.
    pub listed: Cell<bool>,
    pub fid: RefCell<Option<Rc<Fid>>>,
    /// It has got a tag of its own.
    pub entered: Cell<bool>,
    /// Its tag has been freed.
    pub ended: Cell<bool>,
    /// When whoever waited for it has left it to a Tflush.
    pub abandoned: Cell<Option<usize>>,
    /// Whoever waits for it, or its callback, has been told of the end.
    pub told: Cell<bool>,
    /// For [`crate::world::World::recount`].
    pub counted: Cell<usize>,
}

impl Request {
    pub fn new(
        book: &Book,
        message: Message,
        done: Done,
        owner: Owner,
        behalf: (Owner, usize),
        fid: Option<Rc<Fid>>,
    ) -> Rc<Self> {
        book.made.set(book.made.get() + 1);
        let request = Rc::new(Self {
            id: book.made.get(),
            message,
            done,
            owner,
            behalf,
            key: Cell::default(),
            outcome: Cell::new(None),
            todo: Cell::new(0),
            listed: Cell::new(false),
            fid: RefCell::new(fid),
            entered: Cell::new(false),
            ended: Cell::new(false),
            abandoned: Cell::new(None),
            told: Cell::new(false),
            counted: Cell::new(0),
        });
        book.requests.borrow_mut().push(Rc::downgrade(&request));
        request
    }

    /// The tag on the wire.
    pub fn tag(&self) -> u16 {
        match self.message {
            Message::Version => NOTAG.get(),
            Message::Flush(_) => self.key.get().flush_tag().get(),
            _ => self.key.get().tag().get(),
        }
    }

    pub fn note(&self, todo: u8) {
        self.todo.set(self.todo.get() | todo);
    }

    /// An answer may tell of something that has to be undone.
    pub fn has_effect(&self) -> bool {
        let message = self.message;
        self.is_answered() && (message.made().is_some() || matches!(message, Message::Lock(..)))
    }

    /// A frame has come as the answer.
    pub fn is_answered(&self) -> bool {
        !matches!(self.outcome.get(), None | Some(Outcome::Nothing))
    }

    /// The tag has been freed; to be called once.
    pub fn end(&self) {
        assert!(self.entered.get(), "{self:?} ends without a tag");
        assert!(!self.ended.replace(true), "{self:?} ends twice");
    }

    /// The waiter or the callback is told; to be called once.
    pub fn tell(&self) {
        assert!(!self.told.replace(true), "{self:?} is told twice");
        assert_eq!(self.abandoned.get(), None, "{self:?}: nobody waits");
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "request {} {:?}", self.id, self.message)
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if std::thread::panicking() || !self.entered.get() {
            return;
        }
        assert!(self.ended.get(), "{self:?} is freed without an end");
        if self.done == Done::Callback {
            assert!(self.told.get(), "the callback of {self:?} has not run");
        }
    }
}
