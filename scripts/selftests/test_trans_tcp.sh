#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The TCP transport, IPv4 and IPv6, with diod as the server: a server that stops does not keep a
# killed program, one that dies fails everybody.
# client: rust
# timeout: 400
# races: yes
# debug: yes
. "$(dirname "$0")/stream.sh"

served=/tmp/served-tcp
command -v diod >/dev/null || skip_all "no diod"

stop_server() {
	kill -KILL "$server" 2>/dev/null
	wait "$server" 2>/dev/null
	rm -rf $served $SOCKET
}

# mount_tcp ADDRESS [OPTION]
mount_tcp() {
	mkdir -p "$MNT"
	mount -i -t 9p -o "trans=tcp,version=9p2000.L,aname=$served,uname=root,access=any${2:+,$2}" \
		"$1" "$MNT" 2>/dev/null
}

remount() {
	local i
	for i in 1 2 3 4 5; do
		mount_tcp 127.0.0.1 port=5650 || return 1
		[ -e "$MNT/text" ] || return 1
		umount "$MNT" || return 1
	done
}

# port: the client's end of the connection.
port() { ss -Htn state established "dport = :$1" | awk '{ sub(/.*:/, "", $3); print $3 }'; }

all_fail() { ! wait "$reader" && ! cat "$MNT/text"; }
listens() { (: <>"/dev/tcp/$1/$2") 2>/dev/null; }

mkdir -p $served
diod -f -n -l 127.0.0.1:5650 -l 127.0.0.1:564 -l $SOCKET -e $served 2>/dev/null &
server=$!
defer stop_server

plan 15
try busywait 20 listens 127.0.0.1 5650
try mount_tcp 127.0.0.1 port=5650
defer unmount "$MNT"
yes "some text" | head -c 3000000 >/tmp/text
check "write" cp /tmp/text "$MNT/text"
check "read" cmp /tmp/text "$MNT/text"
equal "shown" ",trans=tcp,port=5650" "$(shown)"
unmount "$MNT"
check "again and again" remount
try mount_tcp 127.0.0.1
equal "the default port" ",trans=tcp" "$(shown)"
unmount "$MNT"
forward 'socket.AF_INET6, ("::1", 5650)' $SOCKET
check "IPv6" mount_tcp ::1 port=5650
check "write over IPv6" cp /tmp/text "$MNT/text6"
check "read over IPv6" cmp /tmp/text "$MNT/text6"
unmount "$MNT"
try mount_tcp 127.0.0.1 port=5650,privport
check "a reserved port" test "$(port 5650)" -lt 1024
unmount "$MNT"
try mount_tcp 127.0.0.1 port=5650
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
equal "nobody listens" ECONNREFUSED "$(mount_errno trans=tcp,port=5651 127.0.0.1)"
