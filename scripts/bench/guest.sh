# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2317
#
# What `make bench` runs in the guest: the workloads whose names match $W, in each group's mount.
# Set before: KIND (how, see below), W, PORT and LATE (the host's servers), CLIENT: c, rust or virtiofs,
# for which there are only the groups none and loose.
#
#   count    each workload twice, the second time is the one that is counted
#   bytes    the same, for the emulator that counts each step of a string instruction
#   time     each workload twice: the first time its messages are counted, then it is timed
#   again    each workload twice, timed
#
# Prints what load.c prints, "N NAME MESSAGES" for what was sent, "G NAME" for a group that cannot be
# mounted.
set -u
LOAD=/9pnet/bin/load
TRACE=/sys/kernel/tracing
SLOW=/dev/vport0p4
HOST=10.0.2.2

case $KIND in
count | bytes) passes='warm last' ;;
time) passes='messages 1' ;;
again) passes='2 3' ;;
esac
# What tells that a message is sent, and of which type.
EVENT=9p/9p_client_req TYPE=type
[ "$CLIENT" != virtiofs ] || EVENT=fuse/fuse_request_send TYPE=opcode

selected() {
	# shellcheck disable=SC2053 # W is a pattern
	[[ $1 == $W ]]
}

forget() {
	sync -f /mnt
	echo 3 >/proc/sys/vm/drop_caches
}

# load NAME BEFORE WORKLOAD ARGUMENT...: BEFORE is a command that prepares each pass.
load() {
	local name=$group.$1 before=$2 pass
	shift 2
	selected "$name" || return 0
	for pass in $passes; do
		eval "$before"
		forget
		if [ "$pass" = messages ]; then
			echo "hist:keys=$TYPE" >$TRACE/events/$EVENT/trigger
			$LOAD "$name" "$@" >/dev/null
			awk -v name="$name" '/Hits:/ { print "N", name, $2 }' $TRACE/events/$EVENT/hist
			echo "!hist:keys=$TYPE" >$TRACE/events/$EVENT/trigger
		else
			$LOAD "$name" "$@"
		fi
	done
}

# on OPTIONS [SOURCE]: mounts the share, or SOURCE, for the group.
on() {
	mountpoint -q /mnt && umount /mnt
	if [ "$CLIENT" = virtiofs ]; then
		[[ $group == @(none|loose) ]] || return 1
		set -- -t virtiofs "$group"
	else
		set -- -i -t 9p -o "version=9p2000.L,$1" "${2:-share}"
	fi
	mount "$@" /mnt || {
		echo "G $group"
		return 1
	}
}

fill() { # the folder of create and unlink
	rm -rf /mnt/w
	mkdir /mnt/w
	[ $# = 0 ] || $LOAD - create /mnt/w "$1"
}

names() {
	load stat : stat /mnt/small 500
	load fstat : fstat /mnt/big 1000
	load statfs : statfs /mnt 300
	load open-read-close : cat /mnt/small 200
	load create fill create /mnt/w 100
	load unlink 'fill 100' unlink /mnt/w 100
	load readdir : readdir /mnt/many
}

trees() {
	load find : run "$entries" find /mnt/tree -size +1
	load untar 'fill' run "$entries" tar -xf /tmp/tree.tar -C /mnt/w
	load rm-rf 'fill; tar -xf /tmp/tree.tar -C /mnt/w' run "$entries" rm -rf /mnt/w
	load git-status : run 10000 git -C /mnt/git status
}

data() { # BYTES
	local size
	for size in 4 128 1024; do
		load "read-${size}k" : read /mnt/big $((size * 1024)) "$1"
		load "write-${size}k" 'fill' write /mnt/w/data $((size * 1024)) "$1"
	done
}

randomly() {
	load random-1 : random /mnt/big 1 512
	load random-16 : random /mnt/big 16 1024
}

for module in 9p virtio_net; do modprobe $module; done
modprobe 9pnet_fd 2>/dev/null
git config --global --add safe.directory '*'
echo 4 >/proc/sys/vm/drop_caches
group=none
on trans=virtio,msize=131096
cp /mnt/tree.tar /tmp/
grep -i ' t ' /proc/kallsyms >/mnt/kallsyms
entries=$(tar -tf /tmp/tree.tar | wc -l)
[[ $KIND == @(time|again) ]] || sleep 2 # until the processor has its priority, see bench.sh
load nothing : nothing

if [ "$KIND" = bytes ]; then
	load fstat : fstat /mnt/big 1000
	load stat : stat /mnt/small 200
	load read-1024k : read /mnt/big 1048576 4194304
	load write-1024k fill write /mnt/w/data 1048576 4194304
else
	names
	trees
	data 4194304
	randomly

	group=none512
	if on trans=virtio,msize=512000; then data 4194304; fi
	group=readahead
	if on trans=virtio,msize=131096,cache=readahead; then data 8388608; fi
	group=loose
	if on trans=virtio,msize=131096,cache=loose; then
		names
		trees
		data 8388608
		randomly
	fi
	group=loose512
	if on trans=virtio,msize=512000,cache=loose; then data 8388608; fi

	ip addr add 10.0.2.15/24 dev eth0
	ip link set eth0 up
	shared=aname=/share,uname=root,access=user
	group=tcp
	if on "trans=tcp,port=$PORT,$shared,msize=131096" $HOST; then
		names
		data 2097152
		load dread-1024k : dread /mnt/big 1048576 8388608
		randomly
	fi
	group=late # tcp, with a millisecond more on the way
	if on "trans=tcp,port=$LATE,$shared,msize=131096" $HOST; then
		load stat : stat /mnt/small 50
		load open-read-close : cat /mnt/small 30
		load dread-1024k : dread /mnt/big 1048576 8388608
		load write-1024k fill write /mnt/w/data 1048576 4194304
	fi
	group=unix
	mkdir -p /tmp/share/small
	for i in $(seq -f %04g 0 199); do head -c 2000 /dev/zero >"/tmp/share/small/f$i"; done
	head -c 8M /dev/zero >/tmp/share/big
	diod -f -n -N -e /tmp/share -l /tmp/socket 2>/dev/null &
	until [ -S /tmp/socket ]; do sleep 0.05; done
	if on "trans=unix,aname=/tmp/share,uname=root,access=user,msize=131096" /tmp/socket; then
		load stat : stat /mnt/small 200
		load fstat : fstat /mnt/big 500
		load open-read-close : cat /mnt/small 100
		data 2097152
	fi
fi

# How much memory waiting threads take, and how many get an answer, when the server is slow. Last in
# each boot: what hangs in the stock client hangs for good.
group=slow
slow() { # NAME ORDER THREADS SECONDS
	selected "slow.$1" || return 0
	timeout -s KILL $(($4 + 20)) $LOAD "slow.$1" inflight /mnt/hang/f "$3" "$4" "$2"
	echo release >&7
}
if on trans=virtio,msize=131096 && exec 7>$SLOW; then
	head -c 1M /dev/zero >/mnt/hang/f
	if [ "$KIND" = time ]; then
		slow 128-fstats getattr=200ms 128 10
		slow 300-fstats getattr=200ms 300 10
	elif [ "$KIND" = count ]; then
		slow 1000-waiting getattr=hang 1000 0
	fi
fi
exit 0
