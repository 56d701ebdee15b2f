#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Mounts that cannot work, over all transports: the errno is the stock client's, unless a row says that
# it is another, the log gets one line for it, and nothing stays behind: no socket, file, memory,
# thread or reference to a module. With LONG=1 that is tried 1,000 times.
# client: both
# timeout: 600
. "$(dirname "$0")/calls.sh"
. "$(dirname "$0")/fault.sh"

L=version=9p2000.L
HIGH=$(printf 'x%.0s' {1..120})
MUTE=/tmp/mute
# NAME|ERRNO[/ERRNO of the stock client]|OPTIONS|SOURCE|RULE OF THE SERVER
# The server at $SOCKET is p9fault. For the others, and the descriptors, see badmount.py.
ROWS=(
	"tcp: connection refused|ECONNREFUSED|trans=tcp,$L,port=1|127.0.0.1"
	"tcp: no route|ENETUNREACH|trans=tcp,$L|10.9.9.9"
	"tcp: an unreachable host|EHOSTUNREACH|trans=tcp,$L|192.0.2.1"
	"tcp: a name|EINVAL|trans=tcp,$L|localhost"
	"tcp: no address|EINVAL|trans=tcp,$L|127.0.0.1.1"
	"tcp: an address that is too long|EINVAL|trans=tcp,$L|$HIGH"
	"options: no source, tcp|EINVAL|trans=tcp,$L|"
	"tcp: port 65536, taken as 0|ECONNREFUSED|trans=tcp,$L,port=65536|127.0.0.1"
	"options: a port that is no number|EINVAL|trans=tcp,$L,port=many|127.0.0.1"
	"options: a port below 0|EINVAL|trans=tcp,$L,port=-1|127.0.0.1"
	"tcp: closed at once|closed|trans=tcp,$L,port=5661|127.0.0.1"
	"tcp: closed instead of Rversion|closed|trans=tcp,$L,port=5662|127.0.0.1"
	"tcp: killed, Tversion not read|closed|trans=tcp,$L,port=5663|127.0.0.1"
	"tcp: killed inside the size of Rversion|closed|trans=tcp,$L,port=5664|127.0.0.1"
	"tcp: killed inside Rversion|closed|trans=tcp,$L,port=5665|127.0.0.1"
	"unix: no socket|ENOENT|trans=unix,$L|/tmp/no-such-socket"
	"unix: no folder|ENOTDIR|trans=unix,$L|/etc/passwd/socket"
	"unix: a file|ECONNREFUSED|trans=unix,$L|/etc/passwd"
	"unix: a folder|ECONNREFUSED|trans=unix,$L|/tmp"
	"unix: nobody listens|ECONNREFUSED|trans=unix,$L|$MUTE.left"
	"unix: a socket for datagrams|EPROTOTYPE|trans=unix,$L|$MUTE.datagrams"
	"unix: an abstract name of nobody|ECONNREFUSED/ENOENT|trans=unix,$L|@nobody"
	"unix: a path that is too long|ENAMETOOLONG|trans=unix,$L|/tmp/$HIGH"
	"unix: closed at once|closed|trans=unix,$L|$MUTE.closed"
	"unix: closed instead of Rversion|closed|trans=unix,$L|$MUTE.read"
	"unix: killed, Tversion not read|closed|trans=unix,$L|$MUTE.killed"
	"unix: killed inside the size of Rversion|closed|trans=unix,$L|$MUTE.size"
	"unix: killed inside Rversion|closed|trans=unix,$L|$MUTE.part"
	"fd: no descriptors|ENOPROTOOPT|trans=fd,$L|none"
	"fd: only one|ENOPROTOOPT|trans=fd,$L,rfdno=20|none"
	"options: a descriptor that is no number|EINVAL|trans=fd,$L,rfdno=x,wfdno=21|none"
	"fd: not open|EIO|trans=fd,$L,rfdno=99,wfdno=99|none"
	"fd: a number that stands for none|ENOPROTOOPT|trans=fd,$L,rfdno=4294967295,wfdno=4294967295|none"
	"fd: reading not allowed|EIO|trans=fd,$L,rfdno=21,wfdno=21|none"
	"fd: writing not allowed|EIO|trans=fd,$L,rfdno=20,wfdno=20|none"
	"fd: a folder to write|EIO|trans=fd,$L,rfdno=22,wfdno=22|none"
	"fd: a folder to read|EINVAL|trans=fd,$L,rfdno=22,wfdno=21|none"
	"fd: opened as a path|EIO|trans=fd,$L,rfdno=27,wfdno=27|none"
	"fd: nobody writes|closed|trans=fd,$L,rfdno=23,wfdno=21|none"
	"fd: nobody reads|closed|trans=fd,$L,rfdno=25,wfdno=24|none"
	"virtio: no such tag|ENOENT|trans=virtio,$L|nosuchtag"
	"options: no source, virtio|EINVAL|trans=virtio,$L|"
	"options: no such transport|EINVAL|trans=nosuch,$L|share"
	"unix: version unknown|EREMOTEIO|trans=unix,$L|$SOCKET|Tversion=body:002000000700756e6b6e6f776e"
	"unix: version is nonsense|EPROTO/EFAULT|trans=unix,$L|$SOCKET|Tversion=body:ff"
	"unix: msize too small|EREMOTEIO|trans=unix,$L|$SOCKET|Tversion=count:4095"
	"options: an unknown dialect|EINVAL|trans=unix,version=9p3000|$SOCKET"
	"options: too small an msize|EINVAL|trans=unix,$L,msize=1024|$SOCKET"
	"unix: attach refused|EACCES|trans=unix,$L|$SOCKET|Tattach=errno:13"
	"unix: attach without a body|EPROTO/EFAULT|trans=unix,$L|$SOCKET|Tattach=cut:7"
	"unix: closed during version|closed|trans=unix,$L|$SOCKET|Tversion=close"
	"unix: closed during attach|closed|trans=unix,$L|$SOCKET|Tattach=close"
	"unix: getattr of the root refused|EIO|trans=unix,$L|$SOCKET|Tgetattr=errno:5"
)
[ "$CLIENT" = c ] || ROWS+=(
	"vsock: no number|EINVAL|trans=vsock,$L|host"
	"vsock: nobody listens|ECONNRESET|trans=vsock,$L,port=7|1"
)

# attempt OPTIONS SOURCE [RULE]: $got is the errno of a mount.
attempt() {
	tried "mounts that fail" 1
	[ -z "${3-}" ] || order "$3"
	fs "mounting('$1', '${2-}')"
	[ -z "${3-}" ] || order release
}

# row NAME ERRNO OPTIONS SOURCE [RULE]
row() {
	local name=$1 want=${2%/*} lines number least=1
	[ "$CLIENT" != c ] || want=${2#*/}
	echo "selftest: row" >/dev/kmsg
	attempt "${@:3}"
	# Bad options are told to whoever mounts, and the server may have its reasons, not for nonsense.
	[[ $name != options:* && (-z ${5-} || $want = EPROTO) ]] || least=0
	lines=$(dmesg | tac | sed '/selftest: row/,$d')
	number=$(grep -c . <<<"$lines")
	# Which of them depends on who notices first.
	[[ $want != closed || ! $got =~ ^(EIO|ECONNRESET|EPIPE)$ ]] || got=closed
	# At the end of a stream the stock client may read a reply that is none.
	[[ $want$CLIENT != closedc || $got != EFAULT ]] || got=closed
	if [ "$got" != "$want" ]; then
		fail "$name" "want: $want" "got:  $got" "$lines"
	elif [ "$CLIENT" = rust ] && { [ "$number" -lt $least ] || [ "$number" -gt 1 ]; }; then
		fail "$name" "not one line in the log, but $number:" "$lines"
	else
		pass "$name"
	fi
}

# counts: what is in use, "NAME NUMBER" on each line, and the size of objects in bytes.
counts() {
	local file
	sync
	echo 2 >/proc/sys/vm/drop_caches
	awk '/^sockets:/ { print "sockets", $3 } /^TCP:/ { print "orphans", $5 }' /proc/net/sockstat
	echo "unix $(ss -Hax | wc -l)"
	awk '{ print "files", $1 }' /proc/sys/fs/file-nr
	for file in /sys/module/9p*/refcnt; do echo "$file $(<"$file")"; done
	echo "threads $(cat /proc/[0-9]*/comm 2>/dev/null | grep -c ^9p)"
	for file in /sys/kernel/slab/*/shrink; do echo 1 >"$file"; done
	grep -E '^(kmalloc|v9fs|9p|netfs|filp|task_struct|sock_inode|UNIX|TCP|request_sock_TCP|AF_VSOCK)' \
		/proc/slabinfo | awk '{ print "slab:" $1, $2, $4 }'
}

# grown: what is in use more than before. The kernel keeps some free objects in reserve, which count as
# in use: for each processor about 60 of small ones, a few of larger ones.
grown() {
	counts >/tmp/badmount.after
	join -j 1 <(sort /tmp/badmount.before) <(sort /tmp/badmount.after) | awk '
		NF > 3 { room = $3 < 512 ? 150 : 16 }
		NF == 3 { room = $1 ~ /refcnt|threads/ ? 0 : 4 }
		{ now = NF > 3 ? $4 : $3 }
		now > $2 + room { print $1 ": " $2 " before, " now " now"; bad = 1 }
		END { exit bad }'
}

# rounds N: mounts N times, the rows in turn.
rounds() {
	local i fields
	for ((i = 0; i < $1; i++)); do
		IFS='|' read -ra fields <<<"${ROWS[i % ${#ROWS[@]}]}"
		attempt "${fields[@]:2}"
		[[ $got = E* ]] || { echo "${fields[0]}: $got"; return 1; }
	done
}

# nothing_left N: N mounts fail and leave nothing behind. A slab that a processor has begun looks like
# a loss, once; what is lost is lost each time.
nothing_left() {
	for _ in 1 2 3; do
		counts >/tmp/badmount.before
		rounds "$1" || return 1
		! busywait 10 grown >/tmp/badmount.grown || return 0
	done
	grown
}

loops=$((ROUNDS * 20))
[ -z "${LONG-}" ] || loops=1000
[ "$CLIENT" = rust ] || loops=0
plan $((${#ROWS[@]} + (loops ? 2 : 1)))
try serve
modprobe vsock_loopback 2>/dev/null # it says something itself
cd / && calls
given "$(<"$SELFTESTS/badmount.py")"
ip route add unreachable 192.0.2.0/24
defer ip route del unreachable 192.0.2.0/24
for line in "${ROWS[@]}"; do
	IFS='|' read -ra fields <<<"$line"
	row "${fields[@]}"
done
if [ $loops != 0 ]; then
	check "nothing is left of $loops mounts that fail" nothing_left $loops
fi
check "a mount that can work does" mount_fault
