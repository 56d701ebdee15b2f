#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh NAME...: runs selftests in the guest and reports them as KTAP, each test's own results
# below it. After a test that does not end, or that leaves the kernel unwell, it stops with status
# 99: the caller goes on with the rest in a fresh guest.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=/dev/null
. /9pnet/env

# shellcheck source=/dev/null
. ./bad.sh

header() { sed -n "s/^# $2: //p" "test_$1.sh" | head -n 1; }

# since NAME: what the kernel has logged since the test began.
since() { dmesg | sed "1,/selftest: $1 begins/d"; }

# one NUMBER NAME: runs a test and prints its result line; false if the guest must be given up.
one() {
	local name=$2 limit pid status=0 start=$EPOCHREALTIME expected bad
	limit=$(header "$name" timeout)
	: "${limit:=120}"
	[ "$KERNEL" = stock ] || limit=$((limit * 4))
	[ "${ROUNDS:-0}" -le 20 ] || limit=$((limit * ROUNDS / 20))
	[ -z "${LONG-}" ] || limit=$((limit + 3600))
	expected=$(header "$name" dmesg)
	echo "selftest: $name begins" >/dev/kmsg
	setsid bash "test_$name.sh" </dev/null > >(sed -u 's/^/    /') 2>&1 &
	pid=$!
	local end=$((SECONDS + limit + 1))
	while kill -0 $pid 2>/dev/null && [ $SECONDS -lt $end ]; do sleep 0.05; done
	if kill -0 $pid 2>/dev/null; then
		echo "# no end after $limit s, where its programs are:"
		for task in $(pgrep -s $pid); do
			{ echo "$task $(tr '\0' ' ' </proc/"$task"/cmdline)"; cat /proc/"$task"/stack; } |
				sed 's/^/# /'
		done
		kill -KILL -- -$pid
		echo "not ok $1 $name # $limit s"
		return 1
	fi
	wait $pid || status=$?
	sleep 0.05 # the last lines of sed
	! grep -q " /mnt " /proc/self/mounts || { umount -l /mnt; echo "# /mnt was left mounted"; status=1; }
	bad=$(since "$name" | bad_lines | grep -vE "${expected:-^$}")
	if [ -n "$bad" ]; then
		since "$name" | sed 's/^/# /'
		status=1
	fi
	local took
	took=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
	case $status in
	0) echo "ok $1 $name # $took s" ;;
	4) echo "ok $1 $name # SKIP" ;;
	*) echo "not ok $1 $name # $took s" ;;
	esac
	[ -z "$bad" ]
}

leaks() {
	local report
	for _ in 1 2; do # the first scan only makes suspects
		echo scan >/sys/kernel/debug/kmemleak
		sleep 6
	done
	report=$(cat /sys/kernel/debug/kmemleak)
	[ -n "$report" ] || return 0
	printf '%s\n' "$report" | sed 's/^/# /'
	! printf '%s\n' "$report" | grep -qE '9pnet|p9_|v9fs'
}

# Under memory pressure by fault injection the tests say so themselves; hung tasks are told early.
echo 30 >/proc/sys/kernel/hung_task_timeout_secs 2>/dev/null
modprobe 9p || exit 1

echo "KTAP version 1"
echo "1..$#"
number=0
for name; do
	one $((++number)) "$name" || exit 99
done
echo "selftest: the end" >/dev/kmsg
# How much KCSAN has looked at.
[ ! -e /sys/kernel/debug/kcsan ] || sed 's/^/# kcsan: /' /sys/kernel/debug/kcsan
if [ -e /sys/kernel/debug/kmemleak ]; then
	leaks && echo "ok $((number + 1)) kmemleak" || echo "not ok $((number + 1)) kmemleak"
fi
