// SPDX-License-Identifier: GPL-2.0

//! Bulk data of one request outside its frame.
//!
//! # Zero copy or not
//!
//! A request may outlive the call that sent it: a fatal signal, `umount -f` or the end of the device
//! ends the call at once, and the server may go on with the memory. So:
//!
//! - What the server *reads*, pages of the page cache and pinned user pages, it reads directly. The
//!   payload has references of its own; at worst the server reads something newer.
//! - What the server *writes* goes through bounce buffers. The iterators of netfs do not tell whose
//!   pages are behind them, and whoever has been told that the call ended must not see late bytes.
//! - Slab and stack memory, and user memory that nobody has pinned, is copied both ways.
//!
//! Bounce buffers and page references live as long as the payload, which the transport keeps with
//! its request until the server is done.

use super::{
    bvec::{
        Gather,
        How,
        Pieces, //
    },
    iov::{
        IovIter,
        Kind, //
    },
    sg::{
        Refused,
        SgTable, //
    }, //
};
use crate::bindings;
use core::ptr::NonNull;
use kernel::{
    new_spinlock_irq,
    prelude::*,
    sync::{
        Arc,
        SpinLockIrq, //
    },
};

/// The size of a page as a `u32`.
// CAST: 4096 to 65536.
const PAGE: u32 = kernel::page::PAGE_SIZE as u32;

/// Large chunks are 2^3 pages, 32 KiB with pages of 4 KiB.
///
/// Not larger: beyond this order the page allocator gives up easily. Not smaller: a 512,000 byte
/// message should take a few descriptors, not 125.
const LARGE: u32 = 3;

/// The chunks of each size that a pool keeps: up to 2 MiB large and 256 KiB small ones.
///
/// Not more: memory of a mount that does nothing. Not fewer: sixteen 128 KiB requests in flight
/// should not go to the page allocator, which clears every page (INIT_ON_ALLOC).
const KEPT: usize = 64;

/// Pages asked of an iterator at a time: an array on the stack.
const AT_ONCE: usize = 32;

/// Which way the data go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The server reads them.
    ToServer,
    /// The server writes them.
    FromServer,
}

/// Memory from the page allocator.
///
/// # Invariants
///
/// `addr` are `PAGE << order` initialised bytes that this value owns.
struct Chunk {
    addr: NonNull<u8>,
    order: u32,
}

// SAFETY: pages have no thread.
unsafe impl Send for Chunk {}

impl Chunk {
    fn new(order: u32) -> Option<Self> {
        // SAFETY: there is nothing to be observed.
        let addr = unsafe { bindings::p9rs_chunk_alloc(order) };
        // INVARIANT: the pages are ours, and zeroed.
        NonNull::new(addr.cast()).map(|addr| Self { addr, order })
    }

    /// The size in bytes.
    fn size(&self) -> u32 {
        PAGE << self.order
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        // SAFETY: by the type invariants the pages are ours. Freeing pages does not sleep.
        unsafe { bindings::p9rs_chunk_free(self.addr.as_ptr().cast(), self.order) };
    }
}

/// Chunks that are not in use.
struct Free {
    large: KVec<Chunk>,
    small: KVec<Chunk>,
}

impl Free {
    fn list(&mut self, order: u32) -> &mut KVec<Chunk> {
        if order == 0 {
            &mut self.small
        } else {
            &mut self.large
        }
    }
}

/// The bounce buffers of one mount.
///
/// What is in a used buffer came from the mount's server, went to it, or was on its way there, so the
/// server may see it: buffers are not cleared between requests.
#[pin_data]
pub(crate) struct BouncePool {
    #[pin]
    free: SpinLockIrq<Free>,
}

impl BouncePool {
    /// An empty pool.
    ///
    /// # Errors
    ///
    /// - `ENOMEM` if there is no memory.
    pub(crate) fn new() -> Result<Arc<Self>> {
        let free = Free {
            large: KVec::with_capacity(KEPT, GFP_KERNEL)?,
            small: KVec::with_capacity(KEPT, GFP_KERNEL)?,
        };
        Arc::pin_init(
            pin_init!(Self {
                free <- new_spinlock_irq!(free, "BouncePool::free"),
            }),
            GFP_KERNEL,
        )
    }

    /// A chunk of that order. May sleep.
    fn take(&self, order: u32) -> Option<Chunk> {
        let kept = self.free.lock().list(order).pop();
        kept.or_else(|| Chunk::new(order))
    }

    /// Puts a chunk back. Any context.
    fn put(&self, chunk: Chunk) {
        let mut free = self.free.lock();
        let surplus = free.list(chunk.order).push_within_capacity(chunk);
        drop(free);
        // Frees the chunk if there are enough.
        drop(surplus);
    }
}

/// Whose memory the data are in.
enum Memory {
    /// Pages of the caller, with a reference for each page of each entry.
    Pages,
    /// Our own, back to the pool when done. Each entry begins a chunk of that pool, which is a large
    /// one for as many entries as the number says, and a small one for the others.
    Bounce(usize, Arc<BouncePool>),
}

/// Bulk data of one request outside its frame.
///
/// Dropping it is allowed in any context.
///
/// # Invariants
///
/// - The entries of `sg` have `len` bytes together and lie in `memory`.
/// - All those bytes are initialised.
pub(crate) struct Payload {
    sg: SgTable,
    len: usize,
    direction: Direction,
    memory: Memory,
}

// SAFETY: the pages are owned or referenced, and have no thread.
unsafe impl Send for Payload {}

// SAFETY: shared access only reads the table, and copies bytes out with functions that do not mind
// if a server writes meanwhile.
unsafe impl Sync for Payload {}

impl Payload {
    /// The size in bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Which way the data go.
    pub(crate) fn direction(&self) -> Direction {
        self.direction
    }

    /// The pieces for a device.
    pub(crate) fn sg(&self) -> &SgTable {
        &self.sg
    }

    /// A bounce buffer of `len` bytes in at most `max_segments` pieces.
    ///
    /// It is shorter than asked, but not empty, if there is not enough memory.
    ///
    /// Context: may sleep. Starts no file system I/O.
    ///
    /// # Errors
    ///
    /// - `EINVAL` if `len` or `max_segments` is zero.
    /// - `ENOMEM` if there is no memory at all.
    pub(crate) fn bounce(
        pool: &Arc<BouncePool>,
        len: usize,
        direction: Direction,
        max_segments: usize,
    ) -> Result<Self> {
        if len == 0 || max_segments == 0 {
            return Err(EINVAL);
        }
        // CAST: a `u32` fits into a `usize` on every 64 bit machine.
        let expected = len.div_ceil((PAGE << LARGE) as usize).min(max_segments);
        let mut this = Self {
            sg: SgTable::new(expected, max_segments),
            len: 0,
            direction,
            memory: Memory::Bounce(0, pool.clone()),
        };
        let mut order = LARGE;
        while this.len < len && this.sg.has_room() {
            // OVERFLOW: `this.len < len`.
            let left = u32::try_from(len - this.len).unwrap_or(u32::MAX);
            // Never large again: memory is short, or the rest is small.
            if left <= PAGE {
                order = 0;
            }
            let Some(chunk) = pool.take(order) else {
                if order == 0 {
                    break;
                }
                order = 0;
                continue;
            };
            let part = chunk.size().min(left);
            // SAFETY: the chunk has at least `part` bytes and lives as long as `memory`.
            if unsafe { this.sg.push_buf(chunk.addr, part) }.is_err() {
                break;
            }
            // INVARIANT: the entry of `part` bytes lies in its chunk, which is part of `memory` now.
            // CAST: a `u32` fits into a `usize` on every 64 bit machine.
            // OVERFLOW: `part <= len - this.len`.
            this.len += part as usize;
            if let Memory::Bounce(large, _) = &mut this.memory {
                *large += usize::from(chunk.order == LARGE);
            }
            core::mem::forget(chunk);
        }
        if this.len == 0 {
            return Err(ENOMEM);
        }
        this.sg.finish();
        Ok(this)
    }

    /// The pages under the next bytes of `iter`, for a server to read: `len` bytes at most, fewer if
    /// they are in more than `max_segments` pieces. Advances `iter` by what was taken.
    ///
    /// `None`, with `iter` where it was, if this memory may not be given to a server.
    ///
    /// Context: may sleep. Starts no file system I/O.
    ///
    /// # Errors
    ///
    /// - `ENOMEM` if there is no memory.
    pub(crate) fn zero_copy(
        iter: &mut IovIter<'_>,
        len: usize,
        max_segments: usize,
    ) -> Result<Option<Self>> {
        let len = len.min(iter.count());
        if len == 0 || !matches!(iter.kind(), Kind::Bvec | Kind::Folioq | Kind::Xarray) {
            return Ok(None);
        }
        let expected = len.div_ceil(kernel::page::PAGE_SIZE) + 1;
        let mut this = Self {
            sg: SgTable::new(expected, max_segments),
            len: 0,
            direction: Direction::ToServer,
            memory: Memory::Pages,
        };

        while this.len < len && this.sg.has_room() {
            let mut pages = [core::ptr::null_mut(); AT_ONCE];
            let (taken, offset) = match iter.extract(&mut pages, len - this.len) {
                Ok(piece) => piece,
                Err(_) => break,
            };
            let added = this.add(&pages, offset, taken);
            if let Err(why) = added.1 {
                // SAFETY: the iterator has just been advanced by `taken >= added.0` bytes.
                unsafe { iter.revert_raw(taken - added.0) };
                match why {
                    Stop::Full => break,
                    Stop::Refused => {
                        // SAFETY: the bytes of `this` are those that were taken before.
                        unsafe { iter.revert_raw(this.len) };
                        return Ok(None);
                    }
                    Stop::NoMemory if this.len > 0 => break,
                    Stop::NoMemory => return Err(ENOMEM),
                }
            }
        }
        this.sg.finish();
        // Nothing, or a hole in the middle, is left to the slow way.
        Ok((this.len > 0).then_some(this))
    }

    /// Adds `taken` bytes of `pages`, from `offset` of the first one on. Returns how many bytes are
    /// in the table now, and why not all.
    fn add(
        &mut self,
        pages: &[*mut bindings::page],
        offset: usize,
        taken: usize,
    ) -> (usize, Result<(), Stop>) {
        let mut done = 0;
        // CAST: an offset in a page.
        let mut offset = offset as u32;
        for &page in pages {
            if done == taken {
                break;
            }
            let left = u32::try_from(taken - done).unwrap_or(u32::MAX);
            // OVERFLOW: iterators return offsets inside the first page.
            let part = PAGE.saturating_sub(offset).min(left);
            if let Err(stop) = self.add_page(page, offset, part) {
                return (done, Err(stop));
            }
            // OVERFLOW: `part <= taken - done`. CAST: a `u32` fits into a `usize`.
            done += part as usize;
            offset = 0;
        }
        (done, Ok(()))
    }

    /// Adds `len` bytes of one page, with a reference of our own.
    fn add_page(&mut self, page: *mut bindings::page, off: u32, len: u32) -> Result<(), Stop> {
        let page = NonNull::new(page).ok_or(Stop::Refused)?;
        // SAFETY: the caller's iterator keeps the page alive for now.
        if !unsafe { bindings::p9rs_page_lend(page.as_ptr()) } {
            return Err(Stop::Refused);
        }
        // SAFETY: the reference just taken keeps the page alive until `drop`; `off + len` is at
        // most one page.
        if let Err(refused) = unsafe { self.sg.push_page(page, off, len) } {
            // SAFETY: the reference was taken above, and the table does not have it.
            unsafe { bindings::p9rs_page_return(page.as_ptr()) };
            return Err(match refused {
                Refused::Full => Stop::Full,
                Refused::NoMemory => Stop::NoMemory,
            });
        }
        // INVARIANT: the new bytes are in the table; pages of an iterator are initialised memory.
        // OVERFLOW: callers add no more than `len` bytes of an iterator in all.
        // CAST: a `u32` fits into a `usize` on every 64 bit machine.
        self.len += len as usize;
        Ok(())
    }

    /// Copies the first `n` bytes, which the server has written, to `iter`, which advances.
    /// Returns their number; fewer than `n` if user memory is not there.
    pub(crate) fn copy_to_iter(&self, n: usize, iter: &mut IovIter<'_>) -> usize {
        self.sg.walk(n.min(self.len), |addr, len| {
            // SAFETY: the bytes are initialised by the type invariants. The copy is made by C code
            // that does not mind if a server changes them meanwhile.
            unsafe { iter.copy_to_raw(addr, len) }
        })
    }

    /// Copies the first bytes to `to`. Returns their number.
    pub(crate) fn copy_to_slice(&self, to: &mut [u8]) -> usize {
        let mut rest = to;
        let n = self.len.min(rest.len());
        self.sg.walk(n, |addr, len| {
            let Some((here, after)) = core::mem::take(&mut rest).split_at_mut_checked(len) else {
                return 0;
            };
            // SAFETY: the bytes are initialised by the type invariants, and `here` is exclusive
            // memory of the same length elsewhere.
            unsafe { core::ptr::copy_nonoverlapping(addr, here.as_mut_ptr(), len) };
            rest = after;
            len
        })
    }

    /// Appends the bytes from `at` on to what is to be written to a file. Returns their number: not
    /// all if there is no room for all pieces.
    pub(crate) fn gather<'a>(&'a self, at: usize, into: &mut Gather<'a>) -> usize {
        self.add_pieces(at, usize::MAX, &mut into.pieces)
    }

    /// Whether these are pages of the caller, of which a socket may take references.
    pub(crate) fn is_lent(&self) -> bool {
        matches!(self.memory, Memory::Pages)
    }

    /// As [`gather`](Self::gather), for a socket that takes references. Only for an empty list.
    pub(crate) fn gather_lent<'a>(&'a self, at: usize, into: &mut Gather<'a>) -> usize {
        if !self.is_lent() || into.bytes() > 0 {
            return 0;
        }
        // INVARIANT: `add_page` has taken a reference of each page, so that others may, too.
        into.how = How::Splice;
        self.gather(at, into)
    }

    /// Appends up to `n` bytes from `at` on to `pieces`. Returns their number.
    pub(super) fn add_pieces(&self, at: usize, n: usize, pieces: &mut Pieces<'_>) -> usize {
        self.sg.walk_entries(at, n, |entry, skip, len| {
            // CAST: a `u32` fits into a `usize` on every 64 bit machine.
            pieces.push(len as usize, |vec, len| {
                // SAFETY: `vec` is writable, and the bytes are inside the entry.
                unsafe { bindings::p9rs_bvec_set_sg(vec, entry, skip, len) };
                true
            })
        })
    }

    /// Copies `data` to where the server would write, `at` bytes from the beginning. Returns how
    /// many bytes fit.
    ///
    /// # Safety
    ///
    /// The payload must be one from the server, whose [`Completed`](super::fcall::Completed) the
    /// caller has.
    pub(super) unsafe fn write(&self, at: usize, data: &[u8]) -> usize {
        let mut rest = data;
        self.sg.walk_entries(at, data.len(), |entry, skip, len| {
            // CAST: a `u32` fits into a `usize` on every 64 bit machine.
            let Some((here, after)) = rest.split_at_checked(len as usize) else {
                return false;
            };
            rest = after;
            // SAFETY: the `len` bytes from `skip` on are in our own chunk, which no slice refers to;
            // who reads them meanwhile does not mind.
            unsafe {
                let to = bindings::p9rs_sg_virt(entry)
                    .cast::<u8>()
                    .add(skip as usize);
                core::ptr::copy_nonoverlapping(here.as_ptr(), to, here.len());
            }
            true
        })
    }

    /// Fills a bounce buffer from `iter`, which advances. Returns the bytes copied: fewer than there
    /// is room for if the iterator ends or user memory is not there. Then the payload must not be
    /// sent.
    pub(crate) fn fill_from_iter(&mut self, iter: &mut IovIter<'_>) -> usize {
        if matches!(self.memory, Memory::Pages) {
            return 0;
        }
        self.sg.walk(self.len, |addr, len| {
            // SAFETY: the bytes are those of our own chunks, `self` is borrowed exclusively, and
            // no server has the payload yet.
            unsafe { iter.copy_from_raw(addr, len) }
        })
    }
}

/// Why not all bytes of an iterator are in a payload.
enum Stop {
    /// There is no room for more pieces.
    Full,
    /// This memory may not be given to a server.
    Refused,
    /// No memory for the table.
    NoMemory,
}

impl Drop for Payload {
    fn drop(&mut self) {
        match &mut self.memory {
            Memory::Pages => {
                // SAFETY: `add_page` has taken a reference for each page of each entry, and the
                // table goes with us.
                unsafe { self.sg.put_pages() };
            }
            Memory::Bounce(large, pool) => self.sg.for_each_buf(|i, addr| {
                // INVARIANT: the chunk of the entry is ours, see `Memory`; the table goes with us.
                pool.put(Chunk {
                    addr,
                    order: if i < *large { LARGE } else { 0 },
                });
            }),
        }
    }
}
