#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# fuzz.sh [TARGET [SECONDS]]
#
# Fuzzes one target of the protocol core, or all of them, for SECONDS each [60].
set -euo pipefail
. "$(dirname "$0")/../qemu/config.sh"

target=${1:-all} seconds=${2:-60}
all=(decode reply dirents frame rpc_ops)
one_of T "$target" all "${all[@]}"
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "S=$seconds: a number of seconds is wanted"
[ "$target" = all ] || all=("$target")
for target in "${all[@]}"; do
	say "fuzzing $target for $seconds seconds"
	"$TOP/scripts/in-root.sh" rust/host/fuzz/run.sh "$target" "-max_total_time=$seconds" \
		-print_final_stats=1
done
