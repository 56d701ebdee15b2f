#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# R4: with the module parameter intr a write is interrupted, tried again, and followed by another.
# The server still has the first one: it must not land last, so the client writes again only when
# the Tflush is answered. A task of its own is not held up. Who waits so can be killed, and fails
# when the connection ends.
# client: rust
# timeout: 200
# races: yes
# debug: yes
. "$(dirname "$0")/fault.sh"

PARAMETER=/sys/module/9pnet/parameters/intr

# written: how many Twrites have come.
written() { order count Twrite; }

overtaken() { [ "$(written)" -gt $((before + 2)) ]; } # one more is that of the other task

# rewritten: starts the writes, until the Tflush of the first one has come; true if another task can
# write then, and the second write does not come before the answer.
rewritten() {
	before=$(written)
	order "Twrite@g=hang*1 Tflush=hang*1"
	"$BIN/rewrite" "$MNT/g" >/tmp/rewrite 2>/tmp/rewrite.err &
	writer=$!
	busywait 10 holds 1 Twrite && kill -ALRM "$writer" && busywait 10 holds 1 Tflush &&
		echo other >"$MNT/other" && ! busywait 1 overtaken
}

plan 12
modprobe 9pnet
echo 1 >$PARAMETER || skip_all "no parameter intr"
defer eval "echo 0 >$PARAMETER"
try serve
head -c 4096 /dev/zero >"$ROOT/g"
try mount_fault

check "the second write waits for the Rflush, another task does not" rewritten
order release Tflush
try wait "$writer"
equal "the first write is interrupted" EINTR "$(head -n 1 /tmp/rewrite)"
equal "cancelled by the Tflush: the last write lands last" C "$(head -c 1 "$ROOT/g")"

# Here the first write is carried out, as late as it can be: right before the Rflush.
check "it waits again" rewritten
order release Twrite
order release Tflush
try wait "$writer"
equal "carried out late: the last write lands last" C "$(head -c 1 "$ROOT/g")"
check "it waits to be killed" rewritten
disown "$writer"
kill -KILL "$writer"
timed "who waits behind its own flush can be killed" " $(took 5 gone "$writer")"
order release
check "the client has kept to the protocol" no_violations
unmount "$MNT"
equal "the server holds no fid" 0 "$(left)"

try mount_fault
check "it waits for the connection to end" rewritten
order close
timed "who waits then fails at once" " $(took 5 gone "$writer")"
equal "with EIO" "rewrite: the writes that follow: Input/output error" "$(cat /tmp/rewrite.err)"
