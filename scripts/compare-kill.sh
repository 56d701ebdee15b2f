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

TESTS=(fault_kill kill_io kill_names kill_many)
RUN=$BUILD/compare

# measure CLIENT NAME...: runs the tests in one guest.
measure() {
	CLIENT=$1 SHARE=$RUN/share TIMEOUT=$((600 * $#)) \
		CMD="exec bash /9pnet/selftests/run.sh ${*:2}" \
		"$TOP/qemu/run.sh" >"$RUN/$1-$2" 2>&1 || true
	echo "$1 ${*:2}: $(grep -c '# time:' "$RUN/$1-$2") times"
}

# times CLIENT: lines "name<tab>median<tab>longest" of all tests, in milliseconds.
times() { cat "$RUN/$1"-* | sed -n 's/^ *# time: \(.*\): \(.*\) \(.*\)$/\1\t\2\t\3/p'; }

table() {
	echo "| killed while it waits in | stock | this one, median of $(cat "$RUN/rounds") | longest |"
	echo "|---|---:|---:|---:|"
	awk -F '\t' '
		NR == FNR { stock[$1] = $2; next }
		{ printf "| %s | %s | %s | %s |\n", $1, ($1 in stock ? stock[$1] : "?"), $2, $3 }' \
		<(times c) <(times rust)
}

if [ "${1-}" != --table ]; then
	export ROUNDS=${1:-20} KERNEL=stock MOUNT=no RUN
	mkdir -p "$RUN/share/hang"
	echo "Hello from the host." >"$RUN/share/hello"
	echo "$ROUNDS" >"$RUN/rounds"
	"$TOP/scripts/modules.sh"
	"$TOP/scripts/tools.sh"
	rm -f "$RUN"/c-* "$RUN"/rust-*
	measure rust "${TESTS[@]}"
	# What hangs with the stock client stays, so each test has its own guest.
	for name in "${TESTS[@]}"; do measure c "$name"; done
fi
table >"$RUN/table"
[ "$(wc -l <"$RUN/table")" -gt 10 ] || die "too few times were measured, see ${RUN#"$TOP"/}"
sed -i -e "/^<!-- compare-kill/r $RUN/table" -e '/^<!-- compare-kill/,/^<!-- end -->/{/^|/d}' "$TOP/README.md"
cat "$RUN/table"
