// SPDX-License-Identifier: GPL-2.0

//! hangfs: a file system in memory whose operations can be held up.
//!
//! - [`tree`]: the files.
//! - [`fs`]: what FUSE calls, through the [gate](crate::gate).
//!
//! An operation takes effect when it is let go, not when it arrives: a write that was held up
//! changes the file late, a read that was held up gives what is there then.

pub mod fs;
pub mod tree;
