// SPDX-License-Identifier: GPL-2.0

//! A work queue of our own, and taking work back.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

use crate::bindings;
use core::ptr::NonNull;
use kernel::{
    prelude::*,
    sync::Arc,
    workqueue::{
        HasDelayedWork,
        HasWork,
        Queue,
        RawWorkItem,
        Work,
        WorkItem, //
    },
};

/// A work queue that belongs to us alone.
///
/// Its work runs on any processor, and when memory is short too: the queue keeps a thread of its
/// own for that. So its work may be what lets memory become free, such as writing pages back.
///
/// Dropping the queue waits until all its work has run. It may sleep, and must not be done by the
/// queue's own work. Delayed work goes to [`system()`] instead: its timer would outlive the queue.
///
/// # Invariants
///
/// The pointer is to a work queue that is valid until drop, and no timer knows of it.
pub(crate) struct WorkQueue(NonNull<bindings::workqueue_struct>);

// SAFETY: A work queue belongs to no task: it may be used and destroyed by another one than made
// it.
unsafe impl Send for WorkQueue {}

// SAFETY: All functions called through a shared reference take the locks they need.
unsafe impl Sync for WorkQueue {}

impl WorkQueue {
    /// Creates a work queue. Its thread bears `name`, cut off after 31 bytes.
    ///
    /// May sleep.
    ///
    /// # Errors
    ///
    /// - `ENOMEM` if there is no memory for it, or its thread can not be made.
    pub(crate) fn new(name: &CStr) -> Result<Self> {
        // SAFETY: The format takes one string, which is valid during the call.
        let queue = unsafe {
            bindings::alloc_workqueue_noprof(
                c"%s".as_char_ptr(),
                bindings::wq_flags_WQ_UNBOUND | bindings::wq_flags_WQ_MEM_RECLAIM,
                0,
                name.as_char_ptr(),
            )
        };

        // INVARIANT: The queue is new, and only `drop()` destroys it. `enqueue()` starts no timer.
        Ok(Self(NonNull::new(queue).ok_or(ENOMEM)?))
    }

    /// Queues `work` to run once, from any context. Gives it back if it is queued already.
    pub(crate) fn enqueue<W, const ID: u64>(&self, work: W) -> W::EnqueueOutput
    where
        W: RawWorkItem<ID> + Send + 'static,
    {
        self.queue().enqueue(work)
    }

    /// The queue as the `kernel` crate knows it. Not for others: one could give it delayed work.
    fn queue(&self) -> &Queue {
        // SAFETY: By the type invariant the queue is valid, at least as long as `self`.
        unsafe { Queue::from_raw(self.0.as_ptr()) }
    }
}

impl Drop for WorkQueue {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the queue is valid and no timer will put work into it. We
        // own it, and nobody else can have a reference to it now.
        unsafe { bindings::destroy_workqueue(self.0.as_ptr()) };
    }
}

/// The kernel's queue for work that may run on any processor.
///
/// Work that is queued or delayed here when the module goes would run code that is no longer
/// there: take it back with [`cancel_delayed_work_sync`] or [`cancel_work_sync`] before.
pub(crate) fn system() -> &'static Queue {
    // SAFETY: The kernel makes this queue at boot, before any module can run, and keeps it.
    unsafe { Queue::from_raw(bindings::system_dfl_wq) }
}

/// Takes work back, and waits for it if it is running. Afterwards it is neither queued nor
/// running, unless someone queues it again.
///
/// Returns `true` if it was queued: it has not run for that, and the reference that was queued is
/// dropped. May sleep, and must not be called by the work itself. Not for delayed work, for which
/// it would wait until the time has come.
pub(crate) fn cancel_work_sync<T, const ID: u64>(item: &Arc<T>) -> bool
where
    T: HasWork<T, ID> + WorkItem<ID, Pointer = Arc<T>>,
{
    // SAFETY: The pointer is to the initialised `work_struct` of `item`, which lives.
    let cancelled = unsafe { bindings::cancel_work_sync(work_of(item)) };

    if cancelled {
        // SAFETY: The work was queued, through an `Arc` as `WorkItem::Pointer` says, and has not run.
        unsafe { drop_queued(item) };
    }
    cancelled
}

/// Takes delayed work back, whether its time has come or not, and waits for it if it is running.
/// Afterwards it is neither queued nor running, unless someone queues it again.
///
/// Returns `true` if it was queued: it has not run for that, and the reference that was queued is
/// dropped. May sleep, and must not be called by the work itself.
pub(crate) fn cancel_delayed_work_sync<T, const ID: u64>(item: &Arc<T>) -> bool
where
    T: HasDelayedWork<T, ID> + WorkItem<ID, Pointer = Arc<T>>,
{
    // SAFETY: The pointer is to the initialised `delayed_work` of `item`, which lives.
    let cancelled = unsafe { bindings::cancel_delayed_work_sync(delayed_work_of(item)) };

    if cancelled {
        // SAFETY: The work was queued, through an `Arc` as `WorkItem::Pointer` says, and has not run.
        unsafe { drop_queued(item) };
    }
    cancelled
}

/// The `work_struct` with number `ID` in `item`.
fn work_of<T, const ID: u64>(item: &Arc<T>) -> *mut bindings::work_struct
where
    T: HasWork<T, ID>,
{
    // SAFETY: The pointer is to a valid `T`.
    let work = unsafe { T::raw_get_work(Arc::as_ptr(item).cast_mut()) };

    // SAFETY: `raw_get_work()` returns a pointer to a field of `item`.
    unsafe { Work::raw_get(work) }
}

/// The `delayed_work` with number `ID` in `item`.
fn delayed_work_of<T, const ID: u64>(item: &Arc<T>) -> *mut bindings::delayed_work
where
    T: HasDelayedWork<T, ID>,
{
    let work = work_of::<T, ID>(item);

    // SAFETY: `HasDelayedWork` guarantees that `work` is the field of this name of a
    // `delayed_work`.
    unsafe { kernel::container_of!(work, bindings::delayed_work, work) }
}

/// Drops the reference that queued work owned.
///
/// # Safety
///
/// The work of `item` must have been queued through an `Arc`, and taken back just now before it
/// ran.
unsafe fn drop_queued<T>(item: &Arc<T>) {
    // SAFETY: Queueing an `Arc` turns it into a raw pointer, and running the work would turn that
    // into an `Arc` again. The caller promises that it will not run, so the reference is ours.
    drop(unsafe { Arc::from_raw(Arc::as_ptr(item)) });
}
