#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tried.sh [FILE|FOLDER]...
#
# Makes the table of docs/tried.md from logs: folders RUN/log of check.sh [build/check/log], and files
# with what check.sh or fuzz.sh has said. What was tried on which kernel, how often, in how many
# selftests, and how many of these failed. Selftests say it in lines "# tried: NUMBER WHAT", the fuzzer
# in its statistics.
set -euo pipefail
. "$(dirname "$0")/../qemu/config.sh"

[ $# -gt 0 ] || set -- "$BUILD/check/log"
logs=()
for log; do
	if [ -d "$log" ]; then logs+=("$log"/*); else logs+=("$log"); fi
	[ -r "${logs[-1]}" ] || die "no logs in $log: run make check-long first"
done

awk '
	# add WHAT KERNEL TIMES FAILED
	function add(what, kernel, number, bad,    key) {
		key = what SUBSEP kernel
		times[key] += number
		tests[key]++
		failed[key] += bad
	}
	# The selftest that was running has ended.
	function ended(bad,    what) {
		add("selftests", kernel, 1, bad)
		for (what in tried) add(what, kernel, tried[what], bad)
		delete tried
		running = 0
	}
	# Each line begins with the kernel, or the first one of a guest tells it.
	/^(stock|debug|kcsan): / { kernel = substr($1, 1, length($1) - 1); sub(/^[a-z]+: /, "") }
	/^== [a-z]+ kernel/ { kernel = $2 }
	# Who finds a selftest still running at the next guest knows that the last one died of it.
	FNR == 1 || /^KTAP version 1/ { if (running) ended(1) }
	/^    KTAP version 1/ { running = 1 }
	/^ *# tried: [0-9]+ / {
		number = $3
		sub(/^ *# tried: [0-9]+ /, "")
		tried[$0] += number
	}
	/^(ok|not ok) [0-9]+ [a-z0-9_]+ # [0-9.]+ s$/ { ended(/^not/) }
	/^test result: / { add("unit tests", "host", $4 + $6, $6) }
	/^stat::number_of_executed_units:/ { add("inputs of the fuzzer", "host", $2, 0) }
	/ERROR: libFuzzer/ { add("inputs of the fuzzer", "host", 0, 1) }
	END {
		if (running) ended(1)
		for (key in times) {
			split(key, part, SUBSEP)
			printf "| %s | %s | %d | %d | %d |\n", part[1], part[2], times[key], tests[key], failed[key]
		}
	}' "${logs[@]}" | sort | {
	echo "| what | kernel | times | runs | failed |"
	echo "|---|---|---:|---:|---:|"
	cat
}
