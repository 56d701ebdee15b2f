#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Holes, files of more than 4 GiB, and truncation up and down.
. "$(dirname "$0")/calls.sh"

plan 26
for cache in none loose; do
	fresh "cache=$cache"
	is "$cache: write behind 5 GiB" 5368709123 'fd = open("big", O_RDWR | O_CREAT); pwrite(fd, b"end", 5 << 30); stat("big").st_size'
	is "$cache: read it" end 'pread(fd, 100, 5 << 30)'
	is "$cache: across 4 GiB" True 'd = data(300000); pwrite(fd, d, (4 << 30) - 150001); pread(fd, 300000, (4 << 30) - 150001) == d'
	is "$cache: holes are zeros" True 'pread(fd, 70000, 1 << 30) == bytes(70000)'
	is "$cache: it takes little room" True 'fsync(fd); stat("big").st_blocks < 4096'
	is "$cache: seek to the end" 5368709123 'lseek(fd, 0, SEEK_END)'
	is "$cache: truncate down" "4294967296 0" 'ftruncate(fd, 4 << 30); f"{fstat(fd).st_size} {len(pread(fd, 9, 4 << 30))}"'
	is "$cache: truncate within a page" "3000 zeros" '
put("t", b"x" * 10000); t = open("t", O_RDWR); ftruncate(t, 3000); size = fstat(t).st_size; ftruncate(t, 12000)
f"{size} {"zeros" if pread(t, 20000, 0) == b"x" * 3000 + bytes(9000) else "old data"}"'
	is "$cache: truncate by path while open" 7 'truncate("t", 7); len(pread(t, 100, 0))'
	is "$cache: truncate to 0, write behind it" "True 5005" 'ftruncate(t, 0); pwrite(t, b"after", 5000); f"{pread(t, 5000, 0) == bytes(5000)} {fstat(t).st_size}"'
	is "$cache: negative, and a folder" "EINVAL EISDIR" 'f"{answer(lambda: truncate("t", -1))} {answer(lambda: truncate(".", 0))}"'
	is "$cache: fallocate" EOPNOTSUPP 'libcall("fallocate", t, 3, ctypes.c_long(0), ctypes.c_long(4096))'
	is "$cache: seek data and hole" "0 5005" 'f"{lseek(t, 0, SEEK_DATA)} {lseek(t, 0, SEEK_HOLE)}"'
	leave
done
