// SPDX-License-Identifier: GPL-2.0

//! Fuzzes `ops::check`.

#![no_main]

mod ops;

libfuzzer_sys::fuzz_target!(|input: &[u8]| ops::check(input));
