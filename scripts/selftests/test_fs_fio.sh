#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# fio writes and verifies checksums, through the page cache and not, with every way to do I/O.
. "$(dirname "$0")/lib.sh"

size=$((${LONG:+16}2))m

verified() { # ARGUMENTS
	fio --minimal --name=verified --filename=verified --size="$size" --bsrange=1k-200k --bs_unaligned \
		--rw=randwrite --verify=crc32c --verify_fatal=1 --verify_backlog=64 --iodepth=8 "$@" | grep -v '^3;' >&2
	[ "${PIPESTATUS[0]}" = 0 ]
}

plan 7
for cache in none loose; do
	try mount_9p "cache=$cache"
	try scratch
	check "cache=$cache" verified --ioengine=psync
	check "cache=$cache, O_DIRECT" verified --ioengine=psync --direct=1
	check "cache=$cache, io_uring, O_DIRECT" verified --ioengine=io_uring --direct=1
	[ $cache = none ] || check "cache=$cache, mmap" verified --ioengine=mmap --bs=4k
	cd / && rm -rf "$MNT"/scratch.* && unmount "$MNT"
done
