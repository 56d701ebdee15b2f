#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# F7: a server that never answers Tflush holds up nobody, however often: 100 processes are killed,
# the mount goes on, and it can be taken away. R10: an answer that is only late is waited for by
# umount, and what waits behind it gets to the server, too.
# timeout: 300
. "$(dirname "$0")/fault.sh"

# heard: the kinds of messages, each once, from the Rflush to the end of the connection.
heard() {
	sed '1,/# late/d' $LOG | sed -n '/ Rflush /,/ closed$/p' |
		awk '$3 ~ /[<>]/ && !seen[substr($6, 1, 6)]++ { print substr($6, 1, 6) }' | xargs
}

plan 5
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

order release
unmount "$MNT"
try mount_fault
order note late
order "Tread@f=hang Tflush=1500ms"
head -c 16 "$MNT/f" >/dev/null 2>&1 &
reader=$!
disown
try busywait 10 holds 1 Tread
kill -KILL $reader
try busywait 10 gone $reader
unmount "$MNT"
equal "umount waits for an Rflush that comes late" "Rflush Tclunk Rclunk" "$(heard)"
