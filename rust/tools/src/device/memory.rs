// SPDX-License-Identifier: GPL-2.0

//! The guest's memory, which QEMU shares.
#![allow(unsafe_code)] // Shared memory, which the guest changes at any time.

use rustix::mm::{
    mmap,
    munmap,
    MapFlags,
    ProtFlags, //
};
use std::{
    ffi::c_void,
    io,
    os::fd::OwnedFd,
    ptr,
    sync::atomic::{
        AtomicU16,
        Ordering, //
    }, //
};

/// A part of the guest's memory, as QEMU describes it.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Where it begins for the guest.
    pub guest: u64,
    /// Bytes.
    pub size: u64,
    /// Where it begins for QEMU.
    pub user: u64,
    /// Where it begins in the file.
    pub offset: u64,
}

/// A [`Place`] that is mapped.
///
/// # Invariants
///
/// `base` is a mapping of `offset + size` bytes, readable and writable, until drop.
struct Region {
    place: Place,
    base: *mut u8,
}

// SAFETY: a mapping has no thread.
unsafe impl Send for Region {}

impl Region {
    fn new(place: Place, file: &OwnedFd) -> io::Result<Self> {
        let len = place.offset.checked_add(place.size);
        let len = len.and_then(|len| usize::try_from(len).ok());
        let len = len.ok_or(io::ErrorKind::InvalidInput)?;
        // SAFETY: a new mapping, at a place that the kernel chooses.
        let base = unsafe {
            mmap(
                ptr::null_mut(),
                len,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
                file,
                0,
            )?
        };
        Ok(Self {
            place,
            base: base.cast(),
        })
    }

    /// Where the `len` bytes at `at` bytes from the beginning are, if all of them are here.
    fn get(&self, at: u64, len: usize) -> Option<*mut u8> {
        let end = at.checked_add(len as u64)?;
        if end > self.place.size {
            return None;
        }
        let at = usize::try_from(self.place.offset + at).ok()?;
        // SAFETY: by the type invariants that is in the mapping.
        Some(unsafe { self.base.add(at) })
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        let len = (self.place.offset + self.place.size) as usize;
        // SAFETY: by the type invariants; nobody uses it any more. It cannot fail for a mapping.
        let _ = unsafe { munmap(self.base.cast::<c_void>(), len) };
    }
}

/// All of the guest's memory.
#[derive(Default)]
pub struct Memory(Vec<Region>);

impl Memory {
    /// Maps what QEMU has sent.
    ///
    /// # Errors
    ///
    /// Those of the system calls.
    pub fn new(places: &[Place], files: &[OwnedFd]) -> io::Result<Self> {
        let regions = places.iter().zip(files);
        let regions = regions.map(|(place, file)| Region::new(*place, file));
        regions.collect::<io::Result<_>>().map(Self)
    }

    /// The guest's address of what is at `user` for QEMU.
    pub fn guest_of(&self, user: u64) -> Option<u64> {
        let places = self.0.iter().map(|region| region.place);
        let mut found = places.filter(|place| user >= place.user && user - place.user < place.size);
        found.next().map(|place| place.guest + (user - place.user))
    }

    fn at(&self, guest: u64, len: usize) -> io::Result<*mut u8> {
        let mut regions = self.0.iter();
        let found = regions.find_map(|region| {
            let at = guest.checked_sub(region.place.guest)?;
            region.get(at, len)
        });
        found.ok_or_else(|| io::Error::other(format!("no memory at {guest:#x}")))
    }

    /// Reads what is at `guest`.
    ///
    /// # Errors
    ///
    /// There is no such memory; so for all functions here.
    pub fn read<const N: usize>(&self, guest: u64) -> io::Result<[u8; N]> {
        let mut data = [0; N];
        self.read_to(guest, &mut data)?;
        Ok(data)
    }

    /// Reads what is at `guest` into `data`.
    pub fn read_to(&self, guest: u64, data: &mut [u8]) -> io::Result<()> {
        let from = self.at(guest, data.len())?;
        // SAFETY: `at` has checked the length, and `data` is ours alone.
        unsafe { ptr::copy_nonoverlapping(from, data.as_mut_ptr(), data.len()) };
        Ok(())
    }

    /// Writes `data` to `guest`.
    pub fn write(&self, guest: u64, data: &[u8]) -> io::Result<()> {
        let to = self.at(guest, data.len())?;
        // SAFETY: `at` has checked the length, and `data` is not in the guest's memory.
        unsafe { ptr::copy_nonoverlapping(data.as_ptr(), to, data.len()) };
        Ok(())
    }

    /// The index at `guest`, an even address, which the guest and the device tell each other of
    /// their progress by.
    pub fn index(&self, guest: u64) -> io::Result<u16> {
        Ok(u16::from_le(self.atomic(guest)?.load(Ordering::SeqCst)))
    }

    /// Sets the index at `guest`, an even address.
    pub fn set_index(&self, guest: u64, index: u16) -> io::Result<()> {
        self.atomic(guest)?.store(index.to_le(), Ordering::SeqCst);
        Ok(())
    }

    fn atomic(&self, guest: u64) -> io::Result<&AtomicU16> {
        let place = self.at(guest, 2)?.cast::<u16>();
        if !place.is_aligned() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // SAFETY: valid for two bytes as long as `self`, and aligned; others access it atomically.
        Ok(unsafe { AtomicU16::from_ptr(place) })
    }
}
