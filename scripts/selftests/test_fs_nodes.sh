#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Folders, device nodes, fifos and sockets: made, used, removed.
. "$(dirname "$0")/calls.sh"

fresh ""
given 'umask(0o022); put("f")'

plan 18
is "mkdir, the mode" "750 1755" '
mkdir("d", 0o750); mkdir("s", 0o1777); f"{stat("d").st_mode & 0o7777:o} {stat("s").st_mode & 0o7777:o}"'
is "mkdir over a file and a folder" "EEXIST EEXIST" 'f"{answer(lambda: mkdir("f"))} {answer(lambda: mkdir("d"))}"'
is "mkdir in an absent folder, in a file" "ENOENT ENOTDIR" 'f"{answer(lambda: mkdir("n/d"))} {answer(lambda: mkdir("f/d"))}"'
is "links of a folder" "4 3" 'mkdir("d/a"); mkdir("d/b"); n = stat("d").st_nlink; rmdir("d/a"); f"{n} {stat("d").st_nlink}"'
is "rmdir of a full folder, of a file" "ENOTEMPTY ENOTDIR" 'f"{answer(lambda: rmdir("d"))} {answer(lambda: rmdir("f"))}"'
is "rmdir of . and of an absent one" "EINVAL ENOENT" 'f"{answer(lambda: rmdir("d/."))} {answer(lambda: rmdir("n"))}"'
is "unlink of a folder" EISDIR 'unlink("d")'
is "rmdir of the folder one is in" "ok ENOENT" 'at = getcwd(); mkdir("h"); chdir("h"); r = answer(lambda: rmdir("../h")); e = answer(lambda: put("x")); chdir(at); f"{r} {e}"'
is "the set-group-id bit is inherited" "2755 1234 1234" '
mkdir("g"); chown("g", 0, 1234); chmod("g", 0o2755); mkdir("g/d"); put("g/f")
f"{stat("g/d").st_mode & 0o7777:o} {stat("g/d").st_gid} {stat("g/f").st_gid}"'
is "mknod, regular" "100600 0" 'mknod("r", 0o100600); f"{stat("r").st_mode:o} {stat("r").st_size}"'
is "mknod, character" "20644 1 3" 'mknod("null", 0o20644, makedev(1, 3)); s = stat("null"); f"{s.st_mode:o} {major(s.st_rdev)} {minor(s.st_rdev)}"'
is "it works" "3 0" 'fd = open("null", O_RDWR); f"{write(fd, b"abc")} {len(read(fd, 9))}"'
is "mknod, block, large numbers" "60600 4000 1000000" 'mknod("b", 0o60600, makedev(4000, 1000000)); s = stat("b"); f"{s.st_mode:o} {major(s.st_rdev)} {minor(s.st_rdev)}"'
is "mknod over a file" EEXIST 'mknod("f", 0o20644, makedev(1, 3))'
is "a fifo" "fifo True" '
mkfifo("p"); child = start(lambda: put("p", b"fifo", O_WRONLY)); t = get("p").decode(); end(child); f"{t} {st.S_ISFIFO(stat("p").st_mode)}"'
is "a socket" "socket True" '
s = socket.socket(socket.AF_UNIX); s.bind("sock"); s.listen(); child = start(lambda: (q := socket.socket(socket.AF_UNIX), q.connect("sock"), q.send(b"socket")))
t = s.accept()[0].recv(9).decode(); end(child); f"{t} {st.S_ISSOCK(stat("sock").st_mode)}"'
is "a program runs" "it runs" 'put("prog", b"#!/bin/sh\necho it runs\n"); chmod("prog", 0o755); popen("./prog").read().strip()'
is "all are removed" 0 '
for name in ("d/b", "g/d", "d", "s"): rmdir(name)
unlink("g/f"); rmdir("g")
for name in listdir(): unlink(name)
len(listdir())'
