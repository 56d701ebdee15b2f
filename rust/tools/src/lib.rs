// SPDX-License-Identifier: GPL-2.0

//! Servers that misbehave on demand, for the selftests.
//!
//! - [`control`]: orders to a server, one a line, over a unix socket.
//! - [`hang`]: hangfs, a file system in memory whose operations can be held up. Exported by QEMU it
//!   makes a real 9P server hang.

pub mod control;
pub mod hang;
