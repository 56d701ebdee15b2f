#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# POSIX, open-file-description and whole-file locks between processes.
# debug: yes
. "$(dirname "$0")/calls.sh"

fresh ""
given '
put("f", bytes(100)); fd = open("f", O_RDWR)
R, W, U = fcntl.F_RDLCK, fcntl.F_WRLCK, fcntl.F_UNLCK
import select
def lock(type, start=0, length=0, fd=None, cmd=fcntl.F_SETLK):
    fd = open("f", O_RDWR) if fd is None else fd
    return struct.unpack("hhqqi4x", fcntl.fcntl(fd, cmd, struct.pack("hhqqi4x", type, 0, start, length, 0)))
def locked(*args, **kw): return answer(lambda: lock(*args, **kw) and None)
def conflict(*args): return other(lambda: lock(*args) and None)
def flock(how, fd=None): return answer(lambda: fcntl.flock(open("f", O_RDWR) if fd is None else fd, how))'

plan 15
is "a write lock" "ok EAGAIN EAGAIN" 'f"{locked(W, 0, 10, fd)} {conflict(W, 5, 1)} {conflict(R, 9, 5)}"'
is "beside it" "ok ok" 'f"{conflict(W, 10, 5)} {conflict(R, 50, 0)}"'
is "who holds it" "1 0 10 True" '
def holder(): l = lock(W, cmd=fcntl.F_GETLK); return f"{l[0]} {l[2]} {l[3]} {l[4] == getppid()}"
other(holder)'
is "the process itself" "ok ok" 'f"{locked(R, 0, 10, fd)} {locked(W, 0, 10, fd)}"'
is "split by unlocking the middle" "EAGAIN ok EAGAIN" 'lock(U, 3, 4, fd); f"{conflict(W, 0, 3)} {conflict(W, 3, 4)} {conflict(W, 7, 3)}"'
is "read locks do not conflict" "ok ok EAGAIN" 'lock(U, 0, 0, fd); f"{locked(R, 0, 0, fd)} {conflict(R)} {conflict(W)}"'
is "closing any descriptor unlocks" "EAGAIN ok" 'a = conflict(W); close(open("f", O_RDONLY)); f"{a} {conflict(W)}"'
is "a lock goes with its process" "ok ok" 'f"{conflict(W)} {conflict(W)}"'
is "waiting for a lock" "ok True" '
lock(W, 0, 10, fd); r, w = pipe()
def waits(): write(w, b"x"); lock(W, 0, 10, cmd=fcntl.F_SETLKW); return None
child = start(waits); read(r, 1); early = select.select([child[1]], [], [], 0.3)[0]; lock(U, 0, 0, fd)
f"{end(child)} {not early}"'
is "a signal ends the wait" SIGTERM '
lock(W, 0, 10, fd); child = start(waits); read(r, 1); select.select([child[1]], [], [], 0.3); kill(child[0], 15); end(child)'
is "flock" "ok EAGAIN EAGAIN" '
lock(U, 0, 0, fd); N = fcntl.LOCK_NB; f"{flock(fcntl.LOCK_EX, fd)} {other(lambda: fcntl.flock(open("f", O_RDWR), fcntl.LOCK_EX | N))} {flock(fcntl.LOCK_SH | N)}"'
is "flock, shared" "ok ok EAGAIN" 'f"{flock(fcntl.LOCK_SH, fd)} {flock(fcntl.LOCK_SH | N)} {flock(fcntl.LOCK_EX | N)}"'
is "flock, unlocked by the last close" "EAGAIN ok" 'a = flock(fcntl.LOCK_EX | N); closerange(3, 50); f"{a} {flock(fcntl.LOCK_EX | N)}"'
is "open-file-description locks" "ok EAGAIN ok" '
closerange(3, 50); fd = open("f", O_RDWR); a = locked(W, fd=fd, cmd=37); b = locked(W, cmd=37); lock(U, fd=fd, cmd=37); f"{a} {b} {locked(W, cmd=37)}"'
is "beyond 4 GiB, to the end" "ok EAGAIN ok" 'closerange(3, 50); fd = open("f", O_RDWR); f"{locked(W, 5 << 30, 0, fd)} {conflict(R, 1 << 60, 1)} {conflict(R, 4 << 30, 9)}"'
