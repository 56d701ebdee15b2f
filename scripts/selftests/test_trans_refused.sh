#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Mounts over sockets and descriptors that cannot work: the errno, one line in the log, and nothing
# left behind.
# client: rust
# timeout: 400
# long: debug
. "$(dirname "$0")/stream.sh"

# refused NAME ERRNO OPTIONS SOURCE: also with one line in the log.
refused() {
	local errno lines
	mark
	errno=$(mount_errno "version=9p2000.L,$3" "$4")
	lines=$(logged)
	if [[ $errno =~ ^($2)$ && $lines = 1 ]]; then
		pass "$1"
	else
		fail "$1" "$errno, want $2" "$(dmesg | sed "1,/selftest: mark $$.$marks\$/d")"
	fi
}

# sockets: how many there are; few: not more than before.
sockets() { awk '/^sockets:/ { print $3 }' /proc/net/sockstat; }
few() { [ "$(sockets)" -le "$before" ]; }

mkdir -p "$MNT" /tmp/folder
ip route add unreachable 192.0.2.0/24
defer ip route del unreachable 192.0.2.0/24
exec 7</tmp 8</dev/null 9>/dev/null
mkfifo /tmp/pipe 2>/dev/null
exec 10<>/tmp/pipe
python3 -c '
import socket, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 5652)); s.listen()
while True: s.accept()[0].close()' &
defer kill $!
try busywait 10 bash -c '(: <>/dev/tcp/127.0.0.1/5652) 2>/dev/null'
before=$(sockets)

plan 17
refused "tcp: nobody listens" ECONNREFUSED trans=tcp,port=5651 127.0.0.1
refused "tcp: no route" "EHOSTUNREACH|ENETUNREACH" trans=tcp 192.0.2.1
refused "tcp: a name" EINVAL trans=tcp localhost
refused "tcp: not an address" EINVAL trans=tcp 127.0.0.1.1
refused "tcp: closed at once" EIO trans=tcp,port=5652 127.0.0.1
refused "unix: nothing there" ENOENT trans=unix /tmp/nothing
refused "unix: not a socket" ECONNREFUSED trans=unix /tmp/folder
refused "unix: an abstract name of nobody" ECONNREFUSED trans=unix @nobody
refused "unix: too long" ENAMETOOLONG trans=unix "/tmp/$(printf '%0110d' 0)"
refused "fd: no descriptors" ENOPROTOOPT trans=fd none
refused "fd: one descriptor" ENOPROTOOPT trans=fd,rfdno=8 none
refused "fd: not open" EIO trans=fd,rfdno=99,wfdno=99 none
refused "fd: not readable" EIO trans=fd,rfdno=9,wfdno=9 none
refused "fd: not writable" EIO trans=fd,rfdno=8,wfdno=8 none
refused "fd: a folder" EINVAL trans=fd,rfdno=7,wfdno=10 none
refused "vsock: not a number" EINVAL trans=vsock host
check "no socket is left" busywait 5 few
exec 7<&- 8<&- 9>&- 10>&-
