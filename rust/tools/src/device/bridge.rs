// SPDX-License-Identifier: GPL-2.0

//! The device: requests from the queue to a 9P server, its answers back, right or wrong.
//!
//! Every Tversion begins a connection to the server, so an answer is never taken for one of another
//! session with the same tag. A request that the server has cancelled is given back with no bytes
//! written before the Rflush, as QEMU does it.

use super::{
    memory::Memory,
    ring::{
        Chain,
        Ring, //
    },
    vhost::{
        Device,
        Event, //
    },
};
use crate::{
    fault::{
        reply::encode,
        server::Server, //
    },
    net::Stream, //
};
use p9proto::{
    bulk::Data,
    message::{
        message_name,
        Message,
        Rflush,
        Rread,
        Tflush,
        Tversion, //
    },
    types::Tag,
    wire::{
        split_frame,
        HEADER_SIZE, //
    },
};
use rustix::event::{
    poll,
    PollFd,
    PollFlags, //
};
use std::{
    fs::File,
    io::{
        self,
        Read,
        Write, //
    },
    net::Shutdown,
    os::{
        fd::OwnedFd,
        unix::net::UnixStream, //
    },
    sync::{
        Arc,
        Mutex,
        MutexGuard,
        PoisonError, //
    },
    thread, //
};

/// Features: a mount tag, no notifications of the layout before version 1, tables of descriptors.
const MOUNT_TAG: u64 = 1 << 0;
const VERSION_1: u64 = 1 << 32;
const INDIRECT: u64 = 1 << 28;

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    /// It claims another length.
    Length(u32),
    /// It claims to be that of another descriptor.
    Id(u32),
    /// It is put back twice.
    Twice,
    /// More are claimed to be back than there are.
    Jump(u16),
    /// The guest is not told.
    Silent,
    /// It is kept, until an order lets it go.
    Keep,
}

/// A request that is not back.
struct Pending {
    session: u64,
    tag: u16,
    /// That of a Tflush.
    oldtag: Option<u16>,
    chain: Chain,
}

#[derive(Default)]
struct Inner {
    memory: Memory,
    ring: Ring,
    call: Option<File>,
    pending: Vec<Pending>,
    /// What is wrong with the next answer of that name; `*` is any.
    wrong: Option<(String, Wrong)>,
    /// Answers that are kept.
    kept: Vec<(Chain, Vec<u8>)>,
    /// The connections to the server since the queue was begun, and how many there have been.
    servers: Vec<Arc<UnixStream>>,
    session: u64,
    /// How many times the queue was begun.
    starts: u64,
    config: Vec<u8>,
}

/// The device.
pub struct Bridge {
    server: Arc<Server>,
    features: u64,
    inner: Mutex<Inner>,
}

impl Bridge {
    /// A device of `server` with the mount tag `tag`; without tables of descriptors if not
    /// `indirect`.
    pub fn new(server: Arc<Server>, tag: &str, indirect: bool) -> Arc<Self> {
        let mut config = (tag.len() as u16).to_le_bytes().to_vec();
        config.extend(tag.as_bytes());
        Arc::new(Self {
            server,
            features: MOUNT_TAG | VERSION_1 | if indirect { INDIRECT } else { 0 },
            inner: Mutex::new(Inner {
                config,
                ..Inner::default()
            }),
        })
    }

    /// Carries out an order, one for the [server](Server::order) or, after the word `device`,
    ///
    /// - `next MESSAGE WRONG`: the next answer of that name, or any with `*`, is wrong: `len=N`
    ///   bytes are claimed, it has the `id=N`, comes `twice`, the index makes a `jump=N`, the guest
    ///   hears nothing (`silent`), or it does not come (`keep`; of an Rflush, it comes, but not what
    ///   was flushed).
    /// - `release`: lets go what was kept, and tells the guest. What was flushed comes as an Rread
    ///   that fills all the room for it with `Z`.
    /// - `call N`: tells the guest N times that there is something, which there is not.
    /// - `pending`: how many requests are not back.
    /// - `starts`: how many times the queue was begun.
    /// - `size`: entries of the queue.
    /// - `tag LENGTH TEXT`: changes the configuration. Of TEXT, `\0` is a NUL.
    ///
    /// # Errors
    ///
    /// What is wrong with the order, in words.
    pub fn order(self: &Arc<Self>, line: &str) -> Result<String, String> {
        let Some(line) = line.strip_prefix("device ") else {
            return self.server.order(line);
        };
        let mut inner = self.lock();
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["next", name, wrong] => inner.wrong = Some((name.into(), parse(wrong)?)),
            ["release"] => {
                for (chain, frame) in std::mem::take(&mut inner.kept) {
                    inner
                        .put(&chain, &frame, None)
                        .map_err(|err| err.to_string())?;
                }
                inner.tell(1).map_err(|err| err.to_string())?;
            }
            ["call", times] => {
                let times = times.parse().map_err(|_| "not a number")?;
                inner.tell(times).map_err(|err| err.to_string())?;
            }
            ["pending"] => return Ok((inner.pending.len() + inner.kept.len()).to_string()),
            ["starts"] => return Ok(inner.starts.to_string()),
            ["size"] => return Ok(inner.ring.size.to_string()),
            ["tag", len, ref text @ ..] => {
                let len: u16 = len.parse().map_err(|_| "not a number")?;
                inner.config = len.to_le_bytes().to_vec();
                let text = text.join(" ").replace("\\0", "\0");
                inner.config.extend(text.as_bytes());
            }
            _ => return Err(format!("unknown order: device {line}")),
        }
        Ok("ok".into())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what the guest makes available, whenever it says so, until the queue is stopped.
    fn run(self: Arc<Self>, kick: OwnedFd, start: u64) -> io::Result<()> {
        let mut kick = File::from(kick);
        let mut count = [0; 8];
        loop {
            let mut inner = self.lock();
            if inner.starts != start {
                return Ok(());
            }
            let Inner { memory, ring, .. } = &mut *inner;
            if let Some(chain) = ring.take(memory)? {
                let frame = self.note(&mut inner, chain)?;
                let server = inner.servers.last().cloned();
                // Without the lock: the server may first want to get rid of its answers.
                drop(inner);
                if let (Some(server), Some(frame)) = (server, frame) {
                    // A server that has closed the connection answers nothing.
                    let _ = (&*server).write_all(&frame);
                }
            } else {
                drop(inner);
                poll(&mut [PollFd::new(&kick, PollFlags::IN)], None)?;
                match kick.read(&mut count) {
                    // Somebody else has read it before.
                    Err(err) if err.kind() == io::ErrorKind::WouldBlock => {}
                    result => drop(result?),
                }
            }
        }
    }

    /// Notes a request; the frame in it goes to the server.
    fn note(self: &Arc<Self>, inner: &mut Inner, mut chain: Chain) -> io::Result<Option<Vec<u8>>> {
        let frame = std::mem::take(&mut chain.data);
        let Ok((header, body)) = split_frame(&frame) else {
            self.server
                .violation(format!("a frame of {} bytes", frame.len()));
            inner.finish(&chain, &[], None)?;
            return Ok(None);
        };
        if header.ty == Tversion::TYPE {
            let (ours, theirs) = UnixStream::pair()?;
            let server = self.server.clone();
            thread::spawn(move || server.serve(Stream::Unix(theirs)));
            inner.session += 1;
            let (session, this) = (inner.session, self.clone());
            let mut input = ours.try_clone()?;
            inner.servers.push(Arc::new(ours));
            thread::spawn(move || while this.reply(session, &mut input).is_ok() {});
        }
        let oldtag = body
            .get(..2)
            .map(|tag| u16::from_le_bytes([tag[0], tag[1]]));
        inner.pending.push(Pending {
            session: inner.session,
            tag: header.tag.get(),
            oldtag: oldtag.filter(|_| header.ty == Tflush::TYPE),
            chain,
        });
        Ok(Some(frame))
    }

    /// Takes an answer of the server's.
    fn reply(&self, session: u64, input: &mut UnixStream) -> io::Result<()> {
        let mut frame = vec![0; HEADER_SIZE];
        input.read_exact(&mut frame)?;
        let len = u32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]) as usize;
        frame.resize(len.max(HEADER_SIZE), 0);
        input.read_exact(&mut frame[HEADER_SIZE..])?;
        let tag = u16::from_le_bytes([frame[5], frame[6]]);

        let mut inner = self.lock();
        let Some(pending) = inner.take(session, tag) else {
            return Ok(());
        };
        let name = message_name(frame[4]).unwrap_or("*");
        let wrong = inner.wrong.take_if(|(of, _)| of == name || of == "*");
        let wrong = wrong.map(|(_, wrong)| wrong);
        if frame[4] == Rflush::TYPE {
            let old = pending.oldtag.and_then(|old| inner.take(session, old));
            match old {
                // The device gives back late what it should have given back now.
                Some(old) if wrong == Some(Wrong::Keep) => {
                    let late = flood(old.tag, old.chain.room());
                    inner.kept.push((old.chain, late));
                    return inner.finish(&pending.chain, &frame, None);
                }
                Some(old) => inner.put(&old.chain, &[], None)?,
                None => {}
            }
        }
        inner.finish(&pending.chain, &frame, wrong)
    }
}

impl Inner {
    /// The request with that tag.
    fn take(&mut self, session: u64, tag: u16) -> Option<Pending> {
        let mut all = self.pending.iter();
        let at = all.position(|it| it.session == session && it.tag == tag)?;
        Some(self.pending.remove(at))
    }

    /// Gives a request back with its answer, and tells the guest.
    fn finish(&mut self, chain: &Chain, frame: &[u8], wrong: Option<Wrong>) -> io::Result<()> {
        if wrong == Some(Wrong::Keep) {
            self.kept.push((chain.clone(), frame.to_vec()));
            return Ok(());
        }
        self.put(chain, frame, wrong)?;
        if wrong == Some(Wrong::Silent) || !self.ring.wants_call(&self.memory)? {
            return Ok(());
        }
        self.tell(1)
    }

    /// Gives a request back.
    fn put(&mut self, chain: &Chain, frame: &[u8], wrong: Option<Wrong>) -> io::Result<()> {
        let len = chain.write(&self.memory, frame)?;
        let head = u32::from(chain.head);
        let Self { memory, ring, .. } = self;
        match wrong {
            Some(Wrong::Length(len)) => ring.put(memory, head, len),
            Some(Wrong::Id(id)) => ring.put(memory, id, len),
            Some(Wrong::Twice) => {
                ring.put(memory, head, len)?;
                ring.put(memory, head, len)
            }
            Some(Wrong::Jump(by)) => {
                ring.put(memory, head, len)?;
                ring.advance(memory, by)
            }
            _ => ring.put(memory, head, len),
        }
    }

    /// Interrupts the guest.
    fn tell(&mut self, times: u32) -> io::Result<()> {
        for _ in 0..times {
            if let Some(call) = &mut self.call {
                call.write_all(&1_u64.to_ne_bytes())?;
            }
        }
        Ok(())
    }
}

impl Device for Arc<Bridge> {
    fn features(&self) -> u64 {
        self.features
    }

    fn config(&self, offset: usize) -> Vec<u8> {
        let config = &self.lock().config;
        config.get(offset..).unwrap_or_default().into()
    }

    fn handle(&self, event: Event) -> io::Result<u16> {
        let mut inner = self.lock();
        match event {
            Event::Memory(places, files) => inner.memory = Memory::new(&places, &files)?,
            Event::Size(size) => {
                inner.ring.size = u16::try_from(size).map_err(io::Error::other)?;
            }
            Event::Addresses(desc, used, avail) => {
                let guest = |user| {
                    let guest = inner.memory.guest_of(user);
                    guest.ok_or_else(|| io::Error::other("the queue is in no memory"))
                };
                let (desc, used, avail) = (guest(desc)?, guest(used)?, guest(avail)?);
                inner.ring = Ring {
                    desc,
                    used,
                    avail,
                    ..inner.ring
                };
            }
            Event::Base(taken) => {
                // CAST: the number is that of a 16 bit index.
                inner.ring.taken = taken as u16;
                inner.ring.put = taken as u16;
            }
            Event::Kick(kick) => {
                inner.starts += 1;
                let (this, start) = (self.clone(), inner.starts);
                thread::spawn(move || {
                    if let Err(err) = this.clone().run(kick, start) {
                        this.server.violation(format!("in the queue: {err}"));
                    }
                });
            }
            Event::Call(call) => inner.call = Some(call.into()),
            Event::Stop => {
                inner.starts += 1;
                inner.pending.clear();
                inner.kept.clear();
                inner.wrong = None;
                for server in inner.servers.drain(..) {
                    // One that has closed the connection is as good.
                    let _ = server.shutdown(Shutdown::Both);
                }
                inner.session += 1;
            }
        }
        Ok(inner.ring.taken)
    }
}

/// An Rread of `room` bytes.
fn flood(tag: u16, room: u32) -> Vec<u8> {
    let data = vec![b'Z'; (room as usize).saturating_sub(HEADER_SIZE + size_of::<u32>())];
    let data = Data::new(&data);
    encode(Tag::new(tag), &Rread { data }).unwrap_or_default()
}

fn parse(wrong: &str) -> Result<Wrong, String> {
    let number = |text: &str| {
        let number = text.parse::<u32>();
        number.map_err(|_| format!("{text}: not a number"))
    };
    Ok(match wrong.split_once('=') {
        Some(("len", len)) => Wrong::Length(number(len)?),
        Some(("id", id)) => Wrong::Id(number(id)?),
        Some(("jump", by)) => Wrong::Jump(number(by)? as u16),
        None if wrong == "twice" => Wrong::Twice,
        None if wrong == "silent" => Wrong::Silent,
        None if wrong == "keep" => Wrong::Keep,
        _ => return Err(format!("nothing goes wrong like {wrong}")),
    })
}
