// SPDX-License-Identifier: GPL-2.0

//! Sleeping until a condition holds.
//!
//! The `kernel` crate has condition variables and completions, but neither a sleep that only a
//! fatal signal ends nor one that ends by signal or time.
//!
//! C headers: [`include/linux/wait.h`](srctree/include/linux/wait.h),
//! [`include/linux/rcuwait.h`](srctree/include/linux/rcuwait.h)

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
pub(crate) trait Place {
    /// Sleeps until `cond` returns `true`, a signal comes that `mode` lets through, or `timeout`
    /// has passed. [`Wait::Done`] wins over the others.
    ///
    /// May sleep: process context, no spinlock held.
    ///
    /// `cond` is called first with nothing prepared, so that a wait that is over before it begins
    /// costs nothing; then after every wake-up, with no lock of the place. It must not sleep.
    /// Whoever makes it true has to wake the place afterwards. What was written before that is
    /// only sure to be seen if `cond` reads with acquire order or takes a lock.
    ///
    /// Task work neither ends the wait nor makes it spin; see [`task::task_work_pending`].
    fn wait(&self, mode: Mode, timeout: Option<Jiffies>, cond: impl FnMut() -> bool) -> Wait;
}

/// The running task's stay in a [`Place`], which ends on drop.
trait Stay {
    /// Enters the place, if not there, and makes the task one that sleeps when it next schedules.
    ///
    /// Returns `true` if a signal is pending that `mode` lets through: the task would not sleep.
    fn prepare(&self, mode: Mode) -> bool;
}

/// Sleeps as told at [`Place::wait`]. The caller has called `cond` once.
fn wait(
    stay: &impl Stay,
    mode: Mode,
    timeout: Option<Jiffies>,
    mut cond: impl FnMut() -> bool,
) -> Wait {
    let mut left = timeout;

    loop {
        // With task work pending an interruptible task would not sleep at all: it sleeps through
        // everything but fatal signals then, and looks for others from time to time.
        let poll = mode == Mode::Interruptible && task::task_work_pending();
        let interrupted = stay.prepare(if poll { Mode::Killable } else { mode });

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
        // Most often it holds now, and then there is no need to prepare again.
        if cond() {
            return Wait::Done;
        }
    }
}

/// A [`Place`] for any number of tasks.
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

impl Place for WaitQueue {
    fn wait(&self, mode: Mode, timeout: Option<Jiffies>, mut cond: impl FnMut() -> bool) -> Wait {
        might_sleep();
        if cond() {
            return Wait::Done;
        }
        stack_pin_init!(let entry = Entry::new(self));
        wait(&*entry, mode, timeout, cond)
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
}

impl Stay for Entry<'_> {
    /// If a signal is pending the task has left the queue.
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

/// A [`Place`] for one task at a time, which costs less than a queue.
///
/// Wraps the kernel's C `struct rcuwait`. Two tasks must not sleep here at the same time: one of
/// them might not be woken.
pub(crate) struct RcuWait {
    inner: Opaque<bindings::rcuwait>,
}

// SAFETY: It belongs to no task: it may be used and dropped by another one than made it.
unsafe impl Send for RcuWait {}

// SAFETY: The task in it is read and written as a whole, and read under RCU, which keeps the task.
unsafe impl Sync for RcuWait {}

impl RcuWait {
    /// A place where nobody sleeps.
    pub(crate) fn new() -> Self {
        Self {
            inner: Opaque::new(bindings::rcuwait::default()),
        }
    }

    /// Makes the task, if one sleeps, look at its condition again.
    ///
    /// Any context. The condition must have changed before.
    pub(crate) fn wake(&self) {
        // SAFETY: It is initialised by the type's construction.
        unsafe { bindings::p9rs_rcuwait_wake(self.inner.get()) };
    }
}

impl Place for RcuWait {
    fn wait(&self, mode: Mode, timeout: Option<Jiffies>, mut cond: impl FnMut() -> bool) -> Wait {
        might_sleep();
        if cond() {
            return Wait::Done;
        }
        let sleeper = Sleeper {
            place: self,
            _not_send: NotThreadSafe,
        };
        wait(&sleeper, mode, timeout, cond)
    }
}

/// The running task as the one that sleeps in a [`RcuWait`], until dropped.
struct Sleeper<'a> {
    place: &'a RcuWait,
    /// What is dropped is the stay of the running task.
    _not_send: NotThreadSafe,
}

impl Stay for Sleeper<'_> {
    fn prepare(&self, mode: Mode) -> bool {
        // SAFETY: It is initialised by the type's construction. The running task is taken out of it
        // on drop, so that it never names a task that is gone.
        unsafe { bindings::p9rs_rcuwait_prepare(self.place.inner.get(), mode.state()) }
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        // SAFETY: It is initialised by the type's construction.
        unsafe { bindings::p9rs_rcuwait_finish(self.place.inner.get()) };
    }
}

/// Sleeps until the task is woken or `time`, if given, has passed; returns how long that was. Does
/// not sleep if the task's state has been set back by a wake-up since [`Stay::prepare`].
fn sleep(time: Option<Jiffies>) -> Jiffies {
    // The largest number means without end; a time that does not fit is as good as that.
    let time = c_long::try_from(time.unwrap_or(Jiffies::MAX)).unwrap_or(c_long::MAX);
    // SAFETY: In a task that may sleep, which the callers of `wait()` have checked, it may be called
    // with any time.
    let left = unsafe { bindings::schedule_timeout(time) };

    // CAST: `0 <= left <= time`, so the difference is not negative and no larger than `time`.
    (time - left) as Jiffies
}
