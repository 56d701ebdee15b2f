#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Names of every length and with every byte that a name may have.
. "$(dirname "$0")/calls.sh"

fresh ""

plan 12
is "255 bytes" "255 1" 'n = "n" * 255; put(n, b"x"); f"{len(listdir()[0])} {stat(n).st_size}"'
is "256 bytes" ENAMETOOLONG 'put("n" * 256)'
is "256 bytes, look up" ENAMETOOLONG 'stat("n" * 256)'
is "256 bytes, rename to" ENAMETOOLONG 'rename(n, "n" * 256)'
is "remove" 0 'unlink(n); len(listdir())'
is "255 bytes, folders in each other" 2050 '
at = getcwd()
for i in range(8): mkdir("d" * 255); chdir("d" * 255)
put("f"); chdir(at); length = len(("/" + "d" * 255) * 8 + "/f"); stat(("d" * 255 + "/") * 8 + "f"); length'
is "a path that is too long" ENAMETOOLONG 'stat("./" * 2048)'
is "a path just not too long" True 'st.S_ISDIR(stat("./" * 2046).st_mode)'
is "every byte but / and 0" "253 253" '
names = {b"a" + bytes([i]) + b"z" for i in range(1, 256) if i != 47}
mkdir("bytes")
for name in names: put(b"bytes/" + name, name)
f"{len(set(listdir(b"bytes")) & names) - 1} {sum(get(b"bytes/" + name) == name for name in names) - 1}"'
is "unusual names" True '
odd = {b" ", b"...", b"-", b".a", b"a ", b"\\", b"\n", b"\xff\xfe", b"\xc3\x28", "\u4e2d\u6587".encode(), b"CON", b"a:b", b"*"}
mkdir("odd")
for name in odd: mkdir(b"odd/" + name)
set(listdir(b"odd")) == odd'
is "upper and lower case differ" 2 'mkdir("case"); put("case/a"); put("case/A"); len(listdir("case"))'
is "an empty name" ENOENT 'put("")'
