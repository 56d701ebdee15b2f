#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# V5: a device that answers nothing is unplugged: who waits fails at once, and umount works.
# qemu: -chardev socket,id=mon,path=/run/9pnet/qmp,server=on,wait=off -mon chardev=mon,mode=control -chardev socket,id=monport,path=/run/9pnet/qmp -device virtserialport,nr=5,chardev=monport,name=org.9pnet.qmp
# host: mkdir -p device; echo Hello. >device/hello; seq 180000 >device/f
# client: rust
# kernel: stock
. "$(dirname "$0")/device.sh"
. "$(dirname "$0")/qmp.sh"

plan 6
try qmp_open
try mount_device
order "*=hang"
pids=()
for program in "stat $DIR" "cat $DIR/f" "ls $DIR/d" "touch $DIR/new"; do
	$program >/dev/null 2>"/tmp/error.${#pids[@]}" &
	pids+=($!)
	disown
done
try busywait 20 holds 2
check "unplug" qmp '{"execute": "device_del", "arguments": {"id": "device"}}'
bound=2000 # the guest learns of it by ACPI
timed "all fail" " $(took 20 gone "${pids[@]}")"
equal "all with the same error" 4 "$(cat /tmp/error.[0-3] | grep -c ': Input/output error$')"
check "the device goes" event '"DEVICE_DELETED"'
equal "afterwards" "Input/output error" "$(errno_of stat $DIR)"
check "umount" umount $DIR
