# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# For tests of the transports over sockets and other files. p9fault serves $ROOT, see fault.sh, at
# places of all kinds.
. "$(dirname "${BASH_SOURCE[0]}")/fault.sh"

# served ADDRESS [ARGUMENT...]: starts p9fault at ADDRESS, with $ROOT as it is for fault.sh.
served() {
	local address=$1
	shift
	mkdir -p "$ROOT/d"
	echo "Hello." >"$ROOT/hello"
	yes 0123456789abcde | head -c 1M >"$ROOT/f"
	"$BIN/p9fault" --control tcp:127.0.0.1:5641 --log $LOG "$@" "$ROOT" "$address" &
	server=$!
	defer stop_server
	try busywait 10 orders
}

# orders: whether the server takes them.
orders() { (: <>"$ORDERS") 2>/dev/null; }

# mount_at TRANS SOURCE [OPTIONS]: mounts what is served there.
mount_at() {
	tried mounts 1
	mkdir -p "$MNT"
	mount -i -t 9p -o "trans=$1,version=9p2000.L${3:+,$3}" "$2" "$MNT" || return 1
	defer unmount "$MNT"
}

# works: the mount reads and writes, small and large files.
works() {
	[ "$(cat "$MNT/hello")" = Hello. ] && cmp "$MNT/f" "$ROOT/f" &&
		cp "$ROOT/f" "$MNT/g" && sync -f "$MNT" && cmp "$MNT/g" "$ROOT/f" && rm "$MNT/g" &&
		dd if="$MNT/f" of=/tmp/direct iflag=direct bs=1M status=none && cmp /tmp/direct "$ROOT/f"
}

# shown OPTION...: what /proc/mounts says of the transport and behind it.
shown() { sed -n "s|.* $MNT 9p .*\(,trans=[^ ]*\) .*|\1|p" /proc/self/mounts; }

# forward 'FAMILY, ADDRESS' PATH: what connects there, in words of Python, gets what the socket PATH
# says.
forward() {
	rm -f /tmp/forwards
	python3 -c "
import socket, sys, threading
def pump(a, b):
    while data := a.recv(65536): b.sendall(data)
    b.shutdown(socket.SHUT_WR)
family, address = $1
listener = socket.socket(family)
listener.bind(address)
listener.listen()
open('/tmp/forwards', 'w').close()
while True:
    a = listener.accept()[0]
    b = socket.socket(socket.AF_UNIX)
    b.connect('$2')
    threading.Thread(target=pump, args=(a, b), daemon=True).start()
    threading.Thread(target=pump, args=(b, a), daemon=True).start()" &
	defer kill $!
	try busywait 20 test -e /tmp/forwards # it listens
}

# mark, then logged: how many lines the kernel has logged of 9pnet since.
mark() { marks=$((marks + 1)) && echo "selftest: mark $$.$marks" >/dev/kmsg; }
logged() { dmesg | sed "1,/selftest: mark $$.$marks\$/d" | grep -c "9pnet: "; }
marks=0
