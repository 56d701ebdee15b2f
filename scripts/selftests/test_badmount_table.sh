#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Mounts that cannot work, over tcp, unix, fd and virtio: the errno is the stock client's, unless a row
# says why it is another, the log gets at most one line for it, and nothing stays behind: no socket,
# file or memory.
# long: stock debug
# client: both
# timeout: 600
. "$(dirname "$0")/fault.sh"

L=version=9p2000.L
HIGH=$(printf 'x%.0s' {1..120})
# NAME|ERRNO[/ERRNO of the stock client]|OPTIONS|SOURCE|RULE OF THE SERVER
# The server at the unix socket is p9fault. File descriptor 3 can only be read, 4 only written, 5 is a
# folder.
ROWS=(
	"tcp: connection refused|ECONNREFUSED|trans=tcp,$L,port=1|127.0.0.1"
	"tcp: no route|ENETUNREACH|trans=tcp,$L|10.9.9.9"
	"tcp: no address|EINVAL|trans=tcp,$L|not.an.address"
	"tcp: an address that is too long|EINVAL|trans=tcp,$L|$HIGH"
	"tcp: port 65536, taken as 0|ECONNREFUSED|trans=tcp,$L,port=65536|127.0.0.1"
	"tcp: port that is no number|EINVAL|trans=tcp,$L,port=many|127.0.0.1"
	"unix: no socket|ENOENT|trans=unix,$L|/tmp/no-such-socket"
	"unix: a file|ECONNREFUSED|trans=unix,$L|/etc/passwd"
	"unix: a folder|ECONNREFUSED|trans=unix,$L|/tmp"
	"unix: a path that is too long|ENAMETOOLONG|trans=unix,$L|/tmp/$HIGH"
	"fd: no descriptors|ENOPROTOOPT|trans=fd,$L|none"
	"fd: only one|ENOPROTOOPT|trans=fd,$L,rfdno=3|none"
	"fd: not open|EIO|trans=fd,$L,rfdno=99,wfdno=99|none"
	"fd: reading not allowed|EIO|trans=fd,$L,rfdno=4,wfdno=4|none"
	"fd: writing not allowed|EIO|trans=fd,$L,rfdno=3,wfdno=3|none"
	"fd: a folder|EIO|trans=fd,$L,rfdno=5,wfdno=5|none"
	"virtio: no such tag|ENOENT|trans=virtio,$L|nosuchtag"
	"unix: version unknown|EREMOTEIO|trans=unix,$L|$SOCKET|Tversion=body:002000000700756e6b6e6f776e"
	"unix: version is nonsense|EPROTO/EINVAL|trans=unix,$L|$SOCKET|Tversion=body:ff"
	"unix: msize too small|EREMOTEIO|trans=unix,$L|$SOCKET|Tversion=count:4095"
	"unix: dialect unknown to the client|EINVAL|trans=unix,version=9p3000|$SOCKET"
	"unix: asked for too small an msize|EINVAL|trans=unix,$L,msize=1024|$SOCKET"
	"unix: attach refused|EACCES|trans=unix,$L|$SOCKET|Tattach=errno:13"
	"unix: attach without a body|EPROTO/EFAULT|trans=unix,$L|$SOCKET|Tattach=cut:7"
	"unix: closed during version|closed|trans=unix,$L|$SOCKET|Tversion=close"
	"unix: closed during attach|closed|trans=unix,$L|$SOCKET|Tattach=close"
	"unix: getattr of the root refused|EIO|trans=unix,$L|$SOCKET|Tgetattr=errno:5"
)

# attempt OPTIONS SOURCE [RULE]: the errno of a mount.
attempt() {
	[ -z "${3-}" ] || order "$3"
	mount_errno "$1" "$2"
	[ -z "${3-}" ] || order release
}

# row NAME ERRNO OPTIONS SOURCE [RULE]
row() {
	local name=$1 want=${2%/*} lines
	[ "$CLIENT" != c ] || want=${2#*/}
	echo "selftest: row" >/dev/kmsg
	got=$(attempt "${@:3}")
	lines=$(dmesg | tac | sed '/selftest: row/,$d')
	# Which of them depends on who notices first.
	[[ $want != closed || ! $got =~ ^(EIO|ECONNRESET|EPIPE|EREMOTEIO)$ ]] || got=closed
	if [ "$got" != "$want" ]; then
		fail "$name" "want: $want" "got:  $got" "$lines"
	elif [ "$CLIENT" = rust ] && [ "$(grep -c . <<<"$lines")" -gt 1 ]; then
		fail "$name" "more than one line in the log:" "$lines"
	else
		pass "$name"
	fi
}

# counts: what is in use, "NAME NUMBER" on each line. Of objects smaller than 512 bytes the kernel
# keeps too many in reserve to count few.
counts() {
	sync
	echo 2 >/proc/sys/vm/drop_caches
	awk '/^sockets:/ { print "sockets", $3 }' /proc/net/sockstat
	awk '{ print "files", $1 }' /proc/sys/fs/file-nr
	awk '/^kmalloc-(512|[1-8]k) |^sock_inode_cache|^UNIX/ { print $1, $2 }' /proc/slabinfo
}

# grown: what is in use more than before; of the small things, at least half of one for each mount.
grown() {
	counts >/tmp/badmount.after
	paste -d ' ' /tmp/badmount.before /tmp/badmount.after | awk -v few="$((loops / 2))" '
		{ room = $1 == "sockets" || $1 == "files" ? 4 : few }
		$4 - $2 > room { print $1 ": " $2 " before, " $4 " now"; bad = 1 }
		END { exit bad }'
}

# rounds N: mounts N times, the rows in turn.
rounds() {
	local i fields
	for ((i = 0; i < $1; i++)); do
		IFS='|' read -ra fields <<<"${ROWS[i % ${#ROWS[@]}]}"
		[ -z "${fields[4]-}" ] || order "${fields[4]}"
		mount -i -t 9p -o "${fields[2]}" "${fields[3]}" "$MNT" 2>/dev/null && return 1
		[ -z "${fields[4]-}" ] || order release
	done
}

loops=$((${LONG:+900} + 100))
plan $((${#ROWS[@]} + 3))
try serve
mkdir -p "$MNT"
exec 3</dev/zero 4>/dev/null 5</tmp
for line in "${ROWS[@]}"; do
	IFS='|' read -ra fields <<<"$line"
	row "${fields[@]}"
done
try rounds "${#ROWS[@]}"
counts >/tmp/badmount.before
check "$loops mounts fail" rounds $loops
busywait 10 grown >/dev/null
check "nothing is left of them" grown
check "a mount that can work does" mount_fault
