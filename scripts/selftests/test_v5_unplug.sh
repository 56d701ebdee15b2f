#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# V5: the device is unplugged under a mount that is in use: everybody fails at once, the device goes,
# umount works, and so does the next device in the same place. ROUNDS times.
# qemu: -fsdev local,id=plug,path=/share,security_model=none -device virtio-9p-pci,fsdev=plug,mount_tag=plug,id=plug -chardev socket,id=mon,path=/run/9pnet/qmp,server=on,wait=off -mon chardev=mon,mode=control -chardev socket,id=monport,path=/run/9pnet/qmp -device virtserialport,nr=5,chardev=monport,name=org.9pnet.qmp
# client: rust
# kernel: stock
# timeout: 2400
# dmesg: gives up what it has to write
. "$(dirname "$0")/kill.sh"
. "$(dirname "$0")/qmp.sh"

DIR=/tmp/plug
PLUG='{"execute": "device_add", "arguments": {"driver": "virtio-9p-pci", "fsdev": "plug", "mount_tag": "plug", "id": "plug"}}'

use() { # until it fails
	while "$@"; do :; done >/dev/null 2>&1 &
	users+=($!)
	disown
}
read_it() { dd if="$DIR/big" of=/dev/null bs=64k iflag=direct; }
read_cached() { echo 1 >/proc/sys/vm/drop_caches; cat "$DIR/big"; }
write_it() { dd if=/dev/zero of="$DIR/new.$1" bs=64k count=16 conv=fsync; }
list() { ls -l "$DIR/many"; }
make() { touch "$DIR/made" && rm "$DIR/made"; }
walk() { stat "$DIR/many/1/.."; }
mounted() { grep -q " $DIR " /proc/self/mounts; }
mount_it() { mount -i -t 9p -o "trans=virtio,version=9p2000.L,cache=$1" plug $DIR; }

# round CACHE: what happens to those who use the mount; nothing if all is well.
round() {
	local users=()
	mount_it "$1" || { echo "mount"; return; }
	use read_it; use read_cached; use write_it 1; use write_it 2; use make
	# With a cache they need no server.
	[ "$1" = loose ] || { use list; use walk; }
	busywait 20 test -e "$DIR/new.1" || echo "no use of it"
	ls "$DIR" >/dev/null
	qmp '{"execute": "device_del", "arguments": {"id": "plug"}}' || echo "device_del"
	times+=" $(took 20 gone_all "${users[@]}")"
	event '"DEVICE_DELETED"' || echo "the device does not go"
	if has_tag plug; then echo "the device is still there"; fi
	equal_errno=$(errno_of ls "$DIR/many")
	[ "$equal_errno" = "Input/output error" ] || echo "afterwards: $equal_errno"
	umount "$DIR" || echo "umount"
	qmp "$PLUG" || echo "device_add"
	busywait 20 has_tag plug || echo "the device does not come back"
}
gone_all() { local pid; for pid; do gone "$pid" || return 1; done; }

try qmp_open
mkdir -p $DIR
try mount_it none
mkdir -p $DIR/many/{1..20}
head -c 4M /dev/urandom >$DIR/big
try umount $DIR

plan 3
times='' wrong=''
for ((i = 0; i < ROUNDS; i++)); do
	round "$([ $((i % 2)) = 0 ] && echo none || echo loose)" >/tmp/round 2>&1
	wrong=$(cat /tmp/round)
	[ -z "$wrong" ] || break
done
bound=2000 # the guest learns of it by ACPI, and the device is reset
timed "all callers fail" "$times"
equal "the device goes and comes back, $ROUNDS times" "" "$wrong"
check "the last one works" eval "mount_it none && cat $DIR/big >/dev/null && umount $DIR"
