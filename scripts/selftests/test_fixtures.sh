#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Each transport with each dialect: the same calls give on the mount what they give in a folder of a
# tmpfs, and what the server's folder holds then is the same, too.
# client: both
# timeout: 240
. "$(dirname "$0")/calls.sh"

FIXTURES=(virtio.{L,u} {tcp,unix,fd}.{L,u,2000})

# show: mounts $FIXTURE, with messages smaller than files and folders.
show() { fixture_mount msize=4096 "$MNT" share; }

# shown: the transport and the dialect, as a FIXTURE.
shown() {
	awk -v at="$MNT" '$2 == at {
		trans = $4
		sub(/.*trans=/, "", trans)
		sub(/,.*/, "", trans)
		print trans "." ($4 ~ /,noextend/ ? "2000" : $4 ~ /,version=9p2000.u/ ? "u" : "L")
	}' /proc/self/mounts
}

# trip: all results of $FIXTURE.
trip() {
	local place=$MNT/fixtures
	try show
	equal "$FIXTURE: is what is mounted" "$FIXTURE" "$(shown)"
	rm -rf /tmp/mirror "$place"
	try mkdir /tmp/mirror "$place"
	# QEMU answers the Twstat that stands for an fsync with nothing, for which the stock client waits
	# for ever.
	given "dialect = '${FIXTURE#*.}'; syncs = '$FIXTURE' != 'virtio.u'"
	mirrored "$FIXTURE: calls" calls "$place"
	mirrored "$FIXTURE: what they leave" tree "$place"
	echo 2 >/proc/sys/vm/drop_caches
	if [[ $FIXTURE = virtio.* ]]; then
		# The host's folder is seen from here over another mount only.
		umount "$MNT" && try mount -i -t 9p -o trans=virtio share "$MNT"
		mirrored "$FIXTURE: what the server has" tree "$place"
		umount "$MNT" && try show
	else
		mirrored "$FIXTURE: what the server has" tree "$SERVED/fixtures"
	fi
	mirrored "$FIXTURE: all is removed" remove "$place"
	equal "$FIXTURE: nothing is left" "" "$(ls -A "$place")"
	rmdir "$place"
	check "$FIXTURE: unmount" umount "$MNT"
}

plan $((${#FIXTURES[@]} * 7))
mkdir -p "$MNT"
defer unmount "$MNT"
cd / && calls
given "$(<"$SELFTESTS/fixtures.py")"
for FIXTURE in "${FIXTURES[@]}"; do
	trip
	fixture_stop
done
