# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# V6: small rings: messages are small and few are under way, but all works. Sourced by tests, which
# have sourced device.sh and say what size of message is left.

# ring ENTRIES: makes the device ready again with that many, if the driver takes it so.
ring() {
	[ ! -e "$DRIVER/$virtio" ] || echo "$virtio" >"$DRIVER/unbind"
	insmod /9pnet/modules/p9ring.ko size="$1" || return 1
	echo "$virtio" >"$DRIVER/bind"
	rmmod p9ring
	[ -e "$DRIVER/$virtio" ]
}

refused() { ! ring "$1" 2>/dev/null; }

# copy N: writes a file and reads it back, with and without O_DIRECT.
copy() {
	dd if=/tmp/data of="$DIR/data.$1" bs=1M oflag=direct status=none &&
		dd if="$DIR/data.$1" bs=1M iflag=direct status=none | cmp - /tmp/data &&
		cp "$DIR/data.$1" "$DIR/copy.$1" && cmp /tmp/data "$DIR/copy.$1"
}

many() {
	local i pids=()
	for i in $(seq 12); do copy "$i" & pids+=($!); done
	for i in "${pids[@]}"; do wait "$i" || return 1; done
}

shown() { sed -n "s,^device $DIR .*[^a-z]msize=\([0-9]*\).*,\1,p" /proc/mounts; }

# stuck: more are killed than the ring has room for. The server has nothing against a Tflush.
stuck() {
	local pids=()
	order "Tread@f=hang"
	for _ in $(seq 12); do
		dd if="$DIR/f" of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null &
		pids+=($!)
		disown
	done
	busywait 20 holds 2 || echo "they do not start"
	# Until no more get through.
	busywait 1 holds 12
	kill -KILL "${pids[@]}"
	took 20 gone "${pids[@]}"
}

# small_rings MSIZE: with 8 entries, which hold no more than some pages of a message.
small_rings() {
	virtio=$(device_name)
	head -c 300001 /dev/urandom >/tmp/data
	plan 11
	defer ring 32768
	try ring 8
	equal "8 entries" 8 "$(order device size)"
	try mount_device msize=1048576,cache=loose
	check "with the page cache" copy 0
	unmount "$DIR"
	try mount_device msize=1048576
	equal "msize" "$1" "$(shown)"
	check "write and read" copy 1
	check "many at the same time" many
	bound=1000 # for all together
	timed "the ring is full and all are killed" " $(stuck)"
	check "the mount goes on" says_hello
	check "nothing is left with the device" busywait 10 pending 0
	check "the client has kept to the protocol" no_violations
	unmount "$DIR"
	check "2 entries are refused" refused 2
	check "all entries again" ring 32768
}
