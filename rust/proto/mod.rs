// SPDX-License-Identifier: GPL-2.0

//! The protocol core: 9P2000, 9P2000.u and 9P2000.L as pure functions.
//!
//! It is fully deterministic: no I/O, no clock, no lock, no allocation, nothing but `core`. Bytes
//! come in as slices and go out into buffers of the caller. What a peer sends is never trusted: a
//! length is checked before it is used, leftovers are refused, and nothing here can panic on it.
//!
//! # Layout
//!
//! - [`types`]: tags, fids, qids, dialects and frame sizes as types.
//! - [`wire`]: reading and writing bytes, the frame header, the errors of both.
//! - [`field`], [`list`], [`bulk`], [`stat`]: what may stand in a message.
//! - [`message`]: the table of messages, requests tied to their replies.
//! - [`reply`]: opening a received frame as the reply to a request, or as the server's error.
//! - [`errno`], [`errstr`]: error numbers, and error strings turned into them.
//! - [`dirent`]: the directory entries of 9P2000.L.
//! - [`rpc`]: the life of one request.
//! - [`version`]: agreeing on a dialect and a frame size.
//! - [`frame`]: cutting a byte stream into frames.

#![deny(unsafe_code)]

pub mod bulk;
pub mod dirent;
pub mod errno;
pub mod errstr;
pub mod field;
pub mod frame;
#[cfg(CONFIG_KUNIT = "y")]
mod kunit;
pub mod list;
pub mod message;
pub mod reply;
pub mod rpc;
pub mod stat;
pub mod types;
pub mod version;
pub mod wire;
