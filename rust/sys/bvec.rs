// SPDX-License-Identifier: GPL-2.0

//! Pieces of memory as sockets and other files take them: `struct bio_vec`.
//!
//! C header: [`include/linux/bvec.h`](srctree/include/linux/bvec.h)

use crate::bindings;
use kernel::{
    ffi::c_uint,
    prelude::*, //
};

/// Room for the list of the pieces that one call reads or writes.
pub(crate) struct Vecs(KVec<bindings::bio_vec>);

// SAFETY: what is in the list means something only as long as a `Gather` or `Scatter` exists.
unsafe impl Send for Vecs {}

impl Vecs {
    /// Room for `n` pieces.
    ///
    /// # Errors
    ///
    /// - `ENOMEM` if there is no memory.
    pub(crate) fn new(n: usize) -> Result<Self> {
        Ok(Self(KVec::with_capacity(n, GFP_KERNEL)?))
    }

    /// Begins a list of memory to be written to a file.
    pub(crate) fn gather(&mut self) -> Gather<'_> {
        Gather {
            pieces: self.pieces(),
            how: How::Copy,
        }
    }

    /// Begins a list of memory to be filled from a file.
    pub(crate) fn scatter(&mut self) -> Scatter<'_> {
        Scatter(self.pieces())
    }

    fn pieces(&mut self) -> Pieces<'_> {
        self.0.clear();
        Pieces {
            vecs: &mut self.0,
            bytes: 0,
        }
    }
}

/// A list of pieces of memory.
pub(super) struct Pieces<'a> {
    vecs: &'a mut KVec<bindings::bio_vec>,
    bytes: usize,
}

impl Pieces<'_> {
    /// The list for C: address, pieces, bytes.
    pub(super) fn raw(&self) -> (*const bindings::bio_vec, c_uint, usize) {
        // CAST: callers of `Vecs::new` ask for a few hundred pieces.
        (self.vecs.as_ptr(), self.vecs.len() as c_uint, self.bytes)
    }

    /// Appends a piece of `len` bytes that `init` describes. `false` if it does not, or there is no
    /// room.
    pub(super) fn push(
        &mut self,
        len: usize,
        init: impl FnOnce(*mut bindings::bio_vec, u32) -> bool,
    ) -> bool {
        let mut vec = bindings::bio_vec::default();
        let Ok(size) = u32::try_from(len) else {
            return false;
        };
        if !init(&mut vec, size) || self.vecs.push_within_capacity(vec).is_err() {
            return false;
        }
        self.bytes = self.bytes.saturating_add(len);
        true
    }

    /// Appends `len` bytes at `data`.
    fn push_buf(&mut self, data: *mut u8, len: usize) -> bool {
        // SAFETY: `vec` is writable. The memory is only looked up, not touched.
        self.push(len, |vec, len| unsafe {
            bindings::p9rs_bvec_set_buf(vec, data.cast(), len)
        })
    }
}

/// How a list is written to a socket.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// The bytes are copied.
    Copy,
    /// The same, and more follows at once.
    CopyMore,
    /// The socket takes references of the pages, and reads them when it likes.
    Splice,
}

/// A list of memory to be written to a file.
///
/// # Invariants
///
/// - All pieces are initialised memory that stays as it is, or may be changed only by those who do
///   not mind what the file gets, during `'a`.
/// - With [`How::Splice`] they are pages of which references may be taken.
pub(crate) struct Gather<'a> {
    pub(super) pieces: Pieces<'a>,
    pub(super) how: How,
}

impl<'a> Gather<'a> {
    /// The bytes in the list.
    pub(crate) fn bytes(&self) -> usize {
        self.pieces.bytes
    }

    /// Says that more is to be written right after this.
    pub(crate) fn expect_more(&mut self) {
        self.how = How::CopyMore;
    }

    /// Appends `data`. `false` if there is no room, or its pages are not neighbours: neither memory
    /// of `vmalloc` nor of a stack will do.
    pub(crate) fn push(&mut self, data: &'a [u8]) -> bool {
        // INVARIANT: `data` is borrowed for `'a`.
        data.is_empty() || self.pieces.push_buf(data.as_ptr().cast_mut(), data.len())
    }
}

/// A list of memory to be filled from a file.
///
/// # Invariants
///
/// All pieces are writable during `'a`, and nobody else uses them but those who do not mind what
/// they read.
pub(crate) struct Scatter<'a>(pub(super) Pieces<'a>);

impl<'a> Scatter<'a> {
    /// Appends `room`. `false` as for [`Gather::push`].
    pub(crate) fn push(&mut self, room: &'a mut [u8]) -> bool {
        // INVARIANT: `room` is borrowed exclusively for `'a`.
        room.is_empty() || self.0.push_buf(room.as_mut_ptr(), room.len())
    }

    /// Appends `len` bytes at `room`. `false` as for [`Gather::push`].
    ///
    /// # Safety
    ///
    /// Those bytes must be as the type invariants say.
    pub(super) unsafe fn push_raw(&mut self, room: *mut u8, len: usize) -> bool {
        // INVARIANT: by the safety requirement.
        len == 0 || self.0.push_buf(room, len)
    }
}
