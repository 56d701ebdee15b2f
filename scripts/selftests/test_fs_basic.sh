#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every kind of file operation once, through a mount with the default options.
# debug: yes
. "$(dirname "$0")/lib.sh"

mode() { stat -c %a "$1"; }
big() { head -c 3000000 /dev/urandom >"$1" && cp "$1" big && sync big && cmp "$1" big; }

try mount_9p
try scratch

plan 20
check "create" touch empty
equal "a new file is empty" 0 "$(stat -c %s empty)"
echo one >file && echo two >>file
equal "write, append, read" "one two" "$(xargs <file)"
check "write and read 3 MB" big /tmp/big
equal "truncate" "one" "$(truncate -s 3 file && cat file)"
equal "a hole reads as zeros" 4096 "$(truncate -s 4096 hole && tr -d -c '\0' <hole | wc -c)"
equal "chmod" 640 "$(chmod 640 file && mode file)"
equal "chown" 12:34 "$(chown 12:34 file && stat -c %u:%g file)"
equal "set times" 86400 "$(touch -d @86400 file && stat -c %Y file)"
equal "rename" one "$(mv file renamed && cat renamed)"
equal "rename over a file" one "$(mv renamed empty && cat empty)"
try mkdir -p deep/er
equal "mkdir, list" "dir/a dir/b dir/c" "$(mkdir dir && touch dir/{a,b,c} && echo dir/*)"
equal "rmdir of a full folder" "Directory not empty" "$(errno_of rmdir dir)"
check "rmdir" rmdir -p deep/er
equal "symlink" empty "$(ln -s empty link && readlink link)"
equal "hard link" 2 "$(ln empty hard && stat -c %h hard)"
equal "mknod" "character special file 1:3" "$(mknod null c 1 3 && stat -c '%F %Hr:%Lr' null)"
equal "xattr" value "$(setfattr -n user.name -v value empty && getfattr --only-values -n user.name empty)"
check "statfs" test "$(stat -f -c %b .)" -gt 0
equal "unlink" "No such file or directory" "$(rm empty && errno_of cat empty)"
