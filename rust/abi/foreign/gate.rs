// SPDX-License-Identifier: GPL-2.0

//! Keeping the end of a connection apart from its use.

use kernel::sync::atomic::{
    Atomic,
    Full,
    Relaxed, //
};

/// Part of [`Gate::state`] when nobody may pass any more.
///
/// Not smaller: more tasks than that cannot exist. Not larger: the sum must fit.
const CLOSED: u32 = 1 << 31;

/// What code passes that uses a connection. Whoever is the last to leave after it was closed may end
/// the connection; nobody waits for anybody.
///
/// # Invariants
///
/// `state` is the number of those inside, one more as long as the gate is open, plus [`CLOSED`] once
/// it is closed. So once it is `CLOSED` it stays so.
pub(super) struct Gate {
    state: Atomic<u32>,
}

impl Gate {
    /// An open gate, with nobody inside.
    pub(super) fn new() -> Self {
        // INVARIANT: by definition.
        Self {
            state: Atomic::new(1),
        }
    }

    /// Passes the gate, unless it is closed. Whoever has passed must [`leave`](Self::leave).
    pub(super) fn enter(&self) -> bool {
        let mut state = self.state.load(Relaxed);
        while state & CLOSED == 0 {
            // INVARIANT: the gate is open, and one more is inside.
            match self.state.cmpxchg(state, state + 1, Full) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        false
    }

    /// Leaves. Returns `true` to the last one to leave a closed gate.
    pub(super) fn leave(&self) -> bool {
        // INVARIANT: one less is inside.
        self.state.fetch_add(1_u32.wrapping_neg(), Full) == CLOSED + 1
    }

    /// Closes the gate. To be called once. Returns `true` if nobody is inside.
    pub(super) fn close(&self) -> bool {
        // INVARIANT: it was open.
        self.state.fetch_add(CLOSED - 1, Full) == 1
    }
}
