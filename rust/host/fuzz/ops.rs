// SPDX-License-Identifier: GPL-2.0

//! Operations on the tag table, compared with a list that does the same in the simplest way.

use std::collections::BTreeSet;
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
    Table,
    GROUPS, //
};
use p9proto::types::{
    Tag,
    NOTAG, //
};

/// How many owners there are.
const OWNERS: u8 = 3;

/// The owners, of which two are in one group.
fn owners() -> impl Iterator<Item = Owner> {
    (0..OWNERS).map(owner)
}

fn owner(number: u8) -> Owner {
    Owner::from(number) * GROUPS as u64 / 2
}

type Request = Rc<(Key, u32)>;

struct Storage(Vec<Slot<Request>>);

impl Slots<Request> for Storage {
    fn capacity(&self) -> usize {
        self.0.len()
    }

    fn slot(&self, index: usize) -> Option<&Slot<Request>> {
        self.0.get(index)
    }

    fn slot_mut(&mut self, index: usize) -> Option<&mut Slot<Request>> {
        self.0.get_mut(index)
    }
}

/// A request that is under way.
struct Entry {
    request: Request,
    owner: Owner,
    /// Somebody waits for it.
    waiting: bool,
    /// Its Tflush is not answered.
    flushing: bool,
    /// Its reply has come.
    replied: bool,
    /// What it did is to be undone.
    to_undo: bool,
}

/// What may happen.
#[derive(Clone, Copy, Debug)]
enum Operation {
    Insert,
    Reply,
    ReplyToUndo,
    Undone,
    Signal,
    Garbled,
    Rflush,
    Refusal,
    Cancelled,
    Grow,
    Disconnect,
}

impl Operation {
    /// How often each comes.
    const ALL: [Self; 16] = [
        Self::Insert,
        Self::Insert,
        Self::Insert,
        Self::Insert,
        Self::Reply,
        Self::Reply,
        Self::ReplyToUndo,
        Self::Undone,
        Self::Signal,
        Self::Signal,
        Self::Garbled,
        Self::Rflush,
        Self::Refusal,
        Self::Cancelled,
        Self::Grow,
        Self::Disconnect,
    ];
}

struct Both {
    table: Table<Request, Storage>,
    list: Vec<Entry>,
    /// Each key that there ever was.
    keys: Vec<Key>,
}

/// Input: pairs of an operation and what it is about.
pub fn check(input: &[u8]) {
    let mut both = Both {
        table: Table::new(Storage(Vec::new())),
        list: Vec::new(),
        keys: Vec::new(),
    };
    for pair in input.chunks_exact(2) {
        both.perform(Operation::ALL[usize::from(pair[0]) % 16], pair[1]);
        both.compare();
    }
    both.disconnect();
}

impl Both {
    fn perform(&mut self, operation: Operation, about: u8) {
        match operation {
            Operation::Insert => return self.insert(owner(about % OWNERS)),
            Operation::Disconnect => return self.disconnect(),
            Operation::Grow => {
                let room = &mut self.table.slots_mut().0;
                return room.extend((0..about % 4).map(|_| Slot::new()));
            }
            _ => {}
        }
        let Some(count) = self.keys.len().checked_sub(1) else {
            return;
        };
        // The keys of late are those of requests under way.
        let key = self.keys[count - usize::from(about).min(count)];
        let at = self.list.iter().position(|entry| entry.request.0 == key);
        let ended = match operation {
            Operation::Reply => self.reply(key, at, false),
            Operation::ReplyToUndo => self.reply(key, at, true),
            Operation::Undone => self.undone(key, at),
            Operation::Signal => self.signal(key, at),
            Operation::Garbled => self.garbled(key, at),
            Operation::Rflush => self.rflush(key, at, true),
            Operation::Refusal => self.rflush(key, at, false),
            _ => {
                let request = at.map(|at| self.list[at].request.clone());
                assert_eq!(self.table.handle_cancelled(key), request);
                at.is_some()
            }
        };
        if let (Some(at), true) = (at, ended) {
            let entry = self.list.swap_remove(at);
            assert_eq!(Rc::strong_count(&entry.request), 1);
        }
    }

    fn insert(&mut self, owner: Owner) {
        let number = u32::try_from(self.keys.len()).unwrap();
        let make = |key, number| Rc::new((key, number));
        match self.table.insert(owner, number, make) {
            Ok(request) => {
                let (key, made) = *request;
                assert_eq!(made, number);
                assert!(!self.keys.contains(&key));
                assert_ne!(key.flush_tag(), NOTAG);
                let tag = key.tag();
                assert!(self.list.iter().all(|entry| entry.request.0.tag() != tag));
                self.keys.push(key);
                self.list.push(Entry {
                    request,
                    owner,
                    waiting: true,
                    flushing: false,
                    replied: false,
                    to_undo: false,
                });
            }
            Err(refused) => {
                assert_eq!(refused, (NoTag::Grow, number));
                assert_eq!(self.list.len(), self.table.slots_mut().0.len());
            }
        }
    }

    fn reply(&mut self, key: Key, at: Option<usize>, to_undo: bool) -> bool {
        let reply = self.table.handle_reply(key, to_undo);
        let Some(entry) = at.map(|at| &mut self.list[at]) else {
            assert_eq!(reply, Reply::Stale);
            return false;
        };
        let request = entry.request.clone();
        if entry.waiting {
            assert_eq!(reply, Reply::Deliver(request));
            return true;
        }
        if entry.replied {
            assert_eq!(reply, Reply::Stale);
            return false;
        }
        let released = !entry.flushing && !to_undo;
        assert_eq!(reply, Reply::Undo { request, released });
        entry.replied = true;
        entry.to_undo = to_undo;
        released
    }

    fn undone(&mut self, key: Key, at: Option<usize>) -> bool {
        let undone = self.table.handle_undone(key);
        let Some(entry) = at.map(|at| &mut self.list[at]) else {
            assert_eq!(undone, None);
            return false;
        };
        let ended = std::mem::take(&mut entry.to_undo) && !entry.flushing;
        assert_eq!(undone, ended.then(|| entry.request.clone()));
        ended
    }

    fn signal(&mut self, key: Key, at: Option<usize>) -> bool {
        let signal = self.table.handle_signal(key);
        match at.map(|at| &mut self.list[at]) {
            Some(entry) if entry.waiting => {
                assert_eq!(signal, Signal::Flush);
                entry.waiting = false;
                entry.flushing = true;
            }
            _ => assert_eq!(signal, Signal::Delivered),
        }
        false
    }

    fn garbled(&mut self, key: Key, at: Option<usize>) -> bool {
        let kept = self.table.handle_garbled(key);
        match at.map(|at| &mut self.list[at]) {
            Some(entry) if entry.waiting => {
                assert!(kept);
                entry.waiting = false;
                entry.flushing = true;
                entry.replied = true;
            }
            _ => assert!(!kept),
        }
        false
    }

    fn rflush(&mut self, key: Key, at: Option<usize>, accepted: bool) -> bool {
        let rflush = self.table.handle_rflush(key, accepted);
        let Some(entry) = at.map(|at| &mut self.list[at]).filter(|e| e.flushing) else {
            assert_eq!(rflush, Rflush::Stale);
            return false;
        };
        entry.flushing = false;
        if entry.to_undo || !accepted && !entry.replied {
            assert_eq!(rflush, Rflush::Refused);
            return false;
        }
        let (request, replied) = (entry.request.clone(), entry.replied);
        assert_eq!(rflush, Rflush::Ended { request, replied });
        true
    }

    fn disconnect(&mut self) {
        let mut left: BTreeSet<_> = self.list.drain(..).map(|entry| entry.request.1).collect();
        while let Some(request) = self.table.handle_disconnect() {
            assert!(left.remove(&request.1));
            assert_eq!(Rc::strong_count(&request), 1);
        }
        assert!(left.is_empty());
        self.compare();
    }

    /// What can be asked is as the list has it.
    fn compare(&self) {
        let table = &self.table;
        assert_eq!(table.used(), self.list.len());
        let abandoned = || self.list.iter().filter(|entry| !entry.waiting);
        assert_eq!(table.flushing(), abandoned().count());
        for owner in owners() {
            let flushing = abandoned().any(|entry| entry.owner == owner);
            assert_eq!(table.is_flushing(owner), flushing);
        }
        let mut waiting = BTreeSet::new();
        table.for_each_waiting(|request| assert!(waiting.insert(request.1)));
        for entry in &self.list {
            assert_eq!(Rc::strong_count(&entry.request), 2);
            assert_eq!(waiting.remove(&entry.request.1), entry.waiting);
            let found = |tag: Tag| table.lookup(tag) == Some(&entry.request);
            assert_eq!(found(entry.request.0.tag()), !entry.replied);
            assert_eq!(found(entry.request.0.flush_tag()), entry.flushing);
        }
        assert!(waiting.is_empty());
        assert_eq!(table.lookup(NOTAG), None);
    }
}
