#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# How a program finds the end of a file that it reads without the page cache: with no message more
# than it takes, and never before the file ends.
. "$(dirname "$0")/fault.sh"

# treads COMMAND...: how many Treads a command takes.
treads() {
	local before
	before=$(order count Tread)
	"$@" >/tmp/got || return 1
	echo $(($(order count Tread) - before))
}

# together: one Tread for the contents, and one for the second read, which gets nothing.
together() {
	treads cat "$MNT/hello" >/tmp/treads && cmp /tmp/got "$ROOT/hello" || return 1
	equal_or_tell 2 "$(</tmp/treads)"
}

equal_or_tell() { [ "$1" = "$2" ] || { echo "$2 instead of $1"; return 1; }; }

# grown: the file has become longer since the server told its size.
grown() {
	local fd
	exec {fd}<"$MNT/hello"
	echo "Hello again." >>"$ROOT/hello"
	cat <&"$fd" >/tmp/got
	exec {fd}<&-
	cmp /tmp/got "$ROOT/hello"
}

# short: one read() gets all of 64 KiB, although the first answer is short.
short() {
	order Tread=body:03000000303132*1
	dd if="$MNT/f" of=/tmp/got bs=65536 count=1 status=none || return 1
	order release
	equal_or_tell 65536 "$(stat -c %s /tmp/got)" && cmp -n 65536 /tmp/got "$ROOT/f"
}

# sizeless: the same for a file whose size is told to be 0, as those of /proc.
sizeless() {
	equal_or_tell 0 "$(stat -c %s "$MNT/made")" || return 1
	dd if="$MNT/made" of=/tmp/got bs=65536 count=1 status=none || return 1
	equal_or_tell 65536 "$(stat -c %s /tmp/got)" && cmp -n 65536 /tmp/got "$ROOT/made"
}

plan 5
try serve
touch "$ROOT/made"
try mount --bind /proc/kallsyms "$ROOT/made"
defer umount "$ROOT/made"
try mount_fault
check "a small file takes two Treads" together
check "a file that has grown is read to its end" grown
check "a short answer is not taken for the end" short
check "a file of no size is read on" sizeless
check "the client has kept to the protocol" no_violations
