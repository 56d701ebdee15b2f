// SPDX-License-Identifier: GPL-2.0

//! A split virtqueue, from the device's side. Section 2.7 of the virtio specification, version 1.2.

use super::memory::Memory;
use std::io;

/// Flags of descriptors: another one follows, the device writes, it is a table of descriptors.
const NEXT: u16 = 1;
const WRITE: u16 = 2;
const INDIRECT: u16 = 4;

/// The size of a descriptor.
const DESC: u64 = 16;

/// Where the queue is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ring {
    /// Entries.
    pub size: u16,
    /// The guest's address of the descriptors.
    pub desc: u64,
    /// That of the ring of what the guest makes available.
    pub avail: u64,
    /// That of the ring of what the device has used.
    pub used: u64,
    /// How many available chains have been taken.
    pub taken: u16,
    /// How many used ones have been put back.
    pub put: u16,
}

/// A piece of the guest's memory.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    guest: u64,
    len: u32,
}

/// What the guest has made available: one request.
#[derive(Clone, Debug)]
pub struct Chain {
    /// What the guest knows it by.
    pub head: u16,
    /// Bytes for the device.
    pub data: Vec<u8>,
    room: Vec<Piece>,
}

impl Ring {
    /// The next chain that the guest has made available.
    ///
    /// # Errors
    ///
    /// The guest has made a mistake.
    pub fn take(&mut self, memory: &Memory) -> io::Result<Option<Chain>> {
        if self.size == 0 || memory.index(self.avail + 2)? == self.taken {
            return Ok(None);
        }
        let slot = u64::from(self.taken % self.size);
        let head = u16::from_le_bytes(memory.read(self.avail + 4 + 2 * slot)?);
        self.taken = self.taken.wrapping_add(1);
        let mut chain = Chain {
            head,
            data: Vec::new(),
            room: Vec::new(),
        };
        chain.walk(memory, self.desc, u32::from(self.size), head)?;
        Ok(Some(chain))
    }

    /// Puts the chain `head` back: `len` bytes were written.
    ///
    /// # Errors
    ///
    /// The ring is not in the guest's memory.
    pub fn put(&mut self, memory: &Memory, head: u32, len: u32) -> io::Result<()> {
        let slot = self.used + 4 + 8 * u64::from(self.put % self.size.max(1));
        memory.write(slot, &head.to_le_bytes())?;
        memory.write(slot + 4, &len.to_le_bytes())?;
        self.advance(memory, 1)
    }

    /// Tells the guest that `by` more chains are back.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn advance(&mut self, memory: &Memory, by: u16) -> io::Result<()> {
        self.put = self.put.wrapping_add(by);
        memory.set_index(self.used + 2, self.put)
    }

    /// Whether the guest wants to be told.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn wants_call(&self, memory: &Memory) -> io::Result<bool> {
        Ok(memory.index(self.avail)? & 1 == 0)
    }
}

impl Chain {
    fn walk(&mut self, memory: &Memory, table: u64, size: u32, head: u16) -> io::Result<()> {
        let mut at = head;
        for _ in 0..size {
            if u32::from(at) >= size {
                break;
            }
            let desc: [u8; DESC as usize] = memory.read(table + DESC * u64::from(at))?;
            let mut word = [0; 8];
            word.copy_from_slice(&desc[..8]);
            let guest = u64::from_le_bytes(word);
            let len = u32::from_le_bytes([desc[8], desc[9], desc[10], desc[11]]);
            let flags = u16::from_le_bytes([desc[12], desc[13]]);
            if flags & INDIRECT != 0 {
                return self.walk(memory, guest, len / DESC as u32, 0);
            }
            if flags & WRITE != 0 {
                self.room.push(Piece { guest, len });
            } else {
                let from = self.data.len();
                self.data.resize(from + len as usize, 0);
                memory.read_to(guest, &mut self.data[from..])?;
            }
            if flags & NEXT == 0 {
                return Ok(());
            }
            at = u16::from_le_bytes([desc[14], desc[15]]);
        }
        Err(io::Error::other("a chain of descriptors without an end"))
    }

    /// Bytes that the device may write.
    pub fn room(&self) -> u32 {
        self.room.iter().map(|piece| piece.len).sum()
    }

    /// Writes as much of `data` as there is room for; says how much.
    ///
    /// # Errors
    ///
    /// The guest has made a mistake.
    pub fn write(&self, memory: &Memory, mut data: &[u8]) -> io::Result<u32> {
        let mut written = 0;
        for piece in &self.room {
            let (now, rest) = data.split_at(data.len().min(piece.len as usize));
            memory.write(piece.guest, now)?;
            written += now.len() as u32;
            data = rest;
        }
        Ok(written)
    }
}
