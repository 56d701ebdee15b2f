#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Replies of another type than asked for, and error numbers that are none.
# client: rust
# timeout: 600
. "$(dirname "$0")/hostile.sh"

plan 25
try hostile
stat='stat("/mnt/f").st_size'
# Rclunk, Rread, Rerror, Tgetattr itself, what no message has.
for type in 121 117 107 24 0 6 255; do
	forged "S8: type $type for a Tgetattr" EPROTO Tgetattr=type:$type "$stat" served
done
forged "S8: type 25 for a Tread" "EPROTO|EIO" Tread=type:25 'fd = open("/mnt/f", O_RDONLY); read(fd, 16)' served
forged "S8: type 121 for a Twalk" EPROTO Twalk=type:121 'stat("/mnt/d/e")'
forged "S8: type 107 for a Tclunk" "ok|EPROTO" Tclunk=type:107 'close(open("/mnt/f", O_WRONLY))' served
# As NFS-Ganesha has it.
forged "S8: type 107 with a number" ENOENT "" 'forge("Tgetattr", b"\2\0\0\0", kind=107); stat("/mnt/f")' served
equal "S8: type 107 for a Tattach" EPROTO "$(mounting Tattach=type:107)"
equal "S8: type 25 for a Tversion" EPROTO "$(mounting Tversion=type:25)"
forged "S9: ecode 0" EPROTO Tgetattr=errno:0 "$stat" served
for ecode in 512 513 516 527 4095 4096 65536 2147483648 4294967295; do
	forged "S9: ecode $ecode" EIO Tgetattr=errno:$ecode "$stat" served
done
forged "S9: ecode 511 is one" "511" Tgetattr=errno:511 '
try: stat("/mnt/f")
except OSError as err: n = err.errno
n' served
forged "S9: ecode 512 of a read" EIO Tread=errno:512 'fd = open("/mnt/f", O_RDONLY); read(fd, 16)' served
