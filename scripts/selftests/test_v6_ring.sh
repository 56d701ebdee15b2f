#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# V6: a small ring, each entry of which may be a table of descriptors. See ring.sh.
# guest: device
# host: mkdir -p device; echo Hello. >device/hello; seq 180000 >device/f
# client: rust
# timeout: 300
. "$(dirname "$0")/device.sh"
. "$(dirname "$0")/ring.sh"

small_rings 20480
