#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A process that waits for a hung server to open, find, list or change files can be killed at once.
# timeout: 400
# quiet: debug
. "$(dirname "$0")/hang.sh"

plan 10
try mount_hang
dies "open" open=hang open "$HANG/f"
dies "stat" getattr=hang stat "$HANG/f"
dies "fstat" getattr=hang fstat "$HANG/f"
dies "readdir" readdir=hang readdir "$HANG/d"
dies "lock" getattr=hang lock "$HANG/f"
dies "close" flush=hang close "$HANG/f"
dies "read in a folder of the share" read=hang chdir "$HANG/d" ../f

# What was held up is carried out late, so each round starts afresh.
prepare() { : >"$HANG/g" && rm -f "$HANG/g~" "$HANG/new"; }
dies "rename" rename=hang rename "$HANG/g"
dies "unlink" unlink=hang unlink "$HANG/g"
dies "create" create=hang create "$HANG/new"
