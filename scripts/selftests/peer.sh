# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For tests that compare this client with the stock one, in the same guest.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

STOCK=/9pnet/stock

# use_stock: loads the stock modules in the place of ours, until the test ends.
use_stock() {
	[ -d $STOCK ] || return 1
	modprobe -qr 9pnet_fd # an earlier test may have left it, and it needs 9pnet
	modprobe -r 9p || return 1
	defer use_ours
	local module
	for module in 9pnet 9pnet_virtio 9pnet_fd; do insmod $STOCK/$module.ko || return 1; done
	modprobe 9p
}

use_ours() {
	modprobe -r 9p
	rmmod 9pnet_fd 9pnet_virtio 9pnet
	modprobe 9p
}
