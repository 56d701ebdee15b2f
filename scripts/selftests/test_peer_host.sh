#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A server on the host, over TCP through QEMU's user network. It serves the share too, so that what is
# written over one way can be read over the other.
# long: yes
# qemu: -netdev user,id=net,guestfwd=tcp:10.0.2.100:5650-cmd:/src/scripts/selftests/host-server.sh -device virtio-net-pci,netdev=net
. "$(dirname "$0")/lib.sh"

modprobe virtio_net 2>/dev/null
net=$(basename /sys/class/net/e*)
[ -e "/sys/class/net/$net" ] || skip_all "no network device"
try ip addr add 10.0.2.15/24 dev "$net"
try ip link set "$net" up
head -c 3000000 /dev/urandom >/tmp/data

mount_host() {
	mkdir -p /tmp/host
	mount -i -t 9p -o "trans=tcp,port=5650,version=9p2000.L,msize=65536" 10.0.2.100 /tmp/host || return 1
	defer unmount /tmp/host
}

plan 6
try mount_9p
check "mount" mount_host
equal "read" "Hello from the host." "$(cat /tmp/host/hello)"
check "write" cp /tmp/data /tmp/host/data
check "read what was written" cmp /tmp/data /tmp/host/data
check "it is in the share" cmp /tmp/data "$MNT/data"
rm -f "$MNT/data"
check "unmount" umount /tmp/host
