#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# F6, see memory.sh: over virtio, where the device writes into the memory.
# timeout: 300
. "$(dirname "$0")/hang.sh"
. "$(dirname "$0")/memory.sh"

FILE=$HANG/f HOLD="read=hang*1"

remount() { mount_hang "$1"; }
answer() { order fill 90; }
restore() { order fill off; }

plan 6
memory_tests
