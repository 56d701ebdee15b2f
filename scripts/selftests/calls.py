#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""System calls for selftests.

Reads pieces of Python from its input, each ended by a zero byte, and answers each with one line:
the value of its last expression, "ok" if that is None, or the name of the errno it failed with.
Names are kept from one piece to the next. All of os is there without a prefix.
"""
# ruff: noqa: F401, F403, F405
import ast
import ctypes
import errno
import fcntl
import mmap
import signal
import socket
import stat as st
import struct
import sys
from array import array
from os import *

libc = ctypes.CDLL(None, use_errno=True)
AT_FDCWD = -100
ERRNO = errno.errorcode | {errno.EOPNOTSUPP: "EOPNOTSUPP"}


def libcall(name, *args):
    """Calls a function of the C library."""
    result = getattr(libc, name)(*args)
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def data(size, seed=0):
    """Bytes that tell where they belong: each word is its index, plus seed."""
    return array("I", range(seed, seed + size // 4 + 1)).tobytes()[:size]


def put(path, content=b"", flags=O_WRONLY | O_CREAT | O_TRUNC, mode=0o666):
    """Writes a file."""
    fd = open(path, flags, mode)
    try:
        view = memoryview(content)
        while view:
            view = view[write(fd, view) :]
    finally:
        close(fd)


def get(path, flags=O_RDONLY, chunk=1 << 20):
    """Reads a file."""
    fd = open(path, flags)
    try:
        parts = []
        while part := read(fd, chunk):
            parts.append(part)
        return b"".join(parts)
    finally:
        close(fd)


def start(call):
    """Runs call() in a process of its own; see end()."""
    r, w = pipe()
    pid = fork()
    if not pid:
        write(w, answer(call).encode())
        _exit(0)
    close(w)
    return pid, r


def end(child):
    """Waits for the process: what its call has answered, or the signal that ended it."""
    pid, r = child
    parts = []
    while part := read(r, 65536):
        parts.append(part)
    close(r)
    status = waitpid(pid, 0)[1]
    if WIFSIGNALED(status):
        return signal.Signals(WTERMSIG(status)).name
    return b"".join(parts).decode()


def other(call):
    """What another process gets from call()."""
    return end(start(call))


def as_user(uid, call):
    """What call() gives for that user, without capabilities."""

    def run():
        setgroups([])
        setresgid(uid, uid, uid)
        setresuid(uid, uid, uid)
        return call()

    return other(run)


def answer(call):
    try:
        value = call()
    except OSError as err:
        return ERRNO.get(err.errno, str(err.errno))
    except Exception as err:
        return f"{type(err).__name__}: {err}".replace("\n", " ")
    if value is None:
        return "ok"
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    return str(value).replace("\n", "\\n")


def run(code):
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "test", "exec"), globals())
    if last:
        return eval(compile(ast.Expression(last.value), "test", "eval"), globals())


def main():
    left = b""
    while part := read(0, 65536):
        *pieces, left = (left + part).split(b"\0")
        for piece in pieces:
            print(answer(lambda: run(piece.decode())), flush=True)


if __name__ == "__main__":
    main()
