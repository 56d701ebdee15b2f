#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# F1: no wake-up is lost between a flush and the request that it flushes. Writers with dirty pages are
# killed in writeback and in truncate, which waits for writeback, by a server that answers the
# request and the Tflush at nearly the same time; then, as in a shutdown, all at once before umount.
# timeout: 400
. "$(dirname "$0")/fault.sh"

writer() {
	exec 2>/dev/null
	while :; do
		head -c 100000 /dev/zero >"$MNT/w$1"
		truncate -s $((RANDOM + 1)) "$MNT/w$1"
	done
}

start_writers() {
	local i
	writers=()
	for i in 1 2 3 4 5 6; do
		writer "$i" &
		writers+=($!)
		disown
	done
}

idle() { ! pgrep -x 'head|truncate' >/dev/null; }

# kill_writers: the shells, then what they ran last. True when all are gone.
kill_writers() {
	kill -KILL "${writers[@]}" 2>/dev/null
	busywait 20 gone "${writers[@]}" || return
	pkill -KILL -x 'head|truncate'
	busywait 20 idle
}

rounds() {
	local round
	for ((round = 0; round < ROUNDS; round++)); do
		start_writers
		busywait 5 holds 1
		kill_writers || { echo "in round $round: $(pgrep -a 'head|truncate')"; return 1; }
	done
}

plan 5
try serve
try mount_fault cache=loose
for faults in "Twrite=20ms Tsetattr=10ms Tflush=wait" "Twrite=20ms Tsetattr=20ms Tflush=20ms"; do
	order "$faults"
	check "killed in $faults" rounds
done
start_writers
busywait 5 holds 1
kill_writers
bound=7000
# Busy as long as a child that was not yet head or truncate is on its way out.
timed "umount after all writers were killed" " $(took 30 umount "$MNT" 2>/dev/null)"
order release
check "the client has kept to the protocol" no_violations
equal "the server holds no fid" 0 "$(left)"
