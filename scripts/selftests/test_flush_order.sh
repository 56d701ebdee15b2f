#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# R4: with the module parameter intr a write is interrupted, tried again, and followed by another.
# The server carries the first one out late: it must not land last, so the client has to wait for
# the Rflush before it writes again.
# client: rust
. "$(dirname "$0")/hang.sh"

PARAMETER=/sys/module/9pnet/parameters/intr

plan 4
modprobe 9pnet
echo 1 >$PARAMETER || skip_all "no parameter intr"
defer eval "echo 0 >$PARAMETER"
try mount_hang
head -c 4096 /dev/zero >"$HANG/g"

order "write=1000ms*1"
{ read -r first; read -r took; } < <("$BIN/rewrite" "$HANG/g")
equal "the first write is interrupted" EINTR "$first"
check "the next one waits for the Rflush ($took ms)" test "$took" -gt 500
forget
equal "the last write lands last" C "$(head -c 1 "$HANG/g")"
try order release

# A task of its own is not held up by the other's flush.
order "write=2000ms*1"
"$BIN/rewrite" "$HANG/g" >/dev/null &
try busywait 10 holds 1
start=$EPOCHREALTIME
echo other >"$HANG/d/other"
took=$(since "$start")
check "another task does not wait ($took ms)" awk -v a="$took" 'BEGIN { exit a > 1000 }'
wait $!
