#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Frames of every size: what is agreed on with the server, and data in both directions.
. "$(dirname "$0")/calls.sh"

msize() { sed -n 's,^share /mnt .*[^a-z]msize=\([0-9]*\).*,\1,p' /proc/mounts; }

plan 13
for size in 4096 4097 8192 65536 512000; do
	fresh "msize=$size"
	equal "msize=$size: shown" $size "$(msize)"
	is "msize=$size: data" True '
content = data(300001)
for flags in 0, O_DIRECT: put(f"f{flags}", content, O_WRONLY | O_CREAT | flags)
all(get(f"f{w}", O_RDONLY | r) == content for w in (0, O_DIRECT) for r in (0, O_DIRECT))'
	leave
done
fresh msize=2147483647
is "the largest msize: data" True 'put("f", data(2000000)); get("f", chunk=2000000) == data(2000000)'
equal "the largest msize is the client's own" "$([ "$CLIENT" = c ] && echo 512000 || echo 1048576)" "$(msize)"
leave
equal "more than a number holds" EINVAL "$(mount_errno trans=virtio,version=9p2000.L,msize=2147483648)"
