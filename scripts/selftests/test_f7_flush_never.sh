#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# F7: a server that never answers Tflush holds up nobody, however often: 100 processes are killed,
# the mount goes on, and it can be taken away.
# timeout: 300
. "$(dirname "$0")/fault.sh"

plan 4
try serve
try mount_fault
order "Tread@f=hang Tflush=hang"
victims=()
for _ in $(seq 100); do
	head -c 16 "$MNT/f" >/dev/null 2>&1 &
	victims+=($!)
	disown
done
try busywait 30 holds 100
kill -KILL "${victims[@]}"
bound=1000 # for all together
timed "100 processes are killed" " $(took 20 gone "${victims[@]}")"
equal "the mount goes on" "Hello." "$(timeout 10 cat "$MNT/hello")"
check "the client has kept to the protocol" no_violations
bound=6000
umount "$MNT" &
timed "umount" " $(took 20 gone $!)"
