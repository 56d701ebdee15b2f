#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# F8: where a Tclunk commits something its error is reported: setxattr writes the value at the
# clunk. R12: fids that nothing hangs on are given back without waiting, or those that the module
# parameter async_clunk names.
. "$(dirname "$0")/fault.sh"

PARAMETER=/sys/module/9pnet/parameters/async_clunk

plan 8
try serve
try mount_fault
check "setxattr" setfattr -n user.name -v value "$MNT/f"
equal "it is on the server" value "$(getfattr --only-values --absolute-names -n user.name "$ROOT/f")"
order Tclunk@f=errno:28
equal "an error of the clunk is reported" "No space left on device" \
	"$(errno_of setfattr -n user.name -v other "$MNT/f")"
try order release

if [ "$CLIENT" = rust ]; then
	order Tclunk=hang
	check "stat does not wait for Rclunk" timeout $((5 * SCALE)) stat "$MNT/f"
	check "nor does close" timeout $((5 * SCALE)) cat "$MNT/f"
	try order release

	fids=
	try busywait 5 settled
	defer eval "echo safe >$PARAMETER"
	echo never >$PARAMETER
	kinds=(Tclunk)
	dies "never: close of what was only read waits" Tclunk=hang close-read "$MNT/f"
	echo always >$PARAMETER
	order Tclunk=hang
	check "always: close of what was written to does not" timeout $((5 * SCALE)) \
		python3 -c "import os; os.close(os.open('$MNT/f', os.O_WRONLY))"
	try order release
else
	for name in "stat does not wait for Rclunk" "nor does close" \
		"never: close of what was only read waits" \
		"always: close of what was written to does not"; do
		skip "$name" "stock client"
	done
fi
check "the client has kept to the protocol" no_violations
