// SPDX-License-Identifier: GPL-2.0

//! Servers that misbehave on demand, for the selftests.
//!
//! - [`control`]: orders to a server, one a line, over a socket.
//! - [`net`]: the sockets.
//! - [`gate`]: which operations pass, wait or fail, as the orders say.
//! - [`hang`]: hangfs, a file system in memory whose operations can be held up. Exported by QEMU it
//!   makes a real 9P server hang.
//! - [`fault`]: p9fault, a 9P server of a real folder that answers late, wrongly or never.
//! - [`device`]: p9device, a virtio device in front of it that breaks the rules of virtio.

pub mod control;
pub mod device;
pub mod fault;
pub mod gate;
pub mod hang;
pub mod net;
