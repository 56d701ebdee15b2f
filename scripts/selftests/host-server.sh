#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# On the host: what QEMU runs for a TCP connection of the guest's, see test_peer_host.sh.
exec /src/build/bin/p9fault /share stdio
