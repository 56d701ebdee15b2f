// SPDX-License-Identifier: GPL-2.0

//! The transport over vsock, the sockets between a virtual machine and its host: the source of a
//! mount is the number of a machine (CID), 2 for the host.

use super::{
    stream::{
        self,
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
        socket::Address, //
    },
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The transport over vsock.
pub(super) static KIND: Kind = Kind {
    name: c"vsock",
    param: params::Transport::Vsock,
    max_msize: MAX_MSIZE,
    is_default: false,
    connect,
};

/// Connects to the port `port`.
///
/// # Errors
///
/// - `EINVAL` if the source is no number.
///
/// Errors of the socket are propagated as-is.
fn connect(client: &Arc<Client>, target: &Target<'_>) -> Result<KBox<dyn Transport>> {
    let stream = stream::connect(&KIND, target, |cid| {
        let cid = cid.to_str().ok().and_then(|cid| cid.parse().ok());
        Address::vsock(cid.ok_or(EINVAL)?, u32::from(target.port))
    })?;
    Connection::start(client, KIND.name, stream, Shown::Port(target.port))
}
