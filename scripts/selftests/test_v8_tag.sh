#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# V8: mount tags that are empty, too long, not ended, with a NUL, longer than the configuration, and
# twice the same: refused or listed.
# guest: device
# host: mkdir -p device; echo Hello. >device/hello; seq 180000 >device/f
# client: rust
# dmesg: of no use
. "$(dirname "$0")/device.sh"

name=$(device_name)

# tag LENGTH TEXT: what the driver makes of the device then.
tag() {
	[ ! -e "$DRIVER/$name" ] || echo "$name" >$DRIVER/unbind
	order device tag "$@"
	if echo "$name" >$DRIVER/bind 2>/dev/null; then
		tr '\0' . <"$DRIVER/$name/mount_tag"
	else
		echo refused
	fi
}
length() { tag "$@" | wc -c; }

many=$(printf 'x%.0s' {1..254})
plan 11
equal "as it was" device. "$(tag 6 device)"
equal "empty" . "$(tag 0 nothing)"
equal "shorter than the text" dev. "$(tag 3 device)"
equal "with a NUL" de. "$(tag 6 'de\0ice')"
equal "all of the configuration" 255 "$(length 254 "$many")"
check "longer than the configuration" test "$(length 1000 "$many")" -ge 8
equal "65,535 bytes" refused "$(tag 65535 "$many")"
equal "4,095 bytes" refused "$(tag 4095 "$many")"
equal "the same twice" share. "$(tag 5 share)"
mkdir -p /tmp/one /tmp/two
check "and each can be mounted" eval "mount_9p '' /tmp/one && mount_9p '' /tmp/two"
unmount /tmp/one && unmount /tmp/two
equal "as it was" device. "$(tag 6 device)"
