#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The transport over descriptors: pipes, a pair of sockets, with kernel TLS on them too, a terminal. The
# program that has mounted may close them, change their flags, and end.
# client: rust
# timeout: 400
. "$(dirname "$0")/stream.sh"

# pipes: p9fault on two pipes, our ends of which are 5 and 6.
pipes() {
	rm -f /tmp/to /tmp/from
	mkfifo /tmp/to /tmp/from
	"$BIN/p9fault" --control tcp:127.0.0.1:5641 --log $LOG "$ROOT" stdio </tmp/to >/tmp/from &
	server=$!
	exec 5>/tmp/to 6</tmp/from
	try busywait 10 orders
}

ended() { ! kill -0 $server 2>/dev/null; }

# nonblock FD yes|no: sets the flag of the open file.
nonblock() {
	python3 -c '
import os, sys
os.set_blocking(int(sys.argv[1]), sys.argv[2] == "no")' "$1" "$2"
}

# through KIND COMMAND...: runs COMMAND with descriptor 5 at one end of a pair of sockets, of one over
# which the kernel speaks TLS, or of a terminal, whose other end p9fault has.
through() {
	python3 - "$@" <<-'PYTHON'
	import os, socket, struct, subprocess, sys, tty

	def key(byte): # of AES-GCM-128 in TLS 1.2: salt and the like, all of one byte, from record 0 on
	    return struct.pack("<HH", 0x0303, 51) + bytes([byte]) * 28 + bytes(8)

	if sys.argv[1] == "sockets":
	    a, b = (s.detach() for s in socket.socketpair())
	elif sys.argv[1] == "tls":
	    with socket.create_server(("127.0.0.1", 0)) as listener:
	        ends = [socket.create_connection(listener.getsockname()), listener.accept()[0]]
	    TCP_ULP, SOL_TLS = 31, 282
	    for way, end in zip(((1, 2), (2, 1)), ends):
	        end.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b"tls")
	        for byte, option in zip((1, 2), way):
	            end.setsockopt(SOL_TLS, option, key(byte))
	    a, b = (s.detach() for s in ends)
	else:
	    a, b = os.openpty()
	    tty.setraw(b)
	server = subprocess.Popen(["/9pnet/bin/p9fault", "--control", "tcp:127.0.0.1:5641",
	                           "/tmp/served", "stdio"], stdin=a, stdout=a)
	os.close(a)
	os.dup2(b, 5)
	status = subprocess.call(["bash", "-c", sys.argv[2]], pass_fds=[5])
	server.kill()
	sys.exit(status)
	PYTHON
}

session="mount -i -t 9p -o trans=fd,rfdno=5,wfdno=5,version=9p2000.L none $MNT && exec 5>&- &&
	cmp $MNT/f $ROOT/f && cp $ROOT/f $MNT/g && cmp $MNT/g $ROOT/f; status=\$?; umount $MNT && exit \$status"

rm -rf "$ROOT" && mkdir -p "$ROOT/d" "$MNT"
echo "Hello." >"$ROOT/hello"
yes 0123456789abcde | head -c 1M >"$ROOT/f"

plan 16
pipes
check "pipes" mount_at fd none rfdno=6,wfdno=5
equal "shown" ",trans=fd,rfd=6,wfd=5" "$(shown)"
exec 5>&- 6<&-
check "work after the descriptors are closed" works
umount "$MNT"
check "umount closes them" busywait 5 ended

pipes
try mount_at fd none rfdno=6,wfdno=5
nonblock 5 no
nonblock 6 no
check "flags that somebody changes do no harm" works
nonblock 5 yes
check "nor the other way" works
exec 5>&- 6<&-
order 'Tread=hang'
cat "$MNT/f" >/dev/null 2>&1 &
reader=$!
try busywait 10 holds 1
kill -KILL $server
check "the end of the server ends those who wait" busywait 5 gone $reader
check "and umount" umount "$MNT"

pipes
try mount_at fd none rfdno=6,wfdno=5
exec 7>"$MNT/zero"
order pause
head -c 1M /dev/zero >&7 2>/dev/null &
writer=$!
exec 7>&-
try busywait 10 grep -q 9pnet /proc/$writer/stack
nonblock 5 no
kill -KILL $writer
check "a server that does not read does not keep a killed program" busywait 5 gone $writer
# umount(8) asks for attributes before the system call, which would wait for the server.
check "nor umount" timeout 20 python3 -c "
import ctypes, sys
sys.exit(ctypes.CDLL(None).umount2(b'$MNT', 0))"
exec 5>&- 6<&-
order release
try busywait 5 ended

check "a pair of sockets" through sockets "$session"
if modprobe tls 2>/dev/null; then
	check "kernel TLS" through tls "$session"
	# Memory of several pages, which are in part the kernel's own business.
	check "kernel TLS, an attribute of 40,000 bytes" through tls "
		mount -i -t 9p -o trans=fd,rfdno=5,wfdno=5,version=9p2000.L none $MNT &&
		for i in {1..20}; do
			python3 -c 'import os; v = os.urandom(40000); p = \"$MNT/f\"
os.setxattr(p, \"user.x\", v); assert os.getxattr(p, \"user.x\") == v' || break
		done; status=\$?; umount $MNT && exit \$status"
else
	skip "kernel TLS" "this kernel has none"
	skip "kernel TLS, an attribute of 40,000 bytes" "this kernel has none"
fi
check "a terminal" through terminal "$session"
check "everything fails at once if the terminal is gone" through terminal "
	mount -i -t 9p -o trans=fd,rfdno=5,wfdno=5,version=9p2000.L none $MNT && pkill -KILL p9fault &&
	! timeout 5 cat $MNT/hello; status=\$?; umount $MNT && exit \$status"
defer unmount "$MNT"
check "nothing is left mounted" bash -c "! grep -q ' $MNT ' /proc/mounts"
