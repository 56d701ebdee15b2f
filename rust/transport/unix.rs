// SPDX-License-Identifier: GPL-2.0

//! The transport over unix sockets: the source of a mount is a path, or an abstract name behind an
//! `@`.

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

/// The transport over unix sockets.
pub(super) static KIND: Kind = Kind {
    name: c"unix",
    param: params::Transport::Unix,
    max_msize: MAX_MSIZE,
    is_default: false,
    connect,
};

/// Connects to the socket.
///
/// # Errors
///
/// - `EINVAL` if there is no source.
/// - `ENAMETOOLONG` if it does not fit into an address.
///
/// Errors of the socket are propagated as-is.
fn connect(client: &Arc<Client>, target: &Target<'_>) -> Result<KBox<dyn Transport>> {
    let stream = stream::connect(&KIND, target, Address::unix)?;
    Connection::start(client, KIND.name, stream, Shown::Nothing)
}
