#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# F8: where a Tclunk commits something its error is reported: setxattr writes the value at the
# clunk. Fids that nothing hangs on are given back without waiting.
. "$(dirname "$0")/fault.sh"

plan 6
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
else
	skip "stat does not wait for Rclunk" "stock client"
	skip "nor does close" "stock client"
fi
check "the client has kept to the protocol" no_violations
