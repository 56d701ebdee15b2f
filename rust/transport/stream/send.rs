// SPDX-License-Identifier: GPL-2.0

//! From the queue to the stream.

use super::{
    is_passing,
    Conn,
    Expected,
    Sent, //
};
use crate::{
    request::Request,
    sys::{
        bvec::{
            Gather,
            Vecs, //
        },
        payload::{
            Direction,
            Payload, //
        }, //
    },
};
use kernel::{
    list::ListArc,
    prelude::*,
    sync::Arc, //
};

/// The most requests that are sent with one call.
///
/// Not more: what does not fit goes back to the queue one by one. Not fewer: a window of readahead
/// and the Tclunks of a removed tree go out at once.
const BATCH: usize = 32;

/// How many times in a row a task sends before the thread takes over: what others have queued shall
/// not hold it up, nor keep the thread from reading.
const ROUNDS: usize = 4;

/// The most pieces of memory that are sent with one call: half a megabyte page by page.
const PIECES: usize = 128;

/// What is being sent. [`Conn::tx`] guards it.
pub(super) struct Sender {
    vecs: Vecs,
    /// Between two calls of [`Conn::send`] at most one, which has been sent in part.
    batch: KVec<Arc<Request>>,
    /// How much of the first one has been sent.
    at: usize,
}

impl Sender {
    /// Nothing is being sent.
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            vecs: Vecs::new(PIECES)?,
            batch: KVec::with_capacity(BATCH, GFP_KERNEL)?,
            at: 0,
        })
    }

    /// Lets go of what has been sent in part.
    pub(super) fn clear(&mut self) {
        self.batch.clear();
        self.at = 0;
    }

    /// Lists what is to be sent next: as much of the batch as there is room for. Pages of a caller
    /// make a list of their own if the stream `takes_pages`.
    fn gather(&mut self, takes_pages: bool) -> Gather<'_> {
        let mut list = self.vecs.gather();
        let mut skip = self.at;
        for req in &self.batch {
            let frame = req.fcall().tcall();
            if !list.push(frame.get(skip..).unwrap_or_default()) {
                break;
            }
            skip = skip.saturating_sub(frame.len());
            if let Some(payload) = outgoing(req) {
                if takes_pages && payload.is_lent() {
                    if list.bytes() > 0 {
                        list.expect_more();
                    } else {
                        payload.gather_lent(skip, &mut list);
                    }
                    break;
                }
                // OVERFLOW: less than all of a request has been sent.
                if payload.gather(skip, &mut list) < payload.len() - skip {
                    break;
                }
            }
            skip = 0;
        }
        list
    }

    /// `n` more bytes have been sent.
    fn advance(&mut self, n: usize) {
        // OVERFLOW: both are at most what is in the batch.
        self.at += n;
        while let Some(first) = self.batch.first() {
            let len = wire_len(first);
            if self.at < len {
                break;
            }
            self.at -= len;
            let _sent = self.batch.remove(0);
        }
    }
}

/// What `req` sends behind its frame.
fn outgoing(req: &Request) -> Option<&Payload> {
    req.payload()
        .filter(|payload| payload.direction() == Direction::ToServer)
}

/// The bytes that `req` takes on the wire.
fn wire_len(req: &Request) -> usize {
    let frame = req.fcall().tcall().len();
    frame.saturating_add(outgoing(req).map_or(0, Payload::len))
}

impl Conn {
    /// Sends what is in the queue, or leaves that to the thread.
    pub(super) fn transmit(&self) {
        if !self.stream.is_own() {
            return self.wakeup.wake();
        }
        // Whoever is sending looks at the queue again after giving up the lock.
        let Some(mut sender) = self.tx.try_lock() else {
            return;
        };
        let result = self.send(&mut sender);
        drop(sender);
        if let Err(err) = result {
            return self.die(err);
        }
        if self.wants_to_send() {
            self.wakeup.wake();
        }
    }

    /// Sends what is in the queue as far as there is room, but not without end. Returns the bytes.
    ///
    /// # Errors
    ///
    /// Those of the stream are propagated as-is.
    pub(super) fn send(&self, sender: &mut Sender) -> Result<usize> {
        let takes_pages = self.stream.takes_pages();
        let mut total = 0;
        for _ in 0..ROUNDS {
            if !self.fill(sender) {
                return Ok(total);
            }
            let list = sender.gather(takes_pages);
            let bytes = list.bytes();
            if bytes == 0 {
                return Err(EIO);
            }
            let sent = match self.stream.send(&list) {
                Ok(n) => n.min(bytes),
                Err(err) if is_passing(err) => 0,
                // Those two tell of the server where they come from receiving.
                Err(err) if err == EMSGSIZE || err == EPROTO => return Err(EIO),
                Err(err) => return Err(err),
            };
            total += sent;
            sender.advance(sent);
            if sent < bytes {
                break;
            }
        }
        if !sender.batch.is_empty() {
            self.put_back(sender);
        }
        Ok(total)
    }

    /// Takes requests from the queue. Returns whether there is something to be sent.
    fn fill(&self, sender: &mut Sender) -> bool {
        let mut inner = self.inner.lock();
        if inner.dead {
            return false;
        }
        while sender.batch.len() < BATCH {
            let Some(item) = inner.queue.pop() else { break };
            let req = item.into_arc();
            // Both always are there: a request is sent once, and got its place when it was queued.
            let (Some(token), Ok(place)) = (req.fcall().claim(), inner.sent.place(req.tag()))
            else {
                continue;
            };
            let sent = Sent {
                req: req.clone(),
                token,
            };
            *place = Some(Expected::Reply(sent));
            // There is room for `BATCH`.
            let _ = sender.batch.push_within_capacity(req);
        }
        inner.full = false;
        !sender.batch.is_empty()
    }

    /// Puts all that has not been sent in part back into the queue, and leaves it to the thread.
    fn put_back(&self, sender: &mut Sender) {
        let in_part = usize::from(sender.at > 0);
        while sender.batch.len() > in_part {
            let Some(req) = sender.batch.pop() else { break };
            let mut inner = self.inner.lock();
            let sent = inner
                .sent
                .take_if(req.tag(), |expected| expected.is_for(&req));
            // Not there if the connection has ended, or a server has answered what it has not got.
            let Some(Expected::Reply(Sent { req, token })) = sent else {
                drop(inner);
                continue;
            };
            req.fcall().unclaim(token);
            if let Ok(item) = ListArc::try_from_arc(req) {
                inner.queue.put_back(item);
            }
        }
        self.inner.lock().full = true;
    }
}
