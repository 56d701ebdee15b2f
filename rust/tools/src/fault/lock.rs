// SPDX-License-Identifier: GPL-2.0

//! Record locks, held here only: programs outside are not kept away.

use p9proto::{
    message::{
        Rgetlock,
        Tgetlock,
        Tlock, //
    },
    types::lock::{
        BLOCKED,
        SUCCESS,
        TYPE_RDLCK,
        TYPE_UNLCK, //
    },
};

/// Who holds a lock: the client's name and its process.
type Owner = (Vec<u8>, u32);

#[derive(Clone)]
struct Lock {
    file: u64,
    owner: Owner,
    ty: u8,
    first: u64,
    /// The last byte, included.
    last: u64,
}

/// All locks.
#[derive(Default)]
pub struct Locks(Vec<Lock>);

impl Locks {
    /// Takes a lock on `file`, or gives it back. Returns the status.
    pub fn set(&mut self, file: u64, request: &Tlock<'_>) -> u8 {
        let lock = Lock {
            file,
            owner: (request.client_id.to_vec(), request.proc_id),
            ty: request.ty,
            first: request.start,
            last: last(request.start, request.length),
        };
        if lock.ty != TYPE_UNLCK && self.conflict(&lock).is_some() {
            return BLOCKED;
        }
        self.cut_out(&lock);
        if lock.ty != TYPE_UNLCK {
            self.0.push(lock);
        }
        SUCCESS
    }

    /// Tells which lock is in the way of one on `file`.
    pub fn get<'a>(&'a self, file: u64, request: &Tgetlock<'a>) -> Rgetlock<'a> {
        let wanted = Lock {
            file,
            owner: (request.client_id.to_vec(), request.proc_id),
            ty: request.ty,
            first: request.start,
            last: last(request.start, request.length),
        };
        match self.conflict(&wanted) {
            Some(lock) => Rgetlock {
                ty: lock.ty,
                start: lock.first,
                length: match lock.last {
                    u64::MAX => 0,
                    last => last - lock.first + 1,
                },
                proc_id: lock.owner.1,
                client_id: &lock.owner.0,
            },
            None => Rgetlock {
                ty: TYPE_UNLCK,
                start: request.start,
                length: request.length,
                proc_id: request.proc_id,
                client_id: request.client_id,
            },
        }
    }

    /// How many locks are held.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no lock is held.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn conflict(&self, wanted: &Lock) -> Option<&Lock> {
        self.0.iter().find(|held| {
            held.overlaps(wanted)
                && held.owner != wanted.owner
                && !(held.ty == TYPE_RDLCK && wanted.ty == TYPE_RDLCK)
        })
    }

    /// Takes the bytes of `lock` out of its owner's locks.
    fn cut_out(&mut self, lock: &Lock) {
        let mut rest = Vec::new();
        for held in self.0.drain(..) {
            if held.owner != lock.owner || !held.overlaps(lock) {
                rest.push(held);
                continue;
            }
            if held.first < lock.first {
                rest.push(Lock {
                    last: lock.first - 1,
                    ..held.clone()
                });
            }
            if held.last > lock.last {
                rest.push(Lock {
                    first: lock.last + 1,
                    ..held
                });
            }
        }
        self.0 = rest;
    }
}

impl Lock {
    fn overlaps(&self, other: &Self) -> bool {
        self.file == other.file && self.first <= other.last && other.first <= self.last
    }
}

fn last(start: u64, length: u64) -> u64 {
    match length {
        0 => u64::MAX,
        length => start.saturating_add(length - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        last,
        Locks, //
    };
    use p9proto::{
        message::Tlock,
        types::{
            lock::{
                BLOCKED,
                SUCCESS,
                TYPE_RDLCK,
                TYPE_UNLCK,
                TYPE_WRLCK, //
            },
            FidNum, //
        },
    };

    fn set(locks: &mut Locks, proc_id: u32, ty: u8, start: u64, length: u64) -> u8 {
        let request = Tlock {
            fid: FidNum::new(1),
            ty,
            flags: 0,
            start,
            length,
            proc_id,
            client_id: b"client",
        };
        locks.set(1, &request)
    }

    #[test]
    fn locks_of_others_are_in_the_way_unless_both_read() {
        let mut locks = Locks::default();
        assert_eq!(set(&mut locks, 1, TYPE_RDLCK, 0, 10), SUCCESS);
        assert_eq!(set(&mut locks, 2, TYPE_RDLCK, 5, 10), SUCCESS);
        assert_eq!(set(&mut locks, 2, TYPE_WRLCK, 9, 1), BLOCKED);
        assert_eq!(set(&mut locks, 2, TYPE_WRLCK, 10, 0), SUCCESS);
        assert_eq!(set(&mut locks, 1, TYPE_RDLCK, 1 << 40, 1), BLOCKED);
    }

    #[test]
    fn unlocking_the_middle_leaves_both_ends() {
        let mut locks = Locks::default();
        set(&mut locks, 1, TYPE_WRLCK, 0, 0);
        set(&mut locks, 1, TYPE_UNLCK, 10, 5);
        assert_eq!(locks.len(), 2);
        assert_eq!(set(&mut locks, 2, TYPE_WRLCK, 10, 5), SUCCESS);
        assert_eq!(set(&mut locks, 2, TYPE_WRLCK, 9, 1), BLOCKED);
        assert_eq!(set(&mut locks, 2, TYPE_WRLCK, 15, 1), BLOCKED);
    }

    #[test]
    fn length_zero_is_to_the_end() {
        assert_eq!(last(5, 0), u64::MAX);
        assert_eq!(last(5, 1), 5);
        assert_eq!(last(5, u64::MAX), u64::MAX);
    }
}
