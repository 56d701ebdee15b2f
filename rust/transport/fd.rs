// SPDX-License-Identifier: GPL-2.0

//! The transport over open files: `rfdno` and `wfdno` are descriptors of the task that mounts, of
//! pipes, sockets or terminals. The source of a mount does not matter.

use super::{
    stream::{
        Connection,
        Shown,
        MAX_MSIZE, //
    },
    Kind,
    Target,
    Transport, //
};
use crate::{
    client::Client,
    sys::{
        params,
        stream::Stream, //
    },
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The transport over open files.
pub(super) static KIND: Kind = Kind {
    name: c"fd",
    param: params::Transport::Fd,
    max_msize: MAX_MSIZE,
    is_default: false,
    connect,
};

/// Takes over the files. The task may close its descriptors.
///
/// # Errors
///
/// - `ENOPROTOOPT` if a descriptor is not given.
///
/// Those of [`Stream::from_descriptors`] are propagated as-is.
fn connect(client: &Arc<Client>, target: &Target<'_>) -> Result<KBox<dyn Transport>> {
    let (Some(rfd), Some(wfd)) = (target.rfd, target.wfd) else {
        pr_err!("fd: a mount needs rfdno= and wfdno=\n");
        return Err(ENOPROTOOPT);
    };
    let stream = Stream::from_descriptors(rfd, wfd).inspect_err(|err| {
        pr_err!(
            "fd: cannot use the descriptors {} and {}, error {}\n",
            rfd,
            wfd,
            err.to_errno()
        );
    })?;
    Connection::start(client, KIND.name, stream, Shown::Descriptors(rfd, wfd))
}
