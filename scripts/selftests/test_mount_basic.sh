#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A mount shows its options, gives the share's files, and goes away without a trace.
# debug: yes
. "$(dirname "$0")/lib.sh"

options() { findmnt -n -o OPTIONS "$MNT" | grep -q "$1"; }

plan 7
check "mount" mount_9p msize=65536
mountpoint -q "$MNT" || try mount_9p msize=65536
check "trans is shown" options trans=virtio
check "msize is shown" options msize=65536
equal "type" 9p "$(findmnt -n -o FSTYPE "$MNT")"
equal "read" "Hello from the host." "$(cat "$MNT/hello")"
check "umount" umount "$MNT"
equal "nothing is left mounted" "" "$(findmnt -n "$MNT")"
