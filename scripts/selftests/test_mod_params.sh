#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Module parameters: defaults, good values, and bad ones, refused with a line that names the good ones.
# client: rust
. "$(dirname "$0")/lib.sh"

at=/sys/module/9pnet/parameters
values() { cat $at/async_clunk $at/exit_timeout $at/intr | xargs; }
loaded() { modprobe -r 9p 9pnet && modprobe 9pnet "$@"; }
set_to() { (echo "$2" >"$at/$1") 2>/dev/null; }

# refuses PARAMETER VALUE WORD: at load time and later, with that word in the log.
refuses() {
	modprobe -r 9p 9pnet
	echo "selftest: $1=$2 at load" >/dev/kmsg
	! modprobe 9pnet "$1=$2" 2>/dev/null && ! [ -e $at ] || return 1
	dmesg | sed "1,/selftest: $1=$2 at load/d" |
		grep "^[^]]*\] 9pnet: .*${2##*,}.*$1.*$3" || return 1
	modprobe 9pnet && ! set_to "$1" "$2" && [ "$(values)" = "safe 5 N" ]
}

defer modprobe 9p
modprobe -qr 9pnet_fd # an earlier test may have left it, and it needs 9pnet
defer modprobe -r 9pnet

# shows LIST: what the module offers when that was given at load, and nobody may change it.
shows() { [ "$(cat $at/transports)" = "$1" ] && [ "$(stat -c %a $at/transports)" = 444 ]; }

plan 16
check "load" loaded
equal "defaults" "safe 5 N" "$(values)"
check "given at load" loaded async_clunk=never exit_timeout=0 intr=1
equal "shown" "never 0 Y" "$(values)"
check "intr without a value" loaded intr
equal "is yes" "safe 5 Y" "$(values)"
check "a bad async_clunk" refuses async_clunk sometimes "never, safe or always"
check "a bad exit_timeout" refuses exit_timeout 3601 "0 to 3600"
check "a negative exit_timeout" refuses exit_timeout -1 "0 to 3600"
check "a bad intr" refuses intr maybe "truth value"
set_to async_clunk always && set_to exit_timeout 3600 && set_to intr y
equal "set later" "always 3600 Y" "$(values)"
equal "only root may set them" "644 644 644" "$(stat -c %a $at/{async_clunk,exit_timeout,intr} | xargs)"
check "all transports" shows virtio,tcp,unix,fd,vsock
check "an unknown transport" refuses transports virtio,rdma "a list, with commas, of virtio, tcp"
check "no transport" loaded transports=
equal "a transport that is not offered" "" "$(cat $at/transports)"
