#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Hard links, and symbolic links with targets of every length.
. "$(dirname "$0")/calls.sh"

fresh ""
given 'put("f", b"content"); mkdir("d")'

plan 15
is "a link" "2 2 content" 'link("f", "g"); f"{stat("f").st_nlink} {stat("g").st_nlink} {get("g").decode()}"'
is "the same inode" True 'stat("f").st_ino == stat("g").st_ino'
is "written through one, read through the other" changed 'put("g", b"changed"); get("f")'
is "200 links" 202 '
for i in range(200): link("f", f"d/{i}")
stat("f").st_nlink'
is "all but one gone" "1 changed" '
unlink("f")
for i in range(200): unlink(f"d/{i}")
f"{stat("g").st_nlink} {get("g").decode()}"'
is "over a file" EEXIST 'put("h"); link("g", "h")'
is "of a folder" EPERM 'link("d", "e")'
is "of an absent file" ENOENT 'link("none", "e")'
is "to another file system" EXDEV 'link("g", "/tmp/g")'
is "of a symbolic link itself" d 'symlink("d", "s"); link("s", "s2", follow_symlinks=False); readlink("s2")'
is "targets of all lengths" True '
lengths = (1, 100, 1023, 1024, 1025, 2000, 4094, 4095)
for n in lengths: symlink("t" * n, f"s{n}")
all(readlink(f"s{n}") == "t" * n and lstat(f"s{n}").st_size == n for n in lengths)'
is "too long, and empty" "ENAMETOOLONG ENOENT" 'f"{answer(lambda: symlink("t" * 4096, "x"))} {answer(lambda: symlink("", "x"))}"'
is "over a file" EEXIST 'symlink("t", "h")'
is "followed" "changed d ELOOP" '
symlink("g", "to"); symlink("../g", "d/up"); symlink("loop", "loop")
f"{get("d/up").decode()} {readlink("s")} {answer(lambda: get("loop"))}"'
is "what is no link" EINVAL 'readlink("g")'
