#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Counts of bulk data that lie: larger than what was asked for, than what is there, or than any
# buffer; and writes of which nothing is ever taken.
# client: rust
# timeout: 600
. "$(dirname "$0")/hostile.sh"

plan 19
try hostile
small='fd = open("/mnt/f", O_RDONLY); read(fd, 16)'
large='fd = open("/mnt/f", O_RDONLY); read(fd, 100000)'
write='fd = open("/mnt/f", O_WRONLY); write(fd, b"0123456789abcdef")'
for lie in 2147483648 4294967295; do
	forged "S1: Rread count $lie" EIO Tread=count:$lie "$small"
	forged "S1: Rread count $lie, a large read" EIO Tread=count:$lie "$large"
	forged "S1: Rwrite count $lie" EIO Twrite=count:$lie "$write" served
	forged "S1: Rreaddir count $lie" EIO Treaddir=count:$lie 'listdir("/mnt")'
done
forged "S2: Rread with one byte more than asked" EIO "" 'forge("Tread", counted(b"0123456789abcdefg"))
fd = open("/mnt/f", O_RDONLY); read(fd, 16)'
forged "S5: Rread with one byte more than asked, a large read" EIO "" '
forge("Tread", counted(bytes(100001))); fd = open("/mnt/f", O_RDONLY); read(fd, 100000)'
forged "S2: Rread count larger than its data" EIO Tread=count:17 "$small"
forged "S7: Rread count smaller than its data" "EPROTO|EIO" Tread=count:15 "$small"
forged "S2: Rwrite count larger than what was sent" EIO Twrite=count:17 "$write" served
forged "S2: Rreaddir count larger than its data" EIO Treaddir=count:9999 'listdir("/mnt")'
forged "S3: Rwrite count 0, for ever" EIO Twrite=count:0 "$write" served
forged "S3: Rwrite count 0 after a part" 'EIO 5' "" 'fd = open("/mnt/f", O_WRONLY)
order("Twrite=count:0"); order("Twrite=count:5*1"); a = answer(lambda: write(fd, b"0123456789abcdef"))
f"{answer(lambda: write(fd, b"x"))} {a}"' served
options=cache=loose
forged "S1: Rread count 4294967295, cached" EIO Tread=count:4294967295 "$large"
forged "S3: Rwrite count 0, from the page cache" EIO Twrite=count:0 '
fd = open("/mnt/f", O_RDWR); write(fd, b"0123456789abcdef"); fsync(fd)' served
options=cache=mmap
forged "S3: Rwrite count 0, from a mapping" EIO Twrite=count:0 '
fd = open("/mnt/f", O_RDWR); pages = mmap.mmap(fd, 4096); pages[:4] = b"abcd"
try: pages.flush()
finally: pages.close()' served
