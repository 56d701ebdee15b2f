# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# F6: what a server sends after the process that asked for it was killed changes no memory: neither
# the page cache nor a buffer that other processes share. Sourced by tests which say how to mount
# (remount OPTIONS), how to $HOLD up one read of $FILE, and how to let the server answer with other
# bytes (answer), and with those of the file again (restore).

BUF=/dev/shm/buffer

# late OPERATION...: kills OPERATION while the server holds it up.
late() {
	local took
	took=$(die "$HOLD" "$@")
	[[ $took =~ ^[0-9.]+$ ]] || echo "# $took" >&2
}

answered() {
	answer
	order release
	busywait 10 idle || echo "# not idle" >&2
	restore
}

# page_cache OPTIONS: another process reads the page anew, before the late answer.
page_cache() {
	try remount "$1"
	forget
	late read "$FILE"
	head -c 65536 "$FILE" | cmp - /tmp/want || return 1
	answered
	head -c 65536 "$FILE" | cmp - /tmp/want || return 1
	unmount "$MNT"
}

# buffer SIZE OPERATION: the buffer is filled with 'b' after the kill.
buffer() {
	truncate -s "$1" $BUF
	late "$2" "$FILE" $BUF
	head -c "$1" /dev/zero | tr '\0' b >/tmp/b
	dd if=/tmp/b of=$BUF conv=notrunc status=none
	answered
	cmp /tmp/b $BUF
}

# memory_tests: all of them, 6 results.
memory_tests() {
	local cache size
	yes 0123456789abcde | head -c 65536 >/tmp/want
	for cache in loose readahead mmap; do check "page cache, cache=$cache" page_cache cache=$cache; done
	try remount ""
	for size in 512 65536; do check "shared buffer of $size bytes" buffer $size shared; done
	check "shared buffer, O_DIRECT" buffer 65536 shared-direct
}
