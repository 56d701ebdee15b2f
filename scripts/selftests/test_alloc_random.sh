#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Allocations fail at random, in rows of operations from mount to umount: in all that the module
# does, also in interrupts and on its queues; everywhere in the task that asks; or in all threads of
# the kernel, too. Operations fail with ENOMEM or succeed, nothing is lost or left.
# kernel: debug
# timeout: 900
. "$(dirname "$0")/alloc.sh"

prepare_faults
rounds=8
[ -z "${LONG-}" ] || rounds=250

# may_fail 0|1 TASK...: whether allocations of these tasks, and of those that they start, may fail.
may_fail() {
	local value=$1 task
	shift
	for task; do echo "$value" >"/proc/$task/make-it-fail"; done 2>/dev/null
}

# threads: those of the kernel. New ones take after number 2.
threads() { pgrep -P 2 && echo 2; }

plan 4
export PROBABILITY=20
ours
check "allocations of 9pnet, one of five" allocfail random $rounds
check "allocations of 9pnet, cache=loose" allocfail random $rounds cache=loose
anyones
PROBABILITY=50
attribute task-filter Y
attribute interval 5
may_fail 1 self
check "allocations of the task, one of ten" allocfail random $rounds
attribute interval 1
PROBABILITY=2
# shellcheck disable=SC2046 # many numbers
may_fail 1 $(threads)
check "and of the kernel's threads, one of fifty" allocfail random $rounds
# shellcheck disable=SC2046
may_fail 0 $(threads)
