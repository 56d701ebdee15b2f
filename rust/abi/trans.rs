// SPDX-License-Identifier: GPL-2.0

//! The registry of transports: `struct p9_trans_module`.
//!
//! Our own transports are in it under the names that the kernel's have, so that `trans=` finds
//! them. Modules with transports written in C may register theirs.

use super::{
    client::client,
    foreign::Foreign, //
};
use crate::{
    bindings,
    client::Client,
    sys::{
        export::p9_export,
        params,
        seq::SeqFile, //
    },
    transport::{
        Target,
        Transport,
        KINDS, //
    },
};
use core::{
    mem::ManuallyDrop,
    ptr::NonNull, //
};
use kernel::{
    ffi::c_char,
    prelude::*,
    sync::Arc,
    types::Opaque, //
};

/// What a mount without `trans=` gets, in this order, if no transport says that it is the default.
const BY_DEFAULT: [&CStr; 6] = [c"virtio", c"tcp", c"fd", c"unix", c"xen", c"rdma"];

kernel::sync::global_lock! {
    // SAFETY: initialised in `register_own`, before anything else of the module runs.
    unsafe(uninit) static REGISTRY: Mutex<Registry> = Registry {
        head: core::ptr::null_mut(),
    };
}

/// The list of transports, linked through `struct p9_trans_module::list`.
///
/// # Invariants
///
/// Every transport in the list is valid until it is unregistered. `list.next` is the next one's
/// `list`, null at the end; `list.prev` is not used.
struct Registry {
    head: *mut bindings::list_head,
}

// SAFETY: the transports in the list have no thread.
unsafe impl Send for Registry {}

impl Registry {
    /// The first transport that `wanted` accepts and whose module stays, with a reference.
    fn find(&self, mut wanted: impl FnMut(&TransRef) -> bool) -> Option<TransRef> {
        let mut link = self.head;
        while !link.is_null() {
            // SAFETY: by the type invariants.
            let module = unsafe { kernel::container_of!(link, bindings::p9_trans_module, list) };
            // SAFETY: by the type invariants.
            let trans = unsafe { borrow(module) };
            // SAFETY: the module of a registered transport is there.
            if wanted(&trans) && unsafe { bindings::p9rs_try_module_get((*module).owner) } {
                return Some(ManuallyDrop::into_inner(trans));
            }
            // SAFETY: by the type invariants.
            link = unsafe { (*link).next };
        }
        None
    }
}

/// A reference of a transport: its module stays loaded.
///
/// # Invariants
///
/// The pointer is valid, and a reference of the module is owned.
pub(crate) struct TransRef(NonNull<bindings::p9_trans_module>);

impl TransRef {
    /// Takes over a reference; `None` for a null pointer.
    ///
    /// # Safety
    ///
    /// `ptr` must be null or a transport with a reference that nobody else gives back.
    pub(super) unsafe fn from_raw(ptr: *mut bindings::p9_trans_module) -> Option<Self> {
        // INVARIANT: by the safety requirements.
        NonNull::new(ptr).map(Self)
    }

    /// Another reference; `None` if the module is going away.
    pub(super) fn another(&self) -> Option<Self> {
        // SAFETY: by the type invariants.
        let got = unsafe { bindings::p9rs_try_module_get((*self.as_ptr()).owner) };
        // INVARIANT: a reference was taken.
        got.then_some(Self(self.0))
    }

    /// The transport.
    pub(super) fn as_ptr(&self) -> *mut bindings::p9_trans_module {
        self.0.as_ptr()
    }

    /// Hands the reference to C code.
    pub(super) fn into_raw(self) -> *mut bindings::p9_trans_module {
        ManuallyDrop::new(self).as_ptr()
    }

    /// Its name.
    pub(super) fn name(&self) -> &CStr {
        // SAFETY: a transport has a name.
        unsafe { CStr::from_char_ptr((*self.as_ptr()).name) }
    }

    /// Connects `clnt` to the server that `fc` names.
    ///
    /// # Errors
    ///
    /// Errors of the transport are propagated as-is.
    ///
    /// # Safety
    ///
    /// - `fc` must be the context of a mount of the 9p file system.
    /// - This must be the transport of `clnt`, and stay until `clnt` is closed.
    /// - What is returned must be given to `clnt`, and to nobody else.
    pub(super) unsafe fn create(
        &self,
        clnt: &Arc<Client>,
        fc: *mut bindings::fs_context,
    ) -> Result<KBox<dyn Transport>> {
        let own = OWN.iter().position(|own| own.0.get() == self.as_ptr());
        if let Some(kind) = own.and_then(|i| KINDS.get(i)) {
            // SAFETY: by the safety requirements.
            return (kind.connect)(clnt, &unsafe { target(fc) });
        }
        // SAFETY: by the safety requirements.
        unsafe { Foreign::connect(clnt, self, fc) }
    }

    /// Shows the options of the connection of `clnt`.
    ///
    /// # Safety
    ///
    /// `m` must be a file that is being read, `clnt` a session over this transport.
    pub(super) unsafe fn show_options(
        &self,
        m: *mut bindings::seq_file,
        clnt: *mut bindings::p9_client,
    ) -> c_int {
        // SAFETY: by the type invariants and the safety requirements.
        unsafe {
            (*self.as_ptr())
                .show_options
                .map_or(0, |show| show(m, clnt))
        }
    }
}

impl Drop for TransRef {
    fn drop(&mut self) {
        // SAFETY: by the type invariants.
        unsafe { bindings::p9rs_module_put((*self.as_ptr()).owner) };
    }
}

/// What `fc` says of the server.
///
/// # Safety
///
/// `fc` must be the context of a mount of the 9p file system that stays for `'a`.
unsafe fn target<'a>(fc: *mut bindings::fs_context) -> Target<'a> {
    // SAFETY: by the safety requirement.
    let (source, opts) = unsafe {
        (
            (*fc).source,
            &(*(*fc).fs_private.cast::<bindings::v9fs_context>()).fd_opts,
        )
    };
    let source = (!source.is_null()).then(|| {
        // SAFETY: the source of a mount, if there is one, is a string.
        unsafe { CStr::from_char_ptr(source) }
    });
    // Where none is given it is -1.
    let descriptor = |fd: c_int| (fd != -1).then_some(fd as u32);
    Target {
        source,
        port: opts.port,
        privport: opts.privport,
        rfd: descriptor(opts.rfd),
        wfd: descriptor(opts.wfd),
    }
}

/// The transport at `ptr`, without a reference of its own.
///
/// # Safety
///
/// `ptr` must be a transport that stays while the result is used.
pub(super) unsafe fn borrow(ptr: *mut bindings::p9_trans_module) -> ManuallyDrop<TransRef> {
    // INVARIANT: somebody else's reference is used, and never given back.
    // SAFETY: a transport is not null.
    ManuallyDrop::new(TransRef(unsafe { NonNull::new_unchecked(ptr) }))
}

/// The transport named `name`; its module is loaded if need be.
///
/// Context: process context, sleeps.
fn by_name(name: &CStr) -> Option<TransRef> {
    let find = || REGISTRY.lock().find(|trans| trans.name() == name);
    find().or_else(|| {
        // SAFETY: `name` is a string.
        unsafe { bindings::p9rs_request_trans_module(name.as_char_ptr()) };
        find()
    })
}

/// The transport for mounts that name none.
///
/// Context: process context, sleeps.
pub(super) fn default() -> Option<TransRef> {
    // SAFETY: a registered transport is valid.
    let chosen = |trans: &TransRef| unsafe { (*trans.as_ptr()).def };
    let found = {
        let registry = REGISTRY.lock();
        registry.find(chosen).or_else(|| registry.find(|_| true))
    };
    found.or_else(|| BY_DEFAULT.into_iter().find_map(by_name))
}

/// Shows the options of the connection of `clnt`, a session over one of our own transports.
///
/// # Safety
///
/// As for [`TransRef::show_options`].
unsafe extern "C" fn show_own(m: *mut bindings::seq_file, clnt: *mut bindings::p9_client) -> c_int {
    // SAFETY: by the safety requirements.
    let (mut file, client) = unsafe { (SeqFile::from_raw(m), client(clnt)) };
    client.show_transport(&mut file);
    0
}

/// A transport of our own, as the registry knows it.
struct Own(Opaque<bindings::p9_trans_module>);

// SAFETY: only the registry changes it, under its lock.
unsafe impl Sync for Own {}

/// The transports of [`KINDS`], in that order. Filled in by [`OwnTransports::register`].
static OWN: [Own; KINDS.len()] = [const { Own(Opaque::uninit()) }; KINDS.len()];

/// Our own transports, as far as they are to be offered, are in the registry. Dropping it removes
/// them.
pub(crate) struct OwnTransports(());

impl OwnTransports {
    /// Enters our own transports in the registry. To be called once, before anything else here.
    pub(crate) fn register(module: &'static ThisModule) -> Self {
        // SAFETY: called once, before anything else uses the lock.
        unsafe { REGISTRY.init() };
        for (own, kind) in OWN.iter().zip(KINDS) {
            let trans = bindings::p9_trans_module {
                name: kind.name.as_char_ptr().cast_mut(),
                maxsize: c_int::try_from(kind.max_msize).unwrap_or(c_int::MAX),
                def: kind.is_default,
                owner: module.as_ptr(),
                show_options: Some(show_own),
                ..Default::default()
            };
            // SAFETY: nobody else knows of it yet.
            unsafe { own.0.get().write(trans) };
            if params::offers(kind.param) {
                // SAFETY: it has just been filled in, and is static.
                unsafe { v9fs_register_trans(own.0.get()) };
            }
        }
        Self(())
    }
}

impl Drop for OwnTransports {
    fn drop(&mut self) {
        for own in &OWN {
            // SAFETY: it is valid.
            unsafe { v9fs_unregister_trans(own.0.get()) };
        }
    }
}

p9_export! {
    /// Enters a transport in the registry.
    ///
    /// # Safety
    ///
    /// `m` must stay valid until it is unregistered.
    pub unsafe extern "C" fn v9fs_register_trans(m: *mut bindings::p9_trans_module) {
        let mut registry = REGISTRY.lock();
        let mut link = &raw mut registry.head;
        // SAFETY: by the type invariants of the registry, and the safety requirements.
        unsafe {
            while !(*link).is_null() {
                link = &raw mut (**link).next;
            }
            (*m).list.next = core::ptr::null_mut();
            *link = &raw mut (*m).list;
        }
    }

    /// Removes a transport from the registry.
    ///
    /// # Safety
    ///
    /// `m` must be valid.
    pub unsafe extern "C" fn v9fs_unregister_trans(m: *mut bindings::p9_trans_module) {
        let mut registry = REGISTRY.lock();
        let mut link = &raw mut registry.head;
        // SAFETY: by the type invariants of the registry, and the safety requirements.
        unsafe {
            while !(*link).is_null() {
                if *link == &raw mut (*m).list {
                    *link = (*m).list.next;
                    return;
                }
                link = &raw mut (**link).next;
            }
        }
    }

    /// The transport named `s`, with a reference; null if there is none.
    ///
    /// # Safety
    ///
    /// `s` must be a string.
    pub unsafe extern "C" fn v9fs_get_trans_by_name(
        s: *const c_char,
    ) -> *mut bindings::p9_trans_module {
        // SAFETY: by the safety requirements.
        let name = unsafe { CStr::from_char_ptr(s) };
        by_name(name).map_or(core::ptr::null_mut(), TransRef::into_raw)
    }

    /// The transport for mounts that name none, with a reference; null if there is none.
    ///
    /// # Safety
    ///
    /// None.
    pub unsafe extern "C" fn v9fs_get_default_trans() -> *mut bindings::p9_trans_module {
        default().map_or(core::ptr::null_mut(), TransRef::into_raw)
    }

    /// Gives a reference back.
    ///
    /// # Safety
    ///
    /// `m` must be null or a transport with a reference that nobody else gives back.
    pub unsafe extern "C" fn v9fs_put_trans(m: *mut bindings::p9_trans_module) {
        // SAFETY: by the safety requirements.
        drop(unsafe { TransRef::from_raw(m) });
    }
}
