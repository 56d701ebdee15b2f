#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# V3: the Rflush is there before the device gives the flushed request back: its memory stays until then,
# and what comes late is ignored.
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

plan 7
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
order device release
