#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# V2: answers that claim to be longer than there is room for, shorter than their header says, or
# shorter than a header; errors in place of bulk data; and forged replies, which end as over sockets.
# guest: device
# host: mkdir -p device; echo Hello. >device/hello; seq 180000 >device/f
# client: rust
# dmesg: malformed reply
. "$(dirname "$0")/device.sh"

direct() { dd if=$DIR/f of=/dev/null bs=64k count=1 iflag=direct status=none; }
small() { dd if=$DIR/f of=/dev/null bs=16 count=1 iflag=direct status=none; }
write() { dd if=/dev/zero of=$DIR/new bs=64k count=1 oflag=direct status=none; }

# forged RULE ERROR COMMAND...: one result: COMMAND fails with ERROR, and then the mount is served.
forged() {
	local rule=$1 want=$2 got
	shift 2
	tried "replies that break the rules" 1
	order "$rule"
	got=$(errno_of "$@")
	order release
	equal "$rule: ${*//$DIR/.}" "$want, then Hello." "$got, then $(hello)"
}

plan 25
try mount_device
for len in 1 6 7 8 1000 4294967295 2147483648; do
	wrong Rgetattr "len=$len"
	equal "Rgetattr of $len bytes" "Input/output error" "$(errno_of stat $DIR)"
done
for len in 6 11 70000 4294967295; do
	wrong Rread "len=$len"
	equal "Rread of $len bytes into a buffer" "Input/output error" "$(errno_of direct)"
done
order "Tread=errno:13"
equal "an error in place of data" "Permission denied" "$(errno_of direct)"
order release
order "Twrite=errno:28"
equal "an error to a write" "No space left on device" "$(errno_of write)"
order release
forged Tread=count:4294967295 "Input/output error" direct
forged Tread=count:4294967295 "Input/output error" small
forged Twrite=count:4294967295 "Input/output error" write
forged Treaddir=count:4294967295 "Input/output error" ls $DIR
forged Tgetattr=cut:20 "Protocol error" stat $DIR
forged Tgetattr=trail:4 "Input/output error" stat $DIR
forged Tgetattr=type:121 "Protocol error" stat $DIR
forged Tgetattr=errno:0 "Protocol error" stat $DIR
forged Twalk=body:ffff "Input/output error" stat $DIR/f
check "the mount goes on" says_hello
check "nothing is left with the device" busywait 10 pending 0
check "the client has kept to the protocol" no_violations
