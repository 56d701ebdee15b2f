#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Each single allocation of 9pnet fails once in each operation, from mount to umount, as in
# test_alloc_sweep.sh, over a unix socket and TCP.
# kernel: debug
# timeout: 600
. "$(dirname "$0")/alloc.sh"

prepare_faults
ours
plan 3
for run in "unix.L" "unix.L cache=loose" "tcp.L"; do
	read -r FIXTURE options <<<"$run"
	try fixture_start
	check "L9: allocations over $run" allocfail sweep 1000 "$options"
	fixture_stop
done
