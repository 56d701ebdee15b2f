// SPDX-License-Identifier: GPL-2.0

//! Text for files such as `/proc/mounts`.
//!
//! C header: [`include/linux/seq_file.h`](srctree/include/linux/seq_file.h)

use crate::bindings;
use core::{
    fmt,
    marker::PhantomData, //
};
use kernel::types::NotThreadSafe;

/// A file whose text is being written, during one call of C code into ours.
///
/// Takes [`write!`] as well as plain bytes. Text that does not fit is dropped; the kernel notices
/// and asks for all of it again, with a larger buffer.
///
/// # Invariants
///
/// The pointer is to a `struct seq_file` that is valid, and used by this task only, during `'a`.
pub(crate) struct SeqFile<'a>(
    *mut bindings::seq_file,
    PhantomData<&'a mut bindings::seq_file>,
    NotThreadSafe,
);

impl<'a> SeqFile<'a> {
    /// Wraps the pointer that C code has passed.
    ///
    /// # Safety
    ///
    /// During `'a`, which the caller chooses, `file` must point to a valid `struct seq_file` that
    /// nobody else uses.
    pub(crate) unsafe fn from_raw(file: *mut bindings::seq_file) -> Self {
        // INVARIANT: The caller promises both parts.
        Self(file, PhantomData, NotThreadSafe)
    }

    /// Appends `text` as it is: nothing is escaped.
    ///
    /// Does not sleep.
    pub(crate) fn write(&mut self, text: &[u8]) {
        // SAFETY: By the type invariant the file is valid and nobody else uses it; `text` is valid
        // for reads of its length.
        //
        // A failure means that the buffer is full, which the file remembers by itself.
        unsafe { bindings::seq_write(self.0, text.as_ptr().cast(), text.len()) };
    }
}

impl fmt::Write for SeqFile<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.write(text.as_bytes());
        Ok(())
    }
}
