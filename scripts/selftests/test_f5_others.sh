#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# F5: while one process waits for the server, and another has been killed and its flush is not
# answered, eight readers of the same mount go on as fast as before. The task that was interrupted
# waits, see test_flush_order.sh.
# timeout: 400
# quiet: stock debug kcsan
# races: yes
. "$(dirname "$0")/hang.sh"

rate() { "$BIN/readers" 8 0.5 "$MNT/numbers"; }

plan 1
try mount_hang
seq 10000 >"$MNT/numbers"
defer rm "$MNT/numbers"

# The machine is never quite still, so short turns with and without the hang take each other's place,
# and their sums are compared: what disturbs them disturbs both. At least 8 turns, and up to 60: by
# then only what is slower stays below.
free=0 hung=0
for turn in $(seq 60); do
	free=$((free + $(rate)))
	order read=hang
	cat "$HANG/f" >/dev/null 2>&1 &
	reader=$!
	die read=hang read "$HANG/f" >/dev/null
	hung=$((hung + $(rate)))
	order release
	kill $reader 2>/dev/null
	wait $reader 2>/dev/null
	[ "$turn" -lt 8 ] || [ $((hung * 100)) -lt $((free * 90)) ] || break
done
percent=$((hung * 100 / (free + 1)))
echo "# $turn turns: $((free / turn)) reads per second, during the hang $((hung / turn)), $percent %"
check "readers are as fast as before ($percent %)" test $percent -ge 90
