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

# Each of them gives up once, not once for each of its files, whatever the others do.
six_writers() {
	local i writers=()
	order "write=hang"
	echo "selftest: six writers" >/dev/kmsg
	for ((i = 0; i < 6; i++)); do
		python3 -c "
import os, time
files = [os.open('$HANG/many/%d' % n, os.O_RDWR) for n in range($i * 4 + 1, $i * 4 + 5)]
for fd in files: os.write(fd, b'dirty')
open('/tmp/ready$i', 'w').close()
time.sleep(1000)" &
		writers+=($!)
		disown
	done
	for ((i = 0; i < 6; i++)); do busywait 20 test -e /tmp/ready$i; done
	kill -KILL "${writers[@]}"
	timed "six processes with four dirty files each" " $(took 60 gone "${writers[@]}")"
	order release
}
six_writers
if [ "$CLIENT" = rust ]; then
	equal "the log says so once for each" 6 \
		"$(dmesg | sed '1,/selftest: six writers/d' | grep -c 'an exiting task gives up')"
else
	skip "the log says so once for each" "stock client"
fi
