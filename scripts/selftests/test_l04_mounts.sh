#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A program that mounts is killed while it waits for the server: it ends at once, nothing of the
# session is left, and the same can be mounted again. (Mounts that fail in a loop: badmount_table.)
# client: rust
. "$(dirname "$0")/fault.sh"

connections() { [ "$(order connections)" = "$1" ]; }

# killed NAME RULE: one result.
killed() {
	local program time wrong=''
	order "$2"
	mount -i -t 9p -o trans=unix,version=9p2000.L $SOCKET "$MNT" 2>/dev/null &
	program=$!
	disown
	busywait 10 holds 1 || wrong="does not wait"
	kill -KILL $program
	time=$(took 10 gone $program)
	busywait 10 connections 0 || wrong+="; the connection is left"
	order release
	if mount_once; then
		[ "$(timeout 5 cat "$MNT/hello")" = Hello. ] || wrong+="; the next mount is not served"
		umount "$MNT"
	else
		wrong+="; not mounted again"
	fi
	bound=6000 # the end of a session waits for what is under way
	timed "$1" " $time" "$wrong"
}

plan 5
try serve
mkdir -p "$MNT"
defer unmount "$MNT"
killed "L4: killed in Tversion" Tversion=hang
killed "L4: killed in Tattach" Tattach=hang
killed "L4: killed in Tattach, Tflush not answered" "Tattach=hang Tflush=hang"
killed "L4: killed in Tgetattr" Tgetattr=hang
check "the client has kept to the protocol" no_violations
