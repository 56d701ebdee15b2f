#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Rversions that the session must not begin with, and one that comes later.
# client: rust
# timeout: 600
. "$(dirname "$0")/hostile.sh"

# version MSIZE NAME: the rule for an Rversion with them.
version() {
	local size=$1 body
	printf -v body '%02x%02x%02x%02x' $((size & 255)) $((size >> 8 & 255)) $((size >> 16 & 255)) $((size >> 24 & 255))
	printf -v body '%s%02x%02x' "$body" $((${#2} & 255)) $((${#2} >> 8))
	echo "Tversion=body:$body$(printf %s "$2" | od -An -v -tx1 | tr -d " \n")"
}

plan 26
try hostile
for size in 0 1 4095 2147483648 4294967295; do
	equal "S13: msize $size" EREMOTEIO "$(mounting "$(version $size 9P2000.L)")"
done
for name in "" unknown 9P 9P2000.Lx 9P2000.LL 9p2000.L 9P2000.ux 9P2000.X "9P2000.L "; do
	equal "S13: version '$name'" EREMOTEIO "$(mounting "$(version 8192 "$name")")"
done
long=$(printf 'x%.0s' {1..3000})
like "S13: a version of 3,000 bytes" "EREMOTEIO|EIO" "$(mounting "$(version 8192 "$long")")"
like "S13: a length of 65,535" "EPROTO|EIO" "$(mounting Tversion=body:00200000ffff)"
for dialect in 9p2000 9p2000.u; do
	equal "S13: $dialect asked for, 9P2000.L given" EREMOTEIO "$(mounting "$(version 8192 9P2000.L)")"
done
dialect=9p2000
equal "S13: 9p2000 asked for, 9P2000.u given" EREMOTEIO "$(mounting "$(version 8192 9P2000.u)")"
dialect=9p2000.L
equal "S13: an msize larger than asked for" mounted "$(mounting "$(version 2147483647 9P2000.L)")"
options=msize=8192
order "$(version 1048576 9P2000.L)"
mount_once "$options"
equal "S13: it is not taken" msize=8192 "$(findmnt -n -o OPTIONS "$MNT" | grep -o 'msize=[0-9]*')"
unmount "$MNT"
order release
options=''
equal "S13: the error number" EACCES "$(mounting Tversion=errno:13)"
equal "S13: an Rread" EPROTO "$(mounting Tversion=type:117)"
like "S13: another tag" EIO "$(mounting Tversion=tag:7)"
forged "S13: an Rversion later" EPROTO Tgetattr=type:101 'stat("/mnt/f")' served
equal "S13: mounted after all" mounted "$(mounting)"
