#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""fsprog.py SEED COUNT [drop]: a random program of COUNT file-system operations in the current folder.

Prints for each operation one line with its result, and at the end what is in the folder. The same
seed gives the same lines on every correct file system of the same kind, so that two of them, or two
clients, are compared with diff. Times, inode numbers and the order of entries are left out. With
"drop" caches are dropped at times: not with cache=loose, where fs/9p may then find an old inode
again by a version that the server makes of whole seconds.
"""
import ctypes
import errno
import fcntl
import hashlib
import mmap
import os
import random
import stat
import struct
import sys

NAMES = ["a", "b", "c", "d", "e", "f", "a name with spaces", "n" * 255]
SIZES = [0, 1, 100, 1023, 1024, 1025, 4072, 4096, 4097, 8192, 10000, 40000, 131072, 140001]
MODES = [0o777, 0o755, 0o644, 0o600, 0o444, 0o000, 0o4755, 0o2770, 0o1777]
ATTRS = ["user.a", "user.b", "user." + "n" * 200, "trusted.a", "nonsense"]
SLOTS = 6
AT_FDCWD = -100

libc = ctypes.CDLL(None, use_errno=True)
pick = random.Random()
fds = [None] * SLOTS
known = []
paths = []
newest = []


def libcall(name, *args):
    result = getattr(libc, name)(*args)
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def path():
    """Often one that there was, else any."""
    if known and pick.random() < 0.7:
        paths.append(pick.choice(known[-12:]))
    else:
        paths.append(any_path())
    return paths[-1]


def any_path():
    return "/".join(pick.choice(NAMES[: 6 if pick.random() < 0.9 else 8]) for _ in range(pick.choice((1, 1, 1, 2, 2, 3))))


def size():
    return pick.choice(SIZES) + pick.choice((0, 0, 0, 1, -1 if pick.random() < 0.5 else 7))


def offset():
    return pick.choice((0, 0, 0, size(), size(), size() * 3, 1 << 20)) if pick.random() < 0.98 else -1


def content(n):
    start = pick.randrange(1 << 20)
    return struct.pack(f"{n // 4 + 1}I", *range(start, start + n // 4 + 1))[: max(n, 0)]


def digest(data):
    return f"{len(data)}:{hashlib.md5(data).hexdigest()[:8]}"


def attributes(s):
    kind = stat.filemode(s.st_mode)
    what = s.st_rdev if kind[0] in "bc" else "-" if kind[0] == "d" else s.st_size
    return f"{kind} {s.st_nlink} {s.st_uid}:{s.st_gid} {what}"


def short(name):
    return name.replace("n" * 200, "n*200+")


def fd():
    """Most often the newest descriptor, so that it is written, then read."""
    if newest and pick.random() < 0.5:
        return newest[0]
    return pick.choice([f for f in fds if f is not None] or [99])


def keep(new):
    """Puts a new descriptor into a slot, in place of an older one."""
    slot = pick.randrange(SLOTS)
    old, fds[slot] = fds[slot], new
    newest[:] = [new]
    if old is not None:
        os.close(old)
    return f"slot {slot}"


def op_open():
    flags = pick.choice([os.O_RDONLY, os.O_WRONLY] + [os.O_RDWR] * 8) | os.O_NONBLOCK
    for flag, chance in (
        (os.O_CREAT, 0.7), (os.O_EXCL, 0.1), (os.O_TRUNC, 0.15), (os.O_APPEND, 0.15), (os.O_DIRECT, 0.25),
        (os.O_NOFOLLOW, 0.1), (os.O_DIRECTORY, 0.03), (os.O_SYNC, 0.1), (os.O_PATH, 0.02), (os.O_TMPFILE, 0.02),
    ):  # fmt: skip
        if pick.random() < chance:
            flags |= flag
    name, mode = path(), pick.choice(MODES)
    yield f"open {short(name)} {flags:o} {mode:o}"
    yield keep(os.open(name, flags, mode))


def op_close():
    slot = pick.randrange(SLOTS)
    yield f"close {slot}"
    old, fds[slot] = fds[slot], None
    newest.clear()
    yield os.close(old if old is not None else 99)


def op_read():
    f, n = fd(), size()
    yield f"read {n}"
    data = os.read(f, max(n, 0))
    yield digest(data)


def op_pread():
    f, n, at = fd(), size(), offset()
    yield f"pread {n} {at}"
    yield digest(os.pread(f, max(n, 0), at))


def op_preadv():
    f, at = fd(), offset()
    parts = [bytearray(max(size(), 0)) for _ in range(3)]
    yield f"preadv {[len(p) for p in parts]} {at}"
    n = os.preadv(f, parts, at)
    yield digest(b"".join(parts)[:n])


def op_write():
    f, data = fd(), content(size())
    yield f"write {digest(data)}"
    yield os.write(f, data)


def op_pwrite():
    f, data, at = fd(), content(size()), offset()
    yield f"pwrite {digest(data)} {at}"
    yield os.pwrite(f, data, at)


def op_pwritev():
    f, at = fd(), offset()
    parts = [content(size()) for _ in range(3)]
    yield f"pwritev {[len(p) for p in parts]} {at}"
    yield os.pwritev(f, parts, at)


def op_file():
    name, data = path(), content(size())
    yield f"make {short(name)} {digest(data)}"
    f = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK, 0o644)
    try:
        yield f"{os.write(f, data)} {attributes(os.fstat(f))}"
    finally:
        os.close(f)


def op_contents():
    name = path()
    yield f"contents {short(name)}"
    f = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield digest(os.read(f, 1 << 20))
    finally:
        os.close(f)


def op_lseek():
    f, at, how = fd(), offset(), pick.choice((0, 1, 2, os.SEEK_DATA, os.SEEK_HOLE))
    yield f"lseek {at} {how}"
    yield os.lseek(f, at, how)


def op_truncate():
    name, n = path(), offset()
    yield f"truncate {short(name)} {n}"
    os.truncate(name, n)
    yield attributes(os.stat(name))


def op_ftruncate():
    f, n = fd(), offset()
    yield f"ftruncate {n}"
    os.ftruncate(f, n)
    yield attributes(os.fstat(f))


def op_mmap():
    f, n, how = fd(), max(size(), 1), pick.choice((mmap.MAP_SHARED, mmap.MAP_PRIVATE))
    prot = pick.choice((mmap.PROT_READ, mmap.PROT_READ | mmap.PROT_WRITE))
    data = content(min(n, 5000))
    yield f"mmap {n} {how} {prot}"
    n = min(n, os.fstat(f).st_size)
    with mmap.mmap(f, n, how, prot) as m:
        if prot & mmap.PROT_WRITE:
            at = n - min(n, len(data))
            m[at:] = data[: n - at]
            m.flush()
        yield digest(m[:])


def op_stat():
    name, follow = path(), pick.random() < 0.5
    yield f"stat {short(name)} {follow}"
    yield attributes(os.stat(name, follow_symlinks=follow))


def op_fstat():
    f = fd()
    yield "fstat"
    yield attributes(os.fstat(f))


def op_access():
    name, how = path(), pick.randrange(8)
    yield f"access {short(name)} {how}"
    yield os.access(name, how)


def op_user():
    name, flags = path(), pick.choice((os.O_RDONLY, os.O_RDWR, os.O_RDWR | os.O_CREAT))
    yield f"open as another user {short(name)} {flags:o}"
    os.setegid(1000)
    os.seteuid(1000)
    try:
        os.close(os.open(name, flags | os.O_NONBLOCK, 0o644))
    finally:
        os.seteuid(0)
        os.setegid(0)
    yield attributes(os.stat(name))


def op_rename():
    old, new = path(), path()
    yield f"rename {short(old)} {short(new)}"
    os.rename(old, new)
    yield attributes(os.lstat(new))


def op_renameat2():
    old, new, flags = path(), path(), pick.choice((0, 1, 2, 4, 3))
    yield f"renameat2 {short(old)} {short(new)} {flags}"
    yield libcall("renameat2", AT_FDCWD, old.encode(), AT_FDCWD, new.encode(), flags)


def op_link():
    old, new = path(), path()
    yield f"link {short(old)} {short(new)}"
    os.link(old, new, follow_symlinks=False)
    yield attributes(os.lstat(new))


def op_symlink():
    target, new = pick.choice((path(), path(), "t" * 1024, "t" * 4095)), path()
    yield f"symlink {short(target)[:40]} {short(new)}"
    os.symlink(target, new)
    yield attributes(os.lstat(new))


def op_readlink():
    name = path()
    yield f"readlink {short(name)}"
    yield digest(os.readlink(name).encode())


def op_unlink():
    name = path()
    yield f"unlink {short(name)}"
    yield os.unlink(name)


def op_mkdir():
    name, mode = path(), pick.choice(MODES)
    yield f"mkdir {short(name)} {mode:o}"
    os.mkdir(name, mode)
    yield attributes(os.lstat(name))


def op_rmdir():
    name = path()
    yield f"rmdir {short(name)}"
    yield os.rmdir(name)


def op_mknod():
    name = path()
    kind = pick.choice((stat.S_IFREG, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK))
    yield f"mknod {short(name)} {kind:o}"
    os.mknod(name, kind | 0o640, os.makedev(1, 3))
    yield attributes(os.lstat(name))


def op_listdir():
    name = pick.choice((".", path()))
    yield f"listdir {short(name)}"
    yield sorted(
        (short(e.name), "d" if e.is_dir(follow_symlinks=False) else "l" if e.is_symlink() else "-") for e in os.scandir(name)
    )


def op_chmod():
    name, mode = path(), pick.choice(MODES)
    yield f"chmod {short(name)} {mode:o}"
    os.chmod(name, mode)
    yield attributes(os.stat(name))


def op_fchmod():
    f, mode = fd(), pick.choice(MODES)
    yield f"fchmod {mode:o}"
    os.fchmod(f, mode)
    yield attributes(os.fstat(f))


def op_chown():
    name, uid, gid = path(), pick.choice((-1, 0, 1000)), pick.choice((-1, 0, 1000))
    yield f"lchown {short(name)} {uid}:{gid}"
    os.lchown(name, uid, gid)
    yield attributes(os.lstat(name))


def op_utime():
    name, times = path(), (pick.randrange(1 << 33), pick.randrange(1 << 33))
    yield f"utime {short(name)} {times}"
    os.utime(name, times)
    yield f"{os.stat(name).st_mtime:.0f}"


def op_setxattr():
    name, attr, value, how = path(), pick.choice(ATTRS), content(pick.choice((0, 1, 100, 1500))), pick.choice((0, 0, 1, 2))
    yield f"setxattr {short(name)} {short(attr)} {digest(value)} {how}"
    yield os.setxattr(name, attr, value, how)


def op_getxattr():
    name, attr = path(), pick.choice(ATTRS)
    yield f"getxattr {short(name)} {short(attr)}"
    yield digest(os.getxattr(name, attr))


def op_listxattr():
    name = path()
    yield f"listxattr {short(name)}"
    yield [short(n) for n in sorted(os.listxattr(name))]


def op_removexattr():
    name, attr = path(), pick.choice(ATTRS)
    yield f"removexattr {short(name)} {short(attr)}"
    yield os.removexattr(name, attr)


def op_sync():
    f, call = fd(), pick.choice((os.fsync, os.fdatasync))
    yield call.__name__
    yield call(f)


def op_copy():
    f, g, n, at, to = fd(), fd(), size(), offset(), offset()
    yield f"copy_file_range {n} {at} {to}"
    yield os.copy_file_range(f, g, max(n, 0), at, to)


def op_sendfile():
    f, g, n, at = fd(), fd(), size(), offset()
    yield f"sendfile {n} {at}"
    yield os.sendfile(f, g, at, max(n, 0))


def op_fallocate():
    f, how, n, at = fd(), pick.choice((0, 1, 3)), size(), offset()
    yield f"fallocate {how} {n} {at}"
    yield libcall("fallocate", f, how, ctypes.c_long(at), ctypes.c_long(n))


def op_lock():
    f, how, n, at = fd(), pick.choice((fcntl.F_RDLCK, fcntl.F_WRLCK, fcntl.F_UNLCK)), max(size(), 0), abs(offset())
    yield f"lock {how} {n} {at}"
    fcntl.fcntl(f, fcntl.F_SETLK, struct.pack("hhqqi4x", how, 0, at, n, 0))
    yield None


def op_flock():
    f, how = fd(), pick.choice((fcntl.LOCK_SH, fcntl.LOCK_EX, fcntl.LOCK_UN))
    yield f"flock {how}"
    yield fcntl.flock(f, how | fcntl.LOCK_NB)


def op_statvfs():
    name = path()
    yield f"statvfs {short(name)}"
    v = os.statvfs(name)
    yield f"{v.f_bsize} {v.f_namemax}"


def op_drop():
    yield "drop caches"
    with open("/proc/sys/vm/drop_caches", "w") as f:
        f.write("2")
    yield None


MAKERS = {op_open, op_file, op_mkdir, op_mknod, op_symlink, op_link, op_rename}
RARE = {op_drop, op_statvfs, op_fallocate, op_lock, op_flock, op_utime, op_user, op_renameat2, op_access, op_rmdir}
OFTEN = {op_open, op_pread, op_pwrite, op_read, op_preadv, op_write, op_pwritev, op_file, op_contents, op_mkdir}


def step(op):
    """Runs an operation; its line."""
    parts = op()
    what = next(parts)
    try:
        result = next(parts)
        if op in MAKERS:
            known.append(paths[-1])
    except OSError as err:
        result = errno.errorcode[err.errno]
    except (ValueError, OverflowError) as err:
        result = f"{type(err).__name__}"
    parts.close()
    return f"{what} = {result}"


def tree(at="."):
    for entry in sorted(os.scandir(at), key=lambda e: e.name):
        line = f"{short(entry.path)} {attributes(entry.stat(follow_symlinks=False))}"
        if entry.is_symlink():
            line += " " + digest(os.readlink(entry.path).encode())
        elif entry.is_file():
            with open(entry.path, "rb") as f:
                while part := f.read(1 << 24):
                    line += " " + digest(part if part.strip(b"\0") else b"")
        if not entry.is_symlink():
            line += "".join(f" {short(n)}={digest(os.getxattr(entry.path, n))}" for n in sorted(os.listxattr(entry.path)))
        print(line)
        if entry.is_dir(follow_symlinks=False):
            tree(entry.path)


def main():
    seed, count = map(int, sys.argv[1:3])
    pick.seed(seed)
    ops = [op for name, op in sorted(globals().items()) if name.startswith("op_")]
    if "drop" not in sys.argv:
        ops.remove(op_drop)
    weights = [1 if op in RARE else 8 if op in OFTEN else 3 for op in ops]
    os.umask(0o022)
    for name in ("a", "b", "a/c"):
        os.mkdir(name)
        known.append(name)
    newest.append(os.open("a/d", os.O_RDWR | os.O_CREAT))
    fds[0] = newest[0]
    for number in range(count):
        print(number, step(pick.choices(ops, weights)[0]), flush=True)
    for f in fds:
        if f is not None:
            os.close(f)
    tree()


main()
