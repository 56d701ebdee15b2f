# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# For tests with a server that misbehaves: p9fault (see rust/tools) runs in the guest and serves
# $ROOT; $MNT is mounted over a unix socket, or over TCP with TRANS=tcp.
. "$(dirname "${BASH_SOURCE[0]}")/kill.sh"

ROOT=/tmp/served
LOG=/tmp/p9fault.log
SOCKET=/tmp/p9fault
PORT=5640
TRANS=unix
ORDERS=/dev/tcp/127.0.0.1/5641

LEFT=fids
left() { order fids; }

# serve [ARGUMENT...]: starts p9fault.
serve() {
	modprobe 9pnet_fd 2>/dev/null || skip_all "no transport over sockets"
	rm -rf "$ROOT" && mkdir -p "$ROOT/d"
	echo "Hello." >"$ROOT/hello"
	yes 0123456789abcde | head -c 1M >"$ROOT/f"
	local address=unix:$SOCKET
	[ $TRANS = unix ] || address=tcp:127.0.0.1:$PORT
	"$BIN/p9fault" --control tcp:127.0.0.1:5641 --log $LOG "$@" "$ROOT" "$address" &
	server=$!
	defer stop_server
	try busywait 10 serves
}

# serves: whether p9fault listens.
serves() {
	if [ $TRANS = unix ]; then test -S $SOCKET; else grep -q ":$(printf %04X $PORT) .* 0A " /proc/net/tcp; fi
}

stop_server() {
	kill "$server" 2>/dev/null
	wait "$server" 2>/dev/null
	rm -f $SOCKET
}

# mount_once [OPTIONS]: mounts what p9fault serves.
mount_once() {
	local options=version=9p2000.L${1:+,$1}
	tried mounts 1
	mkdir -p "$MNT"
	if [ $TRANS = unix ]; then
		mount -i -t 9p -o "trans=unix,$options" $SOCKET "$MNT"
	else
		mount -i -t 9p -o "trans=tcp,port=$PORT,$options" 127.0.0.1 "$MNT"
	fi
}

# mount_fault [OPTIONS]: the same, until the test ends.
mount_fault() {
	mount_once "$@" || return 1
	defer unmount "$MNT"
	defer order release
}

# settled: whether the number of fids on the server, $fids, stays.
fids=
settled() {
	local last=$fids
	fids=$(left)
	[ "$last" = "$fids" ]
}

# no_violations: the client has kept to the protocol.
no_violations() {
	local found
	found=$(order violations)
	[ "$found" = 0 ] || { echo "$found"; return 1; }
}
