// SPDX-License-Identifier: GPL-2.0

//! Values that exist from the load of the module to its unload.
//!
//! A `static` can not be dropped, and the kernel does not free at unload what a `static` still
//! holds. [`Global`] is a place in a `static`; the [`Publication`] of a value there is part of the
//! module's own state and is dropped with it.

use core::ptr::null_mut;
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Full,
            Release, //
        },
        rcu,
        Arc, //
    },
};

/// A place for one shared value, empty at first.
///
/// # Invariants
///
/// `value` is null or comes from [`Arc::into_raw`], and the place owns that reference. It is given
/// up only a grace period after `value` has become null.
pub(crate) struct Global<T> {
    value: Atomic<*mut T>,
}

// SAFETY: the place gives out references of its `Arc` to all threads, and takes values from all.
unsafe impl<T: Send + Sync> Sync for Global<T> {}

impl<T: Send + Sync> Global<T> {
    /// An empty place.
    pub(crate) const fn new() -> Self {
        // INVARIANT: null.
        Self {
            value: Atomic::new(null_mut()),
        }
    }

    /// The value, if there is one now.
    pub(crate) fn get(&self) -> Option<Arc<T>> {
        let guard = rcu::read_lock();
        // ORDERING: the acquire pairs with the release in `publish`.
        let value = self.value.load(Acquire);
        if value.is_null() {
            return None;
        }
        // SAFETY: by the type invariants the place owned a reference when we looked, and keeps it
        // for the grace period that `guard` holds up. `ManuallyDrop` leaves it where it is.
        let value = core::mem::ManuallyDrop::new(unsafe { Arc::from_raw(value) });
        let value = Arc::clone(&value);
        drop(guard);
        Some(value)
    }

    /// Puts `value` there until the returned [`Publication`] is dropped.
    ///
    /// # Errors
    ///
    /// - `EBUSY` if there is a value already.
    pub(crate) fn publish(&'static self, value: Arc<T>) -> Result<Publication<T>> {
        let raw = Arc::into_raw(value).cast_mut();
        // INVARIANT: `raw` comes from `Arc::into_raw`.
        // ORDERING: the release pairs with the acquire in `get`.
        if self.value.cmpxchg(null_mut(), raw, Release).is_err() {
            // SAFETY: `raw` comes from `Arc::into_raw` and was not stored.
            drop(unsafe { Arc::from_raw(raw) });
            return Err(EBUSY);
        }
        // INVARIANT: the value was just stored.
        Ok(Publication(self))
    }
}

/// Keeps a value in a [`Global`]. Dropping it may sleep.
///
/// # Invariants
///
/// The place has a value, and no one else takes it away.
pub(crate) struct Publication<T: Send + Sync + 'static>(&'static Global<T>);

impl<T: Send + Sync> Drop for Publication<T> {
    fn drop(&mut self) {
        // INVARIANT: the value is null for a grace period before its reference is given up.
        let raw = self.0.value.xchg(null_mut(), Full);
        rcu::synchronize_rcu();
        // SAFETY: by the type invariants of both types `raw` is not null, comes from
        // `Arc::into_raw`, and its reference is ours. Who has seen it has a reference of its own.
        drop(unsafe { Arc::from_raw(raw) });
    }
}
