#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# compare-kill.sh [ROUNDS]
# compare-kill.sh --table
#
# Kills processes that wait for a hung server, with the stock client and with this one, and puts a
# table of the times from the signal to the process reaped into README.md, between its markers.
# Takes a while: the stock client waits until the test gives up. With --table only the table is
# made, from what was measured last.
set -euo pipefail
. "$(dirname "$0")/../qemu/config.sh"

TESTS=(kill_io kill_names kill_many kill_signals kill_umount fault_kill)
RUN=$BUILD/compare

# measure CLIENT: runs the tests, each in its own guest.
measure() {
	local name
	for name in "${TESTS[@]}"; do
		CLIENT=$1 SHARE=$RUN/share TIMEOUT=900 \
			CMD="exec bash /9pnet/selftests/run.sh $name" \
			"$TOP/qemu/run.sh" >"$RUN/$1-$name" 2>&1 || true
		echo "$1 $name: $(grep -c '# time:' "$RUN/$1-$name") times"
	done
}

# times CLIENT: lines "name<tab>milliseconds" of all tests.
times() { cat "${TESTS[@]/#/$RUN/$1-}" | sed -n 's/^ *# time: \(.*\): \(.*\)$/\1\t\2/p'; }

table() {
	local rounds
	rounds=$(cat "$RUN/rounds")
	echo "| killed while it waits in | stock, ms | this one, ms, the longest of $rounds |"
	echo "|---|---:|---:|"
	awk -F '\t' '
		NR == FNR { stock[$1] = $2; next }
		{ printf "| %s | %s | %s |\n", $1, ($1 in stock ? stock[$1] : "?"), $2 }' \
		<(times c) <(times rust)
}

if [ "${1-}" != --table ]; then
	export ROUNDS=${1:-20} KERNEL=stock MOUNT=no RUN
	mkdir -p "$RUN/share/hang"
	echo "Hello from the host." >"$RUN/share/hello"
	echo "$ROUNDS" >"$RUN/rounds"
	"$TOP/scripts/modules.sh"
	"$TOP/scripts/tools.sh"
	measure c
	measure rust
fi
table >"$RUN/table"
[ "$(wc -l <"$RUN/table")" -gt 10 ] || die "too few times were measured, see ${RUN#"$TOP"/}"
sed -i -e "/^<!-- compare-kill/r $RUN/table" -e '/^<!-- compare-kill/,/^<!-- end -->/{/^|/d}' "$TOP/README.md"
cat "$RUN/table"
