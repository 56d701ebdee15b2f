#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Without a cache that writes back, files are mapped for reading only.
. "$(dirname "$0")/calls.sh"

plan 8
for cache in none readahead; do
	fresh "cache=$cache"
	given 'put("f", data(10000)); r = open("f", O_RDONLY); w = open("f", O_RDWR)'
	is "$cache: read a mapping" True 'm = mmap.mmap(r, 10000, prot=mmap.PROT_READ); m[:] == data(10000)'
	is "$cache: a private mapping" private 'p = mmap.mmap(w, 4096, mmap.MAP_PRIVATE); p[0:7] = b"private"; p[0:7]'
	is "$cache: no shared mapping for writing" EINVAL 'mmap.mmap(w, 10000)'
	is "$cache: a new mapping shows what was written" written 'pwrite(w, b"written", 5000); n = mmap.mmap(r, 10000, prot=mmap.PROT_READ); n[5000:5007]'
	given 'm.close(); n.close(); p.close()'
	leave
done
