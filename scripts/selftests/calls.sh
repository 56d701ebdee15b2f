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
	# shellcheck disable=SC2153 # the name of the process of a coproc
	defer calls_end "$CALLS_PID"
}

calls_end() {
	kill "$1" && wait "$1"
	[ $? = 143 ]
}

# fs CODE: runs Python; $got is the value of its last expression, or the name of an errno.
fs() {
	printf '%s\0' "$1" >&"${CALLS[1]}"
	IFS= read -r -t 100 got <&"${CALLS[0]}" || got="no answer"
}

# is NAME WANT CODE: one result: whether CODE gives WANT.
is() {
	fs "$3"
	equal "$1" "$2" "$got"
}

# fresh [OPTIONS]: mounts the share, goes to an empty folder in it, and starts the process.
fresh() {
	try mount_9p "${1:-}"
	try scratch
	calls
}
