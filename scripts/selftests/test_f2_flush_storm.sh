#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# F2: requests and their flushes live as long as somebody needs them: readers are killed at random
# while replies, Rflushes and the end of the connection come in any order. The debug kernel tells
# of memory used after it was freed.
# timeout: 400
# races: yes
. "$(dirname "$0")/fault.sh"

# storm ORDER: readers come and are killed, all at the same time.
storm() {
	local i readers=()
	order "$1"
	for ((i = 0; i < 40; i++)); do
		head -c $((RANDOM + 1)) "$MNT/f" >/dev/null 2>&1 &
		readers+=($!)
		disown
		[ $((i % 4)) != 3 ] || kill -KILL "${readers[RANDOM % ${#readers[@]}]}" 2>/dev/null
	done
	[ -z "${2-}" ] || { order "$2" && tried disconnects 1; }
	kill -KILL "${readers[@]}" 2>/dev/null
	tried kills ${#readers[@]}
	busywait 20 gone "${readers[@]}"
}

plan 6
try serve
for faults in Tread=3ms "Tread=5ms Tflush=wait" "Tread=hang Tflush=5ms" "Tread=5ms Tflush=5ms"; do
	try mount_fault
	check "$faults" storm "$faults"
	umount "$MNT"
	order release
done
check "the client has kept to the protocol" no_violations

try mount_fault
for ((round = 0; round < ROUNDS / 2; round++)); do
	storm "Tread=5ms Tflush=3ms" close
	umount "$MNT"
	try mount_fault
	order release
done
equal "connections that break in the middle" "Hello." "$(cat "$MNT/hello")"
