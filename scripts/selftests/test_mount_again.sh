#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# One device mounted and unmounted 50 times, with files open until just before.
. "$(dirname "$0")/calls.sh"

plan 4
calls
given '
def mount(options="", tag=b"share"):
    libcall("mount", tag, b"/mnt", b"9p", ctypes.c_ulong(0), b"trans=virtio,version=9p2000.L," + options.encode())
def umount(flags=0): libcall("umount2", b"/mnt", flags)
def busy():
    for line in get("/proc/modules").decode().splitlines():
        if line.startswith("9p "): return line.split()[2]'
is "mount, use, unmount 50 times" "Hello from the host." '
for i in range(50):
    mount(("", "cache=loose", "msize=8192", "cache=mmap")[i % 4])
    text = get("/mnt/hello").decode().strip(); put("/mnt/again", b"%d" % i); unlink("/mnt/again")
    umount()
text'
is "unmounted lazily, the file stays open" "Hello True 0" '
mount(); fd = open("/mnt/hello", O_RDONLY); umount(2); t = read(fd, 5).decode(); b = answer(lambda: mount()) == "EBUSY"; close(fd)
import time; end_by = time.monotonic() + 10
while busy() != "0" and time.monotonic() < end_by: time.sleep(0.01)
f"{t} {b} {busy()}"'
is "it can be mounted again" True 'mount(); n = len(listdir("/mnt")) > 0; umount(); n'
is "unmounted while it is busy" EBUSY 'mount(); fd = open("/mnt/hello", O_RDONLY); e = answer(umount); close(fd); umount(); e'
