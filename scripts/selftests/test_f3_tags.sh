#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# F3: no tag is lost, however the Rflush and the reply fall: at once, before the sender of the
# Tflush is done, late, in either order. A tag that is lost drives the tags up.
# timeout: 300
# races: yes
. "$(dirname "$0")/fault.sh"

# kills ORDER: kills readers in the middle.
kills() {
	local round pids
	order "$1"
	for ((round = 0; round < ROUNDS; round++)); do
		pids=()
		for _ in 1 2 3 4 5 6 7 8; do
			head -c 16 "$MNT/f" >/dev/null 2>&1 &
			pids+=($!)
			disown
		done
		busywait 5 holds 1 Tread
		kill -KILL "${pids[@]}" 2>/dev/null
		tried kills 8
		busywait 5 gone "${pids[@]}"
	done
	order release
}

# highest: the highest tag of a request while more are under way than ever else: the Tclunks of 30
# readers, which do not wait for them. Each tag that is lost drives it up by one.
highest() {
	local i
	order note measure
	[ "$CLIENT" != rust ] || order Tclunk=hang
	for ((i = 0; i < 30; i++)); do cat "$MNT/hello" >/dev/null; done
	order release
	awk '/# measure/ { high = 0 }
		$3 == ">" && $6 !~ /^Tflush/ && $5 + 0 > high { high = $5 + 0 }
		END { print high + 0 }' $LOG
}

plan 6
try serve
try mount_fault
before=$(highest)
for faults in Tread=hang "Tread=10ms Tflush=wait" "Tread=hang Tflush=20ms" "Tread=20ms Tflush=hang*1"; do
	kills "$faults"
	after=$(highest)
	echo "# tags: $before $after"
	check "$faults: no tag is lost" test "$after" -le $((before + 4))
done
check "the client has kept to the protocol" no_violations
unmount "$MNT"
equal "the server holds no fid" 0 "$(left)"
