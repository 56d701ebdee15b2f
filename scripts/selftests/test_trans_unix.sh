#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The transport over unix sockets: a path, relative or not, or an abstract name.
# client: rust
# timeout: 400
. "$(dirname "$0")/stream.sh"

plan 9
try served unix:$SOCKET
check "a path" mount_at unix $SOCKET
check "works" works
equal "shown" ",trans=unix" "$(shown)"
unmount "$MNT"
cd /tmp || exit 1
check "a relative path" mount_at unix p9fault
cd /tmp || exit 1
unmount "$MNT"
forward 'socket.AF_UNIX, "\0the server"' $SOCKET
check "an abstract name" mount_at unix "@the server"
check "works" works
unmount "$MNT"
long=/tmp/$(printf '%0102d' 0)
ln -s $SOCKET "$long"
defer rm "$long"
check "the longest path" mount_at unix "$long"
unmount "$MNT"
equal "one that is longer" ENAMETOOLONG "$(mount_errno trans=unix "${long}0")"
check "the client has kept to the protocol" no_violations
