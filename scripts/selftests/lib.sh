# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the selftests share: KTAP results, a stack of things to undo, waiting with a deadline, and
# mounts. A test is one scenario: it sources this file, says plan, acts, checks; what it undoes
# runs when it ends, however it ends.
#
# Lines at the head of a test that the runner reads:
#   # guest: own        its own boot of the guest
#   # guest: NAME       one boot for all with that NAME
#   # qemu: ARGUMENTS   its own boot, with more arguments for QEMU
#   # host: COMMAND     prepares the share, before the boot, in its folder on the host
#   # client: both      with T or LONG=1 once with each client; "rust" or "c": only with that one
#   # kernel: NAME...   only on these kernels, instead of all
#   # debug: yes        on the debug kernel even if nobody asks for that, or with LONG=1
#   # races: yes        on the KCSAN kernel even if nobody asks for it by its name
#   # long: yes         on the stock kernel only with LONG=1
#   # quiet: NAME...    on these kernels no other guest may run meanwhile
#   # timeout: SECONDS  instead of 120; four times that on all but the stock kernel; LONG=1 adds an hour
#   # dmesg: REGEX      lines of the kernel log that are expected
set -u
# shellcheck source=/dev/null
. /9pnet/env

# How much slower than the stock kernel this one may be.
SCALE=1
[ "$KERNEL" = stock ] || SCALE=4

. "$(dirname "${BASH_SOURCE[0]}")/fixture.sh"

MNT=/mnt
planned=0 count=0 failed=0
undo=()
declare -A tries=()

# defer COMMAND...: runs COMMAND when the test ends, the last one first.
defer() { undo+=("$(printf '%q ' "$@")"); }

finish() {
	local i
	for ((i = ${#undo[@]} - 1; i >= 0; i--)); do
		eval "${undo[i]}" || { echo "# undoing failed: ${undo[i]}"; failed=1; }
	done
	for i in "${!tries[@]}"; do echo "# tried: ${tries[$i]} $i"; done
	if [ "$count" != "$planned" ]; then
		echo "# planned $planned results, got $count"
		failed=1
	fi
	exit "$failed"
}
trap finish EXIT
trap 'exit 1' TERM INT

# plan N: how many results follow.
plan() {
	planned=$1
	echo "KTAP version 1"
	echo "1..$1"
}

# skip_all WHY: ends the test, before its plan, as not applicable.
skip_all() {
	echo "KTAP version 1"
	echo "1..0 # SKIP $*"
	trap - EXIT
	exit 4
}

pass() { echo "ok $((++count)) $1"; }
skip() { echo "ok $((++count)) $1 # SKIP $2"; }

# fail NAME [WHY]...
fail() {
	local name=$1 why
	shift
	failed=1
	for why; do printf '%s\n' "$why" | sed 's/^/# /'; done
	echo "not ok $((++count)) $name"
}

# check NAME COMMAND...: one result, that of COMMAND, whose output is shown if it fails.
check() {
	local name=$1 status=0
	shift
	"$@" >/tmp/check.out 2>&1 </dev/null || status=$?
	if [ "$status" = 0 ]; then
		pass "$name"
	else
		fail "$name" "$* : exit status $status" "$(cat /tmp/check.out)"
	fi
}

# equal NAME WANT GOT
equal() {
	if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "want: $2" "got:  $3"; fi
}

# errno_of COMMAND...: the message of the errno that COMMAND fails with, or "no error".
errno_of() {
	local out
	if out=$("$@" 2>&1 </dev/null); then echo "no error"; else printf '%s\n' "${out##*: }" | tail -n 1; fi
}

# try COMMAND...: for preparations: ends the test if COMMAND fails.
try() {
	"$@" || { echo "# could not prepare: $*"; failed=1; exit 1; }
}

# busywait SECONDS COMMAND...: polls until COMMAND is true; false if it is not in SECONDS (stock
# kernel).
busywait() {
	local end=$((${EPOCHREALTIME/./} + $1 * SCALE * 1000000))
	shift
	until "$@"; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
		sleep 0.01
	done
}

# tried WHAT N: counts that N more of WHAT were tried. The test says how many when it ends, for the
# table that scripts/tried.sh makes. What a subshell has tried does not count.
tried() { tries[$1]=$((${tries[$1]-0} + $2)); }

# mount_9p [OPTIONS [DIR [TAG]]]: mounts the share, by default on $MNT, until the test ends; with
# FIXTURE what that says.
mount_9p() {
	local dir=${2:-$MNT}
	mkdir -p "$dir"
	fixture_mount "${1-}" "$dir" "${3:-share}" || return 1
	tried mounts 1
	defer unmount "$dir"
}

# is_mounted DIR: told without asking the server.
is_mounted() { grep -q " $1 " /proc/self/mounts; }

# unmount DIR: also when a program that has just ended still holds it; fine if not mounted.
unmount() {
	cd /
	! is_mounted "$1" || busywait 5 umount "$1" 2>/dev/null || umount "$1"
}

# mount_errno OPTIONS [TAG]: the errno's message of a mount that should fail, from the system call.
mount_errno() {
	local out
	if out=$(strace -f -e trace=mount,fsconfig,fsmount -e signal=none \
		mount -i -t 9p -o "$1" "${2:-share}" "$MNT" 2>&1); then
		umount "$MNT"
		echo "no error"
	else
		printf '%s\n' "$out" | sed -n 's/.* = -1 \(E[A-Z0-9]*\) .*/\1/p' | tail -n 1
	fi
}

# scratch: makes a fresh folder in the mounted share, goes there, removes it at the end.
scratch() {
	local dir
	dir=$(mktemp -d "$MNT/scratch.XXXXXX") || exit 1
	defer rm -rf "$dir"
	cd "$dir" || exit 1
	defer cd /
}
