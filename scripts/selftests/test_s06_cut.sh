#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The replies of all messages, cut after each byte, with a size that fits, and with bytes too many.
# What each message has made on the server is given back.
# client: rust
# timeout: 600
# long: yes
. "$(dirname "$0")/hostile.sh"

MESSAGES=(
	'Twalk|lambda n: stat("/mnt/d/e") and None'
	'Tgetattr|lambda n: stat("/mnt/f") and None'
	'Tsetattr|lambda n: chmod("/mnt/f", 0o600)'
	'Tlopen|lambda n: close(open("/mnt/f", O_RDONLY))'
	'Tlcreate|lambda n: close(open(f"/mnt/c{n}", O_WRONLY | O_CREAT))'
	'Tread|lambda n: first() and None'
	'Twrite|lambda n: pwrite(fd, b"0123", 0) and None'
	'Treaddir|lambda n: listdir("/mnt/d") and None'
	'Tstatfs|lambda n: statvfs("/mnt") and None'
	'Tsymlink|lambda n: symlink("to", f"/mnt/s{n}")'
	'Treadlink|lambda n: readlink("/mnt/l") and None'
	'Tmknod|lambda n: mkfifo(f"/mnt/p{n}")'
	'Tmkdir|lambda n: mkdir(f"/mnt/d{n}")'
	'Tlink|lambda n: link("/mnt/f", f"/mnt/f{n}")'
	'Trenameat|lambda n: (put(f"/tmp/served/r{n}"), rename(f"/mnt/r{n}", f"/mnt/x{n}"))[1]'
	'Tunlinkat|lambda n: (put(f"/tmp/served/u{n}"), unlink(f"/mnt/u{n}"))[1]'
	'Txattrwalk|lambda n: getxattr("/mnt/hello", "user.x") and None'
	'Txattrcreate|lambda n: setxattr("/mnt/f", "user.y", b"v")'
	'Tfsync|lambda n: fsync(fd)'
	'Tlock|lambda n: fcntl.lockf(fd, fcntl.LOCK_EX)'
	'Tgetlock|lambda n: fcntl.fcntl(fd, fcntl.F_GETLK, struct.pack("hhqqi", fcntl.F_WRLCK, 0, n, 1, 0)) and None'
	'Tclunk|lambda n: close(open("/mnt/f", O_RDONLY))'
)

plan $((${#MESSAGES[@]} + 10))
try hostile
for line in "${MESSAGES[@]}"; do
	message=${line%%|*}
	# Served when it is whole, and not before.
	want=${REPLY[$message]}
	[ "$want" = 7 ] || want="((EIO|EPROTO) )+$want"
	forged "S6: ${message/T/R} cut" "$want" "" '
fd = open("/mnt/f", O_RDWR)
def first():
    at = open("/mnt/f", O_RDONLY)
    try: return read(at, 16)
    finally: close(at)
cut("'"$message"'", '"${line#*|}"')' served
done

cuts() { # MESSAGE BYTES
	local n
	for ((n = 7; n < $2; n++)); do mounting "$1=cut:$n"; done | sort -u | xargs
}
like "S6: Rattach cut" "EIO|EPROTO|EIO EPROTO" "$(cuts Tattach 20)"
like "S6: Rversion cut" "((EIO|EPROTO|EREMOTEIO)( |$))+" "$(cuts Tversion 21)"
equal "S6: mounted again" mounted "$(mounting)"
for trail in 1 1000; do
	forged "S7: $trail bytes behind an Rgetattr" "EPROTO|EIO" Tgetattr=trail:$trail 'stat("/mnt/f")'
	forged "S7: $trail bytes behind an Rwalk" "EPROTO|EIO" Twalk=trail:$trail 'stat("/mnt/d/e")'
	forged "S7: $trail bytes behind an Rread" "EPROTO|EIO" Tread=trail:$trail 'fd = open("/mnt/f", O_RDONLY); read(fd, 16)'
done
forged "S7: bytes behind an Rlerror" "EPROTO|EIO" Tgetattr=type:7 'stat("/mnt/f")'
