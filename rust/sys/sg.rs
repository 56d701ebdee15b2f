// SPDX-License-Identifier: GPL-2.0

//! Scatterlists: what a device is told of memory that is not in one piece.
//!
//! The `kernel` crate's `SGTable` maps its memory for one device when it is made. A ring maps each
//! entry itself, so all it wants is the plain array.

use super::gfp::GFP_NOFS;
use crate::bindings;
use core::ptr::NonNull;
use kernel::{
    alloc::AllocError,
    prelude::*, //
};

/// The longest run of pages in one entry, in bytes.
///
/// Not more: with an IOMMU-less confidential guest every entry passes through a bounce buffer of
/// its own, which is at most 256 KiB. Not less: 64 KiB bring a megabyte down to 16 entries.
const MAX_ENTRY: u32 = 64 * 1024;

/// A list of pieces of memory, in order.
///
/// The table does not own the memory. Its first entry needs no allocation: most reads and writes of
/// a page have no more.
///
/// # Invariants
///
/// Every entry is initialised. None but the last one is marked as the end.
pub(crate) struct SgTable {
    entries: Entries,
    expected: usize,
    max: usize,
}

/// The entries of a table.
enum Entries {
    None,
    One(bindings::scatterlist),
    Many(KVec<bindings::scatterlist>),
}

impl Entries {
    fn as_slice(&self) -> &[bindings::scatterlist] {
        match self {
            Self::None => &[],
            Self::One(entry) => core::slice::from_ref(entry),
            Self::Many(entries) => entries,
        }
    }

    fn as_mut_slice(&mut self) -> &mut [bindings::scatterlist] {
        match self {
            Self::None => &mut [],
            Self::One(entry) => core::slice::from_mut(entry),
            Self::Many(entries) => entries,
        }
    }
}

/// Why a piece of memory is not in the table.
pub(super) enum Refused {
    /// The table has as many entries as it may have.
    Full,
    /// No memory for a longer table.
    NoMemory,
}

impl From<AllocError> for Refused {
    fn from(_: AllocError) -> Self {
        Self::NoMemory
    }
}

impl SgTable {
    /// An empty table that will have `expected` entries, and never more than `max`.
    pub(super) fn new(expected: usize, max: usize) -> Self {
        // INVARIANT: there are no entries.
        Self {
            entries: Entries::None,
            expected: expected.min(max),
            max,
        }
    }

    /// The number of entries.
    pub(crate) fn len(&self) -> usize {
        self.entries.as_slice().len()
    }

    /// The first entry for C, or null if there is none. Valid until the table is moved.
    pub(super) fn as_raw(&self) -> *mut bindings::scatterlist {
        match self.entries.as_slice() {
            [] => core::ptr::null_mut(),
            entries => entries.as_ptr().cast_mut(),
        }
    }

    /// Whether another entry fits.
    pub(super) fn has_room(&self) -> bool {
        self.len() < self.max
    }

    /// Appends an entry that `init` initialises; before, it is zero.
    fn push(&mut self, init: impl FnOnce(*mut bindings::scatterlist)) -> Result<(), Refused> {
        if !self.has_room() {
            return Err(Refused::Full);
        }
        let mut entry = bindings::scatterlist::default();
        init(&mut entry);
        if let Entries::One(first) = self.entries {
            let mut entries = KVec::with_capacity(self.expected, GFP_NOFS)?;
            entries.push(first, GFP_NOFS)?;
            self.entries = Entries::Many(entries);
        }
        match &mut self.entries {
            Entries::Many(entries) => entries.push(entry, GFP_NOFS)?,
            entries => *entries = Entries::One(entry),
        }
        Ok(())
    }

    /// Marks the end of the table, which gets no more entries.
    pub(super) fn finish(&mut self) {
        if let Some(last) = self.entries.as_mut_slice().last_mut() {
            // SAFETY: the entry is initialised by the type invariants.
            unsafe { bindings::p9rs_sg_mark_end(last) };
        }
    }

    /// Appends `len` bytes of `page` from `off` on: to the last entry if they follow it in memory
    /// from the beginning of a page on, else as a new entry. So each entry touches a page once.
    ///
    /// # Safety
    ///
    /// - `page` must be a page that lives as long as the table is used.
    /// - `off + len` must not be more than the size of a page.
    pub(super) unsafe fn push_page(
        &mut self,
        page: NonNull<bindings::page>,
        off: u32,
        len: u32,
    ) -> Result<(), Refused> {
        if off == 0 {
            if let Some(last) = self.entries.as_mut_slice().last_mut() {
                // SAFETY: the entry is initialised, and `page` is a page.
                if unsafe { bindings::p9rs_sg_join(last, page.as_ptr(), len, MAX_ENTRY) } {
                    return Ok(());
                }
            }
        }
        self.push(|entry| {
            // SAFETY: `entry` is writable and zero, and the bytes are in the page.
            unsafe { bindings::p9rs_sg_set_page(entry, page.as_ptr(), off, len) }
        })
    }

    /// Appends `len` bytes at `buf`, physically contiguous kernel memory.
    ///
    /// # Safety
    ///
    /// `buf` must be `len` bytes of memory from the page allocator or kmalloc that live as long as
    /// the table is used.
    pub(super) unsafe fn push_buf(&mut self, buf: NonNull<u8>, len: u32) -> Result<(), Refused> {
        self.push(|entry| {
            // SAFETY: `entry` is writable and zero, and `buf` has a struct page.
            unsafe { bindings::p9rs_sg_set_buf(entry, buf.as_ptr().cast(), len) }
        })
    }

    /// Gives back one reference of each page of each entry.
    ///
    /// # Safety
    ///
    /// Every page in the table must have been appended with a reference of its own, and the table
    /// must not be used again.
    pub(super) unsafe fn put_pages(&mut self) {
        for entry in self.entries.as_mut_slice() {
            // SAFETY: by the safety requirements the reference is ours to give back.
            unsafe { bindings::p9rs_sg_put_pages(entry) };
        }
    }

    /// Calls `f` with the number and the address of each entry.
    pub(super) fn for_each_buf(&self, mut f: impl FnMut(usize, NonNull<u8>)) {
        for (i, entry) in self.entries.as_slice().iter().enumerate() {
            let entry = core::ptr::from_ref(entry).cast_mut();
            // SAFETY: the entry is initialised by the type invariants. Nothing is written to it.
            if let Some(addr) = NonNull::new(unsafe { bindings::p9rs_sg_virt(entry) }) {
                f(i, addr.cast());
            }
        }
    }

    /// Calls `f` with each entry that has some of the `n` bytes from `at` on, where in the entry they
    /// begin and how many they are, until it returns `false`. Returns for how many bytes it did not.
    pub(super) fn walk_entries(
        &self,
        at: usize,
        n: usize,
        mut f: impl FnMut(*mut bindings::scatterlist, u32, u32) -> bool,
    ) -> usize {
        let (mut skip, mut done) = (at, 0);
        for entry in self.entries.as_slice() {
            // CAST: a `u32` fits into a `usize` on every 64 bit machine.
            let len = entry.length as usize;
            if skip >= len {
                skip -= len;
                continue;
            }
            let part = (len - skip).min(n - done);
            let entry = core::ptr::from_ref(entry).cast_mut();
            // CAST: both are at most `len`.
            if part == 0 || !f(entry, skip as u32, part as u32) {
                break;
            }
            // OVERFLOW: `part <= n - done`.
            done += part;
            skip = 0;
        }
        done
    }

    /// Calls `f` with the address and the length of each piece of the first `n` bytes, until it
    /// returns fewer bytes than it was given. Returns the sum of what it returned.
    pub(super) fn walk(&self, n: usize, mut f: impl FnMut(*mut u8, usize) -> usize) -> usize {
        let mut done = 0;
        for entry in self.entries.as_slice() {
            let entry = core::ptr::from_ref(entry).cast_mut();
            // SAFETY: the entry is initialised by the type invariants. Nothing is written to it.
            let (addr, len) =
                unsafe { (bindings::p9rs_sg_virt(entry), bindings::p9rs_sg_len(entry)) };
            // CAST: a `u32` fits into a `usize` on every 64 bit machine.
            let len = (len as usize).min(n - done);
            if len == 0 {
                break;
            }
            let step = f(addr.cast(), len).min(len);
            // OVERFLOW: `step <= len <= n - done`.
            done += step;
            if step < len {
                break;
            }
        }
        done
    }
}
