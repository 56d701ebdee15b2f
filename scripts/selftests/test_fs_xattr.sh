#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Extended attributes: values of every size, lists, errors. Large ones need a file system on the
# host that has them; others refuse them with ENOSPC or E2BIG.
. "$(dirname "$0")/calls.sh"

fresh ""
given 'put("f"); mkdir("d"); symlink("f", "l")
def large(size):
    try: setxattr("f", "user.large", data(size))
    except OSError as err: return err.errno in (errno.ENOSPC, errno.E2BIG)
    return getxattr("f", "user.large") == data(size)'

plan 18
is "set and get" value 'setxattr("f", "user.a", b"value"); getxattr("f", "user.a")'
is "an empty value removes it" ENODATA 'setxattr("f", "user.gone", b"x"); setxattr("f", "user.gone", b""); getxattr("f", "user.gone")'
is "every byte" True 'setxattr("f", "user.b", bytes(range(256))); getxattr("f", "user.b") == bytes(range(256))'
is "replaced by a shorter one" x 'setxattr("f", "user.a", b"x"); getxattr("f", "user.a")'
is "list" "user.a user.b" '" ".join(sorted(n for n in listxattr("f") if n.startswith("user.")))'
is "XATTR_CREATE of one that there is" EEXIST 'setxattr("f", "user.a", b"y", XATTR_CREATE)'
is "XATTR_REPLACE of one that is not" ENODATA 'setxattr("f", "user.none", b"y", XATTR_REPLACE)'
is "get one that is not" ENODATA 'getxattr("f", "user.none")'
is "remove" "ok ENODATA ENODATA" 'f"{answer(lambda: removexattr("f", "user.b"))} {answer(lambda: getxattr("f", "user.b"))} {answer(lambda: removexattr("f", "user.b"))}"'
is "a buffer that is too small, and none" "ERANGE 10" '
setxattr("f", "user.ten", b"0123456789"); buf = ctypes.create_string_buffer(9)
f"{answer(lambda: libcall("getxattr", b"f", b"user.ten", buf, ctypes.c_size_t(9)))} {libcall("getxattr", b"f", b"user.ten", None, ctypes.c_size_t(0))}"'
is "a list buffer that is too small" "ERANGE True" '
f"{answer(lambda: libcall("listxattr", b"f", buf, ctypes.c_size_t(9)))} {libcall("listxattr", b"f", None, ctypes.c_size_t(0)) > 10}"'
is "large values" "True True True True" '" ".join(str(large(size)) for size in (2000, 4072, 16000, 65536))'
is "a value beyond the limit" "E2BIG" 'setxattr("f", "user.huge", bytes(65537))'
is "a name of 255 bytes, of 256" "True ERANGE" '
n = "user." + "n" * 250; setxattr("f", n, b"v"); f"{n in listxattr("f")} {answer(lambda: setxattr("f", n + "n", b"v"))}"'
is "50 attributes" True '
for i in range(50): setxattr("d", f"user.{i}", f"{i}".encode() * 3)
len(listxattr("d")) >= 50 and all(getxattr("d", f"user.{i}") == f"{i}".encode() * 3 for i in range(50))'
is "by descriptor" fd 'fd = open("f", O_RDONLY); setxattr(fd, "user.fd", b"fd"); getxattr("f", "user.fd")'
is "trusted, and of a symbolic link" "EOPNOTSUPP EPERM" '
f"{answer(lambda: setxattr("f", "trusted.t", b"t"))} {answer(lambda: setxattr("l", "user.x", b"x", follow_symlinks=False))}"'
is "name spaces that there are not" "EOPNOTSUPP EOPNOTSUPP" 'f"{answer(lambda: setxattr("f", "nonsense.x", b""))} {answer(lambda: getxattr("f", "x"))}"'
