# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# For tests with a virtio device that breaks the rules: p9device (see rust/tools) serves the folder
# device of the share, by these lines in their head. The files device.args and device.props of the
# share may have arguments for p9device and properties for QEMU's part of the device.
# guest: device
# host: mkdir -p device; echo Hello. >device/hello; seq 180000 >device/f
. "$(dirname "${BASH_SOURCE[0]}")/kill.sh"

ORDERS=/dev/vport0p6
DIR=/tmp/device
DRIVER=/sys/bus/virtio/drivers/9pnet_virtio

LEFT=fids
left() { order fids; }

[ -e $ORDERS ] || skip_all "this guest has no p9device"
mkdir -p $DIR

# mount_device [OPTIONS]: mounts what p9device serves, with everything forgotten before.
mount_device() {
	tried mounts 1
	mount -i -t 9p -o "trans=virtio,version=9p2000.L${1:+,$1}" device $DIR || return 1
	defer unmount $DIR
	defer order release
}

# wrong REPLY HOW...: the next such reply is wrong.
wrong() {
	tried "replies that break the rules" 1
	order device next "$@"
}

# on: a file system call for each kind of answer, of which the next one is wrong.
hello() { timeout 20 cat $DIR/hello; }
says_hello() { [ "$(hello)" = "Hello." ]; }

# pending N: whether the device has N requests.
pending() { [ "$(order device pending)" = "$1" ]; }

# no_violations: the client has kept to the protocol.
no_violations() {
	local found
	found=$(order violations)
	[ "$found" = 0 ] || { echo "$found"; return 1; }
}

# device_name: what the bus calls the device.
device_name() {
	local device
	for device in "$DRIVER"/virtio*; do
		[ "$(tr -d '\0' <"$device/mount_tag")" != device ] || echo "${device##*/}"
	done
}
