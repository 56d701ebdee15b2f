// SPDX-License-Identifier: GPL-2.0

//! p9fault: a 9P server of a real folder that answers late, wrongly or never.
//!
//! - [`server`]: listens, takes orders, knows all connections.
//! - [`connection`]: one session: frames in, through the [gate](crate::gate), answers out.
//! - [`ledger`]: which tags and fids are in use, and what the client does against the protocol.
//! - [`mutate`]: replies changed at random.
//! - [`reply`]: replies, and what can be wrong with them.
//! - [`tree`]: fids and the files they stand for.
//! - [`attr`]: attributes of files, extended ones too.
//! - [`record`]: the attributes as the older dialects have them.
//! - [`lock`]: record locks.
//!
//! An operation that is held up is carried out when it is let go; with [`reply::Fault::Mute`] it
//! is carried out at once, and its reply is held up.

pub mod attr;
pub mod connection;
pub mod ledger;
pub mod lock;
pub mod mutate;
pub mod record;
pub mod reply;
pub mod server;
pub mod tree;
