#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# V6: a small ring without tables of descriptors: a request takes two entries or more. See ring.sh.
# guest: direct
# host: mkdir -p device; echo Hello. >device/hello; seq 180000 >device/f; echo --direct >device.args
# client: rust
# timeout: 300
. "$(dirname "$0")/device.sh"
. "$(dirname "$0")/ring.sh"

small_rings 12288
