#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# access=: which users may come in, and whose the files are that they make.
. "$(dirname "$0")/calls.sh"

open_to_all() { # OPTIONS
	fresh "$1"
	given 'umask(0); chmod(".", 0o777)
def owner(name): s = stat(name); return f"{s.st_uid}:{s.st_gid}"
def made(uid, name): a = as_user(uid, lambda: put(name, b"x")); return owner(name) if a == "ok" else a'
}

plan 10
for access in client user; do
	open_to_all "access=$access"
	is "access=$access: everybody makes own files" "0:0 1000:1000 1001:1001" '
put("r"); f"{owner("r")} {made(1000, "a")} {made(1001, "b")}"'
	is "access=$access: reads of others" "x x" '" ".join(as_user(uid, lambda: get("a")) for uid in (1000, 1001))'
	is "access=$access: permissions" "EACCES x" '
as_user(1000, lambda: chmod("a", 0o600)); f"{as_user(1001, lambda: get("a"))} {as_user(1000, lambda: get("a"))}"'
	leave
done
fresh access=any
given 'umask(0); chmod(".", 0o777); put("f", b"x")'
is "access=any: everybody reads" "x x x" 'f"{get("f").decode()} {as_user(1000, lambda: get("f"))} {as_user(1001, lambda: get("f"))}"'
is "access=any: everybody writes" "ok ok" '" ".join(as_user(uid, lambda: put("f", b"y")) for uid in (1000, 1001))'
given 'rename("f", "../shared"); chmod("..", 0o777)'
leave
given 'libcall("mount", b"share", b"/mnt", b"9p", ctypes.c_ulong(0), b"trans=virtio,version=9p2000.L,access=1000"); None'
defer umount "$MNT"
is "access=1000: that user comes in" "y" 'as_user(1000, lambda: get("/mnt/shared"))'
is "access=1000: others do not" "EPERM EPERM" '" ".join(as_user(uid, lambda: get("/mnt/shared")) for uid in (1001, 0))'
