// SPDX-License-Identifier: GPL-2.0

//! Connections over a stream of bytes: a socket, or other files.
//!
//! # Who works
//!
//! Each connection has a thread of its own, which sleeps until the stream can be read, and reads.
//! Nothing that it does while it has something of a request in hand waits for the server, and nobody
//! waits for the thread but [`Transport::close`], not for long. So a stream that can not be read or
//! written without waiting, such as a terminal whose flags somebody changes, holds up its own
//! connection and nobody else.
//!
//! Over a socket of our own whoever has a request sends it, with all that is in the queue. If there
//! is no room the thread goes on when there is. Over files that others have too only the thread
//! writes.
//!
//! # Where a request is
//!
//! In the queue; or, from the moment on when its first byte may be sent, among the sent ones, by its
//! tag; or in reception, when the header of its reply has come. Each has the token of the reply
//! buffer with it, so that whoever ends the connection can end the request. What is queued behind a
//! request that does not fit any more goes back to the queue: of a request that is among the sent
//! ones at rest, at least one byte is on its way, and all of them will follow.
//!
//! # Bounds
//!
//! A server that does not read fills the buffer of the stream, then nothing more is taken from the
//! queue. There are never more requests than tags; what they take is the memory of those who wait
//! for them.
//!
//! # Locking
//!
//! [`Conn::tx`], then [`Conn::inner`]. The latter is a leaf: under it no request is dropped and the
//! client is not called.

use super::{
    queue::Queue,
    Kind,
    Target,
    Transport,
    DEFAULT_PORT, //
};
use crate::{
    by_tag::{
        ByTag,
        Chunk,
        NoPlace, //
    },
    client::Client,
    proto::types::Tag,
    request::Request,
    sys::{
        fcall::Completed,
        seq::SeqFile,
        socket::Address,
        stream::{
            Stream,
            Wakeup, //
        },
        thread::{
            Main,
            Thread, //
        }, //
    },
};
use core::fmt::Write;
use kernel::{
    list::{
        List,
        ListArc, //
    },
    new_mutex, new_spinlock,
    prelude::*,
    str::CString,
    sync::{
        Arc,
        Mutex,
        SpinLock, //
    },
    time::{
        msecs_to_jiffies,
        Msecs, //
    },
};

mod receive;
mod send;
use receive::Receiver;
use send::Sender;

/// The largest message in bytes, as over virtio.
pub(super) const MAX_MSIZE: u32 = 1024 * 1024;

/// The most pieces of one message: its header, and each page of the largest one by itself.
const MAX_SEGMENTS: usize = 512;

/// How long the end of a connection waits for its thread, over files of others.
///
/// Not shorter: the thread may be copying on a busy machine. Not longer: where the wait is in vain
/// somebody has the stream locked for good.
const PATIENCE: Msecs = 1000;

/// The same over a socket of our own, where the thread can only be slow.
const PATIENCE_OWN: Msecs = 60_000;

/// How often a stream may say that it is ready when it is not, before that costs a tick.
const MAX_IDLE: u32 = 4;

/// A request whose memory the stream may use.
struct Sent {
    req: Arc<Request>,
    token: Completed,
}

impl Sent {
    fn fail(self, client: &Client) {
        client.fail(self.req, EIO, self.token);
    }
}

/// What a reply with some tag means.
enum Expected {
    /// The reply to this request.
    Reply(Sent),
    /// The request has been flushed. A reply that comes all the same is ignored, once.
    Nothing,
}

impl Expected {
    /// Whether this is the reply to `req`.
    fn is_for(&self, req: &Request) -> bool {
        matches!(self, Self::Reply(sent) if core::ptr::eq(&*sent.req, req))
    }
}

/// What [`Conn::inner`] guards.
struct Inner {
    /// The session, until it closes the connection.
    client: Option<Arc<Client>>,
    /// Nothing more is sent or received.
    dead: bool,
    /// The stream had no room for what was to be sent, or somebody has sent enough for others: the
    /// thread goes on.
    full: bool,
    /// Requests of which nothing has been sent.
    queue: Queue,
    /// Requests that wait for their replies.
    sent: ByTag<Expected>,
    /// The request whose reply has come in part. The thread takes it while it copies.
    receiving: Option<Sent>,
}

impl Inner {
    /// Ends everything. `None` if it has ended before.
    fn end(&mut self) -> Option<Ended> {
        if self.dead {
            return None;
        }
        self.dead = true;
        Some(Ended {
            unsent: self.queue.take_all(),
            sent: core::mem::replace(&mut self.sent, ByTag::closed()),
            receiving: self.receiving.take(),
        })
    }
}

/// The requests of a connection that has ended.
struct Ended {
    unsent: List<Request, 0>,
    sent: ByTag<Expected>,
    receiving: Option<Sent>,
}

impl Ended {
    fn fail(self, client: &Client) {
        self.sent.for_each(|expected| {
            if let Expected::Reply(sent) = expected {
                sent.fail(client);
            }
        });
        if let Some(sent) = self.receiving {
            sent.fail(client);
        }
        let mut unsent = self.unsent;
        while let Some(item) = unsent.pop_front() {
            fail_unsent(client, item.into_arc(), EIO);
        }
    }
}

/// Whether an error of the stream says nothing but that it has to be tried again: there is nothing to
/// read, no room, or no memory just now.
fn is_passing(err: Error) -> bool {
    [EAGAIN, EINTR, ERESTARTSYS, ENOMEM, ENOBUFS].contains(&err)
}

/// Fails a request that was not sent.
fn fail_unsent(client: &Client, req: Arc<Request>, err: Error) {
    // Not so only for a request that was sent before, and is somebody else's to fail.
    if let Some(token) = req.fcall().claim() {
        client.fail(req, err, token);
    }
}

/// What the session and the thread of a connection share.
#[pin_data]
struct Conn {
    name: &'static CStr,
    stream: Stream,
    #[pin]
    wakeup: Wakeup,
    #[pin]
    tx: Mutex<Sender>,
    #[pin]
    inner: SpinLock<Inner>,
}

impl Conn {
    /// Makes a place for what will have the tag `tag`. May sleep.
    fn make_place(&self, tag: Tag) -> Result {
        let missing = self.inner.lock().sent.place(tag).err();
        match missing {
            None => Ok(()),
            Some(NoPlace::EverAgain) => Err(EIO),
            Some(NoPlace::Yet) => {
                let chunk = Chunk::new()?;
                // A chunk that another task has made superfluous is freed with no lock held.
                let _surplus = self.inner.lock().sent.add(tag, chunk);
                Ok(())
            }
        }
    }

    /// Queues `req`. Returns whether it is to be sent now.
    ///
    /// # Errors
    ///
    /// The request is given back with `EIO` if the connection has ended, with `ENOMEM` if there is
    /// no memory.
    fn enqueue(&self, req: Arc<Request>) -> core::result::Result<bool, (Error, Arc<Request>)> {
        if let Err(err) = self.make_place(req.tag()) {
            return Err((err, req));
        }
        let mut inner = self.inner.lock();
        if inner.dead {
            drop(inner);
            return Err((EIO, req));
        }
        match ListArc::try_from_arc(req) {
            Ok(item) => {
                inner.queue.push(item);
                Ok(!inner.full)
            }
            Err(req) => {
                drop(inner);
                // Queued already.
                drop(req);
                Ok(false)
            }
        }
    }

    /// Whether something is to be sent as soon as there is room.
    fn wants_to_send(&self) -> bool {
        let inner = self.inner.lock();
        inner.full || !inner.queue.is_empty()
    }

    /// Whether the connection has ended.
    fn is_over(&self) -> bool {
        self.inner.lock().dead
    }

    /// The connection is broken.
    fn die(&self, err: Error) {
        let mut inner = self.inner.lock();
        let (ended, client) = (inner.end(), inner.client.clone());
        drop(inner);
        let (Some(ended), Some(client)) = (ended, client) else {
            return;
        };
        let name = self.name;
        if err == ECONNRESET || err == EPIPE {
            pr_err!("{}: the server has closed the connection\n", name);
        } else if err == EPROTO {
            pr_err!("{}: the server has sent what is no reply\n", name);
        } else if err == EMSGSIZE {
            pr_err!("{}: the server has sent more than fits\n", name);
        } else {
            pr_err!(
                "{}: the connection is lost, error {}\n",
                name,
                err.to_errno()
            );
        }
        client.transport_died();
        ended.fail(&client);
        self.stream.shutdown();
        self.wakeup.wake();
    }
}

/// The thread of a connection.
struct Worker {
    conn: Arc<Conn>,
    receiver: Receiver,
}

impl Worker {
    /// Waits for the stream, reads and writes. Returns whether there was nothing to be done after
    /// all.
    fn turn(&mut self, pause: bool) -> Result<bool> {
        let conn = &*self.conn;
        let ready = conn.stream.wait(conn.wants_to_send(), &conn.wakeup, pause);
        let mut moved = 0;
        if ready.read && !conn.is_over() {
            moved += self.receiver.receive(conn)?;
        }
        if ready.write && !conn.is_over() {
            moved += conn.send(&mut conn.tx.lock())?;
        }
        Ok((ready.read || ready.write) && moved == 0)
    }
}

impl Main for Worker {
    fn main(mut self) {
        let mut idle = 0;
        while !self.conn.is_over() {
            match self.turn(idle > MAX_IDLE) {
                Ok(true) => idle += 1,
                Ok(false) => idle = 0,
                Err(err) => self.conn.die(err),
            }
        }
        // Whoever is sending has seen the end, or soon will.
        self.conn.tx.lock().clear();
    }
}

/// What `/proc/mounts` tells of a connection.
#[derive(Clone, Copy)]
pub(super) enum Shown {
    /// Nothing.
    Nothing,
    /// A port, unless it is the default.
    Port(u16),
    /// File descriptors, as the task that mounted knew them.
    Descriptors(u32, u32),
}

/// Connects to the server of `target`, whose address `address` makes of the source of the mount. The
/// log tells why, if that fails, unless by a signal.
///
/// Context: process context. Sleeps until there is an answer, or a signal.
///
/// # Errors
///
/// - `EINVAL` if there is no source.
///
/// Errors of `address` and of the socket are propagated as-is.
pub(super) fn connect(
    kind: &Kind,
    target: &Target<'_>,
    address: impl FnOnce(&CStr) -> Result<Address>,
) -> Result<Stream> {
    let source = target.source.ok_or(EINVAL)?;
    let address = address(source).inspect_err(|err| {
        pr_err!(
            "{}: {} is not an address, error {}\n",
            kind.name,
            source,
            err.to_errno()
        );
    })?;
    Stream::connect(address, target.privport).inspect_err(|err| {
        if *err != ERESTARTSYS && *err != EINTR {
            pr_err!(
                "{}: cannot connect to {}, error {}\n",
                kind.name,
                source,
                err.to_errno()
            );
        }
    })
}

/// A session's connection over a stream.
pub(super) struct Connection {
    conn: Arc<Conn>,
    thread: Pin<KBox<Mutex<Option<Thread>>>>,
    shown: Shown,
}

impl Connection {
    /// Begins to serve `client` over `stream`.
    ///
    /// # Errors
    ///
    /// - `ENOMEM` if there is no memory.
    /// - `EINTR` if the running task has been killed.
    pub(super) fn start(
        client: &Arc<Client>,
        name: &'static CStr,
        stream: Stream,
        shown: Shown,
    ) -> Result<KBox<dyn Transport>> {
        let room = KBox::<Self>::new_uninit(GFP_KERNEL)?;
        let thread_name = CString::try_from_fmt(fmt!("9p-{name}"))?;
        let receiver = Receiver::new(&stream)?;
        let (sender, sent) = (Sender::new()?, ByTag::new()?);
        let conn = Arc::pin_init(
            pin_init!(Conn {
                name,
                stream,
                wakeup <- Wakeup::new(),
                tx <- new_mutex!(sender, "Conn::tx"),
                inner <- new_spinlock!(Inner {
                    client: Some(client.clone()),
                    dead: false,
                    full: false,
                    queue: Queue::new(),
                    sent,
                    receiving: None,
                }, "Conn::inner"),
            }),
            GFP_KERNEL,
        )?;
        let worker = Worker {
            conn: conn.clone(),
            receiver,
        };
        let thread =
            KBox::pin_init(new_mutex!(None, "Connection::thread"), GFP_KERNEL).and_then(|place| {
                *place.lock() = Some(Thread::spawn(&thread_name, worker)?);
                Ok(place)
            });
        match thread {
            Ok(thread) => Ok(room.write(Self {
                conn,
                thread,
                shown,
            })),
            Err(err) => {
                let client = conn.inner.lock().client.take();
                drop(client);
                Err(err)
            }
        }
    }
}

impl Transport for Connection {
    fn max_msize(&self) -> u32 {
        MAX_MSIZE
    }

    fn max_segments(&self) -> usize {
        MAX_SEGMENTS
    }

    fn learns_of_flushes(&self) -> bool {
        true
    }

    fn request(&self, req: Arc<Request>) {
        match self.conn.enqueue(req) {
            Ok(true) => self.conn.transmit(),
            Ok(false) => {}
            Err((err, req)) => {
                let client = self.conn.inner.lock().client.clone();
                if let Some(client) = client {
                    fail_unsent(&client, req, err);
                }
            }
        }
    }

    fn cancel(&self, req: &Request) -> bool {
        let removed = self.conn.inner.lock().queue.remove(req);
        removed.is_some()
    }

    fn flushed(&self, req: &Request) {
        let mut inner = self.conn.inner.lock();
        let unused = match inner.sent.place(req.tag()) {
            Ok(Some(place)) if place.is_for(req) => {
                Some(core::mem::replace(place, Expected::Nothing))
            }
            _ => None,
        };
        drop(inner);
        // The reply will not come, so the token is not needed.
        drop(unused);
    }

    fn show_options(&self, to: &mut SeqFile<'_>) {
        // A full buffer is remembered by the file.
        let _ = match self.shown {
            Shown::Nothing | Shown::Port(DEFAULT_PORT) => Ok(()),
            Shown::Port(port) => write!(to, ",port={port}"),
            Shown::Descriptors(rfd, wfd) => write!(to, ",rfd={rfd},wfd={wfd}"),
        };
    }

    fn close(&self, client: &Client) {
        let mut inner = self.conn.inner.lock();
        let (ended, own) = (inner.end(), inner.client.take());
        drop(inner);
        if let Some(ended) = ended {
            ended.fail(client);
        }
        drop(own);
        self.conn.stream.shutdown();
        self.conn.wakeup.wake();
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            let patience = if self.conn.stream.is_own() {
                PATIENCE_OWN
            } else {
                PATIENCE
            };
            if !thread.end(msecs_to_jiffies(patience)) {
                pr_warn!(
                    "{}: somebody holds on to the files of a mount\n",
                    self.conn.name
                );
            }
        }
    }
}
