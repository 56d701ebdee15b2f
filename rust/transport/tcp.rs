// SPDX-License-Identifier: GPL-2.0

//! The TCP transport: the source of a mount is an IPv4 or IPv6 address in digits.

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

/// The TCP transport.
pub(super) static KIND: Kind = Kind {
    name: c"tcp",
    param: params::Transport::Tcp,
    max_msize: MAX_MSIZE,
    is_default: false,
    connect,
};

/// Connects to the port `port`, from a reserved port if `privport` is given.
///
/// # Errors
///
/// - `EINVAL` if the source is no address.
///
/// Errors of the socket are propagated as-is.
fn connect(client: &Arc<Client>, target: &Target<'_>) -> Result<KBox<dyn Transport>> {
    let stream = stream::connect(&KIND, target, |host| Address::tcp(host, target.port))?;
    Connection::start(client, KIND.name, stream, Shown::Port(target.port))
}
