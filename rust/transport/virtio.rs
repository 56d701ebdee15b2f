// SPDX-License-Identifier: GPL-2.0

//! The virtio transport: a server on the other side of a virtual machine's edge.
//!
//! A device is a [`Channel`] and serves one mount at a time, found by its mount tag. A request
//! becomes one chain of descriptors:
//!
//! | the device reads | | the device writes | |
//! |---|---|---|---|
//! | T-message | data to the server | R-message | data from the server |
//!
//! The R-message of a request with data from the server is just long enough for the header and the
//! count, so that the data begin in the payload. (An error reply of 9P2000.L is not longer.)
//!
//! # Order and room
//!
//! Requests go to the ring in the order in which they come, as long as there is room; the others
//! wait in a queue of the channel and follow when answers come back. Only a Tflush overtakes: it
//! refers to a request that was sent before, and must get through when all the rest is stuck.
//!
//! # Answers that nobody waits for
//!
//! As long as all that the device works on is [quiet](Request::is_quiet) it is asked for no
//! interrupt. The answers are taken from the ring when the next request goes there that somebody
//! waits for, when the session ends, or after a tenth of a second. So closing a file costs no
//! interrupt.
//!
//! # What a server does not answer
//!
//! A mount that ends does not wait for its server: what the device still has is given up, ends with
//! an error, and stays allocated until the device gives it back. The device is not reset for that.
//! A reset would give everything back, but QEMU waits in it for the requests that it is working on,
//! and the whole virtual machine with it. The next mount shares the ring with what is left, and
//! never hears of it; if that is too much it is refused. The device is reset when it, or the module,
//! goes, and when it is broken.

use super::{
    Kind,
    Target,
    Transport, //
};
use crate::{
    client::Client,
    request::Request,
    sys::{
        global::{
            Global,
            Publication, //
        },
        params,
        virtio::{
            self,
            DeviceId,
            Registration, //
        }, //
    },
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    },
};

mod channel;
use channel::Channel;

/// The largest message in bytes, whatever the device.
///
/// Not larger: its table of descriptors, if no two of its pages are neighbours, is a kmalloc of
/// 8 KiB in atomic context. Not smaller: the cost of a round trip is shared by the pages of one
/// message, and 1 MiB is where that has stopped to matter.
const MAX_MSIZE: u32 = 1024 * 1024;

/// The virtio transport. The source of a mount is the mount tag of a device.
pub(super) static KIND: Kind = Kind {
    name: c"virtio",
    param: params::Transport::Virtio,
    max_msize: MAX_MSIZE,
    is_default: true,
    connect: create,
};

virtio::device_table!(
    DEVICES,
    @none,
    [DeviceId::new(virtio::ID_9P)]
);

/// The devices that there are.
type Channels = Mutex<KVec<Arc<Channel>>>;

static CHANNELS: Global<Channels> = Global::new();

/// A mount's connection through a [`Channel`].
struct Connection {
    channel: Arc<Channel>,
    session: u64,
    max_segments: usize,
}

impl Transport for Connection {
    fn max_msize(&self) -> u32 {
        // A payload that does not begin with a page touches one page more than it has.
        let pages = self.max_segments().saturating_sub(1);
        let bytes = pages.saturating_mul(kernel::page::PAGE_SIZE);
        u32::try_from(bytes).unwrap_or(u32::MAX).min(MAX_MSIZE)
    }

    fn max_segments(&self) -> usize {
        self.max_segments
    }

    fn request(&self, req: Arc<Request>) {
        self.channel.request(self.session, req);
    }

    fn cancel(&self, req: &Request) -> bool {
        self.channel.cancel(req)
    }

    fn hurry(&self) {
        self.channel.hurry(self.session);
    }

    fn close(&self, _client: &Client) {
        self.channel.detach(self.session);
    }
}

/// The devices with the mount tag `tag`. The list is not locked when this returns: its lock is taken
/// under the lock of a device, which a channel may want.
fn with_tag(tag: &CStr) -> Result<KVec<Arc<Channel>>> {
    let mut found = KVec::new();
    let channels = CHANNELS.get().ok_or(ENOENT)?;
    let channels = channels.lock();
    for channel in channels.iter().filter(|channel| *channel.tag == *tag) {
        found.push(channel.clone(), GFP_KERNEL)?;
    }
    Ok(found)
}

/// Connects `client` to the server behind the device whose mount tag is the source.
///
/// The channel has a reference of `client` until [`Transport::close`].
///
/// # Errors
///
/// - `EINVAL` if there is no source.
/// - `ENOENT` if there is no such device.
/// - `EBUSY` if all devices with that tag serve a mount.
/// - `ENODEV` if the device does not work.
/// - `ENOMEM` if there is no memory.
fn create(client: &Arc<Client>, target: &Target<'_>) -> Result<KBox<dyn Transport>> {
    let tag = target.source.ok_or(EINVAL)?;
    let room = KBox::<Connection>::new_uninit(GFP_KERNEL)?;
    let mut err = ENOENT;
    for channel in with_tag(tag)? {
        match channel.attach(client) {
            Ok(session) => {
                let max_segments = channel.max_segments();
                let connection: KBox<dyn Transport> = room.write(Connection {
                    channel,
                    session,
                    max_segments,
                });
                return Ok(connection);
            }
            Err(why) => err = why,
        }
    }
    pr_err!("no channels available for device {}\n", tag);
    Err(err)
}

/// Makes the module the driver of 9P devices, as long as the value lives, if it is to offer this
/// transport.
pub(crate) fn register(
    module: &'static ThisModule,
) -> Result<Option<Pin<KBox<DriverRegistration>>>> {
    if !params::offers(KIND.param) {
        return Ok(None);
    }
    let driver = try_pin_init!(DriverRegistration {
        channels: CHANNELS.publish(Arc::pin_init(
            new_mutex!(KVec::new(), "virtio::CHANNELS"),
            GFP_KERNEL,
        )?)?,
        driver <- Registration::new(c"9pnet_virtio", module),
    }? Error);
    KBox::pin_init(driver, GFP_KERNEL).map(Some)
}

/// Keeps the module the driver of 9P devices. Unbinds all of them when dropped.
// The driver goes first: it looks for the list.
#[pin_data]
pub(crate) struct DriverRegistration {
    #[pin]
    driver: Registration<Channel>,
    channels: Publication<Channels>,
}
