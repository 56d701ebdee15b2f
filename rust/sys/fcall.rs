// SPDX-License-Identifier: GPL-2.0

//! The frames of one request, in memory that a device may read and write.
//!
//! Bulk data lies outside, in a [`Payload`](super::payload::Payload).
//!
//! # Who may touch the buffers
//!
//! The T-message is written while its [`Fcall`] is not shared yet, and is only read afterwards.
//! The reply buffer belongs to whoever holds its [`Completed`] token: a stream transport, which
//! copies into it; a ring, which turns the token into a descriptor and back; and in the end
//! [`Fcall::complete`], after which the buffer is only read. So no one sees a reply that a server
//! may still change.

use super::{
    bvec::Scatter,
    payload::{
        Direction,
        Payload, //
    }, //
};
use core::{
    cell::UnsafeCell,
    mem::MaybeUninit,
    ptr::NonNull, //
};
use kernel::{
    alloc::{
        flags::__GFP_ZERO,
        AllocError,
        Flags, //
    },
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Release, //
    },
};
use pin_init::init_from_closure;

/// The bytes that need no allocation of their own.
///
/// Not fewer: Tgetattr (19 bytes) with Rgetattr (160), the largest fixed-size reply, and all other
/// messages of fixed size fit. Not more: together with the rest a request still is one small slab
/// object.
const INLINE: usize = 224;

/// The R-message begins at a multiple of this.
const ALIGN: usize = 8;

/// Values of [`Fcall::state`]; from [`state::COMPLETE`] on it is that plus the bytes received.
mod state {
    /// Nobody has the token of the reply buffer.
    pub(super) const IDLE: u32 = 0;
    /// Somebody has it.
    pub(super) const CLAIMED: u32 = 1;
    /// The reply is there, or will never come.
    pub(super) const COMPLETE: u32 = 2;
}

/// Bytes inside the [`Fcall`].
#[repr(C, align(8))]
struct Inline(UnsafeCell<MaybeUninit<[u8; INLINE]>>);

impl Inline {
    /// The first `n` bytes zero, the others not initialised. Nothing is moved there.
    fn zeroed(n: usize) -> impl Init<Self> {
        let init = move |slot: *mut Self| {
            // SAFETY: `slot` is valid for writes of `INLINE` bytes.
            unsafe { slot.cast::<u8>().write_bytes(0, n.min(INLINE)) };
            Ok(())
        };
        // SAFETY: any bytes are an `Inline`, initialised or not.
        unsafe { init_from_closure(init) }
    }
}

/// Zeroed memory for frames that are too long for [`Inline`].
enum Outside {
    /// Memory of a `KVec<u8>` with this capacity.
    Linear(NonNull<u8>, usize),
    /// Memory of a `KVVec<u8>` with this capacity, whose pages need not be neighbours.
    Scattered(NonNull<u8>, usize),
}

impl Outside {
    fn new(size: usize, linear: bool, flags: Flags) -> Result<Self, AllocError> {
        let flags = flags | __GFP_ZERO;
        Ok(if linear {
            let (ptr, _, capacity) = KVec::<u8>::with_capacity(size, flags)?.into_raw_parts();
            Self::Linear(NonNull::new(ptr).ok_or(AllocError)?, capacity)
        } else {
            let (ptr, _, capacity) = KVVec::<u8>::with_capacity(size, flags)?.into_raw_parts();
            Self::Scattered(NonNull::new(ptr).ok_or(AllocError)?, capacity)
        })
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        match *self {
            Self::Linear(ptr, capacity) => {
                // SAFETY: the parts are those of the vector made in `new`, which nobody else has.
                drop(unsafe { KVec::<u8>::from_raw_parts(ptr.as_ptr(), 0, capacity) });
            }
            Self::Scattered(ptr, capacity) => {
                // SAFETY: as above.
                drop(unsafe { KVVec::<u8>::from_raw_parts(ptr.as_ptr(), 0, capacity) });
            }
        }
    }
}

/// The right to say that one [`Fcall`] is complete, and with it to its reply buffer.
///
/// # Invariants
///
/// - No other token of that [`Fcall`] exists.
/// - The state of the [`Fcall`] is [`state::CLAIMED`].
/// - If `ours`, no device writes to the reply buffer.
#[must_use = "a request without its token can neither be sent nor be completed"]
pub(crate) struct Completed {
    fcall: NonNull<Fcall>,
    ours: bool,
}

// SAFETY: the token is never dereferenced; it is compared with an `Fcall` that is at hand.
unsafe impl Send for Completed {}

impl Completed {
    /// Makes the token that [`Fcall::claim`] once gave, after it has been [handed to a
    /// device](Completed::lend).
    ///
    /// # Safety
    ///
    /// - The token of `fcall` must have been lent and not been made again since.
    /// - The device must be done with the reply buffer: it writes no more into it.
    pub(super) unsafe fn new(fcall: &Fcall) -> Self {
        // INVARIANT: by the safety requirements.
        Self {
            fcall: NonNull::from(fcall),
            ours: true,
        }
    }

    /// Makes the token while the device still has the reply buffer. It is good for saying that
    /// there is no reply, and for nothing else.
    ///
    /// # Safety
    ///
    /// The token of `fcall` must have been lent and not been made again since.
    pub(super) unsafe fn without_reply(fcall: &Fcall) -> Self {
        // INVARIANT: by the safety requirement; the buffer is not ours.
        Self {
            fcall: NonNull::from(fcall),
            ours: false,
        }
    }

    /// Whether this is the token of `fcall`.
    fn is_of(&self, fcall: &Fcall) -> bool {
        self.fcall == NonNull::from(fcall)
    }

    /// Gives the token up because a device has the buffer now.
    pub(super) fn lend(self) {}
}

/// The frames of one request.
///
/// # Invariants
///
/// - `outside`, or `inline` if that is none, has at least `rstart + rcap` initialised bytes;
///   `tlen <= rstart`.
/// - If `state` is at least [`state::COMPLETE`], no one writes to as many bytes of the reply buffer
///   as it says have been received.
pub(crate) struct Fcall {
    outside: Option<Outside>,
    inline: Inline,
    tlen: usize,
    rstart: usize,
    rcap: usize,
    state: Atomic<u32>,
}

// SAFETY: what `Outside` points to is owned memory, which has no thread.
unsafe impl Send for Fcall {}

// SAFETY: shared access reads the T-message, which nobody writes once there are shared references
// (`tcall_mut` takes an exclusive one), and the R-message, which nobody writes once `state` says
// that it is complete. Writing to the R-message takes its only token.
unsafe impl Sync for Fcall {}

impl Fcall {
    /// Room for a T-message of `tlen` and an R-message of `rcap` bytes, all zero. Made in place: a
    /// request is not copied.
    ///
    /// With bulk data for the caller `rcap` is the size of the R-message without those data: they
    /// are what the server writes after the first `rcap` bytes.
    ///
    /// Unless it is to be `linear`, as devices need it, the pages of the memory need not be
    /// neighbours, so that much of it can be had even when memory is in pieces; then the [`Fcall`]
    /// must not be dropped in atomic context outside of interrupts. Asked only where it matters.
    ///
    /// # Errors
    ///
    /// - `AllocError` if there is no memory, or no address space, for that many bytes.
    pub(crate) fn new(
        tlen: usize,
        rcap: usize,
        linear: impl FnOnce() -> bool,
        flags: Flags,
    ) -> Result<impl Init<Self>, AllocError> {
        let rstart = tlen.checked_next_multiple_of(ALIGN).ok_or(AllocError)?;
        let size = rstart.checked_add(rcap).ok_or(AllocError)?;
        if size > isize::MAX as usize / 2 {
            return Err(AllocError);
        }
        let (inside, outside) = if size <= INLINE {
            (size, None)
        } else {
            (0, Some(Outside::new(size, linear(), flags)?))
        };
        // INVARIANT: `size` bytes are zeroed.
        Ok(init!(Self {
            outside,
            inline <- Inline::zeroed(inside),
            tlen,
            rstart,
            rcap,
            state: Atomic::new(state::IDLE),
        }))
    }

    fn base(&self) -> NonNull<u8> {
        match &self.outside {
            None => NonNull::from(&self.inline).cast(),
            Some(Outside::Linear(ptr, _) | Outside::Scattered(ptr, _)) => *ptr,
        }
    }

    /// The room for the T-message.
    pub(crate) fn tcall_mut(&mut self) -> &mut [u8] {
        // SAFETY:
        // - The first `tlen` bytes are initialised by the type invariants.
        // - `self` is borrowed exclusively, so no one else reads them, and the R-message is
        //   elsewhere.
        unsafe { core::slice::from_raw_parts_mut(self.base().as_ptr(), self.tlen) }
    }

    /// The T-message.
    pub(crate) fn tcall(&self) -> &[u8] {
        // SAFETY: the first `tlen` bytes are initialised by the type invariants, and only written
        // through exclusive references.
        unsafe { core::slice::from_raw_parts(self.base().as_ptr(), self.tlen) }
    }

    fn rcall(&self) -> NonNull<u8> {
        // SAFETY: `rstart` is inside the memory by the type invariants.
        unsafe { self.base().add(self.rstart) }
    }

    /// The room for the reply, for who holds its token: address and size.
    pub(crate) fn rcall_space(&self) -> (NonNull<u8>, usize) {
        (self.rcall(), self.rcap)
    }

    /// Takes the token of the reply buffer. `None` if it has been taken before: a request is sent
    /// once.
    pub(crate) fn claim(&self) -> Option<Completed> {
        // ORDERING: the acquire pairs with the release in `unclaim`.
        self.state
            .cmpxchg(state::IDLE, state::CLAIMED, Acquire)
            .ok()?;
        // INVARIANT: the state was `IDLE`, so there was no token, and no device has the buffer.
        Some(Completed {
            fcall: NonNull::from(self),
            ours: true,
        })
    }

    /// Puts the token back: the request was not sent after all and may be sent later.
    pub(crate) fn unclaim(&self, token: Completed) {
        if token.is_of(self) && token.ours {
            self.state.store(state::IDLE, Release);
        }
    }

    /// The bytes of the longest reply: the reply buffer, and behind it `payload` if the server
    /// writes that.
    pub(super) fn reply_room(&self, payload: Option<&Payload>) -> usize {
        self.rcap
            .saturating_add(from_server(payload).map_or(0, Payload::len))
    }

    /// Appends the room for up to `len` bytes of the reply from `at` on to what is to be filled from
    /// a file, first of the reply buffer, then of `payload`. Returns the bytes appended: none if the
    /// token is that of another reply buffer, or a device has it.
    ///
    /// # Safety
    ///
    /// `payload` must be that of the same request.
    pub(super) unsafe fn scatter_reply<'a>(
        &'a self,
        token: &'a mut Completed,
        payload: Option<&'a Payload>,
        at: usize,
        len: usize,
        into: &mut Scatter<'a>,
    ) -> usize {
        if !token.is_of(self) || !token.ours {
            return 0;
        }
        let head = self.rcap.saturating_sub(at).min(len);
        if head > 0 {
            // SAFETY: `at + head <= rcap`, so by the type invariants the bytes are ours, and the only
            // token is borrowed exclusively for `'a`.
            if !unsafe { into.push_raw(self.rcall().add(at).as_ptr(), head) } {
                return 0;
            }
        }
        let Some(payload) = from_server(payload) else {
            return head;
        };
        // INVARIANT: whoever has the token may write to the payload of the same request, and who
        // reads it does not mind.
        // OVERFLOW: `head <= len`.
        head + payload.add_pieces(at.saturating_sub(self.rcap), len - head, &mut into.0)
    }

    /// Copies `data` to the place of the reply that begins `at` bytes from its beginning, which may
    /// be in `payload`.
    ///
    /// # Errors
    ///
    /// - `EINVAL` if the token is that of another reply buffer, or a device has it.
    /// - `EMSGSIZE` if the data do not fit.
    ///
    /// # Safety
    ///
    /// `payload` must be that of the same request.
    pub(super) unsafe fn fill_reply(
        &self,
        token: &mut Completed,
        payload: Option<&Payload>,
        at: usize,
        data: &[u8],
    ) -> Result {
        let (head, rest) = data.split_at(self.rcap.saturating_sub(at).min(data.len()));
        self.write_reply(token, at.min(self.rcap), head)?;
        if rest.is_empty() {
            return Ok(());
        }
        let payload = from_server(payload).ok_or(EMSGSIZE)?;
        // SAFETY: the payload is one from the server; by the safety requirement the token, which
        // `write_reply` has checked, is that of its request.
        if unsafe { payload.write(at.saturating_sub(self.rcap), rest) } < rest.len() {
            return Err(EMSGSIZE);
        }
        Ok(())
    }

    /// Copies `data` into the reply buffer, `at` bytes from its beginning.
    ///
    /// # Errors
    ///
    /// - `EINVAL` if the token is that of another reply buffer, or a device has it.
    /// - `EMSGSIZE` if the data do not fit.
    pub(crate) fn write_reply(&self, token: &mut Completed, at: usize, data: &[u8]) -> Result {
        if !token.is_of(self) || !token.ours {
            return Err(EINVAL);
        }
        if at.checked_add(data.len()).is_none_or(|end| end > self.rcap) {
            return Err(EMSGSIZE);
        }
        // SAFETY:
        // - `at + data.len() <= rcap`, so by the type invariants the bytes are ours.
        // - We have the only token, borrowed exclusively: nobody else writes, and nobody reads
        //   before the token is given up in `complete`. So nothing overlaps `data` either.
        unsafe {
            core::ptr::copy_nonoverlapping(data.as_ptr(), self.rcall().add(at).as_ptr(), data.len())
        };
        Ok(())
    }

    /// Ends the exchange: the server has sent `len` bytes in all, bulk data included, or 0 if there
    /// is no reply, as there never is if a device still has the buffer.
    pub(crate) fn complete(&self, token: Completed, len: usize) {
        if !token.is_of(self) {
            return;
        }
        let len = if token.ours { len } else { 0 };
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        // INVARIANT: the token is gone, and with it the right to write. If a device has that right
        // no byte counts as received.
        // ORDERING: the release pairs with the acquire in `total`: who sees that the reply is
        // complete sees all of it.
        self.state
            .store(len.saturating_add(state::COMPLETE), Release);
    }

    /// The bytes that the server has sent in all. `None` before [`complete`](Self::complete).
    pub(crate) fn total(&self) -> Option<usize> {
        // ORDERING: see `complete`.
        let len = self.state.load(Acquire).checked_sub(state::COMPLETE)?;
        // CAST: a `u32` fits into a `usize` on every 64 bit machine.
        Some(len as usize)
    }

    /// What has arrived in the reply buffer. `None` before [`complete`](Self::complete).
    pub(crate) fn reply(&self) -> Option<&[u8]> {
        let len = self.total()?.min(self.rcap);
        // SAFETY:
        // - `len <= rcap`, so by the type invariants the bytes are initialised.
        // - `total` has seen that the reply is complete, so no one writes to it any more.
        Some(unsafe { core::slice::from_raw_parts(self.rcall().as_ptr(), len) })
    }
}

/// `payload`, if the server writes it.
fn from_server(payload: Option<&Payload>) -> Option<&Payload> {
    payload.filter(|payload| payload.direction() == Direction::FromServer)
}
