#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A mount that is refused says why, on one line of the kernel log.
. "$(dirname "$0")/lib.sh"

# says NAME OPTIONS TAG ERRNO REGEX: one line that matches, and nothing else.
says() {
	local errno lines
	echo "selftest: $1" >/dev/kmsg
	errno=$(mount_errno "$2" "$3")
	lines=$(dmesg | sed "1,/selftest: ${1//\//.}\$/d" | sed 's/^\[[^]]*\] //')
	if [ "$errno" = "$4" ] && [[ $lines =~ ^[^$'\n']*$5[^$'\n']*$ ]]; then
		pass "$1"
	else
		fail "$1" "$errno" "$lines"
	fi
}

l=version=9p2000.L
plan 4
says "an unknown tag" trans=virtio,$l nosuchtag ENOENT "nosuchtag"
says "an unknown transport" trans=nosuch,$l share EINVAL "nosuch"
try mount_9p "" /tmp/first
says "a tag in use" trans=virtio,$l share EBUSY "share"
unmount /tmp/first
if [ "$CLIENT" = rust ]; then
	says "a dialect that the server refuses" trans=virtio,version=9p2000 share EREMOTEIO "9P2000"
else
	skip "a dialect that the server refuses" "this client says nothing"
fi
