#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The connection ends at each message of a session in turn: everybody who waits gets an error at
# once, and the mount can be taken away. With LONG at every message, else at one of twenty.
# timeout: 600
# races: yes
. "$(dirname "$0")/fault.sh"

# session: some of everything; fails when the connection does.
session() {
	rm -rf "$ROOT/new" # of a session that was cut
	mount_once || return
	cd "$MNT" || return
	mkdir new && echo text >new/file && cat f new/file && mv new/file new/moved &&
		setfattr -n user.name -v value new/moved && getfattr -n user.name new/moved &&
		flock new/moved true && ls -l . new && rm -r new
	local status=$?
	cd /
	umount "$MNT" && return $status
}

# cut FAULT: cuts the connection at each message; says after which one somebody waited for long.
cut() {
	local at
	for ((at = RANDOM % step; at < messages; at += step)); do
		order "*=$1+$at*1"
		cuts=$((cuts + 1))
		session >/dev/null 2>&1 &
		busywait 30 gone $! || { echo "message $at: $(pgrep -a .)"; order release; return 1; }
		unmount "$MNT" || { echo "message $at: cannot be unmounted"; return 1; }
		order release
	done
}

step=20 cuts=0
[ -z "${LONG-}" ] || step=1
plan 6
TRANS=tcp
try serve
before=$(order count '*')
check "a session" session
messages=$(($(order count '*') - before))
echo "# $messages messages"
for fault in close half abort; do check "cut, $fault" cut $fault; done
tried disconnects "$cuts"
equal "no connection is left" 0 "$(order connections)"
check "and a session again" session
