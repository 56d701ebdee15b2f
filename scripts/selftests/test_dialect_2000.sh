#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# 9P2000: file records without numbers, errors as words, and nothing that Unix has added.
# client: both
# timeout: 300
FIXTURE=unix.2000
. "$(dirname "$0")/calls.sh"

fresh ""
given 'umask(0); here = "/tmp/served-here/" + getcwd()[5:]'

plan 17
equal "the dialect is shown" noextend "$(findmnt -n -o OPTIONS "$MNT" | grep -o noextend)"
is "create, write, read" "True True" 'put("f", data(300001)); f"{get("f") == data(300001)} {get(here + "/f") == data(300001)}"'
is "its record" "100644 300001" 'chmod(here + "/f", 0o644); s = stat("f"); f"{s.st_mode:o} {s.st_size}"'
is "modes" True '
def kept(bits): chmod("f", bits); return stat(here + "/f").st_mode & 0o777 == bits == stat("f").st_mode & 0o777
all(kept(1 << i) for i in range(9)) and kept(0o644)'
is "times" "1000000 2000000" 'utime("f", (1000000, 2000000)); s = stat(here + "/f"); f"{s.st_atime:.0f} {s.st_mtime:.0f}"'
is "truncate" "2 2" 'truncate("f", 2); f"{stat(here + "/f").st_size} {stat("f").st_size}"'
is "mkdir" "40750" 'mkdir("d", 0o750); f"{stat("d").st_mode:o} {stat(here + "/d").st_mode:o}"[:5]'
is "no symbolic links, no links, no nodes" "EPERM EPERM EPERM EPERM" '
" ".join(answer(c) for c in (lambda: symlink("f", "l"), lambda: link("f", "h"), lambda: mknod("n", 0o20644, makedev(1, 3)), lambda: mkfifo("p")))'
is "nothing of them is there" "d f" '" ".join(sorted(listdir(here)))'
is "rename" "d g" 'rename("f", "g"); " ".join(sorted(listdir(here)))'
is "append" "01" 'put("g", b"0"); put("g", b"1", O_WRONLY | O_APPEND); get(here + "/g")'
is "no such file" ENOENT 'stat("none")'
is "a folder that is not empty" ENOTEMPTY 'put("d/x"); rmdir("d")'
is "one that exists" EEXIST 'mkdir("d")'
is "no folder" ENOTDIR 'listdir("g")'
is "200 entries, with long names" True '
names = {f"{i}-" + "n" * (i % 250) for i in range(200)}; mkdir("many")
for n in names: put(here + "/many/" + n)
set(listdir("many")) == names'
is "all is removed" 0 '
for n in listdir("many"): unlink("many/" + n)
unlink("d/x"); rmdir("many"); rmdir("d"); unlink("g")
len(listdir(here))'
