#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A connection that ends, in any way, ends all waits at once, with EIO, and is told of on one line. So
# does a killed program's, over TCP too. Replies may come in any order.
# client: rust
# timeout: 600
. "$(dirname "$0")/stream.sh"

# breaks NAME TRANS SOURCE OPTIONS ORDER
breaks() {
	local name=$1 order=$5 pids=() pid i start took
	mark
	try mount_at "$2" "$3" "$4"
	order Tread=hang
	for i in 1 2 3 4; do
		dd if="$MNT/f" of=/dev/null iflag=direct bs=64k count=1 skip=$i 2>"/tmp/err$i" &
		pids+=($!)
	done
	try busywait 10 holds 4
	start=$EPOCHREALTIME
	order "$order"
	took=$(took 5 gone "${pids[@]}")
	echo "# $name: $took ms"
	equal "$name: all waits end" 4 "$(grep -l "Input/output error" /tmp/err? | wc -l)"
	equal "$name: so do others" EIO "$(python3 -c "
import errno, os
try: os.stat('$MNT/hello')
except OSError as err: print(errno.errorcode[err.errno])")"
	check "$name: umount" timeout 20 umount "$MNT"
	equal "$name: one line" 1 "$(logged)"
	order release
}

plan 24
try served tcp:127.0.0.1:5640
for order in close half abort; do
	breaks "TCP, $order" tcp 127.0.0.1 port=5640 $order
done
order reset
try mount_at tcp 127.0.0.1 port=5640
dies "TCP: killed, Tflush answered" Tread=hang read "$MNT/f"
dies "TCP: killed, nothing answered" "*=hang" stat "$MNT/f"
order '*=split'
check "TCP: replies byte by byte" cat "$MNT/hello"
order release
check "the client has kept to the protocol" no_violations
# others: replies behind which the swapped ones come.
others() { while sleep 0.05; do stat -f "$MNT"; done >/dev/null; }
others &
others=$!
order 'Tread=swap*6'
check "TCP: replies in another order" cmp "$MNT/f" "$ROOT/f"
kill $others
order release
unmount "$MNT"
stop_server
try served unix:$SOCKET
breaks "unix, close" unix $SOCKET "" close
mark
try mount_at unix $SOCKET
order Tgetattr=size:4294967295
equal "a frame that is none" EIO "$(python3 -c "
import errno, os
try: os.stat('$MNT/d')
except OSError as err: print(errno.errorcode[err.errno])")"
order release
unmount "$MNT"
equal "is told of on one line" 1 "$(logged)"
unmount "$MNT"
check "mounted again" mount_at unix $SOCKET
