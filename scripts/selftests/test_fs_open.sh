#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the flags of open do, and the errors they give.
. "$(dirname "$0")/calls.sh"

fresh ""

plan 22
is "O_CREAT, the mode" 640 'umask(0o022); close(open("f", O_RDWR | O_CREAT, 0o640)); f"{stat("f").st_mode & 0o7777:o}"'
is "O_CREAT, the umask" 644 'put("masked"); f"{stat("masked").st_mode & 0o7777:o}"'
is "O_CREAT, a mode without write" 3 'fd = open("ro", O_RDWR | O_CREAT, 0o444); write(fd, b"abc")'
is "O_EXCL on a file" EEXIST 'open("f", O_RDWR | O_CREAT | O_EXCL)'
is "O_EXCL on a new file" ok 'close(open("new", O_RDWR | O_CREAT | O_EXCL))'
is "O_EXCL on a dangling link" EEXIST 'symlink("nowhere", "dangling"); open("dangling", O_RDWR | O_CREAT | O_EXCL)'
is "O_CREAT through a dangling link" ok 'close(open("dangling", O_RDWR | O_CREAT)); stat("nowhere"); None'
is "an absent file" ENOENT 'open("absent", O_RDONLY)'
is "O_TRUNC" 0 'put("f", b"12345"); close(open("f", O_WRONLY | O_TRUNC)); stat("f").st_size'
is "O_APPEND" abcdefX 'put("f", b"abc"); put("f", b"def", O_WRONLY | O_APPEND); fd = open("f", O_RDWR | O_APPEND); lseek(fd, 0, 0); write(fd, b"X"); get("f")'
is "O_APPEND set later" abcdefXY 'fcntl.fcntl(fd, fcntl.F_SETFL, O_APPEND); lseek(fd, 0, 0); write(fd, b"Y"); get("f")'
is "O_WRONLY does not read" EBADF 'read(open("f", O_WRONLY), 1)'
is "O_RDONLY does not write" EBADF 'write(open("f", O_RDONLY), b"x")'
is "O_DIRECTORY on a file" ENOTDIR 'open("f", O_RDONLY | O_DIRECTORY)'
is "O_NOFOLLOW on a link" ELOOP 'symlink("f", "link"); open("link", O_RDONLY | O_NOFOLLOW)'
is "O_PATH" "EBADF 8" 'fd = open("f", O_PATH); f"{answer(lambda: read(fd, 1))} {fstat(fd).st_size}"'
is "a folder for writing" EISDIR 'mkdir("d"); open("d", O_RDWR)'
is "O_CREAT on a folder" EISDIR 'open("d", O_RDONLY | O_CREAT)'
is "read a folder" EISDIR 'read(open("d", O_RDONLY), 1)'
is "O_TMPFILE" EOPNOTSUPP 'open(".", O_RDWR | O_TMPFILE)'
is "O_SYNC and O_DSYNC" xy 'put("s", b"x", O_WRONLY | O_CREAT | O_SYNC); put("s", b"y", O_WRONLY | O_APPEND | O_DSYNC); get("s")'
is "a user without permission" "EACCES EACCES EACCES" '
chmod(".", 0o755); put("secret"); chmod("secret", 0o600)
" ".join(as_user(1000, lambda: open(*a)) for a in (("secret", O_RDONLY), ("secret", O_WRONLY), ("mine", O_RDWR | O_CREAT)))'
