#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# V1: an answer of no bytes: for a request that lives, which fails, and for one that was flushed, which
# is how QEMU gives it back.
# guest: device
# host: mkdir -p device; echo Hello. >device/hello; seq 180000 >device/f
# client: rust
. "$(dirname "$0")/device.sh"

plan 7
try mount_device
wrong Rgetattr len=0
equal "Rgetattr of no bytes" "Input/output error" "$(errno_of stat $DIR)"
wrong Rread len=0
equal "Rread of no bytes" "Input/output error" "$(errno_of cat $DIR/f)"
wrong Rclunk len=0
check "Rclunk of no bytes" says_hello
dies "killed in read, and given back with no bytes" "Tread@f=hang" read $DIR/f
check "nothing is left with the device" busywait 10 pending 0
check "the mount goes on" cmp $DIR/f $DIR/f
check "the client has kept to the protocol" no_violations
