#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# 9P2000.u: files, directories, links, attributes and errors, which are strings there.
# client: both
. "$(dirname "$0")/lib.sh"

files() { for ((i = 0; i < 200; i++)); do echo "name-$i"; done; }

plan 14
try mount_9p version=9p2000.u
check "the dialect is shown" grep -q ' /mnt 9p .*version=9p2000.u' /proc/mounts
scratch
yes "some text" | head -c 300000 >/tmp/text
check "write" cp /tmp/text text
echo 3 >/proc/sys/vm/drop_caches
check "read" cmp /tmp/text text
check "truncate" truncate -s 5 text
equal "size" "5 some " "$(stat -c %s text) $(cat text)"
check "rename" mv text other
check "chmod" chmod 640 other
equal "mode" 640 "$(stat -c %a other)"
mkdir d && (cd d && files | xargs touch)
equal "directory" "$(files | sort)" "$(find d -mindepth 1 -printf '%f\n' | sort)"
check "symlink" ln -s d/name-1 link
equal "target" d/name-1 "$(readlink link)"
equal "no such file" "No such file or directory" "$(errno_of cat nothing)"
equal "not empty" "Directory not empty" "$(errno_of rmdir d)"
check "remove" rm -r d other link
