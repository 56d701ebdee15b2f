#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A mount whose server hangs can be taken away, with requests under way and with flushes that are
# not answered.
# timeout: 200
# quiet: debug
# races: yes
. "$(dirname "$0")/hang.sh"

# reader: leaves a process that waits for data, in $reader.
reader() {
	order read=hang
	head -c 16 "$HANG/f" >/tmp/reader 2>&1 &
	reader=$!
	disown
	try busywait 10 holds 1
}

plan 8
try mount_hang
reader
kill -KILL $reader
busywait 5 gone $reader
bound=6000 # what is under way may end for 5 s
umount "$MNT" 2>/dev/null &
time=$(took 10 gone $!)
wait $! || time=busy
timed "umount after a kill" " $time"
[ "$CLIENT" = rust ] || { order release && unmount "$MNT"; }
equal "no mount is left" "" "$(findmnt -n "$MNT")"
order release

try mount_hang
reader
bound=$BOUND_MS
umount -f "$MNT" 2>/dev/null
timed "umount -f wakes a reader" " $(took 10 gone $reader)"
check "it gets EIO" grep -q 'Input/output error' /tmp/reader
order release
unmount "$MNT"

try mount_hang
reader
umount -l "$MNT" &
timed "umount -l" " $(took 10 gone $!)"
equal "its reader waits" hangs "$(took 1 gone $reader)"
kill -KILL $reader
timed "and can be killed" " $(took 10 gone $reader)"
order release

# QEMU ends a reset of the device when its file system has answered.
try mount_hang
reader
kill -KILL $reader
order release
unmount "$MNT"
modprobe -r 9p
modprobe -qr 9pnet_fd
modprobe -qr 9pnet_virtio
modprobe -qr 9pnet
equal "the modules can be unloaded" "" "$(grep ^9p /proc/modules)"
modprobe 9p
