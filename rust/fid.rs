// SPDX-License-Identifier: GPL-2.0

//! Fids: what the server knows a file by, and the life of their numbers.
//!
//! A [`Fid`] starts with the `struct p9_fid` that the file system reads and counts. When the file
//! system has put its last reference the fid moves into the Tclunk, and its number is free again
//! when the last request that holds it has ended: never while the server may still know it.

use crate::{
    abi::fid::P9Fid,
    proto::{
        rpc::Owner,
        types::FidNum, //
    },
    sys::ida::Ida,
};
use kernel::{
    list::{
        impl_list_arc_safe,
        impl_list_item,
        AtomicTracker,
        ListLinks,
        TryNewListArc, //
    },
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    },
};

/// The largest fid number; the one above is `NOFID`, and stock never uses the one below that.
const MAX_FID: u32 = u32::MAX - 2;

/// How many free numbers a session keeps at hand.
///
/// Not more: all may be looked at for a new fid. Not fewer: who looks up paths gives back and takes a
/// few in turn, and the set costs some 300 instructions each time.
const SPARES: usize = 4;

/// No number at hand.
const NONE: u32 = MAX_FID + 1;

/// The fid numbers of one session.
#[pin_data]
pub(crate) struct FidPool {
    /// The numbers that are in use or at hand.
    #[pin]
    ida: Ida,
    /// The numbers at hand; [`NONE`] for the others.
    spares: [Atomic<u32>; SPARES],
}

impl FidPool {
    /// A pool with all numbers free.
    ///
    /// # Errors
    ///
    /// - `ENOMEM` if there is no memory.
    pub(crate) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            try_pin_init!(Self {
                ida <- Ida::new(),
                spares: [const { Atomic::new(NONE) }; SPARES],
            }),
            GFP_KERNEL,
        )
    }

    /// Takes a free number.
    ///
    /// Context: process context, may sleep.
    ///
    /// # Errors
    ///
    /// - `ENOMEM` if there is no memory.
    /// - `ENOSPC` if every number is in use.
    fn alloc(&self) -> Result<u32> {
        for spare in &self.spares {
            if spare.load(Relaxed) != NONE {
                let num = spare.xchg(NONE, Relaxed);
                if num != NONE {
                    return Ok(num);
                }
            }
        }
        self.ida.alloc(MAX_FID, GFP_KERNEL)
    }

    /// Gives a number back.
    ///
    /// Context: any.
    fn free(&self, num: u32) {
        for spare in &self.spares {
            if spare.load(Relaxed) == NONE && spare.cmpxchg(NONE, num, Relaxed).is_ok() {
                return;
            }
        }
        self.ida.free(num);
    }
}

/// A fid of the server's, or a number that is about to become one.
///
/// # Invariants
///
/// `num` was taken from `pool` and belongs to this fid alone.
#[pin_data(PinnedDrop)]
#[repr(C)]
pub(crate) struct Fid {
    /// What the file system sees. First, so that a pointer to it is a pointer to the fid.
    c: P9Fid,
    num: FidNum,
    pool: Arc<FidPool>,
    /// The fid names an extended attribute.
    xattr: Atomic<bool>,
    /// A Tread has been answered in full.
    pipelined: Atomic<bool>,
    /// The size of the file as the server has told it; zero if it has not.
    size: Atomic<u64>,
    /// The task behind whose flushes the Tclunk waits; zero for none.
    owner: Atomic<Owner>,
    /// How many Tlocks that unlock have to be sent before the Tclunk.
    unlocks: Atomic<u32>,
    /// Links of the session's list of fids whose Tclunk has not been sent.
    #[pin]
    links: ListLinks<0>,
    #[pin]
    tracker: AtomicTracker<0>,
    /// Links of the session's list of fids that the file system has.
    #[pin]
    held_links: ListLinks<1>,
    #[pin]
    held_tracker: AtomicTracker<1>,
}

impl_list_arc_safe! {
    impl ListArcSafe<0> for Fid { tracked_by tracker: AtomicTracker<0>; }
    impl ListArcSafe<1> for Fid { tracked_by held_tracker: AtomicTracker<1>; }
}

impl_list_item! {
    impl ListItem<0> for Fid { using ListLinks { self.links }; }
    impl ListItem<1> for Fid { using ListLinks { self.held_links }; }
}

impl Fid {
    /// A new fid that the server does not know yet; `make` makes its part for the file system.
    ///
    /// Context: process context, may sleep.
    ///
    /// # Errors
    ///
    /// - `ENOMEM` if there is no memory.
    /// - `ENOSPC` if every number is in use.
    pub(crate) fn new(
        pool: &Arc<FidPool>,
        make: impl FnOnce(FidNum) -> P9Fid,
    ) -> Result<Arc<Self>> {
        let num = FidNum::new(pool.alloc()?);
        let fid = Arc::pin_init(
            // INVARIANT: the number was just allocated.
            try_pin_init!(Self {
                c: make(num),
                num,
                pool: pool.clone(),
                xattr: Atomic::new(false),
                pipelined: Atomic::new(false),
                size: Atomic::new(0),
                owner: Atomic::new(0),
                unlocks: Atomic::new(0),
                links <- ListLinks::new(),
                tracker <- AtomicTracker::new(),
                held_links <- ListLinks::new(),
                held_tracker <- AtomicTracker::new(),
            }),
            GFP_KERNEL,
        );
        if fid.is_err() {
            pool.free(num.get());
        }
        fid
    }

    /// The number on the wire.
    pub(crate) fn num(&self) -> FidNum {
        self.num
    }

    /// What the file system sees.
    pub(crate) fn c(&self) -> &P9Fid {
        &self.c
    }

    /// Marks the fid as one of an extended attribute, whose Tclunk commits it.
    pub(crate) fn set_xattr(&self) {
        self.xattr.store(true, Relaxed);
    }

    /// Whether several Treads may be under way at once.
    pub(crate) fn is_pipelined(&self) -> bool {
        self.pipelined.load(Relaxed)
    }

    /// Notes that a Tread has been answered in full.
    ///
    /// In a directory the next Tread must begin where the last one has ended; see read(5).
    pub(crate) fn set_pipelined(&self) {
        if !self.is_pipelined() && !self.xattr.load(Relaxed) && !self.c.is_dir() {
            self.pipelined.store(true, Relaxed);
        }
    }

    /// Notes the size of the file as the server has told it.
    pub(crate) fn set_size(&self, size: u64) {
        self.size.store(size, Relaxed);
    }

    /// Notes that this is the same file as that of `other`.
    pub(crate) fn copy_size(&self, other: &Self) {
        self.set_size(other.size.load(Relaxed));
    }

    /// Whether the server has told that the file is no longer than `end`. Files of no size may have
    /// contents all the same: they are made when they are read.
    pub(crate) fn is_end(&self, end: u64) -> bool {
        let size = self.size.load(Relaxed);
        size != 0 && end >= size
    }

    /// Whether somebody can see the result of the Tclunk: data or an attribute may be written
    /// back by it, and its errors reported.
    pub(crate) fn is_observable(&self) -> bool {
        self.xattr.load(Relaxed) || self.c.is_open_for_writing()
    }

    /// Notes that a Tlock that unlocks has to be sent before the Tclunk.
    pub(crate) fn unlock_parked(&self) {
        self.unlocks.fetch_add(1, Relaxed);
    }

    /// Notes that a Tlock that unlocks has been sent, or never will be.
    pub(crate) fn unlock_sent(&self) {
        self.unlocks.fetch_sub(1, Relaxed);
    }

    /// Whether a Tlock that unlocks has to be sent before the Tclunk.
    pub(crate) fn has_unlocks(&self) -> bool {
        self.unlocks.load(Relaxed) != 0
    }

    /// The task behind whose flushes the Tclunk waits; zero for none.
    pub(crate) fn owner(&self) -> Owner {
        self.owner.load(Relaxed)
    }

    /// Lets the Tclunk wait behind the flushes of the task `owner`.
    pub(crate) fn set_owner(&self, owner: Owner) {
        self.owner.store(owner, Relaxed);
    }
}

#[pinned_drop]
impl PinnedDrop for Fid {
    fn drop(self: Pin<&mut Self>) {
        self.pool.free(self.num.get());
    }
}
