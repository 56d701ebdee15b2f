// SPDX-License-Identifier: GPL-2.0

//! Small numbers, each given to one user at a time.
//!
//! C header: [`include/linux/idr.h`](srctree/include/linux/idr.h)

use super::gfp;
use crate::bindings;
use kernel::{
    alloc::Flags,
    error::to_result,
    prelude::*,
    types::Opaque, //
};

/// A set of numbers in use. Wraps the kernel's C `struct ida`.
///
/// Has a lock of its own, an innermost one, which is held with interrupts off.
#[pin_data(PinnedDrop)]
pub(crate) struct Ida {
    #[pin]
    inner: Opaque<bindings::ida>,
}

// SAFETY: An `ida` belongs to no task: it may be used and destroyed by another one than made it.
unsafe impl Send for Ida {}

// SAFETY: All functions called through a shared reference take the lock of the `ida`.
unsafe impl Sync for Ida {}

impl Ida {
    /// Creates an empty set.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            // SAFETY: `slot` is valid for writes, and the set is pinned from here on.
            inner <- Opaque::ffi_init(|slot| unsafe { bindings::p9rs_ida_init(slot) }),
        })
    }

    /// Takes the smallest free number not above `max`.
    ///
    /// Sleeps only if `flags` let it. No number above `i32::MAX` is ever given.
    ///
    /// # Errors
    ///
    /// - `ENOSPC` if all numbers up to `max` are in use.
    /// - `ENOMEM` if there is no memory to note the number down.
    pub(crate) fn alloc(&self, max: u32, flags: Flags) -> Result<u32> {
        // SAFETY: By the type's construction the `ida` is initialised; it is destroyed on drop.
        let id = unsafe { bindings::ida_alloc_range(self.inner.get(), 0, max, gfp::raw(flags)) };

        to_result(id.min(0))?;
        // CAST: `0 <= id`, or `to_result` would have failed.
        Ok(id as u32)
    }

    /// Makes `id` free again.
    ///
    /// Any context. A number that is not in use is a bug of the caller: it changes nothing and
    /// leaves a warning in the log.
    pub(crate) fn free(&self, id: u32) {
        // SAFETY: By the type's construction the `ida` is initialised; it is destroyed on drop.
        unsafe { bindings::ida_free(self.inner.get(), id) };
    }
}

#[pinned_drop]
impl PinnedDrop for Ida {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: The `ida` is initialised, and nobody else can have a reference to it now.
        unsafe { bindings::ida_destroy(self.inner.get()) };
    }
}
