#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# boot.sh FOLDER IMAGE CLIENT ACCEL INTERACTIVE SMP MEM TIMEOUT QEMU_EXTRA APPEND
#
# The part of run.sh that runs in the Debian root: packs the initramfs of the kernel in FOLDER with
# the modules of CLIENT and starts QEMU. The share is /share; the guest's stdout and stderr go to
# file descriptors 3 and 4; /run/9pnet keeps the kernel log and the guest's exit status.
set -euo pipefail
folder=$1 image=$2 client=$3 accel=$4 interactive=$5 smp=$6 mem=$7 timeout=$8 extra=$9 more=${10}
run=/run/9pnet
stage=$run/stage

kernel=$folder/image
[ "$folder" != /cache/kernel/stock ] || kernel=/cache/kernel/image
vmlinuz=$(echo "$kernel"/lib/modules/*/vmlinuz)
version=$(basename "$(dirname "$vmlinuz")")
modules=$stage/lib/modules/$version

# The stock modules that the guest uses, each with those it needs; 9pnet's own only for the C client.
wanted=(virtio_blk erofs overlay virtio_net dummy netfs loop ext4 vsock_loopback 9p 9pnet_fd
	9pnet_xen 9pnet_rdma rdma_rxe tls gcm ctr)
drop='/net/9p/9pnet\(_virtio\)\?\.ko'
if [ "$client" = c ]; then
	wanted+=(9pnet_virtio)
	drop='^$'
fi
mkdir -p "$modules/kernel" "$modules/updates" "$stage"/{bin,proc,dev,image,layer,root}
{ modprobe -d "$kernel" -S "$version" --show-depends -a "${wanted[@]}" 2>/dev/null || true; } |
	sed -n 's/^insmod \([^ ]*\).*/\1/p' | sort -u | { grep -v "$drop" || true; } |
	while read -r file; do
		case $file in
		*.xz) xz -dc "$file" >"$modules/kernel/$(basename "$file" .xz)" ;;
		*) cp "$file" "$modules/kernel/" ;;
		esac
	done
if [ "$client" = rust ]; then
	ours=/src/build/modules/$(basename "${folder%%-*}")
	cp "$ours"/*.ko "$modules/updates/"
	mkdir "$stage/9pnet/modules"
	cp "$ours"/scripts/selftests/modules/*.ko "$stage/9pnet/modules/"
	# For tests with the stock modules, out of modprobe's sight.
	mkdir "$stage/9pnet/stock"
	for module in 9pnet 9pnet_virtio 9pnet_fd; do
		file=$(modinfo -b "$kernel" -k "$version" -n "$module")
		case $file in
		*.xz) xz -dc "$file" >"$stage/9pnet/stock/$module.ko" ;;
		*) cp "$file" "$stage/9pnet/stock/" ;;
		esac
	done
fi
touch "$modules"/modules.{order,builtin,builtin.modinfo}
depmod -b "$stage" "$version"
cp /usr/bin/busybox "$stage/bin/"
cp /src/qemu/initramfs "$stage/init"
(cd "$stage" && find . | cpio --quiet -o -H newc >../initrd)

console=(-chardev "file,id=klog,path=$run/console.log" -serial chardev:klog)
ports=(-device virtio-serial-pci
	-chardev "file,id=out,path=/proc/self/fd/3,append=on"
	-chardev "file,id=err,path=/proc/self/fd/4,append=on"
	-chardev "file,id=ctl,path=$run/status"
	-device "virtserialport,nr=1,chardev=out,name=org.9pnet.out"
	-device "virtserialport,nr=2,chardev=err,name=org.9pnet.err"
	-device "virtserialport,nr=3,chardev=ctl,name=org.9pnet.ctl")
# With a folder hang in the share: hangfs on it, which takes the guest's orders over a port.
if [ -d /share/hang ]; then
	/src/build/bin/hangfs /share/hang $run/hang 3>&- 4>&- &
	until [ -S $run/hang ]; do sleep 0.05; done
	ports+=(-chardev "socket,id=hang,path=$run/hang"
		-device "virtserialport,nr=4,chardev=hang,name=org.9pnet.hang")
fi
# With a folder device in the share: p9device, which serves that folder, as a second 9P device. It
# shares the guest's memory. The files device.args and device.props have more for it.
if [ -d /share/device ]; then
	args=() props=
	[ ! -e /share/device.args ] || read -r -a args </share/device.args
	[ ! -e /share/device.props ] || props=,$(</share/device.props)
	/src/build/bin/p9device --control $run/device --log $run/device.log "${args[@]}" \
		/share/device $run/vhost 3>&- 4>&- &
	until [ -S $run/vhost ]; do sleep 0.05; done
	ports+=(-chardev "socket,id=device,path=$run/device"
		-device "virtserialport,nr=6,chardev=device,name=org.9pnet.device"
		-object "memory-backend-memfd,id=mem,size=$mem,share=on" -machine memory-backend=mem
		-plugin /src/build/bin/vhost-user-device.so -chardev "socket,id=vhost,path=$run/vhost"
		-device "vhost-user-device-pci,id=device,chardev=vhost,virtio-id=9,num_vqs=1,config_size=256$props")
fi
[ "$interactive" = no ] ||
	ports+=(-chardev "stdio,id=tty,signal=off" -device "virtconsole,nr=0,chardev=tty")
[ "$interactive" = yes ] || exec </dev/null

append="console=ttyS0 panic=-1 nowatchdog mitigations=off $more"
# An emulated processor on a busy machine is too uneven to measure timers and delay loops with.
[ "$accel" = kvm ] || append+=" no_timer_check lpj=8000000"

# A guest that is not there after five minutes never will be: rarely, on a busy machine without KVM,
# its processors wait for each other for ever while they change the clock source.
watch() { # PID
	while sleep 5 && kill -0 "$1" && ! grep -q 'guest: ready' "$run/console.log"; do
		[ $SECONDS -lt 300 ] || kill "$1"
	done
}
watch $$ </dev/null >/dev/null 2>&1 3>&- 4>&- 7>&- 8>&- 9>&- &

# Without LA57: where the kernel lies depends on it, and KASAN reports accesses out of bounds in
# interrupts while the kernel patches the places that ask for it (see its apply_alternatives()).
# shellcheck disable=SC2086 # QEMU_EXTRA is several arguments
exec timeout --foreground -k 5 "$timeout" qemu-system-x86_64 -accel "$accel" -cpu max,la57=off -smp "$smp" \
	-m "$mem" -nodefaults -no-user-config -display none -no-reboot "${console[@]}" "${ports[@]}" \
	-kernel "$vmlinuz" -initrd "$run/initrd" \
	-append "$append" \
	-drive "file=/cache/$image,format=raw,if=none,id=root,readonly=on" \
	-device virtio-blk-pci,drive=root \
	-fsdev local,id=share,path=/share,security_model=none,multidevs=remap \
	-device virtio-9p-pci,fsdev=share,mount_tag=share $extra
