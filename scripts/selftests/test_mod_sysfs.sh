#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The device in sysfs: its tag, and the events when it comes and goes.
. "$(dirname "$0")/calls.sh"

module=9pnet_virtio
[ "$CLIENT" = c ] || module=9pnet

defer modprobe 9p
modprobe -qr 9pnet_fd # an earlier test may have left it, and it needs 9pnet
try modprobe -a 9p $module
calls
given '
import glob, time
def paths(): return glob.glob("/sys/bus/virtio/devices/*/mount_tag")
def reload(): return system("modprobe -r 9p '$module'; modprobe -a 9p '$module'")'

plan 7
is "one device has a tag" 1 'len(paths())'
is "the tag ends with a zero byte" "b'share\\x00'" 'repr(get(paths()[0]))'
is "everybody may read it, nobody write" "444 0:0" 's = stat(paths()[0]); f"{s.st_mode & 0o777:o} {s.st_uid}:{s.st_gid}"'
is "read in pieces" "b'are\\x00'" 'repr(pread(open(paths()[0], O_RDONLY), 9, 2))'
is "its driver" True 'path.exists("/sys/bus/virtio/drivers/9pnet_virtio")'
given 'closerange(3, 50)
events = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 15); events.bind((0, 1)); events.settimeout(2)'
is "reload" 0 'reload()'
is "the device changes when the driver goes, and when it comes" "change change" '
seen = []
try:
    while len(seen) < 9:
        event = events.recv(9999).split(b"\0")
        if event[0].startswith(b"change@") and b"/virtio" in event[0] and b"SUBSYSTEM=virtio" in event: seen.append("change")
except TimeoutError: pass
" ".join(seen)'
