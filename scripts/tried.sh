#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tried.sh [FOLDER]
#
# Makes the table of docs/tried.md from the logs of a run of check.sh [build/check/log]: what was
# tried on which kernel, how often, in how many selftests, and how many of these failed. Selftests
# say it in lines "# tried: NUMBER WHAT", the fuzzer in its statistics.
set -euo pipefail
. "$(dirname "$0")/../qemu/config.sh"

folder=${1:-$BUILD/check/log}
[ -e "$folder/selftests" ] || die "no logs of selftests in $folder: run make check-long first"

awk '
	# The results of one test come before its own result line.
	FILENAME ~ /selftests$/ {
		kernel = $1
		sub(/:$/, "", kernel)
		sub(/^[^ ]+: /, "")
	}
	/^ *# tried: [0-9]+ / {
		what = $0
		sub(/^ *# tried: [0-9]+ /, "", what)
		tried[what] += $3
	}
	/^(ok|not ok) [0-9]+ / {
		for (what in tried) {
			key = what SUBSEP kernel
			times[key] += tried[what]
			tests[key]++
			failed[key] += /^not/
		}
		delete tried
	}
	/^stat::number_of_executed_units:/ {
		times["inputs of the fuzzer" SUBSEP "host"] += $2
		tests["inputs of the fuzzer" SUBSEP "host"]++
	}
	/ERROR: libFuzzer|SUMMARY: / { failed["inputs of the fuzzer" SUBSEP "host"]++ }
	END {
		for (key in times) {
			split(key, part, SUBSEP)
			printf "| %s | %s | %d | %d | %d |\n", part[1], part[2], times[key], tests[key], failed[key]
		}
	}' "$folder"/* | sort | {
	echo "| what | kernel | times | tests | failed |"
	echo "|---|---|---:|---:|---:|"
	cat
}
