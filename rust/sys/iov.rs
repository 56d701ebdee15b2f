// SPDX-License-Identifier: GPL-2.0

//! Iterators over the memory of a caller: `struct iov_iter`.
//!
//! The `kernel` crate has one type for each direction and knows neither what kind of memory is
//! behind an iterator nor its pages.

use crate::bindings;
use core::marker::PhantomData;
use kernel::{
    error::to_result,
    prelude::*, //
};

/// The memory behind an iterator.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Addresses of user space.
    User,
    /// Pages and parts of pages. Also what netfs makes of user memory that it has pinned.
    Bvec,
    /// Kernel addresses: stack, slab or vmalloc.
    Kvec,
    /// Folios of the page cache.
    Folioq,
    /// A range of the page cache.
    Xarray,
    /// Nothing, or something this code does not know.
    Other,
}

impl Kind {
    /// Whether it is the page cache that is written back or filled.
    pub(crate) fn is_page_cache(self) -> bool {
        matches!(self, Self::Folioq | Self::Xarray)
    }
}

/// A mutable `struct iov_iter` of a caller.
///
/// # Invariants
///
/// The iterator and the memory that it describes are valid for `'a`.
pub(crate) struct IovIter<'a>(&'a mut bindings::iov_iter);

impl<'a> IovIter<'a> {
    /// Wraps the iterator at `ptr`.
    ///
    /// # Safety
    ///
    /// - `ptr` must point to an initialised iterator that nobody else uses for `'a`.
    /// - The memory that it describes must stay valid for `'a`.
    pub(crate) unsafe fn from_raw(ptr: *mut bindings::iov_iter) -> Self {
        // INVARIANT: by the second safety requirement.
        // SAFETY: by the first safety requirement.
        Self(unsafe { &mut *ptr })
    }

    /// The bytes left.
    pub(crate) fn count(&self) -> usize {
        // SAFETY: the iterator is valid by the type invariants.
        unsafe { bindings::p9rs_iov_count(&*self.0) }
    }

    /// What is behind the iterator.
    pub(crate) fn kind(&self) -> Kind {
        // SAFETY: the iterator is valid by the type invariants.
        match unsafe { bindings::p9rs_iov_kind(&*self.0) } {
            bindings::iter_type_ITER_UBUF | bindings::iter_type_ITER_IOVEC => Kind::User,
            bindings::iter_type_ITER_BVEC => Kind::Bvec,
            bindings::iter_type_ITER_KVEC => Kind::Kvec,
            bindings::iter_type_ITER_FOLIOQ => Kind::Folioq,
            bindings::iter_type_ITER_XARRAY => Kind::Xarray,
            _ => Kind::Other,
        }
    }

    /// Copies `data` to the iterator and advances it. Returns the bytes copied, fewer than asked
    /// if the iterator ends or user memory is not there.
    pub(crate) fn copy_to(&mut self, data: &[u8]) -> usize {
        // SAFETY: `data` is initialised memory of that length.
        unsafe { self.copy_to_raw(data.as_ptr(), data.len()) }
    }

    /// Like [`copy_to`](Self::copy_to), from memory that may change meanwhile.
    ///
    /// # Safety
    ///
    /// `data` must point to `len` bytes of initialised kernel memory.
    pub(super) unsafe fn copy_to_raw(&mut self, data: *const u8, len: usize) -> usize {
        // SAFETY:
        // - `data` is readable for `len` bytes by the safety requirements.
        // - The iterator and its memory are valid by the type invariants.
        unsafe { bindings::_copy_to_iter(data.cast(), len, &mut *self.0) }
    }

    /// Fills `data` from the iterator and advances it. Returns the bytes copied, fewer than asked
    /// if the iterator ends or user memory is not there.
    pub(crate) fn copy_from(&mut self, data: &mut [u8]) -> usize {
        // SAFETY: `data` is exclusive memory of that length.
        unsafe { self.copy_from_raw(data.as_mut_ptr(), data.len()) }
    }

    /// Like [`copy_from`](Self::copy_from), to memory that has only an address.
    ///
    /// # Safety
    ///
    /// `data` must point to `len` writable bytes of kernel memory that nobody else writes.
    pub(super) unsafe fn copy_from_raw(&mut self, data: *mut u8, len: usize) -> usize {
        // SAFETY:
        // - `data` is writable for `len` bytes by the safety requirements.
        // - The iterator and its memory are valid by the type invariants.
        unsafe { bindings::_copy_from_iter(data.cast(), len, &mut *self.0) }
    }

    /// Skips `bytes` bytes, at most [`count`](Self::count).
    pub(crate) fn advance(&mut self, bytes: usize) {
        let bytes = bytes.min(self.count());
        // SAFETY: the iterator is valid by the type invariants.
        unsafe { bindings::iov_iter_advance(&mut *self.0, bytes) };
    }

    /// An iterator of its own over the next bytes, at most `max`; this one stays where it is.
    pub(crate) fn peek(&self, max: usize) -> OwnedIter<'a> {
        // SAFETY: the iterator is valid by the type invariants, and plain data.
        let mut iter = unsafe { core::ptr::read(&raw const *self.0) };
        // SAFETY: `iter` is a valid iterator.
        unsafe { bindings::p9rs_iov_truncate(&mut iter, max) };
        // INVARIANT: the memory is that of `self`, which is valid for `'a`.
        OwnedIter(iter, PhantomData)
    }

    /// Goes back by `bytes` bytes.
    ///
    /// # Safety
    ///
    /// The iterator must have been advanced by at least that many bytes since its caller made it.
    pub(super) unsafe fn revert_raw(&mut self, bytes: usize) {
        // SAFETY: by the safety requirement and the type invariants.
        unsafe { bindings::iov_iter_revert(&mut *self.0, bytes) };
    }

    /// Takes the next bytes, at most `max`, that lie one behind the other if only the first page
    /// may begin in its middle and only the last may end there. Returns their number and where in
    /// the first page they begin; `pages` has the pages, without references.
    ///
    /// Only for iterators that are not backed by user memory: those would be pinned.
    ///
    /// # Errors
    ///
    /// - `EINVAL` for memory of user space.
    /// - `EFAULT` if the memory has no pages, or there is nothing left.
    pub(super) fn extract(
        &mut self,
        pages: &mut [*mut bindings::page],
        max: usize,
    ) -> Result<(usize, usize)> {
        if self.kind() == Kind::User {
            return Err(EINVAL);
        }
        let mut array = pages.as_mut_ptr();
        let mut offset = 0;
        // CAST: callers pass arrays of a few dozen pages.
        let room = pages.len() as u32;

        // SAFETY:
        // - The iterator and its memory are valid by the type invariants.
        // - `array` is not null and has `room` entries, so nothing is allocated.
        let taken = unsafe {
            bindings::iov_iter_extract_pages(&mut *self.0, &mut array, max, room, 0, &mut offset)
        };
        match usize::try_from(taken) {
            Ok(0) => Err(EFAULT),
            Ok(taken) => Ok((taken, offset)),
            // CAST: the function returns error numbers, which are far from the ends of `i32`.
            Err(_) => Err(to_result(taken as i32).err().unwrap_or(EFAULT)),
        }
    }
}

/// A copy of a caller's iterator, which may be used without moving that one.
///
/// # Invariants
///
/// As those of [`IovIter`].
pub(crate) struct OwnedIter<'a>(bindings::iov_iter, PhantomData<&'a ()>);

impl OwnedIter<'_> {
    /// The iterator.
    pub(crate) fn as_iter(&mut self) -> IovIter<'_> {
        // INVARIANT: by the type invariants.
        IovIter(&mut self.0)
    }
}
