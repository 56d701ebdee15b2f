#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# compare-kill.sh [ROUNDS]
#
# Kills processes that wait for a hung server, with the stock client and with this one, and prints
# a Markdown table of the times from the signal to the process reaped. Takes a while: the stock
# client waits for hangfs or p9fault until the test gives up.
set -euo pipefail
. "$(dirname "$0")/../qemu/config.sh"

TESTS=(kill_io kill_names kill_many kill_signals kill_umount fault_kill)

export ROUNDS=${1:-20} KERNEL=stock MOUNT=no RUN=$BUILD/compare
mkdir -p "$RUN/share/hang"
echo "Hello from the host." >"$RUN/share/hello"

# times CLIENT: lines "name<tab>milliseconds" of all tests, each in its own guest.
times() {
	local name
	for name in "${TESTS[@]}"; do
		CLIENT=$1 SHARE=$RUN/share TIMEOUT=900 \
			CMD="exec bash /9pnet/selftests/run.sh $name" "$TOP/qemu/run.sh" 2>&1 |
			tee "$RUN/$1-$name" | sed -n 's/^ *# time: \(.*\): \(.*\)$/\1\t\2/p' || true
	done
}

"$TOP/scripts/modules.sh"
"$TOP/scripts/tools.sh"
times c >"$RUN/c"
times rust >"$RUN/rust"

echo "| Killed while it waits in: $ROUNDS times, the longest | stock, ms | this client, ms |"
echo "|---|---:|---:|"
awk -F '\t' -v OFS=' | ' '
	NR == FNR { stock[$1] = $2; next }
	{ print "| " $1, ($1 in stock ? stock[$1] : "?"), $2 " |" }' "$RUN/c" "$RUN/rust"
