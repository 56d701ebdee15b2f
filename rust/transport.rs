// SPDX-License-Identifier: GPL-2.0

//! The ways to a server.
//!
//! A [`Transport`] moves whole 9P messages between one [`Client`] and one server. It owns the
//! queue of requests that the server has not seen yet and every request whose memory the server
//! may still touch. It knows nothing of what the messages mean: tags, flushes, fids and waiting
//! tasks are the business of [`crate::client`].
//!
//! # Ownership of a request
//!
//! [`Transport::request`] takes one reference. The transport gives it back exactly once:
//!
//! - through [`Client::complete`], when the server has answered and no longer touches the
//!   request's memory;
//! - through [`Client::fail`], when the request can not be answered any more (a broken connection,
//!   a device that was reset);
//! - by dropping it, when [`Transport::cancel`] has found the request still unsent, or when
//!   [`Transport::flushed`] has told that there will be no reply.
//!
//! # Layout
//!
//! - [`virtio`]: over devices of a virtual machine.
//! - [`tcp`], [`unix`], [`vsock`], [`fd`]: over sockets and other files; [`stream`] is what they have
//!   in common.
//! - [`queue`]: what is not sent yet.

use crate::{
    client::Client,
    request::Request,
    sys::{
        params,
        seq::SeqFile, //
    },
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

mod fd;
pub(crate) mod queue;
mod stream;
mod tcp;
mod unix;
pub(crate) mod virtio;
mod vsock;

/// The port of a server where a mount names none.
pub(crate) const DEFAULT_PORT: u16 = 564;

/// What a mount says of its server.
pub(crate) struct Target<'a> {
    /// What is mounted: the name of the server, as each transport understands it.
    pub(crate) source: Option<&'a CStr>,
    /// A port, [`DEFAULT_PORT`] if none is given.
    pub(crate) port: u16,
    /// The port of the client is to be a reserved one.
    pub(crate) privport: bool,
    /// A file descriptor to read from.
    pub(crate) rfd: Option<u32>,
    /// A file descriptor to write to.
    pub(crate) wfd: Option<u32>,
}

/// Connects a session to the server that a mount names.
///
/// Context: process context; may sleep for the server, until a signal comes.
///
/// # Errors
///
/// Those of each kind; the log tells more on one line.
pub(crate) type Connect = fn(&Arc<Client>, &Target<'_>) -> Result<KBox<dyn Transport>>;

/// A kind of connection that the module brings.
pub(crate) struct Kind {
    /// Its name in `trans=`.
    pub(crate) name: &'static CStr,
    /// Its name in the module parameter.
    pub(crate) param: params::Transport,
    /// The largest frame in bytes.
    pub(crate) max_msize: u32,
    /// Whether mounts that name no transport get it.
    pub(crate) is_default: bool,
    /// Connects a session.
    pub(crate) connect: Connect,
}

/// All kinds of connections that the module brings.
pub(crate) static KINDS: [&Kind; 5] = [
    &virtio::KIND,
    &tcp::KIND,
    &unix::KIND,
    &fd::KIND,
    &vsock::KIND,
];

/// One connection to a server.
///
/// All methods are called from process context, with no lock of the [`Client`] held. None of them
/// waits for an answer of the server.
pub(crate) trait Transport: Send + Sync {
    /// The largest frame in bytes that the connection can carry, bulk data included. Stays the same.
    fn max_msize(&self) -> u32;

    /// The most pieces of memory that the bulk data of one request may lie in; with zero all data
    /// must be part of the frames. Stays the same.
    fn max_segments(&self) -> usize;

    /// Whether the frames must lie in pages that are neighbours, as devices need them. Stays the
    /// same.
    fn has_linear_frames(&self) -> bool {
        true
    }

    /// Whether [`flushed`](Transport::flushed) is to be called. Stays the same.
    fn learns_of_flushes(&self) -> bool {
        false
    }

    /// Queues `req` for the server and returns at once.
    ///
    /// Requests reach the server in the order of these calls. When the server has no room the
    /// request stays in a queue of the transport, from which [`cancel`](Transport::cancel) may
    /// take it again. Once the connection is closed or broken the request is handed to
    /// [`Client::fail`].
    fn request(&self, req: Arc<Request>);

    /// Takes `req` out of the queue, if the server has not seen any of it.
    ///
    /// Returns `true` if the request was still unsent: the transport has dropped its reference and
    /// the server will never know of the request.
    fn cancel(&self, req: &Request) -> bool;

    /// The server has answered a Tflush for `req`: unless a reply has come it will not answer `req`
    /// any more. The tag is still that of `req`.
    ///
    /// Called from process context.
    fn flushed(&self, _req: &Request) {}

    /// Somebody waits for the end of all requests from now on, also of those that are
    /// [quiet](Request::is_quiet).
    fn hurry(&self) {}

    /// Shows the options of the connection as in `/proc/mounts`, each after a comma.
    fn show_options(&self, _to: &mut SeqFile<'_>) {}

    /// Ends the connection: when this returns every request has been handed to
    /// [`Client::complete`] or [`Client::fail`].
    ///
    /// Memory that the server may still touch belongs to nobody else until the transport has it
    /// back: it keeps the request, and what is written there is never looked at.
    ///
    /// Called once, from process context. May sleep, but never for an answer of the server.
    fn close(&self, client: &Client);
}
