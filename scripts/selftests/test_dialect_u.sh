#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# 9P2000.u: file records, what is created with an extension, changed by Twstat and read as records of
# a folder, and errors as numbers; compared with what the server's folder holds.
# client: both
# timeout: 300
FIXTURE=unix.u
. "$(dirname "$0")/calls.sh"

fresh "access=any"
given 'umask(0); here = "/tmp/served-here/" + getcwd()[5:]
def same(*names):
    """Whether the attributes are those that the server has; if not, both."""
    def what(s): return (s.st_mode, s.st_uid, s.st_gid, s.st_size if st.S_ISREG(s.st_mode) else 0, int(s.st_mtime), s.st_rdev)
    for n in names:
        ours, theirs = what(lstat(n)), what(lstat(here + "/" + n))
        if ours != theirs: return f"{n}: {ours}, on the server {theirs}"
    return True'

plan 27
equal "the dialect is shown" version=9p2000.u "$(findmnt -n -o OPTIONS "$MNT" | grep -o 'version=9p2000.u')"
is "create, write, read" "True True" 'put("f", data(300001)); f"{get("f") == data(300001)} {get(here + "/f") == data(300001)}"'
is "its record" True 'same("f")'
is "create with O_EXCL" EEXIST 'open("f", O_CREAT | O_EXCL | O_WRONLY)'
is "open with O_TRUNC" 0 'close(open("f", O_WRONLY | O_TRUNC)); stat(here + "/f").st_size'
is "append" "onetwo" 'put("f", b"one"); put("f", b"two", O_WRONLY | O_APPEND); get(here + "/f")'
is "modes" True '
def kept(bits): chmod("f", bits); return stat(here + "/f").st_mode & 0o7777 == bits == stat("f").st_mode & 0o7777
all(kept(1 << i) for i in range(9)) and kept(0o4755) and kept(0o2755) and kept(0o1777) and kept(0o644)'
is "owner and group" "12 34 True" 'chown("f", 12, 34); s = stat(here + "/f"); f"{s.st_uid} {s.st_gid} {same("f")}"'
is "the owner alone" "56 34" 'chown("f", 56, -1); s = stat(here + "/f"); f"{s.st_uid} {s.st_gid}"'
is "times" "1000000 2000000" 'utime("f", (1000000, 2000000)); s = stat(here + "/f"); f"{s.st_atime:.0f} {s.st_mtime:.0f}"'
is "truncate" "2 2" 'truncate("f", 2); f"{stat(here + "/f").st_size} {stat("f").st_size}"'
is "mkdir" True 'mkdir("d", 0o750); same("d")'
is "symbolic links" "f True" 'symlink("f", "l"); f"{readlink("l")} {readlink(here + "/l") == "f" and same("l")}"'
is "a link of 1,000 bytes" True 't = "x/" * 499 + "yz"; symlink(t, "long"); readlink("long") == readlink(here + "/long") == t'
is "character device" "1 3 True" 'mknod("null", 0o20644, makedev(1, 3)); s = lstat(here + "/null"); f"{major(s.st_rdev)} {minor(s.st_rdev)} {same("null")}"'
is "block device" "8 17 True" 'mknod("block", 0o60600, makedev(8, 17)); s = lstat(here + "/block"); f"{major(s.st_rdev)} {minor(s.st_rdev)} {same("block")}"'
is "fifo" True 'mkfifo("p"); st.S_ISFIFO(lstat(here + "/p").st_mode) and same("p")'
is "socket" True 's = socket.socket(socket.AF_UNIX); s.bind("sock"); s.close(); st.S_ISSOCK(lstat(here + "/sock").st_mode) and same("sock")'
is "hard link" True 'link("f", "h"); path.samefile(here + "/f", here + "/h")'
is "rename" "True False" 'rename("h", "g"); e = path.exists(here + "/g"); f"{e} {path.exists(here + "/h")}"'
is "rename over a file" "on" 'put("a", b"on"); rename("a", "g"); get(here + "/g")'
is "rename to another folder" EXDEV 'rename("g", "d/g")'
is "200 entries, with long names" True '
names = {f"{i}-" + "n" * (i % 250) for i in range(200)}; mkdir("many")
for n in names: put(here + "/many/" + n)
set(listdir("many")) == names'
is "error numbers" "ENOENT ENOTEMPTY EEXIST ENOTDIR" '
" ".join(answer(c) for c in (lambda: stat("none"), lambda: rmdir("many"), lambda: mkdir("d"), lambda: listdir("f")))'
is "unlink while open" "on" 'put("u", b"on"); fd = open("u", O_RDONLY); unlink("u"); r = read(fd, 9); close(fd); r'
is "fsync, statfs" "ok 255" 'fd = open("f", O_RDWR); write(fd, b"x"); r = answer(lambda: fsync(fd)); close(fd); f"{r} {statvfs(".").f_namemax}"'
is "all is removed" 0 '
for n in listdir("many"): unlink("many/" + n)
for n in listdir(): rmdir(n) if st.S_ISDIR(lstat(n).st_mode) and not listdir(n) else unlink(n)
len(listdir(here))'
