// SPDX-License-Identifier: GPL-2.0

//! Safe wrappers of what the kernel offers in C and the `kernel` crate does not wrap yet.
//!
//! Most are written as they would be for the `kernel` crate itself and know nothing of 9P. Nearly
//! all unsafe code of this module is here; the rest is in [`crate::abi`], which faces C.
//!
//! Tasks and time:
//!
//! - [`task`]: the running task: who it is, whether it is dying, its clock.
//! - [`thread`]: kernel threads.
//! - [`wait`]: sleeping until a condition holds.
//! - [`workqueue`]: a work queue of our own, and taking work back.
//!
//! Memory:
//!
//! - [`gfp`]: allocation flags.
//! - [`iov`]: the memory of a caller, `struct iov_iter`.
//! - [`sg`]: scatterlists: what a device is told of memory that is not in one piece.
//! - [`fcall`]: the frames of one request.
//! - [`payload`]: the bulk data of one request outside its frame.
//!
//! Files:
//!
//! - [`bvec`]: pieces of memory that a file reads or writes.
//! - [`socket`]: connecting sockets.
//! - [`stream`]: sockets and other files as streams of bytes.
//!
//! Devices:
//!
//! - [`virtio`]: the virtio bus.
//! - [`vring`]: the ring of a virtio device.
//!
//! The module and its surroundings:
//!
//! - [`export`]: functions that C calls by name.
//! - [`global`]: values that exist from load to unload.
//! - [`ida`]: small numbers, each given to one user at a time.
//! - [`params`]: the module parameters.
//! - [`seq`]: text for files such as `/proc/mounts`.
//! - [`trace`]: the tracepoints of 9P.

pub(crate) mod bvec;
pub(crate) mod export;
pub(crate) mod fcall;
pub(crate) mod gfp;
pub(crate) mod global;
pub(crate) mod ida;
pub(crate) mod iov;
pub(crate) mod params;
pub(crate) mod payload;
pub(crate) mod seq;
pub(crate) mod sg;
pub(crate) mod socket;
pub(crate) mod stream;
pub(crate) mod task;
pub(crate) mod thread;
pub(crate) mod trace;
pub(crate) mod virtio;
pub(crate) mod vring;
pub(crate) mod wait;
pub(crate) mod workqueue;
