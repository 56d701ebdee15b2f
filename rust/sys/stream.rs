// SPDX-License-Identifier: GPL-2.0

//! Byte streams: a socket, or a file to read from and one to write to.
//!
//! Nothing here waits for the other side but [`Stream::wait`]. Sockets and pipes are told so with
//! each call. Other files, such as terminals, have only `O_NONBLOCK`, which is set before each call
//! and which whoever shares the file may clear: there a thread can be held up, and a signal ends
//! that.

use super::{
    bvec::{
        Gather,
        How,
        Scatter, //
    },
    fcall::Completed,
    socket::Address,
    wait::WaitQueue, //
};
use crate::{
    bindings,
    request::Request, //
};
use kernel::{
    error::to_result,
    ffi::c_int,
    fs::{
        file::LocalFile,
        File, //
    },
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Full,
            Release, //
        }, //
    },
};

/// Tells a thread in [`Stream::wait`] that there is something to do.
#[pin_data]
pub(crate) struct Wakeup {
    pending: Atomic<u32>,
    #[pin]
    queue: WaitQueue,
}

impl Wakeup {
    /// Nothing to do yet.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            pending: Atomic::new(0),
            queue <- WaitQueue::new(),
        })
    }

    /// Ends the wait, or the next one if there is none. Context: any.
    pub(crate) fn wake(&self) {
        // ORDERING: the release pairs with the full order in `take`: who was woken sees why.
        self.pending.store(1, Release);
        self.queue.wake_all();
    }

    /// Whether somebody has called [`wake`](Self::wake) since the last time.
    fn take(&self) -> bool {
        self.pending.xchg(0, Full) != 0
    }
}

/// What a stream is ready for.
#[derive(Clone, Copy, Default)]
pub(crate) struct Ready {
    /// There is something to read, or the end, or an error.
    pub(crate) read: bool,
    /// There is room, or an error.
    pub(crate) write: bool,
}

/// A byte stream in both directions.
pub(crate) struct Stream {
    rd: ARef<File>,
    wr: ARef<File>,
    /// Nobody else has the files: it is one socket of ours.
    own: bool,
}

impl Stream {
    /// Connects to `address`, see [`Address::connect`].
    ///
    /// Context: process context, sleeps.
    ///
    /// # Errors
    ///
    /// Those of [`Address::connect`].
    pub(crate) fn connect(address: Address, reserved: bool) -> Result<Self> {
        let file = address.connect(reserved)?;
        Ok(Self {
            rd: file.clone(),
            wr: file,
            own: true,
        })
    }

    /// The descriptors `rfd`, to read from, and `wfd`, to write to, of the running task.
    ///
    /// # Errors
    ///
    /// - `EIO` if one is not open, or not for that.
    /// - `EINVAL` if one is not a stream of bytes: a regular file, a folder, a socket that keeps
    ///   messages apart.
    pub(crate) fn from_descriptors(rfd: u32, wfd: u32) -> Result<Self> {
        let (rd, wr) = (file(rfd)?, file(wfd)?);
        // SAFETY: the files are valid.
        let (can_read, can_write, streams) = unsafe {
            (
                bindings::p9rs_file_can_read(rd.as_ptr()),
                bindings::p9rs_file_can_write(wr.as_ptr()),
                bindings::p9rs_file_is_stream(rd.as_ptr())
                    && bindings::p9rs_file_is_stream(wr.as_ptr()),
            )
        };
        if !can_read || !can_write {
            return Err(EIO);
        }
        if !streams {
            return Err(EINVAL);
        }
        Ok(Self { rd, wr, own: false })
    }

    /// Whether nobody else has the files. Then reading and writing never take longer than copying;
    /// with the files of others, the lock of one may be held by a task that waits for its own
    /// memory.
    pub(crate) fn is_own(&self) -> bool {
        self.own
    }

    /// Reads what is there into `room`. Returns the bytes, 0 at the end of the stream.
    ///
    /// Context: process context; may sleep, not for the other side.
    ///
    /// # Errors
    ///
    /// - `EAGAIN` if there is nothing to read yet.
    ///
    /// Errors of the file are propagated as-is.
    pub(crate) fn recv(&self, room: &mut Scatter<'_>) -> Result<usize> {
        let (vecs, n, bytes) = room.0.raw();
        // SAFETY: the file is valid, and so are the pieces by the type invariants of `Scatter`. They
        // are copied to: by address if others could make the file keep their pages.
        moved(unsafe { bindings::p9rs_stream_recv(self.rd.as_ptr(), vecs, n, bytes, self.own) })
    }

    /// Writes `data` as far as there is room. Returns the bytes.
    ///
    /// Context: process context; may sleep, not for the other side.
    ///
    /// # Errors
    ///
    /// - `EAGAIN` if there is no room.
    ///
    /// Errors of the file are propagated as-is.
    pub(crate) fn send(&self, data: &Gather<'_>) -> Result<usize> {
        let (vecs, n, bytes) = data.pieces.raw();
        let how = match data.how {
            How::Copy => 0,
            How::CopyMore => bindings::P9RS_MORE,
            How::Splice => bindings::P9RS_SPLICE,
        };
        let how = how | if self.own { bindings::P9RS_OWN } else { 0 };
        // SAFETY: the file is valid, and so are the pieces by the type invariants of `Gather`. If
        // the socket is to take references of pages, they have some, and else they are copied: from
        // their address if others could make the file keep their pages.
        moved(unsafe { bindings::p9rs_stream_send(self.wr.as_ptr(), vecs, n, bytes, how) })
    }

    /// Whether the stream can take references of pages instead of copying them.
    pub(crate) fn takes_pages(&self) -> bool {
        // SAFETY: the file is valid.
        self.own && unsafe { bindings::p9rs_file_is_tcp(self.wr.as_ptr()) }
    }

    /// Sleeps until there is something to read, or room to write if `write`, or until `wakeup` or a
    /// signal. With `pause` it sleeps a moment in any case.
    ///
    /// Context: process context, sleeps.
    pub(crate) fn wait(&self, write: bool, wakeup: &Wakeup, pause: bool) -> Ready {
        let wr = if write {
            self.wr.as_ptr()
        } else {
            core::ptr::null_mut()
        };
        // SAFETY: the files, the queue and the number are valid during the call.
        let ready = unsafe {
            bindings::p9rs_stream_wait(
                self.rd.as_ptr(),
                wr,
                wakeup.queue.as_ptr(),
                wakeup.pending.as_ptr(),
                pause,
            )
        };
        wakeup.take();
        Ready {
            read: ready & bindings::P9RS_READABLE != 0,
            write: ready & bindings::P9RS_WRITABLE != 0,
        }
    }

    /// Ends the connection for both sides at once, if it is our own.
    ///
    /// Context: process context.
    pub(crate) fn shutdown(&self) {
        if self.own {
            // SAFETY: the file is valid, and that of a socket.
            unsafe { bindings::p9rs_sock_shutdown(self.rd.as_ptr()) };
        }
    }
}

/// The bytes of the longest reply that there is room for in `req`.
pub(crate) fn reply_room(req: &Request) -> usize {
    req.fcall().reply_room(req.payload())
}

/// Appends the room for up to `len` bytes of the reply to `req`, from its byte `at` on, to `into`.
/// Returns the bytes appended: none if the token is that of another request, or a device has the
/// memory.
pub(crate) fn scatter_reply<'a>(
    req: &'a Request,
    token: &'a mut Completed,
    at: usize,
    len: usize,
    into: &mut Scatter<'a>,
) -> usize {
    let payload = req.payload();
    // SAFETY: the payload is that of the same request.
    unsafe { req.fcall().scatter_reply(token, payload, at, len, into) }
}

/// Copies `data` to the place of the reply to `req` that begins at its byte `at`.
///
/// # Errors
///
/// - `EINVAL` if the token is that of another request, or a device has the memory.
/// - `EMSGSIZE` if the data do not fit.
pub(crate) fn fill_reply(req: &Request, token: &mut Completed, at: usize, data: &[u8]) -> Result {
    let payload = req.payload();
    // SAFETY: the payload is that of the same request.
    unsafe { req.fcall().fill_reply(token, payload, at, data) }
}

/// The file of the descriptor `fd`.
fn file(fd: u32) -> Result<ARef<File>> {
    let file = LocalFile::fget(fd).map_err(|_| EIO)?;
    // SAFETY: the running task is in `mount(2)` or `fsconfig(2)` and has no other call of
    // `fdget_pos` under way.
    Ok(unsafe { LocalFile::assume_no_fdget_pos(file) })
}

/// What a function says that returns bytes or an error number.
fn moved(ret: isize) -> Result<usize> {
    usize::try_from(ret).or_else(|_| {
        // CAST: error numbers are far from the ends of an `int`.
        to_result(ret as c_int).map(|()| 0)
    })
}
