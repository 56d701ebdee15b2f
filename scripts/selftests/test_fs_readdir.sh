#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Reading folders: thousands of entries, positions, entries that come and go.
# host: mkdir many && cd many && seq -f entry-%.0f ${LONG:+8}20000 | xargs touch
. "$(dirname "$0")/calls.sh"

positions='
libc.opendir.restype = libc.readdir.restype = ctypes.c_void_p
libc.telldir.restype = ctypes.c_long

def entry(dir):
    """d_off and the name."""
    at = libc.readdir(ctypes.c_void_p(dir))
    return at and (ctypes.c_long.from_address(at + 8).value, ctypes.string_at(at + 19))

def tell(dir): return libc.telldir(ctypes.c_void_p(dir))
def seek(dir, at): libc.seekdir(ctypes.c_void_p(dir), ctypes.c_long(at))

def entries(dir):
    while found := entry(dir): yield found[1]
'

fresh cache=none
given "$positions"

plan 10
if [ -d "$MNT/many" ]; then
	many=${LONG:+8}20000
	is "$many entries" "$many $many True" '
names = listdir("../many"); f"{len(names)} {len(set(names))} {"entry-7777" in names}"'
else
	skip "very many entries" "no folder many in the share"
fi
given 'mkdir("d")
for i in range(500): put(f"d/{i}")
dir = libc.opendir(b"d")'
is "500 entries" 502 'len(set(entries(dir)))'
is "telldir and seekdir" True '
libc.rewinddir(ctypes.c_void_p(dir)); places = []
while True:
    place = tell(dir); found = entry(dir)
    if not found: break
    places.append((place, found[1]))
all((seek(dir, place), entry(dir)[1])[1] == name for place, name in places[::-7])'
is "a new entry shows after rewinddir" True 'put("d/new"); libc.rewinddir(ctypes.c_void_p(dir)); b"new" in list(entries(dir))'
is "removing while reading" 0 '
libc.rewinddir(ctypes.c_void_p(dir))
for name in entries(dir):
    if name not in (b".", b".."): unlink(b"d/" + name)
libc.closedir(ctypes.c_void_p(dir)); len(listdir("d"))'
is "types of entries" "d f l p" '
mkdir("t"); mkdir("t/d"); put("t/f"); symlink("x", "t/l"); mkfifo("t/p")
" ".join(sorted(e.name for e in scandir("t") if {"d": e.is_dir(), "f": e.is_file(), "l": e.is_symlink()}.get(e.name, True)))'
is "inode numbers are those of stat" True 'all(e.inode() == lstat("t/" + e.name).st_ino for e in scandir("t"))'
is "an absent folder, a file, no permission" "ENOENT ENOTDIR EACCES" '
chmod(".", 0o755); chmod("t", 0o700)
" ".join((answer(lambda: listdir("none")), answer(lambda: listdir("t/f")), as_user(1000, lambda: listdir("t"))))'
leave
fresh msize=4096
is "long names in small messages" "60 60" '
for i in range(60): put(f"{i:03}" * 85)
f"{len(listdir())} {len(set(listdir()))}"'
is "a removed folder" "ENOENT True" 'mkdir("g"); fd = open("g", O_RDONLY); rmdir("g"); f"{answer(lambda: stat("g"))} {answer(lambda: listdir(fd)) in ("ENOENT", "[]")}"'
