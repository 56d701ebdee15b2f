#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Pages that were written to the cache are not lost when the writer is killed while a slow server
# takes them. Where the server never does, or the connection ends, fsync tells so with an errno that
# programs know.
# timeout: 200
. "$(dirname "$0")/fault.sh"

# fsync_errno FILE [ORDER]: the name of the errno of fsync, or 0; with ORDER of one after a write,
# and the server gets that order between the two.
fsync_errno() {
	python3 -c '
import errno, os, socket, sys
fd = os.open(sys.argv[1], os.O_RDWR)
for order in sys.argv[2:]:
    os.write(fd, bytes(65536))
    with socket.create_connection(("127.0.0.1", 5641)) as control:
        control.sendall(order.encode() + b"\n")
        control.makefile().readline()
try:
    os.fsync(fd)
    print(0)
except OSError as err:
    print(errno.errorcode.get(err.errno, err.errno))' "$@"
}

# write_and_kill OPERATION ORDER: 64 KiB of 'v' in the cache of w, and the writer killed when they are
# written back, in fsync or at its end.
write_and_kill() {
	: >"$ROOT/w"
	die "$2" "$1" "$MNT/w" "$MNT/hello" >/dev/null
	order release
}

whole() { [ "$(tr -d -c v <"$ROOT/w" | wc -c)" = 65536 ]; }

plan 10
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

equal "the connection ends: fsync that waits" EIO "$(fsync_errno "$MNT/w" Twrite=close)"
order release
unmount "$MNT"
try mount_fault cache=loose
equal "and fsync after that" EIO "$(fsync_errno "$MNT/w" close)"
