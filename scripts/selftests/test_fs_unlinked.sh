#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Files that are removed or replaced while they are open.
. "$(dirname "$0")/calls.sh"

plan 14
for cache in none loose; do
	fresh "cache=$cache"
	given 'put("f", data(50000)); fd = open("f", O_RDWR); unlink("f")'
	is "$cache: it is gone" "ENOENT 0" 'f"{answer(lambda: stat("f"))} {len(listdir())}"'
	is "$cache: read it" True 'pread(fd, 60000, 0) == data(50000)'
	is "$cache: write it" True 'pwrite(fd, b"more", 60000); pread(fd, 99, 60000) == b"more"'
	is "$cache: sync it" ok 'fsync(fd)'
	is "$cache: a new file of that name" "new more" 'put("f", b"new"); f"{get("f").decode()} {pread(fd, 9, 60000).decode()}"'
	is "$cache: replaced by a rename" "new other" 'g = open("f", O_RDONLY); put("h", b"other"); rename("h", "f"); f"{pread(g, 9, 0).decode()} {get("f").decode()}"'
	is "$cache: 50 at once" "True 1" '
fds = []
for i in range(50): fds.append(open(f"t{i}", O_RDWR | O_CREAT | O_EXCL)); unlink(f"t{i}"); write(fds[i], b"%d" % i)
f"{all(pread(fds[i], 9, 0) == b"%d" % i for i in range(50))} {len(listdir())}"'
	leave
done
