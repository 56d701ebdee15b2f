#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# V3: the Rflush is there before the device gives the flushed request back: its memory stays until then,
# and what comes late, all the data that there is room for, is ignored. L10: the modules can be
# unloaded while the device has it.
# guest: device
# host: mkdir -p device; echo Hello. >device/hello; seq 180000 >device/f
# client: rust
. "$(dirname "$0")/device.sh"

# The reader is killed, its Tflush answered, and the device keeps the Tread.
keep() {
	local pid
	order "Tread@f=hang"
	dd if=$DIR/f of=/tmp/into bs=64k count=1 iflag=direct 2>/dev/null &
	pid=$!
	disown
	busywait 10 holds 1 || echo "no reader"
	order device next Rflush keep
	kill -KILL $pid
	busywait 10 gone $pid || echo "not killed"
	busywait 10 pending 1 || echo "not kept"
	order release
}

# others: takes memory of the kind that bounce buffers are, which unix sockets have, too: some on each
# processor. When its input ends it says how many bytes of it somebody else has changed.
others() {
	python3 -c '
import os, socket, sys
pairs = []
for cpu in os.sched_getaffinity(0):
    os.sched_setaffinity(0, {cpu})
    for _ in range(100):
        here, there = socket.socketpair()
        here.setblocking(False)
        try:
            while True:
                here.send(b"a" * 32768)
        except BlockingIOError:
            pairs.append((here, there))
print("there", flush=True)
sys.stdin.read()
changed = 0
for here, there in pairs:
    here.close()
    while data := there.recv(1 << 20):
        changed += len(data) - data.count(b"a")
print(changed)'
}

unloaded() {
	modprobe -r 9p
	modprobe -qr 9pnet_fd
	modprobe -qr 9pnet_virtio
	modprobe -qr 9pnet
	! grep ^9p /proc/modules
}

plan 14
try mount_device
for _ in $(seq "$ROUNDS"); do
	kept=$(keep)
	[ -z "$kept" ] || break
	order device release
done
equal "kept and given back, $ROUNDS times" "" "$kept"
equal "kept" "" "$(keep)"
check "the mount goes on" cmp $DIR/f $DIR/f
order device release
check "nothing is left with the device" busywait 10 pending 0
check "what came late has done nothing" says_hello
equal "kept once more" "" "$(keep)"
check "umount while the device keeps it" umount $DIR
exec {input}> >(others >/tmp/others)
pid=$!
try busywait 60 grep -q there /tmp/others
order device release
try busywait 10 pending 0
exec {input}>&-
wait $pid
equal "what came late is in nobody's memory" 0 "$(tail -n 1 /tmp/others)"

try mount_device
equal "kept for the last time" "" "$(keep)"
try umount $DIR
check "L10: the device still has it" pending 1
check "L10: they can be unloaded" unloaded
check "L10: a reset has given it back" busywait 10 pending 0
modprobe 9p
check "L10: mounted again" mount_device
check "L10: it works" says_hello
