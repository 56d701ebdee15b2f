// SPDX-License-Identifier: GPL-2.0

//! The ring of a virtio device: requests in, answers out.
//!
//! A [`Ring`] is a lock around one virtqueue and the state that its driver keeps with it. The
//! virtqueue comes and goes ([`Ring::start`], [`Ring::stop`]) while the ring stays: a device may
//! be unplugged under a mount, and is reset to get back what its server does not answer.
//!
//! A request on the virtqueue is owned by it. The device may write to its memory until the
//! descriptor is back, by [`Guard::next_used`] or by [`Ring::stop`]. Who does not want to wait for
//! that can [give it up](Guard::give_up): the request ends without a reply, and the virtqueue keeps
//! its memory.

use super::fcall::Completed;
use crate::{
    bindings,
    request::Request,
    sys::payload::Direction, //
};
use core::{
    ops::{
        Deref,
        DerefMut, //
    },
    ptr::NonNull, //
};
use kernel::{
    error::{
        from_err_ptr,
        to_result, //
    },
    ffi::{
        c_uint,
        c_void, //
    },
    new_spinlock_irq,
    prelude::*,
    sync::{
        rcu,
        Arc,
        SpinLockIrq,
        SpinLockIrqGuard, //
    }, //
};

/// The descriptors of a request without payload: its two frames.
const FRAMES: usize = 2;

/// Why a request is not on the ring.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// No room; there will be some when an answer is taken.
    Full,
    /// No room, and there never will be: the request has more pieces than the ring.
    TooLong,
    /// No memory for the descriptors.
    NoMemory,
    /// There is no device, it is broken, or the request has been sent before.
    Broken,
}

/// How a ring is stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// By a reset of the device.
    Reset,
    /// After the bus has reset the device. It may be on its way to being ready again, which
    /// another reset would undo.
    AfterReset,
}

/// A request that a device has.
struct Held {
    req: Arc<Request>,
    given_up: bool,
}

/// A virtqueue in use.
///
/// # Invariants
///
/// - `vq` is a live virtqueue of a device that is ready, used by nobody else but for notifying.
/// - A request whose descriptors the device has is in `held`, at the index that, plus one, is the
///   token of the descriptors. The [`Completed`] of its reply buffer has been lent, and made again
///   only if it was given up.
/// - `free` has the indices of the empty places of `held`, and room for all.
struct Virtqueue {
    vq: NonNull<bindings::virtqueue>,
    held: KVec<Option<Held>>,
    free: KVec<usize>,
    /// Descriptors in the ring.
    size: usize,
    /// A request takes one descriptor, however many pieces it has.
    indirect: bool,
    /// The device interrupts when it has an answer.
    cb_enabled: bool,
}

// SAFETY: a virtqueue has no thread; its users take care of exclusion.
unsafe impl Send for Virtqueue {}

/// What [`Ring::inner`] guards.
struct Inner<S> {
    /// The virtqueue, while the device is up.
    queue: Option<Virtqueue>,
    state: S,
}

/// The ring of a device, with the state `S` of its driver.
///
/// # Invariants
///
/// A virtqueue that leaves `inner.queue` is deleted only after an RCU grace period.
#[pin_data]
pub(crate) struct Ring<S> {
    #[pin]
    inner: SpinLockIrq<Inner<S>>,
}

impl<S: Send + Unpin> Ring<S> {
    /// A ring without a virtqueue.
    pub(super) fn new(state: S) -> impl PinInit<Self> {
        pin_init!(Self {
            inner <- new_spinlock_irq!(Inner { queue: None, state }, "Ring::inner"),
        })
    }

    /// Locks the ring. The lock is a leaf: nothing is locked or called back under it.
    pub(crate) fn lock(&self) -> Guard<'_, S> {
        Guard(self.inner.lock())
    }

    /// Makes the virtqueue of a device, for `places` requests at a time, and tells the device that
    /// it may be used.
    ///
    /// # Errors
    ///
    /// - `ENOMEM` if there is no memory.
    ///
    /// Errors of the device's bus are propagated as-is.
    ///
    /// # Safety
    ///
    /// - `vdev` must be a device that this driver is bound to, with features negotiated and not
    ///   ready yet, and without virtqueues.
    /// - It must be [stopped](Self::stop) before the driver is unbound.
    /// - `used` must expect virtqueues of that device until then.
    pub(super) unsafe fn start(
        &self,
        vdev: *mut bindings::virtio_device,
        places: usize,
        used: unsafe extern "C" fn(*mut bindings::virtqueue),
    ) -> Result {
        let mut held = KVec::with_capacity(places, GFP_KERNEL)?;
        let mut free = KVec::with_capacity(places, GFP_KERNEL)?;
        for i in (0..places).rev() {
            held.push(None, GFP_KERNEL)?;
            free.push(i, GFP_KERNEL)?;
        }
        // SAFETY: by the safety requirements.
        let vq = from_err_ptr(unsafe { bindings::p9rs_virtio_find_vq(vdev, Some(used)) })?;
        let vq = NonNull::new(vq).ok_or(ENODEV)?;
        // SAFETY: the virtqueue was just made. It and the device are asked about themselves.
        let (size, indirect) = unsafe {
            (
                bindings::virtqueue_get_vring_size(vq.as_ptr()),
                bindings::p9rs_virtio_has_feature(vdev, bindings::VIRTIO_RING_F_INDIRECT_DESC),
            )
        };
        // INVARIANT: nobody else has the new, empty virtqueue. An interrupt that comes before it is
        // stored finds nothing to do.
        let queue = Virtqueue {
            vq,
            held,
            free,
            // CAST: a `u32` fits into a `usize` on every 64 bit machine.
            size: size as usize,
            indirect,
            cb_enabled: true,
        };
        // SAFETY: the device has its virtqueues and is not ready yet.
        unsafe { bindings::p9rs_virtio_ready(vdev) };
        self.lock().0.queue = Some(queue);
        Ok(())
    }

    /// Resets the device and deletes its virtqueue. Every request that the device had goes to
    /// `unused`, with its token unless it was given up.
    ///
    /// When this returns the device touches no memory of ours and its callback does not run. Does
    /// nothing if the ring is not started.
    ///
    /// Context: process context; sleeps.
    ///
    /// # Safety
    ///
    /// - `vdev` must be the device with which the ring was [started](Self::start), still bound.
    /// - No other call of `start` or `stop` may be under way.
    /// - With [`Stop::AfterReset`] the device must have been reset since it was last ready.
    pub(super) unsafe fn stop(
        &self,
        vdev: *mut bindings::virtio_device,
        how: Stop,
        mut unused: impl FnMut(Arc<Request>, Option<Completed>),
    ) {
        let Some(mut queue) = self.lock().0.queue.take() else {
            return;
        };
        // Who notifies does so in an RCU read-side critical section, which began under the lock.
        rcu::synchronize_rcu();
        if how == Stop::Reset {
            // SAFETY: the device is bound, and by the line above nobody is notifying it.
            unsafe { bindings::virtio_reset_device(vdev) };
        }
        loop {
            // SAFETY: the device was reset, so it does not use the virtqueue any more.
            let token = unsafe { bindings::virtqueue_detach_unused_buf(queue.vq.as_ptr()) };
            let Some(token) = NonNull::new(token) else {
                break;
            };
            // SAFETY: the reset has ended what the device did with the descriptors.
            if let Some((req, done)) = unsafe { queue.take(token) } {
                unused(req, done);
            }
        }
        // SAFETY: nobody has the virtqueue any more, and its callback does not run after a reset.
        unsafe { bindings::p9rs_virtio_del_vqs(vdev) };
    }
}

/// An answer of the device.
pub(crate) struct Answer {
    /// The request.
    pub(crate) req: Arc<Request>,
    /// The bytes that the device says it has written; none if they are more than it has room for.
    pub(crate) len: usize,
    /// The device is done with the request's memory. `None` if the request was [given
    /// up](Guard::give_up) and has ended long ago.
    pub(crate) done: Option<Completed>,
}

/// A locked [`Ring`]. Gives access to the driver's state.
pub(crate) struct Guard<'a, S>(SpinLockIrqGuard<'a, Inner<S>>);

impl<S: Unpin> Guard<'_, S> {
    /// Whether there is a device that works.
    pub(crate) fn is_up(&self) -> bool {
        self.0.queue.as_ref().is_some_and(|queue| {
            // SAFETY: the virtqueue is live by its type invariants.
            !unsafe { bindings::virtqueue_is_broken(queue.vq.as_ptr()) }
        })
    }

    /// The most pieces that a payload may be in.
    ///
    /// A chain of descriptors may be as long as the ring, even outside of it. With direct
    /// descriptors `reserve` requests of two descriptors must have room beside it.
    pub(crate) fn max_segments(&self, reserve: usize) -> usize {
        self.0.queue.as_ref().map_or(0, |queue| {
            let reserve = if queue.indirect { 0 } else { FRAMES * reserve };
            queue.size.saturating_sub(FRAMES + reserve)
        })
    }

    /// How many requests of two descriptors fit at most.
    pub(crate) fn capacity(&self) -> usize {
        self.0.queue.as_ref().map_or(0, |queue| {
            if queue.indirect {
                queue.size
            } else {
                queue.size / FRAMES
            }
        })
    }

    /// Puts `req` on the ring, if room for `reserve` requests without payload is left after it.
    /// The device learns of it by [`kick`](Self::kick).
    ///
    /// # Errors
    ///
    /// The request comes back together with the reason.
    pub(crate) fn add(
        &mut self,
        req: Arc<Request>,
        reserve: usize,
    ) -> core::result::Result<(), (Refused, Arc<Request>)> {
        let Some(queue) = self.0.queue.as_mut() else {
            return Err((Refused::Broken, req));
        };
        if let Err(refused) = queue.check(&req, reserve) {
            return Err((refused, req));
        }
        let Some(done) = req.fcall().claim() else {
            return Err((Refused::Broken, req));
        };
        match queue.add(req) {
            Ok(()) => {
                done.lend();
                Ok(())
            }
            Err((refused, req)) => {
                req.fcall().unclaim(done);
                Err((refused, req))
            }
        }
    }

    /// Gives up one request that the device has: it may end without a reply now. `None` if all
    /// have been given up.
    ///
    /// The request's memory stays with the device until the descriptors are back.
    pub(crate) fn give_up(&mut self) -> Option<(Arc<Request>, Completed)> {
        let queue = self.0.queue.as_mut()?;
        let held = queue
            .held
            .iter_mut()
            .flatten()
            .find(|held| !held.given_up)?;
        held.given_up = true;
        // SAFETY: the token was lent by the type invariants of `Virtqueue`, and was not made again.
        let done = unsafe { Completed::without_reply(held.req.fcall()) };
        Some((held.req.clone(), done))
    }

    /// The next answer, if there is one.
    pub(crate) fn next_used(&mut self) -> Option<Answer> {
        let queue = self.0.queue.as_mut()?;
        let mut len: c_uint = 0;
        // SAFETY: the virtqueue is live and, by the lock, ours.
        let token = unsafe { bindings::virtqueue_get_buf(queue.vq.as_ptr(), &mut len) };
        let token = NonNull::new(token)?;
        // SAFETY: the descriptors are back.
        let (req, done) = unsafe { queue.take(token) }?;
        // CAST: a `u32` fits into a `usize` on every 64 bit machine.
        let len = len as usize;
        // The device may say anything. More than it has room for is as good as nothing.
        let len = if len > req.fcall().reply_room(req.payload()) {
            0
        } else {
            len
        };
        Some(Answer { req, len, done })
    }

    /// Whether the device interrupts when it has an answer.
    pub(crate) fn cb_enabled(&self) -> bool {
        self.0.queue.as_ref().is_none_or(|queue| queue.cb_enabled)
    }

    /// Has the device interrupt at its next answer. Returns `false` if there are answers already,
    /// for which perhaps no interrupt comes: the caller has to take them before the lock is given up.
    pub(crate) fn enable_cb(&mut self) -> bool {
        let Some(queue) = self.0.queue.as_mut() else {
            return true;
        };
        queue.cb_enabled = true;
        // SAFETY: the virtqueue is live and, by the lock, ours.
        unsafe { bindings::virtqueue_enable_cb(queue.vq.as_ptr()) }
    }

    /// Tells the device that nobody waits for an answer. An interrupt may come all the same.
    pub(crate) fn disable_cb(&mut self) {
        let Some(queue) = self.0.queue.as_mut() else {
            return;
        };
        if !queue.cb_enabled {
            return;
        }
        queue.cb_enabled = false;
        // SAFETY: the virtqueue is live and, by the lock, ours.
        unsafe {
            // The virtqueue takes it that after an interrupt no other one comes until they are
            // enabled, and would do nothing. But taking answers has asked for the next one.
            bindings::virtqueue_enable_cb_prepare(queue.vq.as_ptr());
            bindings::virtqueue_disable_cb(queue.vq.as_ptr());
        }
    }

    /// Unlocks the ring and tells the device of what was added since the last time, if it wants to
    /// know.
    pub(crate) fn kick(mut self) {
        let Some(queue) = self.0.queue.as_mut() else {
            return;
        };
        let vq = queue.vq;
        // SAFETY: the virtqueue is live and, by the lock, ours.
        if !unsafe { bindings::virtqueue_kick_prepare(vq.as_ptr()) } {
            return;
        }
        // Begins before the lock is given up, so that `stop` waits for us.
        let rcu = rcu::read_lock();
        drop(self);
        // SAFETY: the virtqueue was live under the lock, and by the type invariants of `Ring` is
        // not deleted as long as `rcu` exists. Notifying needs no exclusion.
        //
        // A failure breaks the virtqueue, which the next one who looks at it finds out.
        unsafe { bindings::virtqueue_notify(vq.as_ptr()) };
        drop(rcu);
    }
}

impl<S> Deref for Guard<'_, S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.0.state
    }
}

impl<S: Unpin> DerefMut for Guard<'_, S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.0.state
    }
}

impl Virtqueue {
    /// Whether `req` may be added now.
    fn check(&self, req: &Request, reserve: usize) -> core::result::Result<(), Refused> {
        let pieces = FRAMES + req.payload().map_or(0, |payload| payload.sg().len());
        let (need, reserve) = if self.indirect {
            (1, reserve)
        } else {
            (pieces, FRAMES * reserve)
        };
        // CAST: a `u32` fits into a `usize` on every 64 bit machine.
        // SAFETY: the virtqueue is live by the type invariants.
        let free = unsafe { (*self.vq.as_ptr()).num_free } as usize;

        if pieces > self.size || need + reserve > self.size {
            Err(Refused::TooLong)
        } else if need + reserve > free {
            Err(Refused::Full)
        } else {
            Ok(())
        }
    }

    /// Takes the request with that token out of `held`.
    ///
    /// # Safety
    ///
    /// The device must be done with the descriptors of that token.
    unsafe fn take(&mut self, token: NonNull<c_void>) -> Option<(Arc<Request>, Option<Completed>)> {
        let i = token.as_ptr().addr().checked_sub(1)?;
        let held = self.held.get_mut(i)?.take()?;
        // There is room for all places.
        let _ = self.free.push_within_capacity(i);
        let done = if held.given_up {
            None
        } else {
            // SAFETY: the token was lent by the type invariants and was not made again; the device
            // is done by the safety requirement.
            Some(unsafe { Completed::new(held.req.fcall()) })
        };
        Some((held.req, done))
    }

    /// Adds the descriptors of `req`, and keeps it if that works.
    ///
    /// # Errors
    ///
    /// The request comes back together with the reason.
    fn add(&mut self, req: Arc<Request>) -> core::result::Result<(), (Refused, Arc<Request>)> {
        let fcall = req.fcall();
        let tcall = fcall.tcall();
        let (rcall, room) = fcall.rcall_space();
        let (mut out, mut into) = (core::ptr::null_mut(), core::ptr::null_mut());
        if let Some(payload) = req.payload() {
            match payload.direction() {
                Direction::ToServer => out = payload.sg().as_raw(),
                Direction::FromServer => into = payload.sg().as_raw(),
            }
        }
        let (Ok(tlen), Ok(rlen)) = (u32::try_from(tcall.len()), u32::try_from(room)) else {
            return Err((Refused::TooLong, req));
        };

        let Some(i) = self.free.pop() else {
            return Err((Refused::Full, req));
        };
        // OVERFLOW: an index of a vector is below `isize::MAX`.
        let token = core::ptr::without_provenance_mut(i + 1);

        // SAFETY:
        // - The virtqueue is live and, as `self` is borrowed exclusively, ours.
        // - The buffers belong to `req`, which goes into `held` if the descriptors are added, and
        //   are physically contiguous. The caller has the token of the reply buffer.
        // - The tables end with an entry that is marked as the end; they are only read, and not
        //   after the call.
        let err = unsafe {
            bindings::p9rs_virtqueue_add(
                self.vq.as_ptr(),
                tcall.as_ptr().cast(),
                tlen,
                out,
                rcall.as_ptr().cast(),
                rlen,
                into,
                token,
            )
        };
        match to_result(err) {
            Ok(()) => {
                // INVARIANT: the request is at the index that belongs to the token.
                if let Some(place) = self.held.get_mut(i) {
                    *place = Some(Held {
                        req,
                        given_up: false,
                    });
                }
                Ok(())
            }
            Err(err) => {
                // There is room for all places.
                let _ = self.free.push_within_capacity(i);
                let refused = match err {
                    // There is room, see `check`; but without memory for an indirect table the
                    // descriptors go to the ring one by one, and then there may be none.
                    ENOSPC | ENOMEM => Refused::NoMemory,
                    _ => Refused::Broken,
                };
                Err((refused, req))
            }
        }
    }
}
