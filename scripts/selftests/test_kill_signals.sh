#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every signal that ends a process by default ends one that waits for a hung server; a signal that
# is ignored or handled does not disturb it.
# timeout: 200
# quiet: debug
. "$(dirname "$0")/hang.sh"

plan 6
try mount_hang
dies "SIGINT" read=hang -2 read "$HANG/f"
dies "SIGTERM" read=hang -15 read "$HANG/f"
dies "SIGHUP" read=hang -1 read "$HANG/f"

# As a terminal does it: the shell and its child are one process group.
forget
order read=hang
env --default-signal=INT setsid bash -c "cat $HANG/f; echo survived" >/tmp/shell 2>&1 &
shell=$!
try busywait 10 holds 1
kill -INT -- -$shell
timed "Ctrl-C of a shell's child" " $(took 10 gone $shell)" "$(cat /tmp/shell)"
try order release
try busywait 10 holds 0

forget
order read=hang
(trap '' INT && exec head -c 16 "$HANG/f") >/tmp/ignored &
reader=$!
try busywait 10 holds 1
kill -INT $reader
equal "an ignored signal does not end the wait" hangs "$(took 1 gone $reader)"
try order release
wait $reader
equal "and the data come" 0123456789abcde "$(cat /tmp/ignored)"
