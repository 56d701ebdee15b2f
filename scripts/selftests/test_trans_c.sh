#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The stock transports written in C in place of our own: virtio and sockets work as ever.
# client: rust
# timeout: 600
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stock.sh"

# A selftest in which the transport is the stock one; it is silent if it passes.
passes() { bash "test_$1.sh" >/tmp/inner.out 2>&1 || { cat /tmp/inner.out; return 1; }; }

plan 7
reload transports=
stock 9pnet_virtio
equal "the stock driver has the device" 1 "$(find /sys/module/9pnet_virtio/drivers/virtio:9pnet_virtio/ -mindepth 1 -name 'virtio*' | wc -l)"
for name in fs_basic fs_xattr fs_parallel; do check "virtio: $name" passes $name; done
check "it goes" eval "ours && ! [ -e /sys/module/9pnet_virtio ]"
reload transports=virtio
stock 9pnet_fd
check "tcp: trans_tcp" passes trans_tcp
check "it goes" ours
