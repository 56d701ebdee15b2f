#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# /proc/mounts shows the options that are not the default, in the words of the stock client.
. "$(dirname "$0")/lib.sh"

# shown NAME OPTIONS WANT
shown() {
	mount_9p "$2" || { fail "$1" "mount failed"; return; }
	while read -r tag dir type options _; do
		[ "$dir" != "$MNT" ] || got="$tag $type $options"
	done </proc/mounts
	equal "$1" "share 9p rw,relatime,$3" "$got"
	unmount "$MNT"
}

plan 16
shown "no options" "" access=client,trans=virtio
shown "msize" msize=65536 access=client,msize=65536,trans=virtio
shown "the default msize" msize=131096 access=client,trans=virtio
shown "cache=none" cache=none access=client,trans=virtio
shown "cache=readahead" cache=readahead cache=0x1,access=client,trans=virtio
shown "cache=mmap" cache=mmap cache=0x5,access=client,trans=virtio
shown "cache=loose" cache=loose cache=0xf,access=client,trans=virtio
shown "cache=fscache" cache=fscache,cachetag=x cache=0x8f,cachetag=x,access=client,trans=virtio
shown "access=user" access=user access=user,trans=virtio
shown "access=any" access=any access=any,trans=virtio
shown "access=UID" access=0 access=0,trans=virtio
shown "posixacl" posixacl access=client,posixacl,trans=virtio
shown "users and the tree" uname=me,aname=/tree,dfltuid=12,dfltgid=34 \
	dfltuid=12,dfltgid=34,uname=me,aname=/tree,access=client,trans=virtio
shown "flags" nodevmap,noxattr,directio,ignoreqv nodevmap,access=client,ignoreqv,directio,noxattr,trans=virtio
shown "debug, negtimeout" debug=0x4,negtimeout=50 debug=0x4,negtimeout=50,access=client,trans=virtio
shown "unknown options are ignored" nosuch=1,locktimeout=7 access=client,trans=virtio
