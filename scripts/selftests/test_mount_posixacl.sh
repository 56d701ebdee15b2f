#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# posixacl: access control lists that are kept, inherited and obeyed.
# qemu: -fsdev local,id=acl,path=/share,security_model=passthrough -device virtio-9p-pci,fsdev=acl,mount_tag=acl
. "$(dirname "$0")/calls.sh"

acl() { getfacl -cEn "$1" | xargs; }

try mount_9p posixacl "$MNT" acl
try scratch
calls
try chmod 755 .
echo text >file
chmod 600 file

plan 9
is "without an entry" EACCES 'as_user(1000, lambda: get("file"))'
check "set" setfacl -m u:1000:r file
equal "get" "user::rw- user:1000:r-- group::--- mask::r-- other::---" "$(acl file)"
is "that user reads" text 'as_user(1000, lambda: get("file").strip())'
is "and does not write" EACCES 'as_user(1000, lambda: put("file"))'
is "others do not" EACCES 'as_user(1001, lambda: get("file"))'
mkdir dir && try setfacl -d -m u:1000:rwx dir && mkdir dir/sub && touch dir/file
equal "inherited by a file" "user::rw- user:1000:rwx group::r-x mask::rw- other::r--" "$(acl dir/file)"
equal "inherited by a folder" "$(acl dir | xargs -n 1 | grep default | xargs)" "$(acl dir/sub | xargs -n 1 | grep default | xargs)"
equal "chmod changes the mask" "mask::---" "$(chmod 600 dir/file && getfacl -cEn dir/file | grep mask)"
