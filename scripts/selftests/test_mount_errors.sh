#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Mounts that cannot work fail with the right errno and leave nothing behind.
. "$(dirname "$0")/lib.sh"

good=trans=virtio,version=9p2000.L

plan 7
equal "unknown tag" ENOENT "$(mount_errno $good nosuchtag)"
equal "unknown transport" EINVAL "$(mount_errno trans=nosuch,version=9p2000.L)"
equal "unknown version" EINVAL "$(mount_errno trans=virtio,version=9p3000)"
equal "msize below the smallest" EINVAL "$(mount_errno $good,msize=4095)"
equal "msize that is no number" EINVAL "$(mount_errno $good,msize=many)"

try mount_9p "" /tmp/first
equal "tag in use" EBUSY "$(mount_errno $good)"
unmount /tmp/first
check "the tag is free again" mount_9p
