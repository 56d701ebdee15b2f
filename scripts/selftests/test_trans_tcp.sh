#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A transport written in C: the kernel's own for TCP, with diod as the server. A server that stops
# does not keep a killed program, one that dies fails everybody.
# client: rust
. "$(dirname "$0")/lib.sh"

served=/tmp/served-tcp
modprobe 9pnet_fd 2>/dev/null || skip_all "no transport over sockets"
command -v diod >/dev/null || skip_all "no diod"

stop_server() {
	kill -KILL "$server" 2>/dev/null
	wait "$server" 2>/dev/null
	rm -rf $served
}

mount_tcp() {
	mkdir -p "$MNT"
	mount -i -t 9p -o "trans=tcp,port=5650,version=9p2000.L,aname=$served,uname=root,access=any" \
		127.0.0.1 "$MNT" 2>/dev/null
}

remount() {
	local i
	for i in 1 2 3 4 5; do
		mount_tcp || return 1
		[ -e "$MNT/text" ] || return 1
		umount "$MNT" || return 1
	done
}

all_fail() { ! wait "$reader" && ! cat "$MNT/text"; }

gone() { ! kill -0 "$1" 2>/dev/null; }

mkdir -p $served
diod -f -n -l 127.0.0.1:5650 -e $served 2>/dev/null &
server=$!
defer stop_server

plan 8
try busywait 20 mount_tcp
defer unmount "$MNT"
yes "some text" | head -c 3000000 >/tmp/text
check "write" cp /tmp/text "$MNT/text"
check "read" cmp /tmp/text "$MNT/text"
unmount "$MNT"
check "again and again" remount
try mount_tcp
kill -STOP "$server"
cat "$MNT/text" >/dev/null 2>&1 &
reader=$!
sleep 0.5
kill -KILL $reader
check "a stopped server does not keep a killed program" busywait 5 gone $reader
kill -CONT "$server"
wait $reader 2>/dev/null
check "it serves others afterwards" cmp /tmp/text "$MNT/text"
kill -STOP "$server"
cat "$MNT/text" >/dev/null 2>&1 &
reader=$!
sleep 0.5
kill -KILL "$server"
check "a server that dies does not keep a program" busywait 5 gone $reader
check "everything fails then" all_fail
check "umount" umount "$MNT"
