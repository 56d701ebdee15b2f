#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# V2: answers that claim to be longer than there is room for, shorter than their header says, or
# shorter than a header; and errors in place of bulk data.
# guest: device
# host: mkdir -p device; echo Hello. >device/hello; seq 180000 >device/f
# client: rust
# dmesg: malformed reply
. "$(dirname "$0")/device.sh"

direct() { dd if=$DIR/f of=/dev/null bs=64k count=1 iflag=direct status=none; }
write() { dd if=/dev/zero of=$DIR/new bs=64k count=1 oflag=direct status=none; }

plan 16
try mount_device
for len in 1 6 7 8 1000 4294967295 2147483648; do
	wrong Rgetattr "len=$len"
	equal "Rgetattr of $len bytes" "Input/output error" "$(errno_of stat $DIR)"
done
for len in 6 11 70000 4294967295; do
	wrong Rread "len=$len"
	equal "Rread of $len bytes into a buffer" "Input/output error" "$(errno_of direct)"
done
order "Tread=errno:5"
equal "an error in place of data" "Input/output error" "$(errno_of direct)"
order release
order "Twrite=errno:28"
equal "an error to a write" "No space left on device" "$(errno_of write)"
order release
check "the mount goes on" says_hello
check "nothing is left with the device" busywait 10 pending 0
check "the client has kept to the protocol" no_violations
