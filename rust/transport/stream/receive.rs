// SPDX-License-Identifier: GPL-2.0

//! From the stream to the requests.
//!
//! The header of a frame tells whose reply it is. Small replies are read together and copied to
//! their requests; the rest of a large one is read right to where it belongs.

use super::{
    is_passing,
    Conn,
    Expected,
    Sent,
    MAX_MSIZE, //
};
use crate::{
    client::Client,
    proto::{
        frame::{
            Framer,
            Next, //
        },
        types::{
            Msize,
            Tag, //
        },
        wire::Header, //
    },
    sys::{
        bvec::Vecs,
        stream::{
            fill_reply,
            reply_room,
            scatter_reply,
            Stream, //
        },
    },
};
use kernel::prelude::*;

/// The bytes read ahead from a socket of our own.
///
/// Not more: that much of each large reply is copied once more. Not fewer: some dozens of small
/// replies come with one call.
const AHEAD: usize = 4096;

/// The bytes read ahead from other files, from which nothing is read to anywhere else: half of what
/// a pipe holds.
const AHEAD_FILE: usize = 32 * 1024;

/// The most pieces of memory that are read with one call: the largest reply in large chunks, and
/// what is read ahead.
const PIECES: usize = 64;

/// The end of the stream that is read. Only the thread has it.
pub(super) struct Receiver {
    framer: Framer,
    vecs: Vecs,
    /// What was read and has not been looked at. Empty between two calls.
    ahead: KVec<u8>,
}

impl Receiver {
    /// At the beginning of `stream`.
    pub(super) fn new(stream: &Stream) -> Result<Self> {
        let size = if stream.is_own() { AHEAD } else { AHEAD_FILE };
        Ok(Self {
            framer: Framer::new(Msize::new(MAX_MSIZE).ok_or(EINVAL)?),
            vecs: Vecs::new(PIECES)?,
            ahead: KVec::from_elem(0, size, GFP_KERNEL)?,
        })
    }

    /// Reads once. Returns the bytes.
    ///
    /// # Errors
    ///
    /// - `ECONNRESET` at the end of the stream.
    /// - `EPROTO` if what came is no frame, or no reply to anything.
    /// - `EMSGSIZE` if a reply is longer than its request allows.
    ///
    /// Errors of the stream are propagated as-is.
    pub(super) fn receive(&mut self, conn: &Conn) -> Result<usize> {
        let Some(client) = conn.inner.lock().client.clone() else {
            return Ok(0);
        };
        if let Some(agreed) = Msize::new(client.msize()) {
            self.framer.set_msize(agreed);
        }
        // Reading a file of others may take long, while nothing of a request is to be in hand.
        let is_own = conn.stream.is_own();
        let mut current = None;
        if is_own {
            current = conn.inner.lock().receiving.take();
        }
        let (direct, result) = self.read(conn, current.as_mut());
        if !is_own {
            current = conn.inner.lock().receiving.take();
        }
        let result = match result {
            Ok(0) => Err(ECONNRESET),
            Ok(n) => self.arrived(conn, &client, &mut current, direct.min(n), n),
            Err(err) if is_passing(err) => Ok(0),
            Err(err) => Err(err),
        };
        if let Some(sent) = current {
            let mut inner = conn.inner.lock();
            if inner.dead {
                drop(inner);
                sent.fail(&client);
            } else {
                inner.receiving = Some(sent);
            }
        }
        result
    }

    /// Reads the rest of the reply to `current`, if it is known, and what comes behind that. Returns
    /// how many bytes belong to `current`, if that many were read, and how many were read.
    fn read(&mut self, conn: &Conn, current: Option<&mut Sent>) -> (usize, Result<usize>) {
        let left = match self.framer.poll_next() {
            Next::Body(range) => range,
            _ => 0..0,
        };
        let mut list = self.vecs.scatter();
        let mut direct = 0;
        let mut all = true;
        if let Some(Sent { req, token }) = current {
            direct = scatter_reply(req, token, left.start, left.len(), &mut list);
            all = direct == left.len();
        }
        // With no room for that the list is long enough already.
        if all && !list.push(&mut self.ahead) && direct == 0 {
            return (0, Err(EIO));
        }
        (direct, conn.stream.recv(&mut list))
    }

    /// `n` bytes have come, the first `direct` of them for `current`.
    fn arrived(
        &mut self,
        conn: &Conn,
        client: &Client,
        current: &mut Option<Sent>,
        direct: usize,
        n: usize,
    ) -> Result<usize> {
        if direct > 0 {
            self.framer.handle_received(direct).map_err(|_| EPROTO)?;
        }
        let mut rest = self.ahead.get(..n - direct).ok_or(EIO)?;
        loop {
            match self.framer.poll_next() {
                Next::Frame(header) => {
                    if let Some(Sent { req, token }) = current.take() {
                        client.complete(req, header.len(), token);
                    }
                }
                _ if rest.is_empty() => return Ok(n),
                Next::Header(room) => {
                    let (here, after) = rest.split_at(room.len().min(rest.len()));
                    room.split_at_mut(here.len()).0.copy_from_slice(here);
                    rest = after;
                    let header = self.framer.handle_received(here.len());
                    if let Some(header) = header.map_err(|_| EPROTO)? {
                        *current = expected(conn, header.tag)?;
                        if let Some(sent) = current {
                            begin(sent, &header, self.framer.header_bytes())?;
                        }
                    }
                }
                Next::Body(range) => {
                    let (here, after) = rest.split_at(range.len().min(rest.len()));
                    if let Some(Sent { req, token }) = current {
                        fill_reply(req, token, range.start, here)?;
                    }
                    rest = after;
                    self.framer
                        .handle_received(here.len())
                        .map_err(|_| EPROTO)?;
                }
            }
        }
    }
}

/// The request that is answered by a frame with the tag `tag`. `None` if it was flushed.
///
/// # Errors
///
/// - `EPROTO` if there is none: somebody else waits for this reply, and might for ever.
fn expected(conn: &Conn, tag: Tag) -> Result<Option<Sent>> {
    match conn.inner.lock().sent.take_if(tag, |_| true) {
        Some(Expected::Reply(sent)) => Ok(Some(sent)),
        Some(Expected::Nothing) => Ok(None),
        None => Err(EPROTO),
    }
}

/// The reply to `sent` begins with `header`.
///
/// # Errors
///
/// - `EMSGSIZE` if it is longer than there is room for.
fn begin(sent: &mut Sent, header: &Header, bytes: Option<&[u8; 7]>) -> Result {
    let Sent { req, token } = sent;
    if header.len() > reply_room(req) {
        return Err(EMSGSIZE);
    }
    fill_reply(req, token, 0, bytes.ok_or(EIO)?)
}
