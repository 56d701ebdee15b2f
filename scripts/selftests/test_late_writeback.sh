#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Pages that were written to the cache are not lost when the writer is killed while a slow server
# takes them. Where the server never does, fsync tells so with an errno that programs know.
# timeout: 200
. "$(dirname "$0")/fault.sh"

# fsync_errno FILE: the name of the errno of fsync, or 0.
fsync_errno() {
	python3 -c '
import errno, os, sys
try:
    os.fsync(os.open(sys.argv[1], os.O_RDWR))
    print(0)
except OSError as err:
    print(errno.errorcode.get(err.errno, err.errno))' "$1"
}

# write_and_kill OPERATION ORDER: 64 KiB of 'v' in the cache of w, and the writer killed when they are
# written back, in fsync or at its end.
write_and_kill() {
	: >"$ROOT/w"
	die "$2" "$1" "$MNT/w" "$MNT/hello" >/dev/null
	order release
}

whole() { [ "$(tr -d -c v <"$ROOT/w" | wc -c)" = 65536 ]; }

plan 8
head -c 65536 /dev/zero | tr "\\0" v >/tmp/want
try serve
try mount_fault cache=loose
for operation in dirty-fsync dirty; do
	write_and_kill $operation Twrite=300ms
	equal "$operation, killed: fsync by another process" 0 "$(fsync_errno "$MNT/w")"
	check "and all is on the server" whole
done

# Who is told of an error in fsync is told once; here nobody was told but the one that was killed.
write_and_kill dirty "Twrite=hang"
equal "fsync after data were given up" EIO "$(fsync_errno "$MNT/w")"
equal "and once more" 0 "$(fsync_errno "$MNT/w")"
check "the data can be written again" dd if=/tmp/want of="$MNT/w" bs=65536 conv=fsync status=none
check "the client has kept to the protocol" no_violations
