// SPDX-License-Identifier: GPL-2.0

//! Connecting stream sockets.
//!
//! C header: [`include/linux/net.h`](srctree/include/linux/net.h)

use crate::bindings;
use core::ptr::{
    null_mut,
    NonNull, //
};
use kernel::{
    error::{
        from_err_ptr,
        to_result, //
    },
    ffi::c_int,
    fs::File,
    prelude::*,
    str::CString,
    sync::aref::ARef, //
};

/// The length of an address whose family does not look at it.
// CAST: 128.
const WHOLE: c_int = size_of::<bindings::__kernel_sockaddr_storage>() as c_int;

/// Where a server listens.
///
/// # Invariants
///
/// `storage` begins with an address of `len` bytes, of the family that is its first field.
pub(crate) struct Address {
    storage: bindings::__kernel_sockaddr_storage,
    len: c_int,
    family: c_int,
    protocol: c_int,
}

impl Address {
    /// The address that `name` is, of `len` bytes.
    fn new<T>(family: u32, name: T, len: usize) -> Result<Self> {
        let mut storage = bindings::__kernel_sockaddr_storage::default();
        if size_of::<T>() > size_of_val(&storage) || len > size_of::<T>() {
            return Err(EINVAL);
        }
        // SAFETY: the storage is large enough, as just checked, and made for all addresses.
        unsafe { (&raw mut storage).cast::<T>().write_unaligned(name) };
        // INVARIANT: callers pass addresses of that family; `len` was checked.
        Ok(Self {
            storage,
            // CAST: at most 128. Families are small numbers.
            len: len as c_int,
            family: family as c_int,
            protocol: 0,
        })
    }

    /// A TCP port: `host` is an IPv4 or IPv6 address in digits.
    ///
    /// # Errors
    ///
    /// - `EINVAL` if it is not.
    pub(crate) fn tcp(host: &CStr, port: u16) -> Result<Self> {
        let port = CString::try_from_fmt(fmt!("{port}"))?;
        let mut storage = bindings::__kernel_sockaddr_storage::default();
        // SAFETY: the strings and the storage are valid during the call; the running task has a
        // network namespace.
        to_result(unsafe {
            bindings::inet_pton_with_scope(
                bindings::p9rs_current_net(),
                // CAST: 0.
                bindings::AF_UNSPEC as u16,
                host.as_char_ptr(),
                port.as_char_ptr(),
                &mut storage,
            )
        })?;
        // SAFETY: every address begins with its family.
        let family = unsafe { *(&raw const storage).cast::<u16>() };
        // INVARIANT: the function has filled in all that an address of that family needs.
        Ok(Self {
            storage,
            len: WHOLE,
            family: c_int::from(family),
            // CAST: 6.
            protocol: bindings::IPPROTO_TCP as c_int,
        })
    }

    /// A unix socket: a path, or behind an `@` an abstract name.
    ///
    /// # Errors
    ///
    /// - `EINVAL` if the name is empty.
    /// - `ENAMETOOLONG` if it does not fit into an address.
    pub(crate) fn unix(name: &CStr) -> Result<Self> {
        let mut un = bindings::sockaddr_un {
            // CAST: 1.
            sun_family: bindings::AF_UNIX as u16,
            ..Default::default()
        };
        let name = name.to_bytes();
        let is_abstract = *name.first().ok_or(EINVAL)? == b'@';
        // A path ends with a NUL.
        if name.len() >= un.sun_path.len() {
            return Err(ENAMETOOLONG);
        }
        for (to, from) in un.sun_path.iter_mut().zip(name) {
            *to = *from;
        }
        let mut len = core::mem::offset_of!(bindings::sockaddr_un, sun_path) + name.len();
        if is_abstract {
            if let Some(first) = un.sun_path.first_mut() {
                *first = 0;
            }
        } else {
            len += 1;
        }
        Self::new(bindings::AF_UNIX, un, len)
    }

    /// A port of the virtual machine `cid`, or of the host.
    pub(crate) fn vsock(cid: u32, port: u32) -> Result<Self> {
        let vm = bindings::sockaddr_vm {
            // CAST: 40.
            svm_family: bindings::AF_VSOCK as u16,
            svm_port: port,
            svm_cid: cid,
            ..Default::default()
        };
        Self::new(bindings::AF_VSOCK, vm, size_of::<bindings::sockaddr_vm>())
    }

    fn as_raw(&mut self) -> *mut bindings::sockaddr_unsized {
        (&raw mut self.storage).cast()
    }

    /// Connects to the server, from a reserved port if `reserved` and it is a TCP port. The socket
    /// belongs to the network namespace of the running task, and keeps that.
    ///
    /// Context: process context. Sleeps until there is an answer, or a signal.
    ///
    /// # Errors
    ///
    /// - `EADDRINUSE` if there is no free reserved port.
    /// - `ERESTARTSYS` or `EINTR` if a signal came.
    ///
    /// Errors of the socket are propagated as-is.
    pub(crate) fn connect(mut self, reserved: bool) -> Result<ARef<File>> {
        let socket = Socket::new(self.family, self.protocol)?;
        // CAST: 6.
        if reserved && self.protocol == bindings::IPPROTO_TCP as c_int {
            socket.bind_reserved(self.family)?;
        }
        // SAFETY: the socket is ours. The address is as long as said by the type invariants.
        to_result(unsafe {
            bindings::kernel_connect(socket.0.as_ptr(), self.as_raw(), self.len, 0)
        })?;
        socket.into_file()
    }
}

/// A socket without a file.
///
/// # Invariants
///
/// The pointer is to a socket that this value owns.
struct Socket(NonNull<bindings::socket>);

impl Socket {
    fn new(family: c_int, protocol: c_int) -> Result<Self> {
        const KERNEL: c_int = 1;
        let mut raw = null_mut();
        // SAFETY: the running task has a network namespace; `raw` is writable.
        to_result(unsafe {
            bindings::__sock_create(
                bindings::p9rs_current_net(),
                family,
                // CAST: 1.
                bindings::sock_type_SOCK_STREAM as c_int,
                protocol,
                &mut raw,
                KERNEL,
            )
        })?;
        // INVARIANT: the socket is new.
        let socket = Self(NonNull::new(raw).ok_or(ENOMEM)?);
        // SAFETY: it is ours, and new.
        unsafe { bindings::p9rs_sock_set_up(socket.0.as_ptr()) };
        Ok(socket)
    }

    /// Binds to the highest reserved port that is free.
    fn bind_reserved(&self, family: c_int) -> Result {
        let ports = bindings::P9_DEF_MIN_RESVPORT..=bindings::P9_DEF_MAX_RESVPORT;
        for port in ports.rev() {
            // Any address. In one of IPv6 family and port are at the same places.
            let name = bindings::sockaddr_in {
                // CAST: families and ports fit.
                sin_family: family as u16,
                sin_port: (port as u16).to_be(),
                ..Default::default()
            };
            let mut address = Address::new(
                family.unsigned_abs(),
                name,
                size_of::<bindings::sockaddr_in>(),
            )?;
            // SAFETY: the socket is ours. The rest of the address is zero.
            match to_result(unsafe {
                bindings::kernel_bind(self.0.as_ptr(), address.as_raw(), WHOLE)
            }) {
                Err(err) if err == EADDRINUSE => {}
                result => return result,
            }
        }
        Err(EADDRINUSE)
    }

    /// A file, without which nobody can wait for a socket.
    fn into_file(self) -> Result<ARef<File>> {
        let raw = self.0;
        core::mem::forget(self);
        // SAFETY: the socket is ours; the function takes it over, or releases it.
        let file = unsafe { bindings::sock_alloc_file(raw.as_ptr(), 0, core::ptr::null()) };
        let file = from_err_ptr(file)?;
        let file = NonNull::new(file.cast()).ok_or(ENOMEM)?;
        // SAFETY: the reference is ours, and nobody else has the file.
        Ok(unsafe { ARef::from_raw(file) })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // SAFETY: by the type invariants.
        unsafe { bindings::sock_release(self.0.as_ptr()) };
    }
}
