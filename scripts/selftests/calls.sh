# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# System calls for selftests, made by calls.py: one process for a whole test, so that files stay
# open from one step to the next, and a step does not cost a new process.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

SELFTESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
got=

# calls: starts the process, in the current folder.
calls() {
	coproc CALLS { exec python3 -S -E "$SELFTESTS/calls.py" 2>&1; }
	defer calls_end
}

calls_end() {
	[ -n "${CALLS_PID-}" ] || return 0
	eval "exec ${CALLS[1]}>&-"
	wait "$CALLS_PID"
}

# fs CODE: runs Python; $got is the value of its last expression, or the name of an errno.
fs() {
	printf '%s\0' "$1" >&"${CALLS[1]}"
	IFS= read -r -t $((110 * SCALE)) got <&"${CALLS[0]}" || got="no answer"
}

# is NAME WANT CODE: one result: whether CODE gives WANT.
is() {
	fs "$3"
	equal "$1" "$2" "$got"
}

# given CODE: for preparations: ends the test if CODE, which gives no value, fails.
given() {
	fs "$1"
	[ "$got" = ok ] || { echo "# could not prepare: $got"; failed=1; exit 1; }
}

# fresh OPTIONS: mounts the share, and goes to an empty folder in it, here and in the process.
fresh() {
	try mount_9p "$1"
	try scratch
	place=$PWD
	if [ -n "${CALLS_PID-}" ]; then
		given 'chdir("'"$place"'")'
		defer calls_end
	else
		calls
	fi
}

# leave: undoes fresh before the end of the test. Mappings of files have to be closed.
leave() {
	given 'chdir("/"); closerange(3, 100)'
	cd / && rm -rf "$place" && unmount "$MNT"
}

# mirrored NAME FUNCTION DIR: one result: whether FUNCTION of fixtures.py gives for DIR what it gives
# for the folder /tmp/mirror of a tmpfs.
mirrored() {
	local want
	fs "$2('/tmp/mirror')"
	want=$got
	fs "$2('$3')"
	equal "$1" "$want" "$got"
}
