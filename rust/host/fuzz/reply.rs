// SPDX-License-Identifier: GPL-2.0

//! Fuzzes `checks::check_reply`.

#![no_main]

#[allow(dead_code, reason = "each target uses one of the checks")]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| checks::check_reply(input));
