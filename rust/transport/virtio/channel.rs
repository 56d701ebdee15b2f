// SPDX-License-Identifier: GPL-2.0

//! One device: the requests that it has, those that wait for it, and the mount that they are for.
//!
//! # Locking
//!
//! The ring's lock guards everything. It is taken in hard interrupt context, and it is a leaf but
//! for the kernel's own locks: the [`Client`] is called, requests are freed and the device is
//! notified after it has been given up.

use crate::{
    client::Client,
    request::Request,
    sys::{
        fcall::Completed,
        virtio::{
            self,
            Handle, //
        },
        vring::{
            Answer,
            Guard,
            Refused, //
        },
        workqueue, //
    },
    transport::queue::Queue, //
};
use kernel::{
    list::{
        List,
        ListArc, //
    },
    prelude::*,
    str::CString,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Relaxed,
            Release, //
        },
        Arc, //
    },
    time::{
        delay::fsleep,
        msecs_to_jiffies,
        Delta, //
    },
    workqueue::{
        impl_has_delayed_work,
        new_delayed_work,
        DelayedWork,
        WorkItem, //
    },
};

/// The most requests that a device has at a time.
///
/// Not more: QEMU works on 128 requests, and looks for others only when it is notified, which with
/// event indexes does not happen: what is beyond stays there for good. Not fewer: each is work
/// that the server could do at the same time.
const MAX_OUTSTANDING: usize = 128;

/// How many of [`MAX_OUTSTANDING`] only a Tflush may use.
///
/// Not more: it is taken from all others. Not fewer: a server that does not answer may hold all
/// other places, and whoever gives up then needs one each, for the short time that a Tflush takes.
const RESERVE: usize = 16;

/// The fewest pieces of a payload that a ring must have room for: a page that is not aligned.
///
/// With fewer no message of 4096 bytes, the smallest that the protocol allows, could be sent.
const MIN_SEGMENTS: usize = 2;

/// How many of [`MAX_OUTSTANDING`] a new mount may find taken by what earlier ones have given up.
///
/// Not more: half of the places let a mount work well. Not fewer: a few hung requests should not
/// keep everybody from the device. A reset would free the places, but only when the server has
/// ended the requests, and the whole machine would stand still until then.
const MAX_GIVEN_UP: usize = MAX_OUTSTANDING / 2;

/// How long to wait for memory when the ring could get none, in milliseconds; longer if the work has
/// been put off for [`LINGER`] already.
const RETRY: u32 = 10;

/// How long an answer that nobody waits for may stay on the ring, in milliseconds.
///
/// Not longer: whoever watches requests should see their ends, and memory is not held for nothing.
/// Not shorter: each time costs as much as the interrupts of a few such answers.
const LINGER: u32 = 100;

/// What the ring's lock guards.
pub(crate) struct State {
    /// The mount that the channel serves.
    client: Option<Arc<Client>>,
    /// Counts the mounts, so that a connection knows whether it still has the channel.
    session: u64,
    /// Nothing more is sent for the mount.
    dead: bool,
    /// Requests that the device has not got yet.
    queue: Queue,
    /// Requests that the device has.
    outstanding: usize,
    /// Those of them that are not Tflush.
    normal: usize,
    /// Those of them whose answers nobody waits for.
    quiet: usize,
    /// The places that are kept free for Tflush.
    reserve: usize,
    /// All answers are to be taken as soon as they come.
    hurry: bool,
    /// The channel's work will look for answers that linger.
    lingers: bool,
}

impl State {
    /// Whether one more request, a Tflush or another one, may be sent.
    fn may_send(&self, flush: bool) -> bool {
        self.outstanding < MAX_OUTSTANDING
            && (flush || self.normal + self.reserve < MAX_OUTSTANDING)
    }

    /// Takes the request that is to be sent next, if one more may be sent.
    fn next(&mut self) -> Option<Arc<Request>> {
        if self.queue.is_empty() {
            return None;
        }
        let urgent = if self.may_send(true) {
            self.queue.pop_urgent()
        } else {
            None
        };
        let item = match urgent {
            Some(item) => item,
            None if self.may_send(false) => self.queue.pop()?,
            None => return None,
        };
        Some(item.into_arc())
    }

    /// The device has got a request, a Tflush, one whose answer nobody waits for, or another one.
    fn sent(&mut self, flush: bool, quiet: bool) {
        // OVERFLOW: at most `MAX_OUTSTANDING`, see `next`.
        self.outstanding += 1;
        if !flush {
            self.normal += 1;
        }
        if quiet {
            self.quiet += 1;
        }
    }

    /// The device has given `req` back.
    fn back(&mut self, req: &Request) {
        self.outstanding = self.outstanding.saturating_sub(1);
        if !req.is_flush() {
            self.normal = self.normal.saturating_sub(1);
        }
        if req.is_quiet() {
            self.quiet = self.quiet.saturating_sub(1);
        }
    }

    /// Whether somebody waits for an answer of the device, or for the room that it makes.
    fn is_waited_for(&self) -> bool {
        self.outstanding > self.quiet || self.hurry || !self.queue.is_empty()
    }

    /// Whether the channel still serves the mount with that number.
    fn serves(&self, session: u64) -> bool {
        self.client.is_some() && self.session == session
    }
}

/// The places that are kept free for Tflush on a ring with room for `capacity` requests.
///
/// One on a small ring: without any, a few requests that the server does not answer would hold up
/// all others for good, although those who wait have given up. None on a ring where that would
/// leave no room for a payload.
fn reserve(capacity: usize) -> usize {
    if capacity < 4 {
        return 0;
    }
    (capacity / 8).clamp(1, RESERVE)
}

/// One device.
#[pin_data]
pub(crate) struct Channel {
    handle: Arc<Handle<State>>,
    pub(super) tag: CString,
    /// How many contexts are calling the client now. Raised under the ring's lock.
    calling: Atomic<usize>,
    #[pin]
    work: DelayedWork<Channel>,
}

impl_has_delayed_work! {
    impl HasDelayedWork<Self> for Channel { self.work }
}

impl WorkItem for Channel {
    type Pointer = Arc<Channel>;

    fn run(this: Arc<Self>) {
        let mut ring = this.handle.ring().lock();
        ring.lingers = false;
        if !ring.queue.is_empty() {
            return this.send(ring, None);
        }
        if ring.cb_enabled() {
            return;
        }
        // What is not there yet comes with an interrupt.
        if let Some(taken) = QuietAnswers::take(&mut ring) {
            let calling = Calling::new(&this, &ring);
            drop(ring);
            taken.tell(&calling);
        }
    }
}

/// The right to call the client of a channel; [`Channel::detach`] waits for its end.
struct Calling<'a> {
    channel: &'a Channel,
    client: Option<Arc<Client>>,
}

impl<'a> Calling<'a> {
    /// Before the ring's lock is given up.
    fn new(channel: &'a Channel, ring: &Guard<'_, State>) -> Self {
        channel.calling.fetch_add(1, Relaxed);
        Self {
            channel,
            client: ring.client.clone(),
        }
    }

    /// Fails a request that the device does not have.
    fn fail(&self, req: Arc<Request>, err: Error, done: Completed) {
        if let Some(client) = &self.client {
            client.fail(req, err, done);
        }
    }

    /// Fails a request that the device has never had.
    fn fail_unsent(&self, req: Arc<Request>, err: Error) {
        // Not so only for a request that was sent before, and is somebody else's to fail.
        if let Some(done) = req.fcall().claim() {
            self.fail(req, err, done);
        }
    }

    /// Tells the client that its connection is gone, and fails all requests.
    fn died(&self, unsent: List<Request, 0>) {
        if let Some(client) = &self.client {
            client.transport_died();
        }
        self.fail_all(unsent);
    }

    /// Fails all requests: `unsent`, which the device has never had, and those that it has.
    fn fail_all(&self, mut unsent: List<Request, 0>) {
        while let Some(item) = unsent.pop_front() {
            self.fail_unsent(item.into_arc(), EIO);
        }
        loop {
            let given_up = self.channel.handle.ring().lock().give_up();
            let Some((req, done)) = given_up else { break };
            self.fail(req, EIO, done);
        }
    }
}

impl Drop for Calling<'_> {
    fn drop(&mut self) {
        // The reference goes before the channel says that it is not needed.
        self.client = None;
        // ORDERING: the release pairs with the acquire in `detach`: who sees the lower number sees
        // what the calls have done.
        self.channel.calling.fetch_sub(1, Release);
    }
}

/// Requests that the device has answered while callbacks were disabled: [quiet](Request::is_quiet)
/// ones, as there were no others.
struct QuietAnswers {
    answered: List<Request, 0>,
    /// Nobody is told of these any more.
    given_up: List<Request, 0>,
}

impl QuietAnswers {
    /// Enables callbacks and takes the answers that have come without. Somebody waits from now on.
    #[inline(never)]
    fn take(ring: &mut Guard<'_, State>) -> Option<Self> {
        if ring.enable_cb() {
            return None;
        }
        let mut this = Self {
            answered: List::new(),
            given_up: List::new(),
        };
        while let Some(Answer { req, len, done }) = ring.next_used() {
            ring.back(&req);
            let list = match done {
                Some(done) => {
                    req.fcall().complete(done, len);
                    &mut this.answered
                }
                None => &mut this.given_up,
            };
            // What the device had is in no queue, so this does not fail.
            if let Ok(item) = ListArc::try_from_arc(req) {
                list.push_back(item);
            }
        }
        Some(this)
    }

    /// Tells the client. Without the ring's lock.
    fn tell(mut self, calling: &Calling<'_>) {
        while let Some(item) = self.answered.pop_front() {
            if let Some(client) = &calling.client {
                client.completed(item.into_arc());
            }
        }
    }
}

impl Channel {
    /// Sends `first`, then what is queued, as far as there is room, and gives up the lock.
    ///
    /// Before the first request that somebody waits for, callbacks are enabled, and the answers are
    /// taken that have come without.
    fn send(self: &Arc<Self>, mut ring: Guard<'_, State>, mut first: Option<Arc<Request>>) {
        let mut too_long = List::new();
        let mut broken = List::new();
        let mut taken = None;
        let reserve = ring.reserve;

        let waited_for = |req: &Arc<Request>| !req.is_quiet();
        if !ring.cb_enabled() && (first.as_ref().is_some_and(waited_for) || ring.is_waited_for()) {
            taken = QuietAnswers::take(&mut ring);
        }
        while let Some(req) = first.take().or_else(|| ring.next()) {
            let (flush, quiet) = (req.is_flush(), req.is_quiet());
            let (refused, req) = match ring.add(req, if flush { 0 } else { reserve }) {
                Ok(()) => {
                    ring.sent(flush, quiet);
                    continue;
                }
                Err(refused) => refused,
            };
            // The request was in no list a moment ago, so this does not fail.
            let Ok(item) = ListArc::try_from_arc(req) else {
                continue;
            };
            match refused {
                Refused::Full if ring.outstanding > 0 => {
                    ring.queue.push_front(item);
                    if !ring.cb_enabled() {
                        taken = QuietAnswers::take(&mut ring);
                        continue;
                    }
                }
                Refused::NoMemory => {
                    ring.queue.push_front(item);
                    // Under the lock: a ring that is stopped gets no new work.
                    let _ = workqueue::system()
                        .enqueue_delayed::<Arc<Self>, 0>(self.clone(), msecs_to_jiffies(RETRY));
                }
                Refused::Full | Refused::TooLong => {
                    too_long.push_back(item);
                    continue;
                }
                Refused::Broken => {
                    broken.push_back(item);
                    continue;
                }
            }
            break;
        }
        if ring.outstanding == ring.quiet && !ring.is_waited_for() {
            self.linger(&mut ring);
        }
        let died = !ring.is_up() && ring.client.is_some() && !ring.dead;
        if too_long.is_empty() && broken.is_empty() && taken.is_none() && !died {
            ring.kick();
            return;
        }
        let mut unsent = List::new();
        if died {
            ring.dead = true;
            unsent = ring.queue.take_all();
        }
        let calling = Calling::new(self, &ring);
        ring.kick();
        if let Some(taken) = taken {
            taken.tell(&calling);
        }
        for (mut failed, why) in [(too_long, EMSGSIZE), (broken, EIO)] {
            while let Some(item) = failed.pop_front() {
                calling.fail_unsent(item.into_arc(), why);
            }
        }
        if died {
            calling.died(unsent);
        }
    }

    /// Disables callbacks: nobody waits for an answer of the device.
    fn linger(self: &Arc<Self>, ring: &mut Guard<'_, State>) {
        ring.disable_cb();
        if !ring.lingers && ring.outstanding > 0 {
            ring.lingers = true;
            // Under the lock: a ring that is stopped gets no new work. Queued already is as good.
            let _ = workqueue::system()
                .enqueue_delayed::<Arc<Self>, 0>(self.clone(), msecs_to_jiffies(LINGER));
        }
    }

    /// Gives the channel to `client` and returns the number of the session.
    ///
    /// # Errors
    ///
    /// - `EBUSY` if it serves another mount, or works on too many requests of an earlier one.
    /// - `ENODEV` if the device does not work.
    pub(super) fn attach(&self, client: &Arc<Client>) -> Result<u64> {
        let broken = || {
            let ring = self.handle.ring().lock();
            ring.client.is_none() && !ring.is_up()
        };
        if broken() {
            // A reset that has failed before may succeed now.
            self.handle.reset(broken)?;
        }
        let mut ring = self.handle.ring().lock();
        if ring.client.is_some() {
            return Err(EBUSY);
        }
        if !ring.is_up() {
            return Err(ENODEV);
        }
        if ring.outstanding > MAX_GIVEN_UP.min(ring.capacity() / 2) {
            drop(ring);
            pr_err!("the device still works on the requests of an earlier mount\n");
            return Err(EBUSY);
        }
        ring.reserve = reserve(ring.capacity());
        ring.client = Some(client.clone());
        ring.session = ring.session.wrapping_add(1);
        ring.dead = false;
        ring.hurry = false;
        Ok(ring.session)
    }

    /// The most pieces that the payload of a request of the mount may be in.
    pub(super) fn max_segments(&self) -> usize {
        let ring = self.handle.ring().lock();
        // None would say that there are no payloads; a ring that is stopped takes no request anyway.
        ring.max_segments(ring.reserve).max(1)
    }

    /// Sends `req` for the mount with the number `session`, or queues it.
    pub(super) fn request(self: &Arc<Self>, session: u64, req: Arc<Request>) {
        let mut ring = self.handle.ring().lock();
        if !ring.serves(session) {
            // There is nobody left to be told.
            return drop_outside(ring, req);
        }
        if ring.dead {
            let calling = Calling::new(self, &ring);
            drop(ring);
            return calling.fail_unsent(req, EIO);
        }
        if ring.queue.is_empty() && ring.may_send(req.is_flush()) {
            return self.send(ring, Some(req));
        }
        // A request that is queued already is not queued twice.
        match ListArc::try_from_arc(req) {
            Ok(item) => {
                ring.queue.push(item);
                self.send(ring, None);
            }
            Err(req) => drop_outside(ring, req),
        }
    }

    /// Takes `req` out of its queue, if it is there.
    pub(super) fn cancel(&self, req: &Request) -> bool {
        let mut ring = self.handle.ring().lock();
        let found = ring.queue.remove(req);
        let is_there = found.is_some();
        drop_outside(ring, found);
        is_there
    }

    /// Takes all answers of the mount with the number `session` as soon as they come, from now on.
    pub(super) fn hurry(self: &Arc<Self>, session: u64) {
        let mut ring = self.handle.ring().lock();
        if ring.serves(session) {
            ring.hurry = true;
            self.send(ring, None);
        }
    }

    /// Ends the mount with the number `session`: fails all its requests and forgets its client.
    ///
    /// Context: process context; sleeps.
    pub(super) fn detach(self: &Arc<Self>, session: u64) {
        // What is left on the ring after this has to be freed some time.
        self.hurry(session);
        let mut ring = self.handle.ring().lock();
        if !ring.serves(session) {
            return;
        }
        ring.dead = true;
        let unsent = ring.queue.take_all();
        let calling = Calling::new(self, &ring);
        drop(ring);
        calling.fail_all(unsent);
        drop(calling);

        // If the device is being reset or removed just now, what it had is failed over there.
        self.handle.settle();
        loop {
            let mut ring = self.handle.ring().lock();
            // ORDERING: the acquire pairs with the release in `Calling::drop`. The number is raised
            // under the lock only.
            if self.calling.load(Acquire) == 0 {
                let client = ring.client.take();
                return drop_outside(ring, client);
            }
            drop(ring);
            fsleep(Delta::from_millis(1));
        }
    }
}

/// Gives up the lock, then drops `value`, whose end may take other locks.
fn drop_outside<T>(ring: Guard<'_, State>, value: T) {
    drop(ring);
    drop(value);
}

impl virtio::Driver for Channel {
    type State = State;

    const ID_TABLE: virtio::IdTable = &super::DEVICES;
    const PLACES: usize = MAX_OUTSTANDING;

    fn state() -> State {
        State {
            client: None,
            session: 0,
            dead: false,
            queue: Queue::new(),
            outstanding: 0,
            normal: 0,
            quiet: 0,
            reserve: 0,
            hurry: false,
            lingers: false,
        }
    }

    fn probe(handle: Arc<Handle<State>>, tag: CString) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                handle,
                tag,
                calling: Atomic::new(0),
                work <- new_delayed_work!("Channel::work"),
            }),
            GFP_KERNEL,
        )
    }

    fn ready(this: &Arc<Self>) -> Result {
        let ring = this.handle.ring().lock();
        let segments = ring.max_segments(reserve(ring.capacity()));
        drop(ring);
        if segments < MIN_SEGMENTS {
            pr_err!("the ring of the virtio device is too small\n");
            return Err(EINVAL);
        }
        let channels = super::CHANNELS.get().ok_or(ENODEV)?;
        let mut channels = channels.lock();
        channels.push(this.clone(), GFP_KERNEL)?;
        Ok(())
    }

    fn answered(this: &Arc<Self>) {
        let mut ring = this.handle.ring().lock();
        let Some(mut answer) = ring.next_used() else {
            // A device that is broken is found out there.
            return this.send(ring, None);
        };
        // Until all answers are dealt with the mount stays the same.
        let calling = Calling::new(this, &ring);
        loop {
            ring.back(&answer.req);
            let next = ring.next_used();
            // Room first, then the news: what waits is sent while the answer is looked at.
            if !ring.queue.is_empty() || !ring.is_up() {
                this.send(ring, None);
            } else {
                drop(ring);
            }
            // What was given up belongs to no client any more.
            if let (Some(client), Some(done)) = (&calling.client, answer.done) {
                client.complete(answer.req, answer.len, done);
            }
            let Some(more) = next else { break };
            answer = more;
            ring = this.handle.ring().lock();
        }
    }

    fn stopping(this: &Arc<Self>) {
        let mut ring = this.handle.ring().lock();
        let died = ring.client.is_some() && !ring.dead;
        ring.dead = true;
        let unsent = ring.queue.take_all();
        let calling = Calling::new(this, &ring);
        drop(ring);
        if died {
            calling.died(unsent);
        }
    }

    fn unanswered(this: &Arc<Self>, req: Arc<Request>, done: Option<Completed>) {
        let mut ring = this.handle.ring().lock();
        ring.back(&req);
        let calling = Calling::new(this, &ring);
        drop(ring);
        if let Some(done) = done {
            calling.fail(req, EIO, done);
        }
    }

    fn gone(this: &Arc<Self>) {
        if let Some(channels) = super::CHANNELS.get() {
            let mut gone = None;
            let mut channels = channels.lock();
            if let Some(i) = channels.iter().position(|other| Arc::ptr_eq(this, other)) {
                gone = channels.remove(i).ok();
            }
            drop(channels);
            drop(gone);
        }
        // The ring is stopped, so this is the last.
        workqueue::cancel_delayed_work_sync::<Self, 0>(this);
    }
}
