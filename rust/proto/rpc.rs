// SPDX-License-Identifier: GPL-2.0

//! The states of requests: which tag is in use, by whom, and what an event does to it.
//!
//! A [`Table`] does no I/O, takes no lock, allocates nothing and knows no clock. Events go in
//! through the `handle_*` methods; each returns a `#[must_use]` value that tells the caller what
//! to do. The caller calls them under one lock and acts after it has dropped the lock.
//!
//! # The life of a request
//!
//! ```text
//!              insert                       handle_reply
//!   (free) ──────────────▶ Waiting ────────────────────────────▶ (free)  Reply::Deliver
//!                            │  │
//!          handle_signal     │  └── handle_cancelled ──────────▶ (free)  never sent
//!                            ▼
//!                        Abandoned ── handle_rflush ───────────▶ (free)  no effect
//!                            │
//!               handle_reply │ Reply::Undo
//!                            ▼
//!                        Abandoned, replied ── handle_rflush ──▶ (free)
//! ```
//!
//! A tag is free again only after the reply, or, once a Tflush may have been sent, after the
//! Rflush: flush(5) forbids to reuse `oldtag` before. A server that refuses Tflush gets the tag
//! back with the reply to the request itself.
//!
//! What comes back for a request and is no reply ([`Table::handle_garbled`]) leads to the state
//! "Abandoned, replied" at once: the server may still have the request.
//!
//! A reply to an abandoned request may tell of something that has to be undone. Then the request stays
//! abandoned until [`Table::handle_undone`] as well: so its owner does nothing that the undoing could
//! undo too.
//!
//! # Tags
//!
//! Requests use the tags below [`FLUSH_BIT`]; the Tflush of tag `t` has the tag `t | FLUSH_BIT`.
//! So a flush always finds its tag, however full the table is, and an Rflush names the request
//! that it ends. `NOTAG` is never given out.
//!
//! # Owners
//!
//! An owner is the task that sent a request. A task whose flushes are not answered must not send
//! anything that the flushed request could overtake; [`Table::is_flushing`] tells which tasks
//! those are. All other tasks go on.

#[cfg(any(test, CONFIG_KUNIT = "y"))]
mod tests;

use super::types::Tag;

/// Marks the tag of a Tflush.
///
/// Half of the tag space: each of the 32,767 other tags has a flush tag of its own.
pub const FLUSH_BIT: u16 = 0x8000;

/// How many requests can be under way at once: the tags `0..MAX_REQUESTS`.
///
/// One less than [`FLUSH_BIT`], since the flush tag of the last one would be `NOTAG`.
pub const MAX_REQUESTS: usize = 0x7fff;

/// How many groups the owners are divided into.
///
/// Not one: while any request is abandoned every RPC of a task looks for its own, with interrupts
/// off. Not many more: there are hardly ever more than a few.
pub const GROUPS: usize = 64;

/// End of a list of slots; no slot has this number, see [`MAX_REQUESTS`].
const NIL: u16 = 0xffff;

/// Names one use of a tag.
///
/// The generation tells a late event for an earlier use of the tag from one for this use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Key {
    index: u16,
    generation: u32,
}

impl Key {
    /// The tag on the wire.
    pub fn tag(self) -> Tag {
        Tag::new(self.index)
    }

    /// The tag of a Tflush for this request.
    pub fn flush_tag(self) -> Tag {
        Tag::new(self.index | FLUSH_BIT)
    }
}

/// Identifies a task, also after its death. The table only compares owners.
pub type Owner = u64;

/// The group of `owner`, less than [`GROUPS`].
pub fn group_of(owner: Owner) -> usize {
    // The number of a task is in the upper half, when it began in the lower one.
    // CAST: less than `GROUPS`.
    (((owner >> 32) ^ owner) % GROUPS as u64) as usize
}

/// What is known of the Tflush for an abandoned request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flush {
    /// It is under way, or waits to be sent.
    Pending,
    /// It has been answered, which was not the end of the request: the server has refused it, or
    /// the reply is not undone.
    Answered,
}

/// What is known of the reply to an abandoned request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// It has not come.
    None,
    /// It has come, and what the request did is to be undone.
    ToUndo,
    /// It has come and was acted on.
    Done,
}

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No request uses the tag. The slot is in the free list or was never used.
    Free,
    /// Somebody waits for the reply.
    Waiting,
    /// Nobody waits any more. The slot is in the list of abandoned ones of its owner's group.
    Abandoned {
        /// The state of the Tflush.
        flush: Flush,
        /// The state of the reply.
        answer: Answer,
    },
}

/// The place of one tag in a [`Table`].
///
/// # Invariants
///
/// `request` is `Some` exactly when the slot is in use.
#[derive(Debug)]
pub struct Slot<R> {
    state: State,
    generation: u32,
    owner: Owner,
    request: Option<R>,
    /// The next slot of the free list or of a list of abandoned slots.
    next: u16,
    /// The previous slot of a list of abandoned slots.
    prev: u16,
}

impl<R> Slot<R> {
    /// A free slot.
    pub const fn new() -> Self {
        // INVARIANT: free, and without a request.
        Self {
            state: State::Free,
            generation: 0,
            owner: 0,
            request: None,
            next: NIL,
            prev: NIL,
        }
    }
}

impl<R> Default for Slot<R> {
    fn default() -> Self {
        Self::new()
    }
}

/// Where a [`Table`] keeps its slots; the only part that needs memory.
pub trait Slots<R> {
    /// How many slots there are. Those behind the first [`MAX_REQUESTS`] are never used.
    fn capacity(&self) -> usize;
    /// The slot number `index`, if `index < capacity()`.
    fn slot(&self, index: usize) -> Option<&Slot<R>>;
    /// The slot number `index`, if `index < capacity()`.
    fn slot_mut(&mut self, index: usize) -> Option<&mut Slot<R>>;
}

/// No tag is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTag {
    /// The table may get more slots: add some, then try again.
    Grow,
    /// All [`MAX_REQUESTS`] tags are in use.
    Full,
}

/// What a reply means.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Reply<R> {
    /// Give it to whoever waits. The tag is free.
    Deliver(R),
    /// Nobody waits: undo what the request did on the server.
    ///
    /// `released` tells that this was the end of the request (the server has refused the Tflush,
    /// so no Rflush follows).
    Undo {
        /// The request.
        request: R,
        /// The tag is free, as after [`Rflush::Ended`].
        released: bool,
    },
    /// The request has ended before; ignore it.
    Stale,
}

/// What the end of a wait means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Signal {
    /// The reply came first and has been delivered.
    Delivered,
    /// Send a Tflush with [`Key::flush_tag`]. The caller is free to go.
    Flush,
}

/// What the answer to a Tflush means.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Rflush<R> {
    /// The tag is free.
    Ended {
        /// The flushed request.
        request: R,
        /// The request has been answered before the Rflush; otherwise it had no effect.
        replied: bool,
    },
    /// The request goes on: the server has refused the Tflush, so the reply ends it; or the reply
    /// has come and is not undone, so [`Table::handle_undone`] ends it.
    Refused,
    /// No Tflush was under way for this request.
    Stale,
}

/// All requests of one session.
///
/// # Invariants
///
/// - Slots below `fresh` have been used; of these the free ones form the list that starts at
///   `free`, the abandoned ones of the owner `o` are in the list that starts at
///   `abandoned[group_of(o)]`.
/// - `used` counts the slots that are not free, `flushing` those that are abandoned.
#[derive(Debug)]
pub struct Table<R, S: Slots<R>> {
    slots: S,
    free: u16,
    fresh: usize,
    abandoned: [u16; GROUPS],
    used: usize,
    flushing: usize,
    _request: core::marker::PhantomData<R>,
}

impl<R, S: Slots<R>> Table<R, S> {
    /// A table without any request.
    pub fn new(slots: S) -> Self {
        // INVARIANT: no slot has been used.
        Self {
            slots,
            free: NIL,
            fresh: 0,
            abandoned: [NIL; GROUPS],
            used: 0,
            flushing: 0,
            _request: core::marker::PhantomData,
        }
    }

    /// The storage, for adding slots.
    pub fn slots_mut(&mut self) -> &mut S {
        &mut self.slots
    }

    /// How many tags are in use.
    pub fn used(&self) -> usize {
        self.used
    }

    /// How many requests are abandoned and not ended.
    pub fn flushing(&self) -> usize {
        self.flushing
    }

    /// Gives a tag to a new request of the task `owner`.
    ///
    /// `make` makes the request from the key and `parts`; it is called only if there is a tag. A
    /// copy of the request is returned.
    ///
    /// # Errors
    ///
    /// `parts` are given back with
    ///
    /// - [`NoTag::Grow`] if the storage has no free slot but may be enlarged.
    /// - [`NoTag::Full`] if every tag is in use.
    pub fn insert<P>(
        &mut self,
        owner: Owner,
        parts: P,
        make: impl FnOnce(Key, P) -> R,
    ) -> Result<R, (NoTag, P)>
    where
        R: Clone,
    {
        let index = match self.slots.slot(usize::from(self.free)) {
            Some(slot) if self.free != NIL => {
                let index = self.free;
                self.free = slot.next;
                index
            }
            _ => {
                if self.fresh >= MAX_REQUESTS {
                    return Err((NoTag::Full, parts));
                }
                if self.fresh >= self.slots.capacity() {
                    return Err((NoTag::Grow, parts));
                }
                // CAST: `fresh < MAX_REQUESTS <= u16::MAX`.
                let index = self.fresh as u16;
                self.fresh += 1;
                index
            }
        };
        let Some(slot) = self.slots.slot_mut(usize::from(index)) else {
            return Err((NoTag::Grow, parts));
        };
        // INVARIANT: the slot leaves the free ones and gets its request.
        slot.state = State::Waiting;
        slot.owner = owner;
        let key = Key {
            index,
            generation: slot.generation,
        };
        let request = make(key, parts);
        slot.request = Some(request.clone());
        slot.next = NIL;
        slot.prev = NIL;
        self.used += 1;
        Ok(request)
    }

    /// The request that a reply with `tag` belongs to: for the tag of a Tflush the flushed one.
    pub fn lookup(&self, tag: Tag) -> Option<&R> {
        let index = tag.get() & !FLUSH_BIT;
        let slot = self.slots.slot(usize::from(index))?;
        let flush = tag.get() & FLUSH_BIT != 0;
        match slot.state {
            State::Waiting if !flush => slot.request.as_ref(),
            State::Abandoned {
                answer: Answer::None,
                ..
            } if !flush => slot.request.as_ref(),
            State::Abandoned {
                flush: Flush::Pending,
                ..
            } if flush => slot.request.as_ref(),
            _ => None,
        }
    }

    /// A reply to the request has come, or it is certain that none will come.
    ///
    /// If nobody waits for it and there is something `to_undo` before the owner may go on, the
    /// request ends only after [`handle_undone`](Self::handle_undone).
    pub fn handle_reply(&mut self, key: Key, to_undo: bool) -> Reply<R>
    where
        R: Clone,
    {
        let Some(slot) = self.current(key) else {
            return Reply::Stale;
        };
        if slot.state == State::Waiting {
            return match self.release(key.index) {
                Some(request) => Reply::Deliver(request),
                None => Reply::Stale,
            };
        }
        let State::Abandoned {
            flush,
            answer: Answer::None,
        } = slot.state
        else {
            return Reply::Stale;
        };
        let released = flush == Flush::Answered && !to_undo;
        let request = if released {
            self.release(key.index)
        } else {
            let answer = if to_undo {
                Answer::ToUndo
            } else {
                Answer::Done
            };
            slot.state = State::Abandoned { flush, answer };
            slot.request.clone()
        };
        match request {
            Some(request) => Reply::Undo { request, released },
            None => Reply::Stale,
        }
    }

    /// What the request has done is undone: everything for that has been sent, or there was
    /// nothing. To be called after [`handle_reply`](Self::handle_reply) has been told so and has
    /// returned [`Reply::Undo`].
    ///
    /// Returns the request if this was its end; the tag is free. `None` if an Rflush is to come.
    pub fn handle_undone(&mut self, key: Key) -> Option<R> {
        let slot = self.current(key)?;
        match slot.state {
            State::Abandoned {
                flush: Flush::Pending,
                answer: Answer::ToUndo,
            } => {
                slot.state = State::Abandoned {
                    flush: Flush::Pending,
                    answer: Answer::Done,
                };
                None
            }
            State::Abandoned {
                flush: Flush::Answered,
                answer: Answer::ToUndo,
            } => self.release(key.index),
            _ => None,
        }
    }

    /// Whoever waited for the request does not wait any more.
    pub fn handle_signal(&mut self, key: Key) -> Signal {
        let Some(slot) = self.current(key) else {
            return Signal::Delivered;
        };
        if slot.state != State::Waiting {
            return Signal::Delivered;
        }
        slot.state = State::Abandoned {
            flush: Flush::Pending,
            answer: Answer::None,
        };
        let owner = slot.owner;
        // INVARIANT: the slot is now the first of the abandoned ones of its owner's group.
        let head = core::mem::replace(self.list_mut(owner), key.index);
        if let Some(slot) = self.current(key) {
            slot.next = head;
            slot.prev = NIL;
        }
        if let Some(next) = self.slots.slot_mut(usize::from(head)) {
            next.prev = key.index;
        }
        self.flushing += 1;
        Signal::Flush
    }

    /// What has come for the request is no reply. Whoever waits fails, but the server may still have
    /// the request: nothing that it names may be used again before a Tflush is answered.
    ///
    /// Returns `false` if nobody waits; then it is as good as a [reply](Self::handle_reply). With
    /// `true`, a Tflush is to be sent with [`Key::flush_tag`].
    #[must_use]
    pub fn handle_garbled(&mut self, key: Key) -> bool {
        if self.handle_signal(key) == Signal::Delivered {
            return false;
        }
        if let Some(slot) = self.current(key) {
            slot.state = State::Abandoned {
                flush: Flush::Pending,
                answer: Answer::Done,
            };
        }
        true
    }

    /// The transport has given the request back unsent. Returns it; the tag is free.
    ///
    /// `None` if the request has ended before.
    pub fn handle_cancelled(&mut self, key: Key) -> Option<R> {
        match self.current(key)?.state {
            State::Free => None,
            State::Waiting | State::Abandoned { .. } => self.release(key.index),
        }
    }

    /// The Tflush for the request `key` has been answered: by Rflush if `accepted`, otherwise by
    /// an error.
    pub fn handle_rflush(&mut self, key: Key, accepted: bool) -> Rflush<R> {
        let Some(slot) = self.current(key) else {
            return Rflush::Stale;
        };
        let State::Abandoned {
            flush: Flush::Pending,
            answer,
        } = slot.state
        else {
            return Rflush::Stale;
        };
        let ended = match answer {
            Answer::None => accepted,
            Answer::ToUndo => false,
            Answer::Done => true,
        };
        if !ended {
            slot.state = State::Abandoned {
                flush: Flush::Answered,
                answer,
            };
            return Rflush::Refused;
        }
        match self.release(key.index) {
            Some(request) => Rflush::Ended {
                request,
                replied: answer == Answer::Done,
            },
            None => Rflush::Stale,
        }
    }

    /// The session is over and the transport touches nothing any more: ends one request that is
    /// left, whatever its state, and returns it. To be called until it returns `None`; then the
    /// table is as new.
    pub fn handle_disconnect(&mut self) -> Option<R> {
        while let Some(index) = self.fresh.checked_sub(1) {
            self.fresh = index;
            // CAST: `index < MAX_REQUESTS <= u16::MAX`.
            let request = match self.slots.slot(index)?.state {
                State::Free => None,
                State::Waiting | State::Abandoned { .. } => self.release(index as u16),
            };
            // INVARIANT: slots that are not below `fresh` are in no list. Free ones that are still
            // below it are reached by the next steps.
            self.free = NIL;
            if request.is_some() {
                return request;
            }
        }
        None
    }

    /// Whether the task `owner` has abandoned a request that has not ended.
    pub fn is_flushing(&self, owner: Owner) -> bool {
        // PANIC: `group_of` is less than the length.
        let head = self.abandoned[group_of(owner)];
        self.list(head).any(|slot| slot.owner == owner)
    }

    /// Whether `f` holds for the owner and the request of any abandoned request that has not ended.
    pub fn any_abandoned(&self, mut f: impl FnMut(Owner, &R) -> bool) -> bool {
        let mut slots = self.abandoned.iter().flat_map(|head| self.list(*head));
        slots.any(|slot| {
            slot.request
                .as_ref()
                .is_some_and(|request| f(slot.owner, request))
        })
    }

    /// The slots of the list of abandoned ones that starts at `head`.
    fn list(&self, head: u16) -> impl Iterator<Item = &Slot<R>> {
        let slot = |index| self.slots.slot(usize::from(index));
        core::iter::successors(slot(head), move |last| slot(last.next))
    }

    /// Where the list of the abandoned requests of the group of `owner` starts.
    fn list_mut(&mut self, owner: Owner) -> &mut u16 {
        // PANIC: `group_of` is less than the length.
        &mut self.abandoned[group_of(owner)]
    }

    /// Calls `f` with every request that somebody waits for.
    pub fn for_each_waiting(&self, mut f: impl FnMut(&R)) {
        for slot in (0..self.fresh).filter_map(|index| self.slots.slot(index)) {
            if let (State::Waiting, Some(request)) = (slot.state, slot.request.as_ref()) {
                f(request);
            }
        }
    }

    /// The slot of `key`, if the tag is still used for what it was when `key` was made.
    fn current(&mut self, key: Key) -> Option<&mut Slot<R>> {
        self.slots
            .slot_mut(usize::from(key.index))
            .filter(|slot| slot.generation == key.generation)
    }

    /// Frees the slot `index`, which is not free, and returns its request.
    #[inline]
    fn release(&mut self, index: u16) -> Option<R> {
        let free = self.free;
        let slot = self.slots.slot_mut(usize::from(index))?;
        let request = slot.request.take();
        let (state, next, prev, owner) = (slot.state, slot.next, slot.prev, slot.owner);
        // INVARIANT: the slot is free and without a request; below it becomes the first of the
        // free ones, and leaves its list of abandoned ones if it was in one.
        slot.state = State::Free;
        slot.generation = slot.generation.wrapping_add(1);
        slot.next = free;
        slot.prev = NIL;
        self.free = index;
        self.used -= 1;
        if let State::Abandoned { .. } = state {
            self.unlink(next, prev, owner);
        }
        request
    }

    /// Takes the slot between `next` and `prev` out of the list of the abandoned requests of the group
    /// of `owner`.
    fn unlink(&mut self, next: u16, prev: u16, owner: Owner) {
        if let Some(slot) = self.slots.slot_mut(usize::from(next)) {
            slot.prev = prev;
        }
        match self.slots.slot_mut(usize::from(prev)) {
            Some(slot) => slot.next = next,
            None => *self.list_mut(owner) = next,
        }
        self.flushing -= 1;
    }
}
