#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Renames: what they replace, what they refuse, what stays open.
. "$(dirname "$0")/calls.sh"

fresh ""
given '
def rename2(a, b, flags): libcall("renameat2", AT_FDCWD, a.encode(), AT_FDCWD, b.encode(), flags)
mkdir("d"); mkdir("d/sub"); mkdir("e"); mkdir("full"); put("full/x"); put("a", b"a"); put("b", b"b")'

plan 20
is "to a new name" "a ENOENT" 'rename("a", "c"); f"{get("c").decode()} {answer(lambda: stat("a"))}"'
is "over a file" "a ENOENT" 'rename("c", "b"); f"{get("b").decode()} {answer(lambda: stat("c"))}"'
is "into another folder" a 'rename("b", "d/b"); get("d/b")'
is "an open file" "a changed" 'fd = open("d/b", O_RDWR); rename("d/b", "b"); old = pread(fd, 9, 0).decode(); pwrite(fd, b"changed", 0); f"{old} {get("b").decode()}"'
is "fstat of it" 7 'fstat(fd).st_size'
is "over an open file" "changed new" 'put("n", b"new"); rename("n", "b"); f"{pread(fd, 9, 0).decode()} {get("b").decode()}"'
is "a folder over an empty one" sub 'rename("d", "e"); listdir("e")[0]'
is "a folder over a full one" ENOTEMPTY 'rename("e", "full")'
is "a folder into itself" EINVAL 'rename("e", "e/sub/e")'
is "a folder over a file" ENOTDIR 'rename("e", "b")'
is "a file over a folder" EISDIR 'rename("b", "e")'
is "an absent file" ENOENT 'rename("none", "x")'
is "into an absent folder" ENOENT 'rename("b", "none/b")'
is "over another link of it" "ok 2" 'link("b", "l"); f"{answer(lambda: rename("b", "l"))} {stat("b").st_nlink}"'
is "a symbolic link, not what it names" "b new" 'symlink("b", "s"); rename("s", "r"); f"{readlink("r")} {get("r").decode()}"'
is "a folder with an open file in it" inside 'put("full/y", b"inside"); fd = open("full/y", O_RDONLY); rename("full", "moved"); read(fd, 9)'
is "a folder that somebody is in" "True True" 'at = getcwd(); chdir("moved"); rename("../moved", "../gone"); here = "y" in listdir("."); chdir(at); f"{here} {"y" in listdir("gone")}"'
is "flags that the protocol has not" "EINVAL EINVAL EINVAL" '
put("q"); " ".join(answer(lambda: rename2("b", to, flag)) for to, flag in (("w", 1), ("q", 2), ("q", 4)))'
is "RENAME_NOREPLACE over a file" EEXIST 'rename2("b", "q", 1)'
is "back and forth 100 times" "new ENOENT" '
for i in range(100): rename("b", "b2"); rename("b2", "b")
f"{get("b").decode()} {answer(lambda: stat("b2"))}"'
