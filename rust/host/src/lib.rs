// SPDX-License-Identifier: GPL-2.0

//! The protocol core as a crate of its own, to be tested on the host.

#![cfg_attr(not(test), no_std)]

#[path = "../../proto/mod.rs"]
mod proto;

pub use proto::*;
