#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a server sends after the process that asked for it was killed changes no memory: neither the
# page cache nor a buffer that other processes share.
# timeout: 300
# long: debug
. "$(dirname "$0")/hang.sh"

BUF=/dev/shm/buffer

# late OPERATION...: kills OPERATION and then lets the server send bytes of 'Z' for it.
late() {
	local took
	took=$(die "read=hang*1" "$@")
	[[ $took =~ ^[0-9.]+$ ]] || echo "# $took" >&2
}

answer() {
	order fill 90
	order release
	busywait 10 idle || echo "# not idle" >&2
	order fill off
}

# page_cache OPTIONS: another process reads the page anew, before the late answer.
page_cache() {
	try mount_hang "$1"
	forget
	late read "$HANG/f"
	head -c 65536 "$HANG/f" | cmp - /tmp/want || return 1
	answer
	head -c 65536 "$HANG/f" | cmp - /tmp/want || return 1
	unmount "$MNT"
}

# buffer SIZE OPERATION: the buffer is filled with 'b' after the kill.
buffer() {
	truncate -s "$1" $BUF
	late "$2" "$HANG/f" $BUF
	head -c "$1" /dev/zero | tr '\0' b >/tmp/b
	dd if=/tmp/b of=$BUF conv=notrunc status=none
	answer
	cmp /tmp/b $BUF
}

plan 6
yes 0123456789abcde | head -c 65536 >/tmp/want
check "page cache, cache=loose" page_cache cache=loose
check "page cache, cache=readahead" page_cache cache=readahead
check "page cache, cache=mmap" page_cache cache=mmap
try mount_hang
for size in 512 65536; do check "shared buffer of $size bytes" buffer $size shared; done
check "shared buffer, O_DIRECT" buffer 65536 shared-direct
