#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# trans=fd over pipes that the server does not drain, that block, or that others write into: who is
# killed ends, others fail, umount ends. S11: a reply to what could not be sent yet is none.
# long: yes
# client: rust
. "$(dirname "$0")/fault.sh"

# piped [OPTIONS]: mounts over a new pair of pipes; 3 and 4 stay open here.
piped() {
	rm -f /tmp/to /tmp/from && mkfifo /tmp/to /tmp/from
	"$BIN/p9fault" --control tcp:127.0.0.1:5641 "$ROOT" stdio </tmp/to >/tmp/from &
	piped=$!
	disown
	exec 4>/tmp/to 3</tmp/from
	mount -i -t 9p -o "trans=fd,version=9p2000.L,rfdno=3,wfdno=4${1:+,$1}" none "$MNT"
}

# ends NAME FAULT: unmounts, with nothing but the system call, and lets the server go.
ends() {
	local took
	python3 -S -E -c "
import ctypes, time
start = time.monotonic()
ctypes.CDLL(None).umount2(b'$MNT', 0)
print('%.1f' % ((time.monotonic() - start) * 1e3))" >/tmp/took &
	busywait 20 gone $!
	took=$(</tmp/took)
	! is_mounted "$MNT" || took=hangs
	exec 3<&- 4>&-
	kill -KILL "$piped" 2>/dev/null
	bound=7000 # for answers that are owed, and for the thread
	timed "$1" " ${took:-hangs}" "$2"
}

# fill: lets a program write until the pipe is full; $writer. Nothing comes before its Twrite: no
# question about the file, as dd has one, nor, with noxattr, about its attributes.
fill() {
	exec 5>"$MNT/big"
	order pause
	python3 -c 'import os; os.write(5, bytes(1 << 22))' 2>/dev/null &
	writer=$!
	disown
	exec 5>&-
	busywait 10 waits "$writer"
}

waits() { grep -q 9pnet "/proc/$1/stack"; }

# last_tag: that of the last request, sent or not.
last_tag() { sed -n 's/.*9p_client_req:.* tag *\([0-9]*\)$/\1/p' $TRACING/trace | tail -n 1; }

TRACING=/sys/kernel/tracing
plan 5
mkdir -p "$MNT" $ROOT/d && echo Hello. >$ROOT/hello
modprobe 9pnet_fd 2>/dev/null || skip_all "no transport over pipes"
defer unmount "$MNT"

try piped noxattr
busywait 10 order fids >/dev/null
try fill
kill -KILL "$writer"
wrong=''
busywait 10 gone "$writer" || wrong="the writer does not end"
ends "L6: a pipe that is never drained" "$wrong"

try piped
python3 -c 'import fcntl; [fcntl.fcntl(fd, fcntl.F_SETFL, 0) for fd in (3, 4)]'
wrong=''
[ "$(timeout 10 cat "$MNT/hello")" = Hello. ] || wrong="not served"
ends "L6: a pipe that is made to block" "$wrong"

try piped
printf 'no message at all' >/tmp/from
wrong=''
timeout 10 cat "$MNT/hello" >/dev/null 2>&1
[ $? = 1 ] || wrong="does not fail"
ends "L6: somebody writes to the client" "$wrong"

try piped
printf 'no message at all' >&4
wrong=''
timeout 10 cat "$MNT/hello" >/dev/null 2>&1
[ $? = 1 ] || wrong="does not fail"
ends "L6: somebody writes to the server" "$wrong"

try piped noxattr
busywait 10 order fids >/dev/null
try fill
echo 1 >$TRACING/events/9p/9p_client_req/enable
stat "$MNT/hello" >/dev/null 2>/tmp/stat.err &
reader=$!
disown
try busywait 10 waits $reader
echo 0 >$TRACING/events/9p/9p_client_req/enable
wrong=''
# An Rlerror: ENOSPC.
python3 -c 'import struct, sys
sys.stdout.buffer.write(struct.pack("<IBHI", 11, 7, int(sys.argv[1]), 28))' "$(last_tag)" >/tmp/from
busywait 10 gone $reader "$writer" || wrong="who waits does not end"
grep -q 'Input/output error' /tmp/stat.err || wrong+=" $(cat /tmp/stat.err)"
ends "S11: a reply with the tag of a request that is not sent" "$wrong"
