#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The modules stay while a mount needs them, go when none does, and come back.
. "$(dirname "$0")/calls.sh"

modules() { lsmod | awk '$1 ~ /^9p/ { print $1 }' | sort | xargs; }
refuse() { ! rmmod 9p 2>/dev/null && ! rmmod 9pnet 2>/dev/null; }
again() { modprobe 9p && mount_9p "" && [ "$(cat $MNT/hello)" = "Hello from the host." ] && unmount $MNT && modprobe -r 9p; }
five() { for _ in 1 2 3 4 5; do again || return 1; done; }

defer modprobe 9p
modprobe -qr 9pnet_fd # an earlier test may have left it, and it needs 9pnet
try mount_9p

plan 6
check "they stay while something is mounted" refuse
equal "the reading goes on" "Hello from the host." "$(cat $MNT/hello)"
unmount $MNT
check "they go" modprobe -r 9p
[ "$CLIENT" = rust ] || try modprobe -r 9pnet_virtio
equal "none is left" "" "$(modules)"
check "load, mount, read, unmount, unload 5 times" five
tried "module loads" 5
try modprobe 9p
equal "and they are back" "9p 9pnet" "$(modules | sed "s/ 9pnet_virtio//")"
