#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A large read is several Treads under way at once. Whatever becomes of one of them, the program gets
# the file's bytes, in order, up to the first that the server does not give.
# timeout: 300
# races: yes
. "$(dirname "$0")/fault.sh"

SIZE=1048576
FRAME=16384 # what one Tread asks for

# A read with the first Tread answered in full, so that the next ones go together.
read_once() { dd if="$MNT/f" of=/tmp/got bs=$SIZE count=1 iflag=direct status=none; }

# whole RULE...: the file is read as it is.
whole() {
	order "$@" || return 1
	dd if="$MNT/f" of=/tmp/got bs=$SIZE iflag=direct,fullblock status=none || return 1
	order release
	cmp /tmp/got "$ROOT/f"
}

# before ERROR RULE: nothing is read from where the error is on.
before() {
	local status=0 size
	order "$2"
	: >/tmp/got
	read_once 2>/tmp/error || status=$?
	order release
	size=$(stat -c %s /tmp/got)
	cmp -n "$size" /tmp/got "$ROOT/f" || return 1
	[ "$size" -le $((3 * FRAME)) ] || { echo "got $size bytes"; return 1; }
	[ "$size" -gt 0 ] || [ $status != 0 ] && { [ $status = 0 ] || grep "$1" /tmp/error; }
}

pipelined() {
	local reader
	order Tread=hang+1
	read_once &
	reader=$!
	busywait 10 holds 4 Tread || return 1
	order release
	wait $reader && cmp /tmp/got "$ROOT/f"
}

# shrinks: the file ends earlier while Treads behind its new end are under way. The kernel's netfs has
# an error of its own for a file that is shorter than it knew.
shrinks() {
	local reader
	order Tread=hang+1
	read_once 2>/tmp/error &
	reader=$!
	busywait 10 holds 4 Tread || return 1
	truncate -s 30000 "$ROOT/f"
	order release
	wait $reader || grep -q "No data available" /tmp/error || return 1
	truncate -s $SIZE "$ROOT/f"
	[ "$(stat -c %s /tmp/got)" -le 30000 ] && cmp -n "$(stat -c %s /tmp/got)" /tmp/got "$ROOT/f"
}

plan 9
try serve
try mount_fault msize=$((FRAME + 24))
check "several Treads are under way" pipelined
check "answered out of order" whole Tread=200ms+2*1
check "all answered late" whole Tread=20ms
check "a short answer in between" whole Tread=body:03000000303132+2*1
check "an error in between" before "Input/output error" Tread=errno:5+3*1
check "a malformed answer in between" before "error" Tread=count:4294967295+3*1
check "the file shrinks" shrinks
yes 0123456789abcde | head -c $SIZE >"$ROOT/f"
dies "a Tread in between is never answered" Tread=hang+2*1 read "$MNT/f"
check "the client has kept to the protocol" no_violations
