// SPDX-License-Identifier: GPL-2.0

//! Keeping the end of a connection apart from its use.

use crate::sys::wait::{
    Mode,
    WaitQueue, //
};
use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Full, //
    },
};

/// Added to [`Gate::state`] while nobody may pass.
///
/// Not smaller: more tasks than that cannot exist. Not larger: the sum must fit.
const CLOSED: u32 = 1 << 31;

/// What code passes that uses a connection, and what its end closes.
///
/// # Invariants
///
/// `state` is the number of [`Inside`] that exist (or are just being turned away), plus
/// [`CLOSED`] if the gate is closed.
#[pin_data]
pub(super) struct Gate {
    state: Atomic<u32>,
    #[pin]
    left: WaitQueue,
}

/// Its owner has passed a [`Gate`], which does not finish closing before this is dropped.
pub(super) struct Inside<'a>(&'a Gate);

impl Gate {
    /// A closed gate.
    pub(super) fn new() -> impl PinInit<Self> {
        // INVARIANT: closed, and nobody is inside.
        pin_init!(Self {
            state: Atomic::new(CLOSED),
            left <- WaitQueue::new(),
        })
    }

    /// Opens the gate. To be called once.
    pub(super) fn open(&self) {
        // INVARIANT: it was closed.
        self.state.fetch_add(CLOSED.wrapping_neg(), Full);
    }

    /// Passes the gate; `None` if it is closed. Context: any that may wake tasks.
    pub(super) fn enter(&self) -> Option<Inside<'_>> {
        // INVARIANT: one more is inside; who is turned away leaves when `inside` is dropped.
        let before = self.state.fetch_add(1, Full);
        let inside = Inside(self);
        (before & CLOSED == 0).then_some(inside)
    }

    /// Closes the gate and waits until nobody is inside. To be called once, after
    /// [`open`](Self::open).
    ///
    /// Context: process context, sleeps.
    pub(super) fn close(&self) {
        // INVARIANT: it was open.
        self.state.fetch_add(CLOSED, Full);
        // Ends by nothing else.
        let _ = self.left.wait(Mode::Uninterruptible, None, || {
            self.state.load(Acquire) == CLOSED
        });
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        // INVARIANT: one less is inside.
        if self.0.state.fetch_add(1_u32.wrapping_neg(), Full) == CLOSED + 1 {
            self.0.left.wake_all();
        }
    }
}
