#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Processes are killed, and send their Tflushes, while the server closes the connection; and mounts
# come and go with I/O under way while the server is killed. All processes end, all mounts go.
# client: rust
# timeout: 600
# long: yes
. "$(dirname "$0")/fault.sh"

# storm HOW: ten readers wait; half of them are killed while the connection ends.
storm() {
	local round pids
	for ((round = 0; round < ROUNDS; round++)); do
		mount_once || return 1
		order "Tread@f=hang" "Tflush=$2"
		pids=()
		for _ in {1..10}; do
			head -c 16 "$MNT/f" >/dev/null 2>&1 &
			pids+=($!)
			disown
		done
		busywait 10 holds 10 || return 1
		kill -KILL "${pids[@]:0:5}" &
		order "$1"
		tried kills 5
		tried disconnects 1
		wait $!
		busywait 5 gone "${pids[@]}" || { echo "some do not end"; return 1; }
		order release
		umount "$MNT" || return 1
	done
}

# deaths N: N mounts with programs that read, write and stat, whose server is killed at any time.
deaths() {
	local round dir pids program caches=(none loose)
	for ((round = 0; round < $1; round++)); do
		dir=$(mktemp -d /tmp/death.XXXXXX)
		mkdir "$dir/root" && head -c 100000 /dev/zero >"$dir/root/f"
		"$BIN/p9fault" "$dir/root" "unix:$dir/socket" 2>/dev/null &
		program=$!
		disown
		busywait 10 test -S "$dir/socket" || return 1
		mount -i -t 9p -o "trans=unix,version=9p2000.L,cache=${caches[round % 2]}" "$dir/socket" "$MNT" ||
			return 1
		pids=()
		for work in "cat $MNT/f" "cp $MNT/f $MNT/g" "stat $MNT/f" "ls -l $MNT" "touch $MNT/new"; do
			(while $work; do :; done) >/dev/null 2>&1 &
			pids+=($!)
			disown
		done
		(sleep "0.0$((RANDOM % 100))")
		kill -KILL $program
		tried disconnects 1
		if ! busywait 20 gone "${pids[@]}"; then
			kill -KILL "${pids[@]}"
			busywait 10 gone "${pids[@]}" || { echo "programs do not end"; return 1; }
		fi
		busywait 10 umount "$MNT" 2>/dev/null || { umount "$MNT"; return 1; }
		rm -r "$dir"
	done
}

plan 5
try serve
mkdir -p "$MNT"
defer unmount "$MNT"
defer order release
check "L3: killed while the server closes" storm close hang
check "L3: killed while the server stops sending" storm half 5ms
check "L3: killed while the connection breaks" storm abort 1ms
check "L7: the server is killed at any time" deaths $((${LONG:+1000} + ROUNDS))
check "the client has kept to the protocol" no_violations
