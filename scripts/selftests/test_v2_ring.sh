#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# V2: a used ring that makes no sense breaks the mount for all at once, never more; the next mount resets
# the device. An interrupt too few or too many does no harm.
# guest: device
# host: mkdir -p device; echo Hello. >device/hello; seq 180000 >device/f
# client: rust
# timeout: 300
. "$(dirname "$0")/device.sh"

# broken WRONG: one result for each: what fails, that the rest does, umount, and the next mount.
broken() {
	local starts hanging out=''
	starts=$(order device starts)
	mount_device "" || { fail "$1" "mount"; return; }
	order "Tread@f=hang"
	cat $DIR/f >/dev/null 2>&1 &
	hanging=$!
	disown
	busywait 10 holds 1 || out+=" no reader"
	wrong Rgetattr "$1"
	timeout 20 stat $DIR >/dev/null 2>&1
	timeout 20 stat $DIR >/dev/null 2>&1 && out+=" it still works"
	busywait 5 gone "$hanging" || out+=" who waits does not fail"
	order release
	timeout 20 umount $DIR || out+=" no umount"
	{ mount_device "" && says_hello && umount $DIR; } || out+=" not mounted again"
	[ "$(order device starts)" -gt "$starts" ] || out+=" no reset"
	if [ -z "$out" ]; then pass "$1"; else fail "$1" "$out"; fi
}

plan 10
for wrong in id=65535 id=4294967295 id=1000 twice jump=1 jump=40000; do broken "$wrong"; done
try mount_device
wrong Rgetattr silent
timed "killed when the interrupt is missing" " $(
	stat $DIR >/dev/null 2>&1 & pid=$!
	busywait 10 pending 0; sleep 0.2
	kill -KILL $pid; took 10 gone $pid)"
check "the answer is found later" says_hello
order device call 20000
check "20000 interrupts for nothing" says_hello
check "the client has kept to the protocol" no_violations
