#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Files mapped into memory for reading and writing, in the cache modes that can.
. "$(dirname "$0")/calls.sh"

plan 21
for cache in mmap loose fscache; do
	fresh "cache=$cache"
	given 'put("f", data(100000)); fd = open("f", O_RDWR); m = mmap.mmap(fd, 100000)'
	is "$cache: read a mapping" True 'm[:] == data(100000)'
	is "$cache: written through a mapping" "mapped mapped" '
m[4090:4096] = b"mapped"; m.flush(); f"{m[4090:4096].decode()} {pread(fd, 6, 4090).decode()}"'
	is "$cache: a write shows in the mapping" written 'pwrite(fd, b"written", 8190); m[8190:8197]'
	is "$cache: two mappings are one" shared '
n = mmap.mmap(fd, 100000, prot=mmap.PROT_READ); m[50000:50006] = b"shared"; n[50000:50006]'
	is "$cache: a private mapping is private" "private False" '
p = mmap.mmap(fd, 4096, mmap.MAP_PRIVATE); p[0:7] = b"private"; f"{p[0:7].decode()} {pread(fd, 7, 0) == b"private"}"'
	is "$cache: beyond the end of the file" SIGBUS 'ftruncate(fd, 5000); other(lambda: m[9000])'
	given 'm[4200:4204] = b"late"; m.close(); n.close(); p.close(); close(fd); rename("f", "../kept"); chdir("/")'
	leave
	try mount_9p
	equal "$cache: on the server" "mapped late 5000" \
		"$(tail -c +4091 "$MNT/kept" | head -c 6) $(tail -c +4201 "$MNT/kept" | head -c 4) $(stat -c %s "$MNT/kept")"
	rm "$MNT/kept" && unmount "$MNT"
done
