#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# As alloc_kill, over a socket: the Tflush, too, is made and sent when there is memory again.
# kernel: debug
# quiet: debug
# client: rust
# timeout: 300
. "$(dirname "$0")/fault.sh"
. "$(dirname "$0")/alloc.sh"

prepare_faults
attribute times $TIMES
ours
plan 5
try serve
try mount_fault
starve
dies "read" Tread=hang read "$MNT/f"
dies "read, the Tflush hangs" "Tread=hang Tflush=hang" read "$MNT/f"
dies "stat" Tgetattr=hang stat "$MNT/f"
equal "the connection is still there" "Hello." "$(cat "$MNT/hello")"
check "the client has kept to the protocol" no_violations
count_failures
