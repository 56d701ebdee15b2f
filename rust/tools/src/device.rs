// SPDX-License-Identifier: GPL-2.0

//! p9device: a virtio device for 9P, outside of QEMU, that breaks the rules of virtio on order.
//!
//! - [`memory`]: the guest's memory.
//! - [`vhost`]: the vhost-user protocol, by which QEMU hands the device its memory and queue.
//! - [`ring`]: the queue, from the device's side.
//! - [`bridge`]: the device itself: requests from the queue to [p9fault](crate::fault), answers
//!   back, right or wrong.

pub mod bridge;
pub mod memory;
pub mod ring;
pub mod vhost;
