#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Each single allocation of each operation fails once, from mount to umount: the operation fails
# with ENOMEM or goes on without it, nothing is lost that was reported as done, nothing is left.
# kernel: debug
# timeout: 300
. "$(dirname "$0")/alloc.sh"

prepare_faults
limit=20
[ -z "${LONG-}" ] || limit=1000
plan 3
ours
check "allocations of 9pnet" allocfail sweep 1000
check "allocations of 9pnet, cache=loose" allocfail sweep 1000 cache=loose
anyones
check "all allocations" allocfail sweep $limit
