#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# V7: the ring is full of requests with pages of their callers that are not answered, and more wait:
# all of them are killed. What was not sent is not flushed, and everything comes back.
# guest: direct
# host: mkdir -p device; echo Hello. >device/hello; seq 180000 >device/f; echo --direct >device.args
# client: rust
# timeout: 300
. "$(dirname "$0")/device.sh"

full() {
	local i pids=() before
	order "Tread@f=hang" && order "Twrite=hang"
	for i in $(seq 75); do
		dd if=$DIR/f of=/dev/null bs=128k count=1 iflag=direct 2>/dev/null &
		pids+=($!)
		disown
		dd if=/dev/zero of=$DIR/f bs=128k count=1 oflag=direct conv=notrunc 2>/dev/null &
		pids+=($!)
		disown
	done
	# Until no more get through.
	busywait 60 started || echo "they do not start"
	before=-1
	until [ "$before" = "$(order held)" ]; do before=$(order held); sleep 2; done
	[ "$before" -lt 150 ] || echo "the ring has room for all"
	echo "# $before requests of 150 are with the device"
	kill -KILL "${pids[@]}"
	times+=" $(took 20 gone_all "${pids[@]}")"
	order release
	busywait 20 pending 0 || echo "$(order device pending) are left with the device"
}
started() { [ "$(pgrep -xc dd)" = 150 ]; }
gone_all() { local pid; for pid; do gone "$pid" || return 1; done; }

plan 5
try mount_device msize=262144
times=''
full >/tmp/full 2>&1
grep '^#' /tmp/full
bound=2000 # for all together
timed "all are killed" "$times"
equal "nothing is left" "" "$(grep -v '^#' /tmp/full)"
check "the mount goes on" says_hello
check "the client has kept to the protocol" no_violations
check "umount" umount $DIR
