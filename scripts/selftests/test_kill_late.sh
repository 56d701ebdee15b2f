#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A server that answers, and with it its Tflush, two seconds after the process has been killed: the
# process does not wait, the mount goes on, and the late answer disturbs nobody.
# timeout: 300
# quiet: debug
. "$(dirname "$0")/hang.sh"

plan 5
try mount_hang
ROUNDS=$(((ROUNDS + 3) / 4))
head -c 16 "$HANG/f" >/tmp/want

# late NAME OPERATION: one round is a kill, and reads of the same file by another process until the
# server has answered.
late() {
	local round times='' fault=''
	for ((round = 0; round < ROUNDS; round++)); do
		forget
		before=$(order open)
		times+=" $(die "$@")"
		head -c 16 "$HANG/f" | cmp - /tmp/want >/dev/null || fault="the next reader got other data"
		busywait 10 idle || fault="left on the server: $(order held) operations, $(order open) files"
	done
	timed "$2 answered after 2 s" "$times" "$fault"
}

late read=2000ms*1 read "$HANG/f"
late read=2000ms*1 direct "$HANG/f"
late open=2000ms*1 open "$HANG/f"
late write=2000ms*1 write "$HANG/g"
late readdir=2000ms*1 readdir "$HANG/d"
