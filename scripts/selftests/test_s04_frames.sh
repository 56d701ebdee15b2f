#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Frames that are none: sizes and tags that lie, ends in the middle; and frames that come in any
# order and in any pieces, which are served.
# client: rust
# timeout: 600
# long: yes
. "$(dirname "$0")/hostile.sh"

plan 26
try hostile
stat='stat("/mnt/f").st_size'
for size in 0 1 2 3 4 5 6; do forged "S4: size $size" EIO Tgetattr=size:$size "$stat" dead; done
forged "S4: size 7, the body missing" "EIO|EPROTO" Tgetattr=cut:7 "$stat" served
for part in 1 4 6 7 20; do
	forged "S4: the end after $part bytes" EIO "" "
order('Tgetattr=part:$part'); child = start(lambda: stat('/mnt/f').st_size)
while order('held Tgetattr') == '0': pass
order('close'); end(child)" dead
done
for size in 100000 200000 1048577 2147483648 4294967295; do
	forged "S5: size $size" EIO Tgetattr=size:$size "$stat" dead
done
for tag in 1234 32767 65534 65535; do
	forged "S11: the tag $tag of nobody" EIO Tgetattr=tag:$tag "$stat" dead
done
forged "S11: the same reply twice" "1048576|EIO" Tgetattr=dup*1 "$stat"
bytes=1048576
[ "$KERNEL" = stock ] || bytes=65536 # a wake-up for each
forged "S12: each byte by itself" "True" '*=split' '
fd = open("/mnt/f", O_RDONLY); text = pread(fd, '$bytes', 0); close(fd)
text == b"0123456789abcde\n" * ('$bytes' // 16)' served
forged "S12: held replies of eight, all at once" "True" "" '
fds = [open("/mnt/f", O_RDONLY) for i in range(8)]; order("Tread=mute")
children = [start(lambda fd=fd: pread(fd, 99, 16 * fd) == (b"0123456789abcde\n" * 7)[:99]) for fd in fds]
while order("held Tread") != "8": pass
order("release"); all(end(child) == "True" for child in children)' served
forged "S12: two replies in the wrong order" "True" "" '
fds = [open("/mnt/f", O_RDONLY) for i in range(2)]; order("Tread=swap*1")
children = [start(lambda fd=fd: pread(fd, 99, 16 * fd) == (b"0123456789abcde\n" * 7)[:99]) for fd in fds]
all(end(child) == "True" for child in children)' served
