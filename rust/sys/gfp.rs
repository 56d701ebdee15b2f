// SPDX-License-Identifier: GPL-2.0

//! Allocation flags that the `kernel` crate lacks, and their C form.

use crate::bindings;
use kernel::alloc::Flags;

/// Like `GFP_KERNEL`, but does not call into a file system to get memory: for code that writes
/// pages back may run below this one.
///
/// May sleep. Where a whole call tree must not enter file systems use
/// [`NofsGuard`](super::task::NofsGuard) instead.
pub(crate) const GFP_NOFS: Flags = from_raw(bindings::GFP_KERNEL & !(1 << bindings::___GFP_FS_BIT));

/// The flags as C functions take them.
pub(crate) const fn raw(flags: Flags) -> bindings::gfp_t {
    // SAFETY: `Flags` is a structure with one field, a `gfp_t`, and (as `transmute` checks) no
    // larger: the field is all of it. Each value of an integer is valid.
    unsafe { core::mem::transmute::<Flags, bindings::gfp_t>(flags) }
}

const fn from_raw(flags: bindings::gfp_t) -> Flags {
    // SAFETY: `Flags` is a structure with one field, a `gfp_t`, and (as `transmute` checks) no
    // larger: the field is all of it. `Flags` puts no condition on its bits.
    unsafe { core::mem::transmute::<bindings::gfp_t, Flags>(flags) }
}
