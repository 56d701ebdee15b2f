#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# V4: mounted again while the device still has requests of the last mount: they do not disturb the new
# one, neither while they are there nor when they come back.
# guest: device
# host: mkdir -p device; echo Hello. >device/hello; seq 180000 >device/f
# client: rust
. "$(dirname "$0")/device.sh"

plan 7
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
