#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# While one process waits for the server, and another has been killed and its flush is not
# answered, eight readers of the same mount go on as fast as before.
# timeout: 200
. "$(dirname "$0")/hang.sh"

rate() { "$BIN/readers" 8 1 "$MNT/numbers"; }

plan 1
try mount_hang
seq 10000 >"$MNT/numbers"
defer rm "$MNT/numbers"

# The machine is never quite still: by turns, and the median counts.
ratios=
for _ in 1 2 3 4 5 6 7; do
	before=$(rate)
	order read=hang
	cat "$HANG/f" >/dev/null 2>&1 &
	reader=$!
	die read=hang read "$HANG/f" >/dev/null
	during=$(rate)
	order release
	kill $reader 2>/dev/null
	wait $reader 2>/dev/null
	ratios+=" $(awk -v a="$before" -v b="$during" 'BEGIN { print b / a }')"
done
echo "# reads per second in the last turn: $before, during the hang $during; all ratios:$ratios"
median=$(tr ' ' '\n' <<<"$ratios" | sort -g | sed -n 5p)
check "readers are as fast as before ($median)" awk -v a="$median" 'BEGIN { exit a < 0.9 }'
