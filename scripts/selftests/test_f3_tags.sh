#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# F3: no tag is lost, however the Rflush and the reply fall: at once, before the sender of the Tflush
# is done, late, in either order. A tag lost with each kill would drive the tags up.
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
		busywait 5 holds 1
		kill -KILL "${pids[@]}" 2>/dev/null
		tried kills 8
		busywait 5 gone "${pids[@]}"
	done
	order release
}

# highest: the highest tag of a request other than Tflush from now on.
highest() {
	order note measure
	cat "$MNT/f" "$MNT/hello" >/dev/null
	sed '1,/# measure/d' $LOG | awk '$3 == ">" && $6 !~ /^Tflush/ { if ($5 + 0 > high) high = $5 + 0 }
		END { print high + 0 }'
}

plan 6
try serve
try mount_fault
before=$(highest)
for faults in Tread=hang "Tread=10ms Tflush=wait" "Tread=hang Tflush=20ms" "Tread=20ms Tflush=hang*1"; do
	kills "$faults"
	check "$faults: no tag is lost" test "$(highest)" -le $((before + 16))
done
check "the client has kept to the protocol" no_violations
unmount "$MNT"
equal "the server holds no fid" 0 "$(left)"
