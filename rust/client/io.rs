// SPDX-License-Identifier: GPL-2.0

//! Reading and writing: the messages with bulk data.
//!
//! # Where the data go
//!
//! Up to [`INLINE_DATA`] bytes travel in the frames, and all over a transport that can send nothing
//! else. Otherwise they travel in a [`Payload`]: what the server reads it takes from the caller's
//! own pages where that can be done, what it writes passes through a bounce buffer. So a call may
//! return at any time, and no byte arrives later where somebody could see it.
//!
//! # Pipelining
//!
//! A read of more than one frame has several Treads under way, [`WINDOW_BYTES`] together, once a
//! Tread on the fid has been answered in full: a server whose files are streams rather than bytes
//! with addresses would answer those that are thrown away with bytes that then are lost. What comes
//! back is handed to the caller in order: after a reply that is shorter than asked, or an error,
//! nothing that was asked for behind it is used, and the read goes on from there.
//!
//! # The end of a file
//!
//! A reply that is shorter than asked may be the end of the file or not; the next one, which is
//! empty, tells. It is not asked for if the reply ends where the server has said that the file
//! ends, and netfs reads for a program: it asks again itself if it knows that there is more. What
//! fills the page cache is always asked for, since what is missing there would be taken for zeroes.

use super::{
    rpc::{
        Answer,
        Call,
        Patience,
        Pending, //
    },
    Client, //
};
use crate::{
    fid::Fid,
    proto::{
        bulk::{
            check_count,
            Payload as WireData, //
        },
        dirent::next_offset,
        errno::Errno,
        message::{
            Rbulk,
            Tmessage,
            Tread,
            Treaddir,
            Twrite, //
        },
        reply::{
            error_in,
            open_bulk_reply,
            ReplyError, //
        },
    },
    sys::{
        iov::{
            IovIter,
            Kind, //
        },
        payload::{
            Direction,
            Payload, //
        },
        task::NofsGuard, //
    },
};
use kernel::prelude::*;

/// The most bytes of data that travel in the frames.
///
/// Less than this is cheaper to copy than to describe to a device page by page.
const INLINE_DATA: usize = 1024;

/// Treads of one call that are under way at once.
///
/// Enough for 1 MiB in frames of 64 KiB, which is all that some servers take. Not more: a task that is
/// killed flushes each of them before it goes.
const WINDOW: usize = 17;

/// The bytes that the Treads of one call ask for at once.
///
/// Enough to hide the way to the server and back; not more: it is what the pool of bounce buffers
/// keeps.
const WINDOW_BYTES: usize = 2 * 1024 * 1024;

/// Bytes of a Twrite before its data, and more than those of an Rread: `size[4] type[1] tag[2]
/// fid[4] offset[8] count[4]`, and one to keep what stock negotiates.
const IO_HEADER: u32 = 24;

/// The longest frame with an error string in bytes; a longer one becomes `EPROTO`.
///
/// Not shorter: as long as where the reply is a frame of its own, see
/// [`error_room`](crate::proto::message::error_room). Not longer: it is on the stack.
const ERROR_FRAME: usize = 1024;

/// A Tread that is under way, and how many bytes it asks for.
struct Reading {
    pending: Pending<Tread>,
    asked: usize,
}

/// Treads under way, the oldest first.
struct Window {
    slots: [Option<Reading>; WINDOW],
    first: usize,
    len: usize,
}

impl Window {
    fn new() -> Self {
        Self {
            slots: [const { None }; WINDOW],
            first: 0,
            len: 0,
        }
    }

    fn push(&mut self, reading: Reading) {
        if let Some(slot) = self.slots.get_mut((self.first + self.len) % WINDOW) {
            *slot = Some(reading);
            self.len += 1;
        }
    }

    fn pop(&mut self) -> Option<Reading> {
        let reading = self.slots.get_mut(self.first)?.take()?;
        self.first = (self.first + 1) % WINDOW;
        self.len -= 1;
        Some(reading)
    }
}

impl<M: Tmessage> Answer<'_, M>
where
    M::Reply: Rbulk,
{
    /// How many of the `asked` bytes of bulk data have arrived in `payload`.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode).
    fn decode_bulk(&self, payload: &Payload, asked: u32) -> Result<u32> {
        let head = self.frame()?;
        let total = self.request().fcall().total().unwrap_or(0);
        let received = total.saturating_sub(head.len());
        let dialect = self.client().dialect();
        if received > 0 && !dialect.is_dotl() {
            if let Some(error) = self.error_behind(payload, head, total) {
                return self.traced(Err(ReplyError::Server(error)));
            }
        }
        self.traced(open_bulk_reply::<M::Reply>(dialect, head, received, asked))
    }

    /// The error of a frame of `total` bytes that begins with `head` and goes on in `payload`: its
    /// string has gone to where the data should be.
    #[inline(never)]
    fn error_behind(&self, payload: &Payload, head: &[u8], total: usize) -> Option<Errno> {
        let mut frame = [0; ERROR_FRAME];
        if let Some((start, rest)) = frame.split_at_mut_checked(head.len()) {
            start.copy_from_slice(head);
            payload.copy_to_slice(rest);
        }
        let frame = frame.get(..total)?;
        error_in(self.client().dialect(), frame)
    }
}

impl Client {
    /// The most bytes that one Tread or Twrite on `fid` moves.
    fn io_size(&self, fid: &Fid) -> usize {
        let most = self.msize().saturating_sub(IO_HEADER);
        let iounit = match fid.c().iounit() {
            0 => most,
            iounit => iounit.min(most),
        };
        // CAST: a `u32` fits into a `usize` on every 64 bit machine.
        iounit as usize
    }

    /// The most pieces that the bulk data of a request may be in; none if they must be part of the
    /// frames.
    fn max_segments(&self) -> usize {
        self.transport()
            .map_or(1, |transport| transport.max_segments())
    }

    /// Whether `want` bytes of data travel in the frames.
    fn is_inline(&self, want: usize) -> bool {
        want <= INLINE_DATA || self.max_segments() == 0
    }

    /// Reads the file from `offset` on until `iter` is full or the file ends, or seems to.
    ///
    /// Returns how many bytes were read, and why it was not more. `iter` advances by as much.
    ///
    /// Context: process context, sleeps.
    pub(crate) fn read(&self, fid: &Fid, offset: u64, iter: &mut IovIter<'_>) -> (usize, Result) {
        let ends = iter.kind() == Kind::Bvec && fid.c().is_direct();
        let mut total = 0;
        while iter.count() > 0 {
            let at = offset.saturating_add(total as u64);
            if total > 0 && ends && fid.is_end(at) {
                break;
            }
            match self.read_run(fid, at, iter, usize::MAX) {
                (0, result) => return (total, result),
                (n, Ok(())) => total += n,
                (n, Err(err)) => return (total + n, Err(err)),
            }
        }
        (total, Ok(()))
    }

    /// Reads the file with one Tread.
    ///
    /// Returns how many bytes were read, and why it was not more. `iter` advances by as much.
    ///
    /// Context: process context, sleeps.
    pub(crate) fn read_once(
        &self,
        fid: &Fid,
        offset: u64,
        iter: &mut IovIter<'_>,
    ) -> (usize, Result) {
        self.read_run(fid, offset, iter, self.io_size(fid))
    }

    /// Reads up to `max` bytes until a reply is shorter than asked, or memory is short.
    fn read_run(
        &self,
        fid: &Fid,
        offset: u64,
        iter: &mut IovIter<'_>,
        max: usize,
    ) -> (usize, Result) {
        let max = iter.count().min(max);
        if let Err(err) = self.pass_gate(Patience::Killable) {
            return (0, Err(err));
        }
        if max > self.io_size(fid) {
            return self.read_window(fid, offset, iter, max);
        }
        let result = self
            .start_read(fid, offset, max)
            .and_then(|reading| self.finish_read(fid, reading, iter));
        match result {
            Ok(received) => (received, Ok(())),
            Err(err) => (0, Err(err)),
        }
    }

    /// As [`read_run`](Self::read_run), with several messages. The caller has passed the gate.
    #[inline(never)]
    fn read_window(
        &self,
        fid: &Fid,
        offset: u64,
        iter: &mut IovIter<'_>,
        max: usize,
    ) -> (usize, Result) {
        let most = (WINDOW_BYTES / self.io_size(fid).max(1)).clamp(1, WINDOW);
        let mut window = Window::new();
        let (mut asked, mut total) = (0, 0);
        let mut result = Ok(());
        loop {
            let width = if fid.is_pipelined() { most } else { 1 };
            while result.is_ok() && asked < max && window.len < width {
                match self.start_read(fid, offset.saturating_add(asked as u64), max - asked) {
                    Ok(reading) => {
                        asked += reading.asked;
                        window.push(reading);
                    }
                    Err(err) => result = Err(err),
                }
            }
            let Some(reading) = window.pop() else { break };
            let asked = reading.asked;
            match self.finish_read(fid, reading, iter) {
                Ok(received) => {
                    total += received;
                    if received < asked {
                        break;
                    }
                }
                Err(err) => {
                    result = Err(err);
                    break;
                }
            }
        }
        // What is still under way was asked for behind the end of the run.
        while let Some(reading) = window.pop() {
            let _ = self.finish(reading.pending);
        }
        (total, result)
    }

    /// Asks for up to `want` bytes.
    #[inline(never)]
    fn start_read(&self, fid: &Fid, offset: u64, want: usize) -> Result<Reading> {
        let want = want.min(self.io_size(fid));
        let payload = self.payload_from_server(want)?;
        let asked = payload.as_ref().map_or(want, Payload::len);
        let message = Tread {
            fid: fid.num(),
            offset,
            count: count_of(asked),
        };
        let call = Call {
            reply_data: if payload.is_some() { 0 } else { asked },
            payload,
            ..Call::default()
        };
        let pending = self.start(&message, call)?;
        Ok(Reading { pending, asked })
    }

    /// Memory for `want` bytes from the server, or fewer if there is not enough; `None` if the data
    /// travel in the frame.
    fn payload_from_server(&self, want: usize) -> Result<Option<Payload>> {
        if self.is_inline(want) {
            return Ok(None);
        }
        self.bounce(want, Direction::FromServer).map(Some)
    }

    /// A bounce buffer of `want` bytes, or fewer if there is not enough memory.
    fn bounce(&self, want: usize, direction: Direction) -> Result<Payload> {
        Payload::bounce(self.bounce_pool(), want, direction, self.max_segments())
    }

    /// Waits for a Tread on `fid` and copies its data to `iter`, which advances by as much.
    fn finish_read(&self, fid: &Fid, reading: Reading, iter: &mut IovIter<'_>) -> Result<usize> {
        let asked = count_of(reading.asked);
        let answer = self.finish(reading.pending)?;
        let received = match answer.request().payload() {
            None => {
                let data = answer.decode()?.data.within(asked).map_err(to_error)?;
                all(iter.copy_to(data), data.len())?
            }
            Some(payload) => {
                // CAST: a `u32` fits into a `usize` on every 64 bit machine.
                let received = answer.decode_bulk(payload, asked)? as usize;
                all(payload.copy_to_iter(received, iter), received)?
            }
        };
        if received == reading.asked {
            fid.set_pipelined();
        }
        Ok(received)
    }

    /// Reads entries of the directory `fid` from `offset` on into `buf`. Returns their bytes.
    ///
    /// Context: process context, sleeps.
    ///
    /// # Errors
    ///
    /// - `EIO` if the last entry tells to go on where this call has begun.
    ///
    /// Errors of [`Client::rpc`] and of the server are propagated as-is.
    pub(crate) fn readdir(&self, fid: &Fid, offset: u64, buf: &mut [u8]) -> Result<usize> {
        let want = buf.len().min(self.io_size(fid));
        let payload = self.payload_from_server(want)?;
        let asked = payload.as_ref().map_or(want, Payload::len);
        let message = Treaddir {
            fid: fid.num(),
            offset,
            count: count_of(asked),
        };
        let answer = self.rpc(
            &message,
            Call {
                reply_data: if payload.is_some() { 0 } else { asked },
                payload,
                ..Call::default()
            },
        )?;
        let received = match answer.request().payload() {
            None => {
                let data = answer.decode()?.data;
                let data = data.within(count_of(asked)).map_err(to_error)?;
                let to = buf.get_mut(..data.len()).ok_or(EIO)?;
                to.copy_from_slice(data);
                data.len()
            }
            Some(payload) => {
                // CAST: a `u32` fits into a `usize` on every 64 bit machine.
                let received = answer.decode_bulk(payload, count_of(asked))? as usize;
                let to = buf.get_mut(..received).ok_or(EIO)?;
                all(payload.copy_to_slice(to), received)?
            }
        };
        // The caller would get the same entries again, for ever.
        if next_offset(buf.get(..received).ok_or(EIO)?) == Some(offset) {
            return Err(EIO);
        }
        Ok(received)
    }

    /// Writes what is left of `iter` to the file from `offset` on.
    ///
    /// Returns how many bytes the server has taken, and why it was not more. `iter` advances by as
    /// much.
    ///
    /// Context: process context, sleeps.
    pub(crate) fn write(&self, fid: &Fid, offset: u64, iter: &mut IovIter<'_>) -> (usize, Result) {
        let mut total = 0;
        while iter.count() > 0 {
            match self.write_once(fid, offset.saturating_add(total as u64), iter) {
                Ok(0) => return (total, Err(EIO)),
                Ok(written) => {
                    total += written;
                    iter.advance(written);
                }
                Err(err) => return (total, Err(err)),
            }
        }
        (total, Ok(()))
    }

    /// Writes with one Twrite. `iter` stays where it is.
    #[inline(never)]
    fn write_once(&self, fid: &Fid, offset: u64, iter: &IovIter<'_>) -> Result<usize> {
        let _nofs = NofsGuard::new();
        let want = iter.count().min(self.io_size(fid));
        // Dirty pages: whoever wrote them has been told that all went well.
        let patience = if iter.kind().is_page_cache() {
            Patience::WriteBack
        } else {
            Patience::Killable
        };
        let mut from = iter.peek(want);
        let mut from = from.as_iter();
        let mut payload = None;
        if !self.is_inline(want) {
            payload = Payload::zero_copy(&mut from, want, self.max_segments())?;
            if payload.is_none() {
                let mut bounce = self.bounce(want, Direction::ToServer)?;
                let len = bounce.len();
                all(bounce.fill_from_iter(&mut from), len)?;
                payload = Some(bounce);
            }
        }
        let (asked, inline) = payload
            .as_ref()
            .map_or((want, want), |payload| (payload.len(), 0));
        let message = Twrite {
            fid: fid.num(),
            offset,
            data: WireData::External(count_of(asked)),
        };
        let call = Call {
            payload,
            patience,
            ..Call::default()
        };
        self.pass_gate(patience)?;
        let pending = self.start_with(&message, call, inline, |data| {
            all(from.copy_from(data), inline).map(drop)
        })?;
        let answer = self.finish(pending)?;
        let count = answer.decode()?.count;
        // CAST: a `u32` fits into a `usize` on every 64 bit machine.
        check_count(count, count_of(asked))
            .map(|count| count as usize)
            .map_err(to_error)
    }
}

/// A number of bytes on the wire.
fn count_of(len: usize) -> u32 {
    // A payload is never larger than a frame, whose size is a `u32`.
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// `len` if all of it was copied.
///
/// # Errors
///
/// - `EFAULT` if `copied` is less than `len`.
fn all(copied: usize, len: usize) -> Result<usize> {
    if copied < len {
        return Err(EFAULT);
    }
    Ok(len)
}

/// A value out of bounds as an error of ours.
fn to_error(err: crate::proto::wire::DecodeError) -> Error {
    Error::from_errno(Errno::from(err).to_negative())
}
