// SPDX-License-Identifier: GPL-2.0

//! The vhost-user protocol, as far as QEMU speaks it to a device with one queue.
//!
//! Messages are a header (request, flags, size of the rest), a body, and file descriptors beside.
//! All numbers are of this machine's byte order.

use super::memory::Place;
use rustix::net::{
    recvmsg,
    RecvAncillaryBuffer,
    RecvAncillaryMessage,
    RecvFlags, //
};
use std::{
    io::{
        self,
        IoSliceMut,
        Read,
        Write, //
    },
    mem::MaybeUninit,
    os::{
        fd::OwnedFd,
        unix::net::UnixStream, //
    },
};

/// Flags of a message: the version, it is a reply, a reply is wanted.
const VERSION: u32 = 1;
const REPLY: u32 = 4;
const NEED_REPLY: u32 = 8;

/// The longest body that is taken.
const MAX_BODY: usize = 4096;

/// The most file descriptors beside a message.
const MAX_FILES: usize = 8;

/// Of the features: `VHOST_USER_F_PROTOCOL_FEATURES`.
const HAS_PROTOCOL_FEATURES: u64 = 1 << 30;

/// Protocol features: several queues (for their number), acknowledgements, configuration.
const PROTOCOL_FEATURES: u64 = (1 << 0) | (1 << 3) | (1 << 9);

/// What QEMU wants to happen.
#[derive(Debug)]
pub enum Event {
    /// The guest's memory is here.
    Memory(Vec<Place>, Vec<OwnedFd>),
    /// The queue has that many entries.
    Size(u32),
    /// The queue is there: descriptors, used and available, as QEMU addresses them.
    Addresses(u64, u64, u64),
    /// So many chains have been taken before.
    Base(u32),
    /// Readable when the guest has made something available: begin.
    Kick(OwnedFd),
    /// To be written to when something was used.
    Call(OwnedFd),
    /// Stop.
    Stop,
}

/// What a [`Connection`] asks the device.
pub trait Device {
    /// Its features.
    fn features(&self) -> u64;
    /// Its configuration, from `offset` on; what is missing reads as zeros.
    fn config(&self, offset: usize) -> Vec<u8>;
    /// Lets something happen. Returns how many chains have been taken.
    ///
    /// # Errors
    ///
    /// Why it cannot.
    fn handle(&self, event: Event) -> io::Result<u16>;
}

/// Serves one connection of QEMU's, until its end.
///
/// # Errors
///
/// Those of the socket and of the device.
pub fn serve(mut stream: UnixStream, device: &dyn Device) -> io::Result<()> {
    while let Some((request, flags, body, files)) = receive(&mut stream)? {
        let reply = answer(device, request, &body, files)?;
        let reply = match reply {
            None if flags & NEED_REPLY != 0 => Some(0_u64.to_ne_bytes().into()),
            reply => reply,
        };
        if let Some(reply) = reply {
            let header = [request, VERSION | REPLY, reply.len() as u32];
            let mut message: Vec<u8> = header.iter().flat_map(|it| it.to_ne_bytes()).collect();
            message.extend(reply);
            stream.write_all(&message)?;
        }
    }
    Ok(())
}

/// A message: request, flags, body, file descriptors.
type Message = (u32, u32, Vec<u8>, Vec<OwnedFd>);

fn receive(stream: &mut UnixStream) -> io::Result<Option<Message>> {
    let mut header = [0; 12];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FILES))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let into = &mut [IoSliceMut::new(&mut header)];
    let len = recvmsg(&*stream, into, &mut beside, RecvFlags::CMSG_CLOEXEC)?.bytes;
    if len == 0 {
        return Ok(None);
    }
    let mut files = Vec::new();
    for message in beside.drain() {
        if let RecvAncillaryMessage::ScmRights(them) = message {
            files.extend(them);
        }
    }
    stream.read_exact(&mut header[len..])?;
    let size = u32_at(&header, 8)? as usize;
    if size > MAX_BODY {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; size];
    stream.read_exact(&mut body)?;
    Ok(Some((
        u32_at(&header, 0)?,
        u32_at(&header, 4)?,
        body,
        files,
    )))
}

/// Carries out a message; the reply, if it always has one.
fn answer(
    device: &dyn Device,
    request: u32,
    body: &[u8],
    mut files: Vec<OwnedFd>,
) -> io::Result<Option<Vec<u8>>> {
    let event = match request {
        // GET_FEATURES, GET_PROTOCOL_FEATURES, GET_QUEUE_NUM
        1 => return reply(device.features() | HAS_PROTOCOL_FEATURES),
        15 => return reply(PROTOCOL_FEATURES),
        17 => return reply(1),
        // SET_MEM_TABLE
        5 => {
            let count = u32_at(body, 0)? as usize;
            let places = (0..count).map(|i| {
                let at = 8 + 32 * i;
                Ok(Place {
                    guest: u64_at(body, at)?,
                    size: u64_at(body, at + 8)?,
                    user: u64_at(body, at + 16)?,
                    offset: u64_at(body, at + 24)?,
                })
            });
            Event::Memory(places.collect::<io::Result<_>>()?, files)
        }
        // SET_VRING_NUM
        8 => Event::Size(u32_at(body, 4)?),
        // SET_VRING_ADDR
        9 => Event::Addresses(u64_at(body, 8)?, u64_at(body, 16)?, u64_at(body, 24)?),
        // SET_VRING_BASE
        10 => Event::Base(u32_at(body, 4)?),
        // GET_VRING_BASE
        11 => {
            let taken = device.handle(Event::Stop)?;
            let mut state = body.get(..4).unwrap_or(&[0; 4]).to_vec();
            state.extend(u32::from(taken).to_ne_bytes());
            return Ok(Some(state));
        }
        // SET_VRING_KICK, SET_VRING_CALL; without a file descriptor it is to be polled: not here.
        12 | 13 => match (request, files.pop()) {
            (_, None) => return Ok(None),
            (12, Some(file)) => Event::Kick(file),
            (_, Some(file)) => Event::Call(file),
        },
        // GET_CONFIG
        24 => {
            let (offset, len) = (u32_at(body, 0)?, u32_at(body, 4)?);
            let mut config = device.config(offset as usize);
            config.resize(len as usize, 0);
            let mut reply = body.get(..12).unwrap_or(&[0; 12]).to_vec();
            reply.extend(config);
            return Ok(Some(reply));
        }
        // What there is nothing to do for.
        _ => return Ok(None),
    };
    device.handle(event)?;
    Ok(None)
}

fn reply(number: u64) -> io::Result<Option<Vec<u8>>> {
    Ok(Some(number.to_ne_bytes().into()))
}

fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> io::Result<[u8; N]> {
    let found = bytes
        .get(at..at + N)
        .and_then(|found| found.try_into().ok());
    found.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn u32_at(bytes: &[u8], at: usize) -> io::Result<u32> {
    bytes_at(bytes, at).map(u32::from_ne_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> io::Result<u64> {
    bytes_at(bytes, at).map(u64::from_ne_bytes)
}
