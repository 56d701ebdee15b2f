#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# V4: mounted again while the device still has requests of the last mount: they do not disturb the new
# one, neither while they are there nor when they come back. L4: the same if what mounts was killed
# while it waited for the Rversion.
# guest: device
# host: mkdir -p device; echo Hello. >device/hello; seq 180000 >device/f
# client: rust
. "$(dirname "$0")/device.sh"

plan 12
try mount_device
starts=$(order device starts)
order "Tread=hang" && order "Tflush=hang"
for _ in $(seq 20); do
	dd if=$DIR/f of=/dev/null bs=64k count=1 iflag=direct 2>/dev/null &
	pids+=($!)
	disown
done
try busywait 20 holds 20
kill -KILL "${pids[@]}"
check "all are killed" busywait 10 gone "${pids[@]}"
check "umount" umount -f $DIR
check "mounted again" mount_device
check "with what the last mount has left" eval '! pending 0'
order "Tread=ok"
check "it works" cmp $DIR/f $DIR/f
order release
check "all comes back" busywait 10 pending 0
check "and does not disturb" eval "says_hello && [ $(order device starts) = $starts ]"

unmount $DIR
order "*=hang"
mount -i -t 9p -o trans=virtio,version=9p2000.L device $DIR 2>/dev/null &
pid=$!
disown
try busywait 10 holds 1 Tversion
kill -KILL $pid
check "L4: killed in Tversion" busywait 10 gone $pid
check "L4: the device still has it" pending 1
order "*=ok"
check "L4: mounted again" mount_device
order release
check "L4: the Rversion comes late" busywait 10 pending 0
check "L4: and does not disturb" eval "says_hello && [ $(order device starts) = $starts ]"
