#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A server that does not read, over a unix socket and TCP: who waits to send can be killed at once.
# What was not sent at all is withdrawn, without a Tflush. What was sent in part is completed, then
# flushed: the server and the client still understand each other.
# client: rust
# quiet: debug
# timeout: 240
. "$(dirname "$0")/stream.sh"

WRITERS=12 # programs, each of which writes
SIZE=32768 # bytes in one message

# sent, flushed: how many Twrites and Tflushes have come since the scenario began.
sent() { echo $(($(order count Twrite) - writes)); }
flushed() { echo $(($(order count Tflush) - flushes)); }
balanced() { [ "$(sent)" -gt 0 ] && [ "$(sent)" = "$(flushed)" ]; }

# scenario NAME: four results.
scenario() {
	local name=$1 flushes writes number go
	flushes=$(order count Tflush) writes=$(order count Twrite)
	rm -f /tmp/took
	python3 -S -E -c "
import mmap, os, signal, sys, time
names = ['$MNT/w%d' % i for i in range($WRITERS)]
fds = [os.open(name, os.O_WRONLY | os.O_CREAT | os.O_DIRECT) for name in names]
pages = mmap.mmap(-1, $SIZE)
print('open', flush=True); sys.stdin.readline()
pids = []
for fd in fds:
    pid = os.fork()
    if not pid:
        os.write(fd, pages); os._exit(0)
    pids.append(pid)
end = time.time() + 20
waits = lambda pid: '9pnet' in open('/proc/%d/stack' % pid).read()
while not all(map(waits, pids)):
    if time.time() > end: sys.exit('they do not wait')
start = time.time()
for pid in pids: os.kill(pid, signal.SIGKILL)
for pid in pids: os.waitpid(pid, 0)
print('%.1f' % ((time.time() - start) * 1e3))" </tmp/go >/tmp/took &
	exec {go}>/tmp/go
	try busywait 60 grep -qs open /tmp/took
	order pause
	echo >&$go
	exec {go}>&-
	wait $!
	timed "$name: all die at once" " $(sed 1d /tmp/took)"
	# No reply is to come before the Tflush.
	order Twrite=hang
	order resume
	check "$name: what was sent is flushed" busywait 20 balanced
	check "$name: served" grep -q Hello "$MNT/hello"
	number=$(sent)
	if balanced && [ "$number" -lt $WRITERS ]; then
		pass "$name: what was not sent is withdrawn"
	else
		fail "$name: what was not sent is withdrawn" "$number of $WRITERS were sent, $(flushed) flushed"
	fi
	order release
	echo "# $name: $number of $WRITERS were sent"
}

plan 10
rm -f /tmp/go && mkfifo /tmp/go
bound=$((BOUND_MS * 10)) # for all together
try served unix:$SOCKET
# Otherwise each write asks for an attribute first, and all of these fit.
try mount_at unix $SOCKET noxattr
scenario unix
check "the client has kept to the protocol" no_violations
unmount "$MNT"
stop_server
try served tcp:127.0.0.1:5640
try mount_at tcp 127.0.0.1 port=5640,noxattr,msize=524288
WRITERS=40 SIZE=262144
bound=$((BOUND_MS * 30))
scenario TCP
check "the client has kept to the protocol" no_violations
