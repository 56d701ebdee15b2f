#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A write that the server takes only a part of, and one that fails after that: nothing is written to
# where it does not belong, and the program is told of what is not written.
. "$(dirname "$0")/fault.sh"

# fails WORD...: dd says that there is no space.
fails() {
	! dd if=/tmp/data of="$MNT/out" bs=64k "$@" status=none 2>/tmp/error || return 1
	grep "No space left" /tmp/error
}

# in_place: each byte of the file is right, or a hole.
in_place() {
	python3 - <<-END
		data, out = (open(name, "rb").read() for name in ("/tmp/data", "$ROOT/out"))
		wrong = [at for at, byte in enumerate(out) if byte not in (0, data[at])]
		print(len(out), "bytes, wrong from", wrong[0]) if wrong else None
		exit(len(wrong) > 0)
	END
}

# refused: what the server never takes is not said to be written.
refused() {
	order "Twrite@out=errno:28"
	fails oflag=direct conv=notrunc
	local status=$?
	order release
	return $status
}

written() { dd if=/tmp/data of="$MNT/out" bs=64k "$@" status=none && cmp /tmp/data "$ROOT/out"; }

# partly: the server takes 1,000 bytes of a message, and refuses the next one.
partly() { order "Twrite@out=errno:28*1" "Twrite@out=count:1000*1"; }

plan 7
seq 20000 | head -c 64K >/tmp/data
try serve
try mount_fault msize=16384
partly
check "direct: the rest is written again" written oflag=direct
unmount "$MNT"
rm "$ROOT/out"
try mount_fault msize=16384,cache=loose
partly
check "through the page cache: the next fsync fails" fails conv=fsync
check "nothing is in the wrong place" in_place
check "the next write is whole" written conv=fsync
order "Twrite@out=count:1000*1"
check "the rest of a part is written" written conv=fsync
order release
check "direct: an error is told" refused
check "the client has kept to the protocol" no_violations
