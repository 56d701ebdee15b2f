// SPDX-License-Identifier: GPL-2.0

//! The tracepoints of 9P: `events/9p/` of tracefs.
//!
//! While nobody listens, each function costs one call that returns at once. All may be called
//! from any context and with any lock held.

use crate::bindings;

/// What happened to the reference count of a fid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FidRef {
    /// The fid was made, with one reference.
    Create,
    /// The fid is about to be freed.
    Destroy,
}

/// A request is being sent. Of `clnt` only the address is used.
pub(crate) fn client_req(clnt: *const bindings::p9_client, ty: u8, tag: u16) {
    // SAFETY: The event notes the three values down; the pointer is not followed.
    unsafe { bindings::p9rs_trace_client_req(clnt.cast_mut(), ty, tag) };
}

/// A request of type `ty` has ended, with 0 or the negative error number `err`. Of `clnt` only the
/// address is used.
pub(crate) fn client_res(clnt: *const bindings::p9_client, ty: u8, tag: u16, err: i32) {
    // SAFETY: The event notes the four values down; the pointer is not followed.
    unsafe { bindings::p9rs_trace_client_res(clnt.cast_mut(), ty, tag, err) };
}

/// The message `frame` is being sent or was received: its first 32 bytes are noted down. Of `clnt`
/// only the address is used.
pub(crate) fn protocol_dump(
    clnt: *const bindings::p9_client,
    ty: u8,
    tag: u16,
    frame: &[u8], //
) {
    // SAFETY:
    // - The client's pointer is noted down but not followed.
    // - `frame` is valid for reads of its length, and no more is read.
    unsafe {
        bindings::p9rs_trace_protocol_dump(
            clnt.cast_mut(),
            ty,
            tag,
            frame.as_ptr().cast(),
            frame.len(),
        )
    };
}

/// The reference count of a fid changes.
///
/// # Safety
///
/// `fid` must point to a valid `struct p9_fid` whose number and count are initialised.
pub(crate) unsafe fn fid_ref(fid: *const bindings::p9_fid, kind: FidRef) {
    let event = match kind {
        FidRef::Create => bindings::p9rs_trace_fid_create,
        FidRef::Destroy => bindings::p9rs_trace_fid_destroy,
    };

    // SAFETY: The event reads the number and the count of `fid`, which the caller promises are
    // there, and changes nothing.
    unsafe { event(fid.cast_mut()) };
}
