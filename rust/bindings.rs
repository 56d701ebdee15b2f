// SPDX-License-Identifier: GPL-2.0

//! The kernel's C interfaces: what the `kernel` crate knows, and what our own run of bindgen adds.
//!
//! Every type exists once: what `kernel::bindings` has comes from there. Only [`crate::sys`] and
//! [`crate::abi`] may use this module; all other code uses what those two make of it.

#![allow(
    clippy::all,
    clippy::cast_lossless,
    clippy::ptr_as_ptr,
    clippy::ref_as_ptr,
    clippy::undocumented_unsafe_blocks,
    dead_code,
    improper_ctypes,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unreachable_pub,
    unsafe_op_in_unsafe_fn,
    unused_imports,
    reason = "C names and C shapes, written by bindgen"
)]

use kernel::ffi;
use pin_init::{
    MaybeZeroable,
    Zeroable, //
};

pub(crate) use kernel::bindings::*;

include!(env!("P9_BINDINGS"));
