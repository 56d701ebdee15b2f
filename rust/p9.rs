// SPDX-License-Identifier: GPL-2.0

//! The 9P client of the kernel: sessions with file servers, for the 9p file system.
//!
//! # Layout
//!
//! - [`proto`]: the protocol as pure functions; builds and is tested on the host too.
//! - [`client`]: a session: sending, waiting, flushing, giving fids back.
//! - [`request`], [`fid`]: what a session consists of; [`by_tag`]: requests by their tags.
//! - [`transport`]: the ways to a server.
//! - [`abi`]: the edge to C, under the names that the file system knows.
//! - [`sys`]: safe wrappers for what the `kernel` crate lacks.
//!
//! All `unsafe` code is in `abi` and `sys`.
//!
//! # Lock order
//!
//! Locks are taken in this order:
//!
//! 1. `Client::inner`.
//! 2. The lock of a wait queue; the kernel's locks of a task that is woken, of a work queue's pool
//!    and of its timers.
//!
//! The locks of a transport are taken without `Client::inner`, which is not taken under them either:
//!
//! 1. The mutexes: `Handle::bound` of a virtio device, then `virtio::CHANNELS`; `Connection::tx` of a
//!    stream.
//! 2. The spinlocks: `Ring::inner` of a virtio device; `Connection::inner` of a stream.
//!
//! All others are taken with no lock of this module held, and none is taken under them:
//! `trans::REGISTRY`, `Client::gave_up`, `Request::fid`, `P9Client::held`, `BouncePool::free`, and
//! those in [`abi::foreign`].
//! Transports written in C call with locks of their own held, which come before all of these; see
//! `abi::foreign`.

use abi::trans::OwnTransports;
use kernel::{
    prelude::*,
    sync::Arc, //
};
use sys::{
    global::{
        Global,
        Publication, //
    },
    workqueue::WorkQueue,
};
use transport::virtio;

mod abi;
mod bindings;
mod by_tag;
mod client;
mod fid;
// Public, since a client uses only half of the protocol: tests and servers use the rest.
pub mod proto;
mod request;
mod sys;
mod transport;

module! {
    type: Net9p,
    name: "9pnet",
    authors: ["The 9pnet authors"],
    description: "Plan 9 Resource Sharing Support (9P2000, .u, .L), asynchronous, in Rust",
    license: "GPL",
    alias: ["9p-fd", "9p-tcp", "9p-unix", "9p-virtio", "9p-vsock"],
}

/// The queue of everything that nobody waits for.
static WORK_QUEUE: Global<WorkQueue> = Global::new();

/// The queue of everything that nobody waits for.
///
/// # Errors
///
/// - `ENODEV` before the module is set up.
fn work_queue() -> Result<Arc<WorkQueue>> {
    WORK_QUEUE.get().ok_or(ENODEV)
}

/// The module. Its parts go in the order of the fields when it is unloaded.
struct Net9p {
    _virtio: Option<Pin<KBox<virtio::DriverRegistration>>>,
    _own: OwnTransports,
    _work_queue: Publication<WorkQueue>,
}

impl kernel::Module for Net9p {
    fn init(module: &'static ThisModule) -> Result<Self> {
        pr_info!("9P client with asynchronous requests\n");
        let work_queue = WORK_QUEUE.publish(Arc::new(WorkQueue::new(c"9pnet")?, GFP_KERNEL)?)?;
        let own = OwnTransports::register(module);
        Ok(Self {
            _virtio: virtio::register(module)?,
            _own: own,
            _work_queue: work_queue,
        })
    }
}
