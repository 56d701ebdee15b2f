# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For tests that plug devices: QEMU's monitor is at a port of the guest, by this line in their head:
# qemu: -chardev socket,id=mon,path=/run/9pnet/qmp,server=on,wait=off -mon chardev=mon,mode=control -chardev socket,id=monport,path=/run/9pnet/qmp -device virtserialport,nr=5,chardev=monport,name=org.9pnet.qmp

QMP=/dev/vport0p5
events=()

# qmp_open: for the rest of the test.
qmp_open() {
	exec 8<>$QMP
	qmp '{"execute": "qmp_capabilities"}'
}

# next_line: one answer or event of the monitor, in $line.
next_line() { read -r -t 20 -u 8 line; }

# qmp COMMAND: carries out a command of the monitor. What happens meanwhile is kept.
qmp() {
	local line
	echo "$1" >&8
	while next_line; do
		case $line in
		*'"return":'*) return 0 ;;
		*'"error":'*) echo "# $1: $line" >&2; return 1 ;;
		*) events+=("$line") ;;
		esac
	done
	echo "# $1: no answer" >&2
	return 1
}

# event TEXT: waits for an event that contains TEXT, or takes one that has been kept.
event() {
	local line i
	for i in "${!events[@]}"; do
		if [[ ${events[i]} == *$1* ]]; then
			unset "events[i]"
			return 0
		fi
	done
	while next_line; do
		[[ $line != *$1* ]] || return 0
		events+=("$line")
	done
	return 1
}

# tags: the mount tags of all devices.
tags() { for tag in /sys/bus/virtio/devices/*/mount_tag; do tr '\0' '\n' <"$tag"; done 2>/dev/null; }
has_tag() { tags | grep -qx "$1"; }
