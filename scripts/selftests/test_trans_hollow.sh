#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A transport written in C that has no way to cancel, waits for ever, heeds signals and lacks memory:
# who uses it can be killed all the same, nothing is lost, and umount ends.
# client: rust
. "$(dirname "$0")/fault.sh"
. "$(dirname "$0")/stock.sh"

PARAMETERS=/sys/module/p9hollow/parameters
set_to() { echo "$2" >$PARAMETERS/"$1"; }
is_stalled() { [ "$(cat $PARAMETERS/stalled)" != 0 ]; }

mount_hollow() {
	mkdir -p "$MNT"
	mount -i -t 9p -o "trans=hollow,version=9p2000.L" $SOCKET "$MNT" || return 1
	defer unmount "$MNT"
	defer order release
}

# No message gets further than the transport, so the answer of the server cannot be awaited.
die_stalled() {
	local pid
	cat "$MNT/hello" >/dev/null 2>&1 &
	pid=$!
	disown
	busywait 10 is_stalled || echo "# does not wait" >&2
	kill -KILL $pid
	took 10 gone $pid
}

die_without_memory() {
	local pid
	order "Tread@f=hang"
	forget
	cat "$MNT/f" >/dev/null 2>&1 &
	pid=$!
	disown
	busywait 10 holds 1 || echo "# does not wait" >&2
	set_to nomem 50
	kill -KILL $pid
	echo " $(took 10 gone $pid)"
}

reload transports=virtio
stock 9pnet_fd
try insmod /9pnet/modules/p9hollow.ko
try serve

plan 11
try mount_hollow
check "read" cmp "$ROOT/f" "$MNT/f"
dies "killed in read" "Tread@f=hang" read "$MNT/f"
check "the tags of flushed requests are used again" cmp "$ROOT/f" "$MNT/f"
timed "killed in read, and no memory for the Tflush" "$(die_without_memory)"
check "the Tflush is sent when there is" busywait 10 idle
equal "the mount goes on" "Hello." "$(timeout 10 cat "$MNT/hello")"
check "the client has kept to the protocol" no_violations
set_to stall Y
timed "killed while the transport waits" " $(die_stalled)"
bound=12000 # two times 5 s: for the server, and for the transport
umount -f "$MNT" &
timed "umount -f while the transport waits" " $(took 30 gone $!)"
check "the transport stays loaded" test "$(cat /sys/module/p9hollow/refcnt)" = 1
set_to stall N
check "and can be unloaded when it has returned" busywait 10 rmmod p9hollow
