#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# F9: task work of io_uring neither ends a wait for the server nor makes it spin, and does not keep a
# process from being killed.
# timeout: 300
# quiet: stock debug kcsan
. "$(dirname "$0")/hang.sh"

# idles NAME OPERATION [write]: one result: a wait of two seconds takes little processor time.
idles() {
	local took cpu
	forget
	order "$2=2000ms*1"
	read -r took cpu < <("$BIN/waiter" "$HANG/f" "${@:3}" 2>&1)
	check "$1: $cpu ms of processor time in $took ms" \
		awk -v a="$took" -v b="$cpu" 'BEGIN { exit !(a > 1000 && b < a / 20) }'
	order release
}

plan 6
try mount_hang
idles "a read waits" read
idles "a write waits" write write
if echo 1 2>/dev/null >/sys/module/9pnet/parameters/intr; then
	idles "a read waits with intr=1" read
	echo 0 >/sys/module/9pnet/parameters/intr
else
	skip "a read waits with intr=1" "no parameter intr"
fi
dies "killed with task work pending" read=hang notified "$HANG/f"
dies "killed with a read of io_uring under way" read=hang uring "$HANG/f"
dies "killed with a write of io_uring under way" write=hang uring-write "$HANG/f"
