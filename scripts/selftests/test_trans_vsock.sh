#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The transport over vsock, to this machine itself.
# client: rust
# timeout: 400
. "$(dirname "$0")/stream.sh"

modprobe vsock_loopback 2>/dev/null || skip_all "no vsock within one machine"
plan 5
try served unix:$SOCKET
forward 'socket.AF_VSOCK, (socket.VMADDR_CID_ANY, 5650)' $SOCKET
check "mount" mount_at vsock 1 port=5650
check "works" works
equal "shown" ",trans=vsock,port=5650" "$(shown)"
check "umount" unmount "$MNT"
equal "nobody listens" ECONNRESET "$(mount_errno trans=vsock,version=9p2000.L 1)"
