#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's transport for RDMA on top of our 9pnet, over the software device that the kernel has.
# Where nobody listens a mount finds its way, asks for a connection, and is refused, as on the stock
# 9pnet. No server that speaks RDMA is at hand: p9rdma takes the connection and hands all to p9fault.
# client: rust
# kernel: stock
# timeout: 240
. "$(dirname "$0")/stream.sh"
. "$(dirname "$0")/peer.sh"

LINK=rdma0
ADDRESS=192.0.2.9
SERVER=/sys/module/p9rdma/parameters/server

modinfo -n 9pnet_rdma rdma_rxe dummy >/dev/null 2>&1 || skip_all "the kernel has no RDMA"

# device: an RDMA device on a network device that leads nowhere else.
device() {
	modprobe -a dummy rdma_rxe && ip link add $LINK type dummy && defer ip link del $LINK &&
		ip addr add $ADDRESS/24 dev $LINK && ip link set $LINK up &&
		rdma link add $LINK type rxe netdev $LINK && defer rdma link delete $LINK
}

# counter NAME: one of the device.
counter() { cat "/sys/class/infiniband/$LINK/ports/1/hw_counters/$1"; }

# The kernel's transport sends nothing twice: a packet without an answer for half a second ends the
# connection, as on a busy machine under an emulated guest. What fails after that says nothing.
eval "really_$(declare -f fail)"
fail() {
	if [ "$(counter retry_exceeded_err)" = 0 ]; then
		really_fail "$@"
	else
		skip "$1" "the device has lost a connection for want of an answer in time"
	fi
}

# asked: the errno of a mount where nobody listens, and whether it has asked for a connection.
asked() {
	local errno packets
	packets=$(counter sent_pkts)
	errno=$(mount_errno trans=rdma,port=5641 $ADDRESS)
	echo "$errno, $(($(counter sent_pkts) > packets))"
}

# unused: whether nothing of the device is in use but what was when it was new.
unused() { [ "$(rdma resource show $LINK)" = "$used" ]; }

# goes MODULE: whether it can be unloaded, soon: what it has to do may not be done yet.
goes() { busywait 10 rmmod "$1" 2>/dev/null || rmmod "$1"; }

# mount_rdma: makes a new connection of p9fault's for the mount.
mount_rdma() {
	local connection
	exec {connection}<>/dev/tcp/127.0.0.1/$PORT
	echo "$connection" >$SERVER
	exec {connection}>&-
	mount_at rdma $ADDRESS msize=65536,port=5640
}

# refused CLIENT: what a mount that nobody takes gives and leaves.
refused() {
	try modprobe 9pnet_rdma
	equal "$1: nobody listens" "ENOTCONN, 1" "$(asked)"
	equal "$1: no route" ENOTCONN "$(mount_errno trans=rdma 198.51.100.1)"
	check "$1: nothing of the device stays in use" busywait 10 unused
}

# passes CLIENT: a session.
passes() {
	try insmod /9pnet/modules/p9rdma.ko
	check "$1: mount" mount_rdma
	equal "$1: shown" ",trans=rdma" "$(shown)"
	check "$1: reads and writes" works
}

# over CLIENT: the end of the session.
over() {
	check "$1: umount" unmount "$MNT"
	check "$1: p9rdma goes" goes p9rdma
	check "$1: nothing of the device stays in use" busywait 10 unused
	check "$1: 9pnet_rdma goes" goes 9pnet_rdma
}

plan $((2 * 10 + 4))
try device
used=$(rdma resource show $LINK)
try served tcp:127.0.0.1:$PORT
refused ours
passes ours
for flush in 0ms hang; do
	dies "ours: killed in read, Tflush=$flush" "Tread@f=hang Tflush=$flush" read "$MNT/f"
done
check "ours: works after that" works
check "ours: the client has kept to the protocol" no_violations
over ours
try use_stock
refused stock
passes stock
over stock
