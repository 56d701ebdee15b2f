// SPDX-License-Identifier: GPL-2.0

//! Requests as transports written in C know them: `struct p9_req_t`.

use super::super::client::client;
use crate::{
    bindings,
    client::Client,
    proto::types::Tag,
    request::Request,
    sys::{
        export::p9_export,
        fcall::Completed,
        gfp::GFP_NOFS, //
    },
};
use core::ptr::NonNull;
use kernel::{
    error::to_result,
    new_spinlock_irq,
    prelude::*,
    sync::{
        aref::{
            ARef,
            AlwaysRefCounted, //
        },
        Arc,
        SpinLockIrq, //
    },
    types::Opaque,
};

/// Values of `p9_req_t::status`, which the transports set.
// CAST: the values are below 6.
const SENT: c_int = bindings::p9_req_status_t_REQ_STATUS_SENT as c_int;
const RECEIVED: c_int = bindings::p9_req_status_t_REQ_STATUS_RCVD as c_int;

/// A request as a transport written in C knows it.
///
/// The table of such requests owns one reference until the request has ended. The transport owns
/// another from the moment that it is asked to send the request until it has given it back, by
/// whatever means.
///
/// # Invariants
///
/// - The frames that `c` refers to are those of `req`, but for a reply buffer that the transport
///   may exchange, which then belongs to this.
/// - `token` is that of `req`, and there until the end of the request has been acted on.
#[pin_data(PinnedDrop)]
#[repr(C)]
pub(super) struct CRequest {
    #[pin]
    c: Opaque<bindings::p9_req_t>,
    req: Arc<Request>,
    client: Arc<Client>,
    /// The transport takes reply buffers from one request for another.
    pooled: bool,
    #[pin]
    token: SpinLockIrq<Option<Completed>>,
}

// SAFETY: a request may be used and dropped by all threads; `c` is changed as the transports
// agree among themselves, and here only where nobody else uses the fields.
unsafe impl Send for CRequest {}

// SAFETY: as above.
unsafe impl Sync for CRequest {}

// SAFETY: the object is freed when the last reference is given back, and all objects are counted.
unsafe impl AlwaysRefCounted for CRequest {
    fn inc_ref(&self) {
        // SAFETY: the count is valid, and not zero since somebody has a reference.
        unsafe { bindings::refcount_inc(&raw mut (*self.as_ptr()).refcount) };
    }

    unsafe fn dec_ref(this: NonNull<Self>) {
        // SAFETY: by the safety requirements.
        unsafe { Self::put(this.as_ptr().cast()) };
    }
}

impl CRequest {
    /// `req` in the form for a transport, not yet armed. Context: process context, may sleep.
    ///
    /// # Errors
    ///
    /// - `ENOMEM` if there is no memory.
    pub(super) fn new(client: Arc<Client>, req: Arc<Request>, pooled: bool) -> Result<ARef<Self>> {
        let buffer = if pooled {
            // SAFETY: `msize` is valid, and does not change while requests are made.
            let msize = unsafe { (*client.c().as_ptr()).msize };
            Some(KVec::<u8>::with_capacity(
                usize::try_from(msize)?,
                GFP_NOFS,
            )?)
        } else {
            None
        };
        let this = KBox::pin_init(
            // INVARIANT: there is no token yet.
            pin_init!(Self {
                // SAFETY: the function initialises all of the structure.
                c <- Opaque::ffi_init(|slot| unsafe { bindings::p9rs_req_init(slot) }),
                req,
                client,
                pooled,
                token <- new_spinlock_irq!(None, "CRequest::token"),
            }),
            GFP_NOFS,
        )?;
        let frame = this.req.fcall().tcall();
        let (rdata, rcap) = match buffer {
            Some(buffer) => {
                let (data, _, capacity) = buffer.into_raw_parts();
                (data, capacity)
            }
            None => {
                let (data, capacity) = this.req.fcall().rcall_space();
                (data.as_ptr(), capacity)
            }
        };
        // SAFETY: nobody else knows of the structure yet.
        let c = unsafe { &mut *this.as_ptr() };
        // A frame is never longer than its size field can say.
        c.tc.size = u32::try_from(frame.len())?;
        c.tc.id = this.req.ty();
        c.tc.tag = this.req.tag().get();
        c.tc.capacity = frame.len();
        // Transports only read it.
        c.tc.sdata = frame.as_ptr().cast_mut();
        c.rc.tag = this.req.tag().get();
        c.rc.capacity = rcap;
        c.rc.sdata = rdata;
        // SAFETY: the object stays where it is until its last reference is given back.
        let this = KBox::into_raw(unsafe { Pin::into_inner_unchecked(this) });
        // SAFETY: the one reference that the structure was initialised with is passed on. The
        // pointer of a box is not null.
        Ok(unsafe { ARef::from_raw(NonNull::new_unchecked(this)) })
    }

    /// Takes a reference over from a transport.
    ///
    /// # Safety
    ///
    /// `c` must be that of a request, with a reference that nobody else gives back.
    pub(super) unsafe fn from_raw(c: *mut bindings::p9_req_t) -> ARef<Self> {
        // SAFETY: by the safety requirements. A `CRequest` begins with its structure.
        unsafe { ARef::from_raw(NonNull::new_unchecked(c.cast())) }
    }

    /// Hands a reference to a transport.
    pub(super) fn into_raw(this: ARef<Self>) -> *mut bindings::p9_req_t {
        ARef::into_raw(this).as_ptr().cast()
    }

    /// The structure.
    pub(super) fn as_ptr(&self) -> *mut bindings::p9_req_t {
        self.c.get()
    }

    /// Whether it stands for `req`.
    pub(super) fn is_of(&self, req: &Request) -> bool {
        core::ptr::eq(&*self.req, req)
    }

    /// The transport is about to get it: from now on it can end. `token` is that of the request.
    pub(super) fn arm(&self, token: Completed) {
        // INVARIANT: the request has not ended.
        *self.token.lock() = Some(token);
    }

    /// Whether the transport has sent the request, and has noted no reply.
    pub(super) fn is_sent(&self) -> bool {
        // SAFETY: the field is valid.
        let status = unsafe { (&raw const (*self.as_ptr()).status).read_volatile() };
        status == SENT
    }

    /// The request has ended without the transport's word, or was never sent.
    pub(super) fn fail(&self, err: Error) {
        if let Some(token) = self.disarm() {
            self.client.fail(self.req.clone(), err, token);
        }
    }

    /// Takes it from the table, and the token; `None` if the request has ended before.
    pub(super) fn disarm(&self) -> Option<Completed> {
        let token = self.token.lock().take();
        // From here on the tag may belong to another request.
        self.client
            .c()
            .requests()
            .table
            .remove(self.req.tag(), self);
        token
    }

    /// The transport is done with the request.
    fn end(&self, status: c_int) {
        let c = self.as_ptr();
        // SAFETY: the field is valid. A transport looks at it when it has a reply for the request.
        unsafe { (&raw mut (*c).status).write_volatile(status) };
        let Some(token) = self.disarm() else {
            return;
        };
        if status == RECEIVED {
            self.receive(token);
        } else {
            // SAFETY: the field is valid, and written before the transport calls.
            let err = unsafe { (*c).t_err };
            self.client
                .fail(self.req.clone(), to_result(err).err().unwrap_or(EIO), token);
        }
        if self.client.c().is_disconnected() {
            self.client.transport_died();
        }
    }

    /// The reply has come.
    fn receive(&self, mut token: Completed) {
        // SAFETY: the structure is valid, and the transport has written the fields before.
        let rc = unsafe { &(*self.as_ptr()).rc };
        // CAST: a `u32` fits into a `usize` on every 64 bit machine.
        let len = rc.size as usize;
        if self.pooled {
            let copied = if rc.sdata.is_null() || len > rc.capacity {
                Err(EIO)
            } else {
                // SAFETY: all reply buffers have that capacity or more, the transport has written
                // `len` bytes, and writes no more.
                let frame = unsafe { core::slice::from_raw_parts(rc.sdata, len) };
                self.req.fcall().write_reply(&mut token, 0, frame)
            };
            if copied.is_err() {
                return self.client.fail(self.req.clone(), EIO, token);
            }
        }
        self.client.complete(self.req.clone(), len, token);
    }

    /// Gives a reference back. Returns `true` if it was the last one.
    ///
    /// # Safety
    ///
    /// `c` must be that of a request, with a reference that nobody else gives back.
    unsafe fn put(c: *mut bindings::p9_req_t) -> bool {
        // SAFETY: by the safety requirements.
        if !unsafe { bindings::refcount_dec_and_test(&raw mut (*c).refcount) } {
            return false;
        }
        // SAFETY: nobody has a reference any more, and all objects come from `new`.
        drop(unsafe { Pin::new_unchecked(KBox::from_raw(c.cast::<Self>())) });
        true
    }
}

#[pinned_drop]
impl PinnedDrop for CRequest {
    fn drop(self: Pin<&mut Self>) {
        if self.pooled {
            // SAFETY: by the type invariants the reply buffer belongs to this. It comes from
            // another object's `new` or is null.
            unsafe { super::super::wire::p9_fcall_fini(&raw mut (*self.as_ptr()).rc) };
        }
    }
}

p9_export! {
    /// The request with the tag `tag` on the wire, with a reference; null if there is none.
    ///
    /// # Safety
    ///
    /// `c` must be a session.
    pub unsafe extern "C" fn p9_tag_lookup(
        c: *mut bindings::p9_client,
        tag: u16,
    ) -> *mut bindings::p9_req_t {
        // SAFETY: by the safety requirements.
        let requests = &unsafe { client(c) }.c().requests().table;
        requests
            .get(Tag::new(tag))
            .map_or(core::ptr::null_mut(), CRequest::into_raw)
    }

    /// Gives a reference of a request back. Returns 1 if it was the last one.
    ///
    /// # Safety
    ///
    /// `r` must be a request with a reference of the caller's.
    pub unsafe extern "C" fn p9_req_put(
        _c: *mut bindings::p9_client,
        r: *mut bindings::p9_req_t,
    ) -> c_int {
        // SAFETY: by the safety requirements.
        c_int::from(unsafe { CRequest::put(r) })
    }

    /// A request has ended: with a reply, or with the error in it.
    ///
    /// # Safety
    ///
    /// `req` must be a request with a reference of the caller's, which is given back. If there is
    /// a reply the transport must be done with the reply buffer.
    pub unsafe extern "C" fn p9_client_cb(
        _c: *mut bindings::p9_client,
        req: *mut bindings::p9_req_t,
        status: c_int,
    ) {
        // SAFETY: by the safety requirements.
        unsafe { CRequest::from_raw(req) }.end(status);
    }
}
