#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Modes, owners, times, statx, statfs, syncing.
. "$(dirname "$0")/calls.sh"

fresh cache=none
given 'put("f", b"12345"); fd = open("f", O_RDWR); symlink("f", "l"); mkdir("d")
def mode(name): return f"{stat(name).st_mode & 0o7777:o}"'

plan 23
is "chmod, every bit" True '
def kept(bits): chmod("f", bits); return stat("f").st_mode & 0o7777 == bits
all(kept(1 << i) for i in range(12)) and kept(0) and kept(0o7777)'
is "fchmod, chmod of a folder" "600 1777" 'fchmod(fd, 0o600); chmod("d", 0o1777); f"{mode("f")} {mode("d")}"'
is "chmod of an absent file" ENOENT 'chmod("none", 0o600)'
is "chown" "12:34 12:56 78:56" '
def owner(name): s = lstat(name); return f"{s.st_uid}:{s.st_gid}"
chown("f", 12, 34); a = owner("f"); chown("f", -1, 56); b = owner("f"); fchown(fd, 78, -1); f"{a} {b} {owner("f")}"'
is "chown of a symbolic link itself" "90:91 78:56" 'lchown("l", 90, 91); f"{owner("l")} {owner("f")}"'
is "chown takes the set-id bits" 755 'chmod("f", 0o6755); chown("f", 0, 0); mode("f")'
is "large owners" "4294967294:65536" 'chown("d", 4294967294, 65536); owner("d")'
is "others may not" "EPERM EPERM EPERM" '
chmod(".", 0o755); " ".join(as_user(1000, call) for call in (lambda: chmod("f", 0), lambda: chown("f", 1000, 1000), lambda: utime("f", (1, 1))))'
is "times, in whole seconds" "1000000000 2000000000" 'utime("f", ns=(1000000001, 2000000002)); s = stat("f"); f"{s.st_atime_ns} {s.st_mtime_ns}"'
is "of a folder, of a symbolic link" "7 8" '
utime("d", (7, 7)); utime("l", (8, 8), follow_symlinks=False); f"{stat("d").st_mtime:.0f} {lstat("l").st_mtime:.0f}"'
is "after 2038" 5000000000 'utime("f", (1, 5000000000)); int(stat("f").st_mtime)'
is "one time only" "1 True" '
now = (ctypes.c_long * 4)(0, 0x3ffffffe, 0, 0x3fffffff)
libcall("utimensat", AT_FDCWD, b"f", now, 0); f"{stat("f").st_atime:.0f} {stat("f").st_mtime < 5000000000}"'
is "a write sets the time" True 'utime("f", (1, 1)); pwrite(fd, b"x", 0); fsync(fd); stat("f").st_mtime > 1000'
is "chmod sets the change time" True 'utime("f", (1, 1)); before = stat("f").st_ctime_ns; chmod("f", 0o640); stat("f").st_ctime_ns >= before > 1'
is "the size, the blocks" "5 True 0" 's = stat("f"); f"{s.st_size} {s.st_blocks >= 1} {lstat("d").st_size % 1}"'
is "the block size for I/O" True 'stat("f").st_blksize > 4096'
is "statx" "True 5 640" '
buf = ctypes.create_string_buffer(256); libcall("statx", AT_FDCWD, b"f", 0, 0xfff, buf)
mask, blksize, attributes, nlink, uid, gid, bits, ino, size = struct.unpack_from("IIQIIIHxxQQ", buf)
f"{mask & 0x7ff == 0x7ff} {size} {bits & 0o7777:o}"'
is "statx without syncing" 5 'libcall("statx", AT_FDCWD, b"f", 0x4000, 0xfff, buf); struct.unpack_from("Q", buf, 40)[0]'
is "statx of an absent file" ENOENT 'libcall("statx", AT_FDCWD, b"none", 0, 0xfff, buf)'
is "statfs" "True True" '
sfs = (ctypes.c_long * 16)(); libcall("statfs", b".", sfs); v = statvfs("."); f"{sfs[0] != 0} {v.f_blocks >= v.f_bfree >= v.f_bavail > 0 and v.f_namemax == 255}"'
is "fstatvfs" True 'fstatvfs(fd).f_blocks == statvfs(".").f_blocks'
is "fsync, fdatasync, of a folder" "ok ok ok" '
top = open("d", O_RDONLY); " ".join((answer(lambda: fsync(fd)), answer(lambda: fdatasync(fd)), answer(lambda: fsync(top))))'
is "syncfs, sync_file_range" "0 0" 'f"{libcall("syncfs", fd)} {libcall("sync_file_range", fd, ctypes.c_long(0), ctypes.c_long(0), 7)}"'
