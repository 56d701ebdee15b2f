#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# F6, see memory.sh: over a socket, with a server that answers neither the read nor its Tflush before
# the memory is in other use.
# timeout: 300
# long: debug
. "$(dirname "$0")/fault.sh"
. "$(dirname "$0")/memory.sh"

# The Tflush is answered after the read: so the reply is honoured, and not thrown away unread.
FILE=$MNT/f HOLD="Tread=hang*1 Tflush=wait"

# remount: the file is known afterwards, so that no further fid is left by reading it.
remount() {
	restore
	mount_fault "$1" && cat "$FILE" >/dev/null && before=$(left)
}

answer() { tr '\n-e' Z <"$ROOT/f" | dd of="$ROOT/f" conv=notrunc status=none; }
restore() { yes 0123456789abcde | head -c 1M | dd of="$ROOT/f" conv=notrunc status=none; }

plan 7
try serve
memory_tests
check "the client has kept to the protocol" no_violations
