#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A mount whose server hangs can be taken away, with requests under way and with flushes that are
# not answered.
# timeout: 200
. "$(dirname "$0")/hang.sh"

# reader: leaves a process that waits for data, in $reader.
reader() {
	hang read=hang
	head -c 16 "$HANG/f" >/tmp/reader 2>&1 &
	reader=$!
	try busywait 10 holds 1
}

plan 8
try mount_hang
reader
kill -KILL $reader
bound=6000 # open requests may end for 5 s
umount "$MNT" &
timed "umount after a kill" " $(took 10 gone $!)"
equal "no mount is left" "" "$(findmnt -n "$MNT")"
hang release

try mount_hang
reader
bound=$BOUND_MS
umount -f "$MNT" 2>/dev/null
timed "umount -f wakes a reader" " $(took 10 gone $reader)"
check "it gets EIO" grep -q 'Input/output error' /tmp/reader
hang release
unmount "$MNT"

try mount_hang
reader
umount -l "$MNT" &
timed "umount -l" " $(took 10 gone $!)"
equal "its reader waits" hangs "$(took 1 gone $reader)"
kill -KILL $reader
timed "and can be killed" " $(took 10 gone $reader)"
hang release

# QEMU ends a reset of the device when its file system has answered.
try mount_hang
hang read=3000ms
head -c 16 "$HANG/f" >/tmp/reader 2>&1 &
try busywait 10 holds 1
kill -KILL $!
umount "$MNT"
check "the modules can be unloaded" modprobe -r 9p 9pnet
modprobe 9p
