#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The older dialects, with a server that speaks them as their manual pages say, and a connection that
# the program which mounts has made itself: two pipes.
# client: rust
. "$(dirname "$0")/fault.sh"

# works: makes files of the usual kinds, reads them back on the server and here, removes them.
works() {
	cp "$ROOT/f" "$MNT/copy" && cmp "$ROOT/f" "$MNT/copy" || return 1
	mkdir "$MNT/folder" && (cd "$MNT/folder" && touch $(seq 300)) || return 1
	[ "$(find "$MNT/folder" -type f | wc -l)" = 300 ] || return 1
	mv "$MNT/folder/300" "$MNT/folder/moved" && chmod 600 "$MNT/folder/moved" || return 1
	[ "$(stat -c %a "$ROOT/folder/moved")" = 600 ] || return 1
	truncate -s 5 "$MNT/copy" && [ "$(cat "$ROOT/copy")" = 01234 ] || return 1
	rm -r "$MNT/folder" "$MNT/copy" && ! ls "$ROOT/folder" "$ROOT/copy" 2>/dev/null
}

# special: the kinds of files that 9P2000.u added.
special() {
	ln -s hello "$MNT/symlink" && [ "$(readlink "$ROOT/symlink")" = hello ] || return 1
	mkfifo "$MNT/pipe" && [ -p "$ROOT/pipe" ] || return 1
	mknod "$MNT/null" c 1 3 && [ "$(stat -c %t:%T "$ROOT/null")" = 1:3 ] || return 1
	ln "$MNT/hello" "$MNT/link" && [ "$MNT/link" -ef "$MNT/hello" ] || return 1
	[ "$(cat "$MNT/symlink" "$MNT/link")" = $'Hello.\nHello.' ] || return 1
	rm "$MNT/symlink" "$MNT/pipe" "$MNT/null" "$MNT/link"
}

plan 7
try serve
for version in 9p2000 9p2000.u; do
	try mount_fault version=$version
	check "files, $version" works
	equal "an error, $version" "No such file or directory" "$(errno_of cat "$MNT/nothing")"
	[ $version = 9p2000 ] || check "links and nodes" special
	unmount "$MNT"
done
check "the client has kept to the protocol" no_violations

mkfifo /tmp/to /tmp/from
"$BIN/p9fault" "$ROOT" stdio </tmp/to >/tmp/from &
piped=$!
mount -i -t 9p -o trans=fd,rfdno=3,wfdno=4,version=9p2000.L none "$MNT" 4>/tmp/to 3</tmp/from
defer unmount "$MNT"
equal "two pipes" "Hello." "$(cat "$MNT/hello")"
unmount "$MNT"
wait $piped
