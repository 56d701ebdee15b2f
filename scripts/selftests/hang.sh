# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# For tests with a server that hangs: $MNT/hang is hangfs (see rust/tools), whose operations can be
# held up, and QEMU's 9P server with them.
. "$(dirname "${BASH_SOURCE[0]}")/kill.sh"

HANG=$MNT/hang
ORDERS=/dev/vport0p4

LEFT="open files"
left() { order open; }

# mount_hang [OPTIONS]: mounts the share with files f, g and the folder d in $HANG, f of 1 MiB.
mount_hang() {
	[ -e $ORDERS ] || skip_all "this guest has no hangfs"
	try mount_9p "${1-}"
	defer order release
	try order release
	try mkdir -p "$HANG/d"
	try touch "$HANG/g"
	yes 0123456789abcde | head -c 1M >"$HANG/f"
}
