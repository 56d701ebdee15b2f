#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A process can be killed at once in every operation, whether the server answers the Tflush at once,
# after 2 s, never, or from the operation on nothing at all; afterwards the server holds no fid of
# it. The 200 open files of one need 200 Tclunks that are not waited for.
# timeout: 900
# long: yes
# quiet: debug
. "$(dirname "$0")/fault.sh"

# What the victim does, the request that does not come back, and the files.
OPERATIONS=(
	"open Tlopen f"
	"read Tread f"
	"direct Tread f"
	"write Twrite f"
	"readdir Treaddir d"
	"stat Tgetattr f"
	"rename Trenameat g"
	"fsync Tfsync f"
	"lock Tlock f"
	"close Tclunk f"
	"chdir Tread d f"
)
CACHED=("read Tread f" "mmap Tread f")

# What the server does from then on.
# shellcheck disable=SC2034 # by name
at_once=hang late="hang Tflush=2000ms" never="hang Tflush=hang" nothing=stop

prepare() { mv "$ROOT/g~" "$ROOT/g" 2>/dev/null || : >"$ROOT/g"; }

# all HOW OPERATION...: one result for each operation.
all() {
	local -n how=$1
	local operation what request files
	for operation in "${@:2}"; do
		read -r what request files <<<"$operation"
		# shellcheck disable=SC2086 # words
		set -- $files
		dies "$what, Tflush ${!how}" "$request=$how" "$what" "${@/#/$MNT/}"
	done
}

plan $((4 * (${#OPERATIONS[@]} + ${#CACHED[@]} + 2) + 2))
try serve
mkdir "$ROOT/many"
(cd "$ROOT/many" && touch $(seq 200))
ROUNDS=$(((ROUNDS + 9) / 10))
try mount_fault
for name in at_once late never nothing; do
	all $name "${OPERATIONS[@]}"
	declare -n how=$name
	# The closes alone take their time on a kernel with all checks.
	[ "$KERNEL" = stock ] || bound=1000
	dies "200 open files, Tflush $name" "Tread=$how" many "$MNT"/many/* "$MNT/f"
	bound=$BOUND_MS
	want=4
	dies "a thread in each, Tflush $name" \
		"Tread=hang Twrite=hang Tgetattr@g=hang Treaddir=${how}" threads \
		read "$MNT/f" write "$MNT/f" stat "$MNT/g" readdir "$MNT/d"
	want=1
done
unmount "$MNT"
try mount_fault cache=loose
cat "$MNT/f" >/dev/null # what is known of a file that was found is kept
for name in at_once late never nothing; do all $name "${CACHED[@]}"; done
unmount "$MNT"
check "the client has kept to the protocol" no_violations
equal "the server holds no fid" 0 "$(left)"
