// SPDX-License-Identifier: GPL-2.0

//! The module parameters, as they are at this moment.
//!
//! They are defined and checked in `rust/params.c`. All but the list of transports root may change
//! at any time under `/sys/module/9pnet/parameters/`, so a caller that needs one value twice keeps
//! it. All functions may be called from any context.

use crate::bindings;
use kernel::time::{
    msecs_to_jiffies,
    Jiffies, //
};

/// Which fids are given back without waiting for the server's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AsyncClunk {
    /// None, as long as the task is alive.
    Never,
    /// Those with which no data can have been written: nobody can see the difference.
    Safe,
    /// All. An error that the server reports at the end of a file's use is lost.
    Always,
}

/// The transports that the module brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Transport {
    /// Over virtio devices.
    Virtio = bindings::p9rs_transport_P9RS_TRANSPORT_VIRTIO,
    /// Over TCP.
    Tcp = bindings::p9rs_transport_P9RS_TRANSPORT_TCP,
    /// Over unix sockets.
    Unix = bindings::p9rs_transport_P9RS_TRANSPORT_UNIX,
    /// Over open files.
    Fd = bindings::p9rs_transport_P9RS_TRANSPORT_FD,
    /// Over vsock.
    Vsock = bindings::p9rs_transport_P9RS_TRANSPORT_VSOCK,
}

/// Whether the module is to offer `transport`. Stays the same.
pub(crate) fn offers(transport: Transport) -> bool {
    // SAFETY: Reads one variable; there is nothing a caller must ensure.
    unsafe { bindings::p9rs_param_transport(transport as bindings::p9rs_transport) }
}

/// Whether any unblocked signal ends a wait for the server. Else only a fatal one does.
pub(crate) fn intr() -> bool {
    // SAFETY: Reads one variable; there is nothing a caller must ensure.
    unsafe { bindings::p9rs_param_intr() }
}

/// Which fids are given back without waiting.
pub(crate) fn async_clunk() -> AsyncClunk {
    // SAFETY: Reads one variable; there is nothing a caller must ensure.
    match unsafe { bindings::p9rs_param_async_clunk() } {
        bindings::p9rs_async_clunk_P9RS_ASYNC_CLUNK_NEVER => AsyncClunk::Never,
        bindings::p9rs_async_clunk_P9RS_ASYNC_CLUNK_ALWAYS => AsyncClunk::Always,
        _ => AsyncClunk::Safe,
    }
}

/// How long a dying task may wait for a server.
pub(crate) fn exit_timeout() -> Jiffies {
    // SAFETY: Reads one variable; there is nothing a caller must ensure.
    let seconds = unsafe { bindings::p9rs_param_exit_timeout() };

    // OVERFLOW: `seconds <= 3600`, which params.c sees to; the limit keeps this true without it.
    msecs_to_jiffies(seconds.min(3600) * 1000)
}
