#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A fid that the file system forgets, as 9p.ko does if it cannot cache a mount, is freed at the end of
# the session, with a line in the log.
# client: both
# dmesg: Found fid [0-9]* not clunked
. "$(dirname "$0")/lib.sh"

# Together with the name of the device that is more than fscache takes.
tag=$(printf 'x%.0s' {1..250})
lines() { dmesg | grep -c 'Found fid [0-9]* not clunked'; }

plan 3
before=$(lines)
for _ in 1 2 3; do
	errno=$(mount_errno "trans=virtio,version=9p2000.L,cache=fscache,cachetag=$tag")
done
equal "the mount fails" ENOMEM "$errno"
equal "each fid is told of once" 3 $(($(lines) - before))
check "the device is free again" mount_9p
