#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make install on a machine with the stock modules: they are loaded by themselves, for a mount and
# for the device, and nothing of the stock modules with them. make uninstall brings those back.
# guest: own
# client: rust
# kernel: stock
. "$(dirname "$0")/lib.sh"

release=$(uname -r)
tree=/lib/modules/$release
built=/tmp/built

# All that modprobe loads for an alias, by name.
loads() { modprobe -R "$1" 2>/dev/null | sort | xargs; }
modules() { lsmod | awk '$1 ~ /^9p/ { print $1 }' | sort | xargs; }
remove() { modprobe -qar 9p 9pnet_virtio 9pnet_fd 9pnet; [ -z "$(modules)" ]; }
is_ours() { [ -e /sys/module/9pnet/parameters/intr ]; }
is_stock() { [ -e /sys/module/9pnet_virtio ] && ! is_ours; }
drivers() { find /sys/bus/virtio/drivers/ -name 'virtio*' -path '*9p*' | wc -l; }
install() { /9pnet/install.sh "$@"; }
# What the kernel has against a module that does not fit.
complaints() { dmesg | grep -E 'Unknown symbol|already registered|duplicate symbol|disagrees'; }
# What udev does when it sees the device.
coldplug() {
	local alias
	for alias in /sys/bus/virtio/devices/*/modalias; do
		[[ $(<"$alias") != virtio:d00000009* ]] || modprobe -b "$(<"$alias")" || return 1
	done
}
# Loads what it takes.
try_mount() { mount -i -t 9p -o trans=virtio,version=9p2000.L share $MNT && grep -q Hello $MNT/hello && umount $MNT; }

# A machine as Debian makes it.
mkdir -p $MNT
try remove
try mv "$tree/updates" $built
try cp /9pnet/stock/*.ko "$tree/kernel/"
try depmod
restore() { modprobe -qar 9p 9pnet_virtio 9pnet_fd 9pnet; install install $built >/dev/null && modprobe 9p; }
defer restore

plan 23
check "stock: a mount" try_mount
check "stock: it has loaded the stock modules" is_stock
check "install while those are loaded" install install $built
check "the mount still works" try_mount
check "with the stock modules" is_stock
check "they go" remove
equal "the device wants 9pnet alone" 9pnet "$(loads virtio:d00000009v00001AF4)"
equal "trans=virtio wants 9pnet alone" 9pnet "$(loads 9p-virtio)"
equal "trans=tcp wants 9pnet alone" 9pnet "$(loads 9p-tcp)"
check "the device is seen" coldplug
check "it has loaded ours" is_ours
equal "and nothing else" 9pnet "$(modules)"
equal "one driver has the device" 1 "$(drivers)"
check "unload" remove
check "a mount" try_mount
check "it has loaded ours" is_ours
check "the stock modules' names are understood" modprobe -a 9pnet_virtio 9pnet_fd
equal "no complaints" "" "$(complaints)"
check "unload" remove
check "uninstall" install uninstall
check "a mount" try_mount
check "it has loaded the stock modules" is_stock
equal "for another kernel" "9pnet: the modules are for the kernel $release, not for 1.2.3: give RELEASE=..." \
	"$(RELEASE=1.2.3 DESTDIR=/tmp/to install install $built 2>&1)"
