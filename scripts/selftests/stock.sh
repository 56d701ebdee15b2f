# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For tests of transports written in C on our 9pnet. Sourced after lib.sh or what sources it.

# reload PARAMETERS: loads our 9pnet with the PARAMETERS, until the test ends.
reload() {
	modprobe -qr 9pnet_fd # an earlier test may have left it, and it needs 9pnet
	try modprobe -r 9p
	defer ours
	# shellcheck disable=SC2086 # none or more
	try modprobe 9pnet $1
	try modprobe 9p
}

# ours: our own modules, without parameters.
ours() {
	local module
	modprobe -r 9p
	for module in p9hollow 9pnet_rdma 9pnet_fd 9pnet_virtio 9pnet; do
		! [ -e /sys/module/$module ] || rmmod $module || return 1
	done
	modprobe 9p
}

# stock MODULE...: loads modules of the stock kernel that have been put aside.
stock() {
	local module
	for module; do try insmod "/9pnet/stock/$module.ko"; done
}
