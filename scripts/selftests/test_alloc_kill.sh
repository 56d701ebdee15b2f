#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A process that waits for a hung server can be killed when the module gets no memory at all, from
# the moment it waits until it is gone; and when there is memory again nothing is left on the server.
# kernel: debug
# quiet: debug
# client: rust
# timeout: 300
. "$(dirname "$0")/alloc.sh"

prepare_faults
attribute times $TIMES
ours
plan 6
try mount_hang
starve

dies "open" open=hang open "$HANG/f"
dies "read" read=hang read "$HANG/f"
dies "write" write=hang write "$HANG/g"
dies "readdir" readdir=hang readdir "$HANG/d"
dies "read, the close hangs too" "read=hang flush=hang" read "$HANG/f"
unmount "$MNT"
try mount_hang cache=loose
dies "read, cached" read=hang read "$HANG/f"
count_failures
