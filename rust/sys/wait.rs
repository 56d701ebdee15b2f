// SPDX-License-Identifier: GPL-2.0

//! Sleeping until a condition holds.
//!
//! The `kernel` crate has condition variables and completions, but neither a sleep that only a
//! fatal signal ends nor one that ends by signal or time.
//!
//! C header: [`include/linux/wait.h`](srctree/include/linux/wait.h)

use super::task;
use crate::bindings;
use kernel::{
    prelude::*,
    static_lock_class,
    task::might_sleep,
    time::{
        msecs_to_jiffies,
        Jiffies,
        Msecs, //
    },
    types::{
        NotThreadSafe,
        Opaque, //
    },
};
use pin_init::stack_pin_init;

/// How often a signal is looked for while task work keeps a task from an interruptible sleep, in
/// milliseconds. More often costs time for nothing, more rarely makes `^C` feel slow.
const SIGNAL_POLL_MS: Msecs = 100;

/// Which signals end a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Fatal ones only.
    Killable,
    /// All that the task has not blocked.
    Interruptible,
    /// None.
    Uninterruptible,
}

impl Mode {
    /// The state of a task that sleeps in this mode.
    fn state(self) -> c_int {
        // CAST: The three constants are below 512.
        (match self {
            Mode::Killable => bindings::TASK_KILLABLE,
            Mode::Interruptible => bindings::TASK_INTERRUPTIBLE,
            Mode::Uninterruptible => bindings::TASK_UNINTERRUPTIBLE,
        }) as c_int
    }
}

/// How a wait ended.
#[must_use = "a wait may have ended without its condition"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// The condition holds.
    Done,
    /// A signal came, and the condition does not hold.
    Signal,
    /// The time is over, and the condition does not hold.
    TimedOut,
}

/// A place where tasks sleep until someone tells them to look again.
///
/// Wraps the kernel's C `struct wait_queue_head`. Its lock is an innermost one and is held with
/// interrupts off.
#[pin_data]
pub(crate) struct WaitQueue {
    #[pin]
    head: Opaque<bindings::wait_queue_head>,
}

// SAFETY: A wait queue belongs to no task: it may be used and dropped by another one than made it.
unsafe impl Send for WaitQueue {}

// SAFETY: All functions called through a shared reference take the lock of the queue.
unsafe impl Sync for WaitQueue {}

impl WaitQueue {
    /// Creates an empty queue.
    ///
    /// All queues are of one lock class, which loses nothing: no lock of ours is ever taken under
    /// that of a queue, not even of another queue.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            head <- Opaque::ffi_init(|slot| {
                // SAFETY: `slot` is valid for writes, and the queue is pinned from here on. The
                // name and the key are static.
                unsafe {
                    bindings::__init_waitqueue_head(
                        slot,
                        c"WaitQueue".as_char_ptr(),
                        static_lock_class!().as_ptr(),
                    )
                }
            }),
        })
    }

    /// Sleeps until `cond` returns `true`, a signal comes that `mode` lets through, or `timeout`
    /// has passed. [`Wait::Done`] wins over the others.
    ///
    /// May sleep: process context, no spinlock held. The time counts as waiting for I/O.
    ///
    /// `cond` is called first with nothing prepared, so that a wait that is over before it begins
    /// costs nothing; then after every wake-up, without the lock of the queue. It must not sleep.
    /// Whoever makes it true has to wake the queue afterwards. What was written before that is
    /// only sure to be seen if `cond` reads with acquire order or takes a lock.
    ///
    /// Task work neither ends the wait nor makes it spin; see [`task::task_work_pending`].
    pub(crate) fn wait(
        &self,
        mode: Mode,
        timeout: Option<Jiffies>,
        mut cond: impl FnMut() -> bool,
    ) -> Wait {
        might_sleep();
        if cond() {
            return Wait::Done;
        }

        stack_pin_init!(let entry = Entry::new(self));
        let mut left = timeout;

        loop {
            // With task work pending an interruptible task would not sleep at all: it sleeps
            // through everything but fatal signals then, and looks for others from time to time.
            let poll = mode == Mode::Interruptible && task::task_work_pending();
            let interrupted = entry.prepare(if poll { Mode::Killable } else { mode });

            if cond() {
                return Wait::Done;
            }
            if left == Some(0) {
                return Wait::TimedOut;
            }
            match mode {
                Mode::Interruptible if task::signal_pending() => return Wait::Signal,
                // Task work came this moment: the next round takes it into account.
                Mode::Interruptible if interrupted => continue,
                _ if interrupted => return Wait::Signal,
                _ => (),
            }

            let slept = sleep(if poll {
                let poll = msecs_to_jiffies(SIGNAL_POLL_MS);

                Some(left.map_or(poll, |left| left.min(poll)))
            } else {
                left
            });

            left = left.map(|left| left.saturating_sub(slept));
            // Most often it holds now, and then there is no need to enter the queue again.
            if cond() {
                return Wait::Done;
            }
        }
    }

    /// The queue for C.
    pub(super) fn as_ptr(&self) -> *mut bindings::wait_queue_head {
        self.head.get()
    }

    /// Makes every sleeping task look at its condition again.
    ///
    /// Any context. The condition must have changed before.
    pub(crate) fn wake_all(&self) {
        const ALL: c_int = 0;
        // SAFETY: By the type's construction the queue is initialised; no key is needed.
        unsafe {
            bindings::__wake_up(
                self.head.get(),
                bindings::TASK_NORMAL,
                ALL,
                core::ptr::null_mut(),
            )
        };
    }
}

/// The running task's place in a queue, which it leaves on drop.
///
/// # Invariants
///
/// `entry` is initialised, and only ever linked to `queue`.
#[pin_data(PinnedDrop)]
struct Entry<'a> {
    queue: &'a WaitQueue,
    #[pin]
    entry: Opaque<bindings::wait_queue_entry>,
    /// The entry names the task that made it.
    _not_send: NotThreadSafe,
}

impl<'a> Entry<'a> {
    /// Creates an entry for the running task, which is not in the queue yet.
    fn new(queue: &'a WaitQueue) -> impl PinInit<Self> {
        // INVARIANT: `init_wait_entry()` initialises an entry that is linked to nothing.
        pin_init!(Self {
            queue,
            // SAFETY: `slot` is valid for writes, and the entry is pinned from here on.
            entry <- Opaque::ffi_init(|slot| unsafe {
                bindings::init_wait_entry(slot, 0)
            }),
            _not_send: NotThreadSafe,
        })
    }

    /// Enters the queue, if not there, and makes the task one that sleeps when it next schedules.
    ///
    /// Returns `true` if a signal is pending that `mode` lets through: the task has left the queue
    /// and would not sleep.
    fn prepare(&self, mode: Mode) -> bool {
        // SAFETY:
        // - By the type invariant the entry is initialised and linked to this queue, if at all; it
        //   is pinned, and leaves the queue before it is freed.
        // - The queue is initialised and lives longer than the entry.
        let interrupted = unsafe {
            bindings::prepare_to_wait_event(
                self.queue.head.get(),
                self.entry.get(),
                mode.state(), //
            )
        };

        interrupted != 0
    }
}

#[pinned_drop]
impl PinnedDrop for Entry<'_> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariant the entry is initialised and linked to this queue, if at
        // all; the queue is initialised and lives longer than the entry.
        unsafe { bindings::finish_wait(self.queue.head.get(), self.entry.get()) };
    }
}

/// Sleeps until the task is woken or `time`, if given, has passed; returns how long that was. Does
/// not sleep if the task's state has been set back by a wake-up since [`Entry::prepare`].
fn sleep(time: Option<Jiffies>) -> Jiffies {
    // The largest number means without end; a time that does not fit is as good as that.
    let time = c_long::try_from(time.unwrap_or(Jiffies::MAX)).unwrap_or(c_long::MAX);
    // SAFETY: In a task that may sleep, which `wait()` has checked, it may be called with any time.
    let left = unsafe { bindings::io_schedule_timeout(time) };

    // CAST: `0 <= left <= time`, so the difference is not negative and no larger than `time`.
    (time - left) as Jiffies
}
