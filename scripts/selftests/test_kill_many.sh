#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a killed process leaves behind does not hold it up: open files, threads, dirty data.
# timeout: 400
# quiet: debug
# races: yes
. "$(dirname "$0")/hang.sh"

plan 6
try mount_hang
mkdir "$HANG/many"
(cd "$HANG/many" && touch $(seq 200))
# The closes alone take their time on a kernel with all checks.
[ "$KERNEL" = stock ] || bound=1000
kinds=(read) # not what earlier closes have left to the server
dies "200 open files" read=hang many "$HANG"/many/* "$HANG/f"
# Not from the beginning: QEMU opens and closes a file to answer a Tgetattr, too.
then=flush=hang
dies "200 open files whose close hangs too" read=hang many "$HANG"/many/* "$HANG/f"

then='' kinds=() bound=$BOUND_MS

# No rename: QEMU lets it wait for all others that wait. One of four has the open that hangs.
want=4
dies "a thread in each operation" "read=hang write=hang open=hang*1 readdir=hang fsync=hang" threads \
	open "$HANG/many/2" read "$HANG/f" write "$HANG/g" readdir "$HANG/d" fsync "$HANG/many/1"
unmount "$MNT"

want=1 bound=6000 # exit_timeout, and some
try mount_hang cache=loose
dies "dirty pages" "read=hang write=hang" dirty "$HANG/g" "$HANG/f"

# Each of them gives up once, not once for each of its files, however many do so at the same time.
many_writers() {
	order "write=hang"
	echo "selftest: many writers" >/dev/kmsg
	python3 -c "
import os, time
ready, done = os.pipe()
writers = []
for i in range(32):
    pid = os.fork()
    if pid == 0:
        files = [os.open('$HANG/many/%d' % n, os.O_RDWR) for n in (2 * i + 1, 2 * i + 2)]
        for fd in files: os.write(fd, b'dirty')
        os.write(done, b'.')
        time.sleep(1000)
    writers.append(pid)
for pid in writers: os.read(ready, 1)
with open('/tmp/writers.new', 'w') as to: print(*writers, file=to)
os.rename('/tmp/writers.new', '/tmp/writers')
for pid in writers: os.waitpid(pid, 0)
" &
	local all=$!
	disown
	try busywait 20 test -e /tmp/writers
	# shellcheck disable=SC2046
	kill -KILL $(cat /tmp/writers)
	timed "32 processes with two dirty files each" " $(took 60 gone $all)"
	order release
}
many_writers
if [ "$CLIENT" = rust ]; then
	equal "the log says so once for each" 32 \
		"$(dmesg | sed '1,/selftest: many writers/d' | grep -c 'an exiting task gives up')"
else
	skip "the log says so once for each" "stock client"
fi
