#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# F4: signals that a program handles never make a call on the mount fail with EINTR, also not when
# they come by the thousand while it unpacks files.
# timeout: 300
# long: yes
. "$(dirname "$0")/kill.sh"

plan 2
try mount_9p
try scratch
check "10,000 signals while files are unpacked" "$BIN/storm" 10000 .
cat /tmp/check.out
cd /
unmount "$MNT"
try mount_9p cache=loose
try scratch
# Here the kernel's page cache lets a handled signal end a write before anything is written.
check "with cached data, SA_RESTART" "$BIN/storm" 10000 . restart
