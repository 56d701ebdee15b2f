#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Mounts with requests in every state are taken away, again and again: umount, umount -l,
# umount -f, and unloading the modules. Afterwards everything is as it was: memory of the kernel,
# processes, references to the modules, connections and fids of the server.
# timeout: 600
# client: rust
# races: yes
. "$(dirname "$0")/fault.sh"

# What is counted. Slabs and processes of the kernel come and go, so the smallest of some counts.
uses() { lsmod | awk '$1 ~ /^9p/ { print $1, $3 }' | sort | tr '\n' ' '; }
slabs() { awk '/^SUnreclaim/ { print $2 }' /proc/meminfo; }
kernel_tasks() { pgrep -P 2 | wc -l; }
quiet() {
	local best=99999999 now
	for _ in 1 2 3 4 5; do
		echo 3 >/proc/sys/vm/drop_caches
		now=$("$1")
		[ "$now" -ge "$best" ] || best=$now
	done
	echo "$best"
}

reader() {
	cat "$@" >/dev/null 2>&1 &
	readers+=($!)
	disown
}

# busy: a mount with requests that wait, are flushed, are flushed and answered late, are not sent;
# with a Tclunk that is not answered, an open file, and dirty pages.
busy() {
	try mount_once cache=loose
	readers=()
	exec {held}<"$MNT/hello"
	echo dirty >"$MNT/dirty"
	order "Tread@waits=hang Tread@flushed=hang Tread@late=mute Tflush=hang Tclunk@hello=hang"
	reader "$MNT/waits"
	reader "$MNT/flushed"
	reader "$MNT/late"
	busywait 10 holds 3 || return
	kill -KILL "${readers[1]}" "${readers[2]}"
	busywait 10 gone "${readers[1]}" "${readers[2]}" || return
	exec {held}<&-
}

# taken_away UMOUNT..: takes the mount away. What is not answered holds up the end of the session for
# 5 s: in most rounds it is answered while the session waits for it.
taken_away() {
	busywait 5 "$@" &
	busywait 5 is_away
	[ $((round % 10)) = 0 ] || order release
	wait $!
}

is_away() { ! is_mounted "$MNT"; }

reader_gone() { busywait 10 gone "${readers[0]}"; }

# away HOW: takes the mount away.
away() {
	case $1 in
	umount)
		order release Tread # the one who waits holds the mount
		reader_gone && taken_away umount "$MNT"
		;;
	force)
		umount -f "$MNT" 2>/dev/null
		reader_gone && unmount "$MNT"
		;;
	lazy)
		taken_away umount -l "$MNT"
		kill -KILL "${readers[0]}"
		reader_gone
		;;
	dead)
		order abort
		reader_gone && unmount "$MNT"
		;;
	esac
}

# ended: the session is gone on both sides.
ended() { [ "$(order connections)" = 0 ]; }

reload() { modprobe -r 9p && modprobe -r 9pnet_fd 9pnet && modprobe 9p && modprobe 9pnet_fd; }

rounds() {
	local how
	for ((round = 1; round <= ROUNDS; round++)); do
		for how in umount force lazy dead; do
			if ! busy || ! away $how || ! busywait 15 ended; then
				echo "round $round, $how: $(order connections) sessions are left"
				return 1
			fi
			order release
		done
		[ $((round % 5)) != 0 ] || reload || { echo "round $round: $(uses)"; return 1; }
	done
}

plan 6
try serve
for name in waits flushed late; do cp "$ROOT/f" "$ROOT/$name"; done
# The first round leaves behind what is kept for good: caches, files read.
round=1
try busy
try away umount
try busywait 15 ended
order release
before=$(quiet slabs) tasks=$(quiet kernel_tasks) modules=$(uses)
check "$ROUNDS rounds" rounds
tried "busy mounts taken away" "$ROUNDS"
after=$(quiet slabs)
echo "# unreclaimable slabs: $before KiB before, $after KiB after"
if [ "$KERNEL" = stock ]; then
	check "no memory is lost" test "$after" -le $((before + 1024 + ROUNDS * 4))
else
	skip "no memory is lost" "KASAN keeps freed memory for a while; kmemleak finds what is lost"
fi
check "no task of the kernel is left" test "$(quiet kernel_tasks)" -le $((tasks + 2))
equal "the modules are used as before" "$modules" "$(uses)"
equal "the server holds no fid" 0 "$(left)"
check "the client has kept to the protocol" no_violations
