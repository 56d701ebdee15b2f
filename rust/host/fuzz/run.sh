#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs one fuzz target on a stable compiler:
#
#   run.sh decode|reply|dirents|frame [libFuzzer arguments, such as -max_total_time=60]
#
# Only the coverage that guides libFuzzer is compiled in. What it looks for are panics: the core
# has no unsafe code, and its overflow checks are on.

set -eu

target=${1:?usage: run.sh TARGET [libFuzzer arguments]}
shift
here=$(dirname "$(readlink -f "$0")")
host=$(rustc -vV | sed -n 's/^host: //p')
corpus=$here/corpus
cd "$here"

cargo run --quiet --release --bin corpus -- "$corpus"

llvm='-Cllvm-args=-sanitizer-coverage'
RUSTFLAGS="-Cpasses=sancov-module $llvm-level=4 $llvm-inline-8bit-counters $llvm-pc-table"
RUSTFLAGS="$RUSTFLAGS $llvm-trace-compares"
RUSTFLAGS="$RUSTFLAGS -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks"
export RUSTFLAGS
exec cargo run --quiet --release --target "$host" --bin "$target" -- "$@" "$corpus/$target"
