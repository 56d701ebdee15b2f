#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Allocations fail at random, in rows of operations from mount to umount: in all that the module
# does, also in interrupts and on its queues; everywhere in the task that asks; or anywhere in the
# kernel. Operations fail with ENOMEM or succeed, nothing is lost or left.
# kernel: debug
# long: debug
# timeout: 900
. "$(dirname "$0")/alloc.sh"

prepare_faults
rounds=8
[ -z "${LONG-}" ] || rounds=250
plan 4
export PROBABILITY=20
ours
check "allocations of 9pnet, one of five" allocfail random $rounds
check "allocations of 9pnet, cache=loose" allocfail random $rounds cache=loose
anyones
PROBABILITY=50
attribute task-filter Y
attribute interval 5
echo 1 >/proc/self/make-it-fail
check "allocations of the task, one of ten" allocfail random $rounds
echo 0 >/proc/self/make-it-fail
attribute task-filter N
attribute interval 1
PROBABILITY=2
check "all allocations, one of fifty" allocfail random $rounds
