#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Sessions with a server that changes some of its replies at random: whatever comes, programs end
# or can be killed, the mount can be taken away, and the kernel's log is clean. The kernel for
# debugging finds most. It ends after 10,000 sessions, or FUZZ_SECONDS: a minute, with LONG an hour.
# timeout: 420
. "$(dirname "$0")/fault.sh"

WORK=$(realpath "$(dirname "$0")/fsprog.py")
OPTIONS=(cache=none cache=loose cache=mmap)

: "${FUZZ_SECONDS:=$([ -n "${LONG-}" ] && echo 3600 || echo 60)}"

is_away() { ! is_mounted "$MNT" || umount -l "$MNT"; }

# session SEED: false if something of it cannot be ended.
session() {
	local worker ended=0
	order "mutate $1"
	rm -rf "$ROOT/work" && mkdir "$ROOT/work"
	mount_once "${OPTIONS[$1 % 3]}" 2>/dev/null &
	if busywait 5 gone $! && is_mounted "$MNT"; then
		mounted=$((mounted + 1))
		(cd "$MNT/work" && exec python3 -S -E "$WORK" "$1" 100) >/dev/null 2>&1 &
		worker=$!
		if ! busywait 5 gone $worker; then
			kill -KILL $worker
			busywait 10 gone $worker || ended=1
		fi
	fi
	pkill -KILL -x mount # one that waits for the server
	order "mutate off"
	umount -f "$MNT" 2>/dev/null
	busywait 10 is_away && return $ended
}

fuzz() {
	local end=$((SECONDS + FUZZ_SECONDS))
	for ((seed = first; seed < first + 10000 && SECONDS < end; seed++)); do
		session $seed || { echo "seed $seed"; return 1; }
	done
}

plan 2
try serve
mounted=0 first=$((1 + RANDOM * 32768 + RANDOM))
check "every session can be ended" fuzz
tried "sessions with changed replies" $((seed - first))
echo "# seeds $first to $((seed - 1)), $mounted of them mounted"
try mount_fault
equal "and a mount that is not disturbed works" "Hello." "$(cat "$MNT/hello")"
