#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A process is killed while it waits for a read; the server answers the Tflush never, wrongly, twice,
# early or late, and the read itself before or after. The process goes at once, and the others are
# served, or fail if the connection is broken.
# client: rust
. "$(dirname "$0")/fault.sh"

# others: how another process fares: served, dead (it fails), or waits.
others() {
	timeout 5 cat "$MNT/hello" >/dev/null 2>&1
	case $? in
	0) echo served ;;
	124 | 137) echo waits ;;
	*) echo dead ;;
	esac
}

# killed NAME READ FLUSH [OTHERS]: one result, on a mount of its own; how others fare meanwhile.
killed() {
	local name=$1 reader time wrong='' now
	mount_once || { fail "$name" "no mount"; return; }
	order "Tread@f=$2" "Tflush=$3"
	head -c 16 "$MNT/f" >/dev/null 2>&1 &
	reader=$!
	disown
	busywait 5 holds 1 || wrong="the read does not wait"
	kill -KILL $reader
	time=$(took 5 gone $reader)
	now=$(others)
	[[ $now =~ ^(${4:-served})$ ]] || wrong+="; others: $now"
	order release
	now=$(others)
	[[ $now =~ ^(${4:-served}|served)$ && $now != waits ]] || wrong+="; others after it: $now"
	umount "$MNT" || wrong+="; not unmounted"
	timed "$name" " $time" "$wrong"
}

plan 13
try serve
mkdir -p "$MNT"
defer unmount "$MNT"
killed "L1: Tflush is never answered" hang hang
killed "L1: the Rflush is lost" hang drop
killed "L1: Tflush fails" hang errno:5
killed "L1: Tflush fails with 0" hang errno:0
killed "L1: Rflush for the tag of nobody" hang tag:1234 "served|dead"
killed "L1: Rflush for tag 0" hang tag:0 "served|dead"
killed "L1: Rflush twice" hang dup "served|dead"
killed "L1: an Rread for the Tflush" hang type:117 "served|dead"
killed "L1: an Rflush with a body" hang trail:4
# What follows begins in the middle of it.
killed "L1: an Rflush cut off" hang part:3 "dead"
killed "L2: the reply, then Rflush" $((200 * SCALE))ms wait
killed "L2: Rflush, then the reply" mute early "served|dead"
check "the client has kept to the protocol" no_violations
