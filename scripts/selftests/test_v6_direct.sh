#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# V6: a ring without tables of descriptors and without event indexes, where a large message takes many
# places: large and many messages get through.
# guest: direct
# host: mkdir -p device; echo Hello. >device/hello; seq 180000 >device/f; echo --direct >device.args
# client: rust
. "$(dirname "$0")/device.sh"

copy() { dd if=/tmp/data of="$DIR/data.$1" bs=1M oflag=direct && cmp /tmp/data "$DIR/data.$1"; }
many() {
	local i pids=()
	for i in $(seq 20); do copy "$i" & pids+=($!); done 2>/dev/null
	for i in "${pids[@]}"; do wait "$i" || return 1; done
}

head -c 2M /dev/urandom >/tmp/data
plan 6
try mount_device msize=1048576
check "read" cmp $DIR/f $DIR/f
check "write and read" copy 0
check "many at the same time" many
dies "killed in read" "Tread@f=hang" direct $DIR/f
check "nothing is left with the device" busywait 10 pending 0
check "the client has kept to the protocol" no_violations
