#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs one fuzz target on a stable compiler:
#
#   run.sh decode|reply|dirents|frame|rpc_ops [libFuzzer arguments, such as -max_total_time=60]
#
# Only the coverage that guides libFuzzer is compiled in. What it looks for are panics: the core
# has no unsafe code, and its overflow checks are on. It begins with the seeds in corpus/; what it
# finds goes to the build folder, crashes with a file that the tests try too if it is copied to
# corpus/.

set -eu

target=${1:?usage: run.sh TARGET [libFuzzer arguments]}
shift
here=$(dirname "$(readlink -f "$0")")
host=$(rustc -vV | sed -n 's/^host: //p')
found=${CARGO_TARGET_DIR:-$here/target}/corpus/$target
mkdir -p "$found"
cd "$here"

llvm='-Cllvm-args=-sanitizer-coverage'
RUSTFLAGS="-Cpasses=sancov-module $llvm-level=4 $llvm-inline-8bit-counters $llvm-pc-table"
RUSTFLAGS="$RUSTFLAGS $llvm-trace-compares"
RUSTFLAGS="$RUSTFLAGS -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks"
export RUSTFLAGS
exec cargo run --quiet --locked --release --target "$host" --bin "$target" -- \
	"-artifact_prefix=$found-" "$@" "$found" "$here/corpus/$target"
