#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Memory comes in single pages only, for all that 9pnet.ko does: large reads and writes take more and
# smaller messages, with the same bytes, and none fails.
# kernel: debug
# timeout: 300
. "$(dirname "$0")/alloc.sh"

# in_pages COMMAND...: does it so; and there was something that had to do with less.
in_pages() {
	local status=0 left
	attribute times $TIMES
	echo 100 >$FAULT/fail_page_alloc/probability
	"$@" || status=$?
	echo 0 >$FAULT/fail_page_alloc/probability
	left=$(cat $FAULT/fail_page_alloc/times)
	tried "allocation failures" $((TIMES - left)) >>/tmp/tried
	[ "$left" -lt $TIMES ] || { echo "nothing larger than a page was asked for"; return 1; }
	return $status
}

write() { dd if=/tmp/data of=f bs=1M oflag=direct status=none && cmp f /tmp/data; }
read_back() { dd if=f bs=1M iflag=direct status=none | cmp - /tmp/data; }
several() {
	local i pids=()
	for i in 1 2 3 4; do read_back & pids+=($!); done
	for i in "${pids[@]}"; do wait "$i" || return 1; done
}
cached() {
	forget
	cmp f /tmp/data && cp f copy && sync copy && forget && cmp copy /tmp/data && rm copy
}

prepare_faults
head -c 3000001 /dev/urandom >/tmp/data
plan 5
for cache in none loose; do
	try mount_9p msize=1048576,cache=$cache
	try scratch
	echo 1 >$FAULT/fail_page_alloc/min-order
	ours
	if [ $cache = none ]; then
		try cp /tmp/data f
		check "read" in_pages read_back
		check "several reads" in_pages several
		check "write" in_pages write
	else
		check "write, cache=loose" in_pages write
		check "with the page cache" in_pages cached
	fi
	memory_again
	echo 0 >$FAULT/fail_page_alloc/min-order
	rm f && cd / && unmount "$MNT"
done
cat /tmp/tried
