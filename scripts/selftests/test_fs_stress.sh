#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The stressors of stress-ng for file systems, with their own checks on.
# timeout: 900
# races: yes
. "$(dirname "$0")/lib.sh"

stress() { stress-ng --quiet --verify --temp-path "$PWD" --timeout ${LONG:+10}4 "$@"; }

try mount_9p
try scratch
chmod 777 .

plan 3
check "data" stress --hdd 2 --hdd-bytes 2m --hdd-write-size 5000 --seek 1 --seek-size 1m
check "names" stress --dentry 1 --dentries 100 --rename 1 --dir 1 --dir-dirs 64 --filename 1
check "attributes and locks" stress --chmod 1 --chown 1 --utime 1 --xattr 1 --flock 1 --lockf 1 --fstat 1 --fcntl 1
