#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The stock transports that no server is at hand for: each finds all symbols that it needs in our
# 9pnet, and registers itself.
# client: rust
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stock.sh"

# A mount that asks for a transport that there is fails in it, and not for want of it.
rdma_errno() { mount_errno "trans=rdma,port=5640,timeout=1000" 127.0.0.1; }
unknown() { dmesg | grep "9pnet_$1: Unknown symbol"; }

modinfo -n 9pnet_rdma 9pnet_xen >/dev/null 2>&1 || skip_all "the kernel has neither"
reload ""

plan 6
check "rdma loads" modprobe 9pnet_rdma
equal "it stays on top of ours" 9pnet_rdma "$(lsmod | awk '$1 == "9pnet" { print $4 }' | tr , '\n' | grep rdma)"
equal "a mount uses it" ENOTCONN "$(rdma_errno)"
check "and it goes" rmmod 9pnet_rdma
equal "xen loads where there is Xen only" "No such device" "$(errno_of modprobe 9pnet_xen)"
equal "and lacks no symbol" "" "$(unknown xen)"
