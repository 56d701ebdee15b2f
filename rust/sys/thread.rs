// SPDX-License-Identifier: GPL-2.0

//! Kernel threads whose work may be in the hands of others.
//!
//! C header: [`include/linux/kthread.h`](srctree/include/linux/kthread.h)

use super::wait::{
    Mode,
    Place,
    Wait,
    WaitQueue, //
};
use crate::bindings;
use core::ptr::NonNull;
use kernel::{
    error::from_err_ptr,
    ffi::{
        c_int,
        c_void, //
    },
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Release, //
        },
        Arc, //
    },
    time::Jiffies, //
};

/// What a thread does.
pub(crate) trait Main: Send + 'static {
    /// The life of the thread. It is to end soon after whoever holds the [`Thread`] has called
    /// [`end`](Thread::end) and has told it so by other means.
    ///
    /// Memory is allocated as with `GFP_NOIO`, whatever flags are asked for.
    fn main(self);
}

/// Whether a thread has ended.
#[pin_data]
struct End {
    reached: Atomic<u32>,
    #[pin]
    queue: WaitQueue,
}

impl End {
    fn is_reached(&self) -> bool {
        // ORDERING: the acquire pairs with the release in `reach`: what the thread did was before.
        self.reached.load(Acquire) != 0
    }

    fn reach(&self) {
        self.reached.store(1, Release);
        self.queue.wake_all();
    }
}

/// What a thread begins with.
struct Start<T> {
    main: T,
    end: Arc<End>,
}

/// A running thread of the kernel's. It keeps the module loaded as long as it runs.
///
/// # Invariants
///
/// The pointer is to a task made by [`Thread::spawn`], and a reference of it is owned.
pub(crate) struct Thread {
    task: NonNull<bindings::task_struct>,
    end: Arc<End>,
}

// SAFETY: a task may be signalled and waited for by any other one.
unsafe impl Send for Thread {}

// SAFETY: nothing can be done through a shared reference.
unsafe impl Sync for Thread {}

impl Thread {
    /// Starts a thread with the name `name` that runs `main`.
    ///
    /// Context: process context, sleeps.
    ///
    /// # Errors
    ///
    /// - `ENOMEM` if there is no memory.
    /// - `EINTR` if the running task has been killed.
    pub(crate) fn spawn<T: Main>(name: &CStr, main: T) -> Result<Self> {
        let end = Arc::pin_init(
            pin_init!(End {
                reached: Atomic::new(0),
                queue <- WaitQueue::new(),
            }),
            GFP_KERNEL,
        )?;
        let start = KBox::new(
            Start {
                main,
                end: end.clone(),
            },
            GFP_KERNEL,
        )?;
        let start = KBox::into_raw(start);
        // SAFETY: `entry` takes what `start` is; the name is copied.
        let task = unsafe {
            bindings::p9rs_thread_create(Some(entry::<T>), start.cast(), name.as_char_ptr())
        };
        let task = from_err_ptr(task).and_then(|task| NonNull::new(task).ok_or(ENOMEM));
        let task = task.inspect_err(|_| {
            // SAFETY: there is no thread that has taken it over.
            drop(unsafe { KBox::from_raw(start) });
        })?;
        // SAFETY: the task is new, and we have a reference.
        unsafe { bindings::wake_up_process(task.as_ptr()) };
        // INVARIANT: the reference is ours.
        Ok(Self { task, end })
    }

    /// Ends whatever the thread sleeps in, and waits for its end, but not longer than `patience`.
    /// Returns whether it has ended; if not it is left to itself.
    ///
    /// Context: process context, sleeps.
    pub(crate) fn end(self, patience: Jiffies) -> bool {
        // SAFETY: by the type invariants the task is valid.
        unsafe { bindings::p9rs_thread_signal(self.task.as_ptr()) };
        let wait = self
            .end
            .queue
            .wait(Mode::Uninterruptible, Some(patience), || {
                self.end.is_reached()
            });
        if wait != Wait::Done {
            return false;
        }
        // What is left of it is a few instructions: afterwards the module may go.
        // SAFETY: as above. The thread has run, so that it has dropped what it began with.
        unsafe { bindings::kthread_stop(self.task.as_ptr()) };
        true
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // SAFETY: by the type invariants the reference is ours.
        unsafe { bindings::p9rs_thread_put(self.task.as_ptr()) };
    }
}

/// The thread function for [`Thread::spawn`].
///
/// # Safety
///
/// `start` must come from `KBox::<Start<T>>::into_raw`, and be nobody else's.
unsafe extern "C" fn entry<T: Main>(start: *mut c_void) -> c_int {
    // SAFETY: by the safety requirements.
    let start = unsafe { KBox::from_raw(start.cast::<Start<T>>()) };
    let Start { main, end } = KBox::into_inner(start);
    // SAFETY: the running task is a thread of `p9rs_thread_create` that has just begun.
    unsafe { bindings::p9rs_thread_begin() };
    main.main();
    end.reach();
    drop(end);
    // SAFETY: as above. Nothing is left to be dropped.
    unsafe { bindings::p9rs_thread_exit() }
}
