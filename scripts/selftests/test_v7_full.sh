#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# V7: the ring is full of requests with pages of their callers that are not answered, and more wait:
# all of them are killed, or "umount -f" ends them. What was not sent is not flushed, and everything
# comes back.
# guest: direct
# host: mkdir -p device; echo Hello. >device/hello; seq 180000 >device/f; echo --direct >device.args
# client: rust
# timeout: 300
. "$(dirname "$0")/device.sh"

kill_all() { kill -KILL "${pids[@]}"; }
# So no place of the ring gets free for what waits.
kill_unflushed() { order "Tflush=hang" && kill_all; }
# What is in use stays mounted.
force() { umount -f $DIR 2>/dev/null; }

# full COMMAND...: COMMAND ends all of them. Of $before that the device has $flushes are flushed.
full() {
	local i
	pids=()
	order "Tread@f=hang" && order "Twrite=hang"
	for i in $(seq 75); do
		dd if=$DIR/f of=/dev/null bs=128k count=1 iflag=direct status=none 2>"/tmp/reader.$i" &
		pids+=($!)
		disown
		dd if=/dev/zero of=$DIR/f bs=128k count=1 oflag=direct conv=notrunc status=none \
			2>"/tmp/writer.$i" &
		pids+=($!)
		disown
	done
	# Until no more get through.
	busywait 60 started || echo "they do not start"
	before=-1
	until [ "$before" = "$(order held)" ]; do before=$(order held); sleep 2; done
	[ "$before" -lt 150 ] || echo "the ring has room for all"
	echo "# $before requests of 150 are with the device"
	flushes=$(order count Tflush)
	"$@"
	times=" $(took 20 gone_all "${pids[@]}")"
	order release
	busywait 20 pending 0 || echo "$(order device pending) are left with the device"
	flushes=$(($(order count Tflush) - flushes))
}
started() { [ "$(pgrep -xc dd)" = 150 ]; }
gone_all() { local pid; for pid; do gone "$pid" || return 1; done; }

# ended NAME COMMAND...: two results of full.
ended() {
	full "${@:2}" >/tmp/full 2>&1
	grep '^#' /tmp/full
	timed "$1" "$times"
	equal "nothing is left" "" "$(grep -v '^#' /tmp/full)"
}

plan 12
try mount_device msize=262144
bound=2000 # for all together
ended "all are killed" kill_all
check "the mount goes on" says_hello
ended "all are killed, and no Tflush is answered" kill_unflushed
check "what was not sent is not flushed" test "$flushes" -le "$before"
ended "umount -f" force
equal "all have failed" 150 "$(cat /tmp/{reader,writer}.* | grep -c ': Input/output error$')"
unmount $DIR
try mount_device msize=262144
check "mounted again" says_hello
check "the client has kept to the protocol" no_violations
check "umount" umount $DIR
