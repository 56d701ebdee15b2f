#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A process that waits for data from a hung server can be killed at once, however it asks for them.
# timeout: 400
# quiet: debug
. "$(dirname "$0")/hang.sh"

plan 8
try mount_hang
dies "read" read=hang read "$HANG/f"
dies "read with O_DIRECT" read=hang direct "$HANG/f"
dies "write" write=hang write "$HANG/f"
dies "fsync" fsync=hang fsync "$HANG/f"
unmount "$MNT"

try mount_hang cache=loose
dies "read, cached" read=hang read "$HANG/f"
dies "page fault of a mapped file" read=hang mmap "$HANG/f"
bound=6000 # exit_timeout, and some
dies "fsync of dirty pages" write=hang fsync "$HANG/f"
bound=$BOUND_MS
unmount "$MNT"

try mount_hang cache=readahead
dies "readahead" read=hang read "$HANG/f"
