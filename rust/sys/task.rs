// SPDX-License-Identifier: GPL-2.0

//! The running task: who it is, and whether it is dying.
//!
//! In an interrupt the running task is whoever was interrupted: everything here that asks about
//! the task is meant for process context.

use crate::bindings;
use kernel::types::NotThreadSafe;

/// Names one task for ever: no later task gets the same name.
///
/// Only a program that replaces itself from another thread than its first changes its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TaskId(u64);

impl TaskId {
    /// The name as a number, which is never 0.
    pub(crate) fn get(self) -> u64 {
        self.0
    }
}

/// The name of the running task.
pub(crate) fn current_id() -> TaskId {
    // SAFETY: The running task exists, and its number and start time are only changed by itself.
    TaskId(unsafe { bindings::p9rs_task_id() })
}

/// Whether a signal has come that ends the running task as soon as it leaves the kernel.
///
/// Says `false` again once the task is [`exiting`]: then signals are no longer noted.
pub(crate) fn fatal_signal_pending() -> bool {
    // SAFETY: Reads flags of the running task, which exists.
    unsafe { bindings::p9rs_fatal_signal_pending() }
}

/// Whether an unblocked signal, fatal or not, waits for the running task.
///
/// Unlike the kernel's function of this name it does not count task work, which has no meaning
/// for a wait.
pub(crate) fn signal_pending() -> bool {
    // SAFETY: Reads flags of the running task, which exists.
    unsafe { bindings::p9rs_signal_pending() }
}

/// Whether task work waits for the running task. It keeps every interruptible sleep from sleeping
/// until the task leaves the kernel.
pub(crate) fn task_work_pending() -> bool {
    // SAFETY: Reads flags of the running task, which exists.
    unsafe { bindings::p9rs_task_work_pending() }
}

/// Whether the running task is on its way out. No signal, not even a fatal one, can reach it any
/// more, so that a killable sleep is an uninterruptible one.
pub(crate) fn exiting() -> bool {
    // SAFETY: Reads flags of the running task, which exists.
    unsafe { bindings::p9rs_exiting() }
}

/// Whether the running task is a thread of the kernel's, which no signal can end.
pub(crate) fn is_kernel_thread() -> bool {
    // SAFETY: Reads flags of the running task, which exists.
    unsafe { bindings::p9rs_is_kernel_thread() }
}

/// Whether the running task is dying, at whatever stage: it should wait for no one.
pub(crate) fn dying() -> bool {
    fatal_signal_pending() || exiting()
}

/// While this exists the running task allocates memory as with
/// [`GFP_NOFS`](super::gfp::GFP_NOFS), whatever flags are asked for.
///
/// Guards may be nested if they are dropped in the reverse order.
#[must_use = "allocations are only restricted while the guard exists"]
pub(crate) struct NofsGuard {
    flags: u32,
    /// The flag belongs to the task that made the guard.
    _not_send: NotThreadSafe,
}

impl NofsGuard {
    /// Begins the restriction.
    pub(crate) fn new() -> Self {
        Self {
            // SAFETY: Sets a flag of the running task.
            flags: unsafe { bindings::p9rs_memalloc_nofs_save() },
            _not_send: NotThreadSafe,
        }
    }
}

impl Drop for NofsGuard {
    fn drop(&mut self) {
        // SAFETY: `flags` is what the function's counterpart returned for the same task, as a
        // guard never leaves its task.
        unsafe { bindings::p9rs_memalloc_nofs_restore(self.flags) };
    }
}
