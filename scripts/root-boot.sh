#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Boots a Debian whose root file system is the share, mounted by this 9pnet: builds and runs a
# program there, copies a tree, shuts down. Once, with LONG ten times; every boot finds what the last
# one has left.
set -euo pipefail
. "$(dirname "$0")/../qemu/config.sh"
. "$(dirname "$0")/selftests/bad.sh"

: "${LONG:=}" "${RUN:=$BUILD/check}"
boots=1
[ -z "$LONG" ] || boots=10
"$TOP/qemu/sysroot.sh"
if [ "${1-}" != --private ]; then
	exec unshare --mount --propagation private -- "$0" --private
fi

# The host's tree, with a writable layer over it so that it stays as it is.
folder=$RUN/root-on-9p
rm -rf --one-file-system "$folder"
mkdir -p "$folder"/{upper,work,root}
mount -t overlay -o "lowerdir=$ROOT,upperdir=$folder/upper,workdir=$folder/work" overlay "$folder/root"
trap 'umount -l "$folder/root"; rm -rf --one-file-system "$folder"' EXIT

read -r -d '' command <<-'END' || true
	set -e
	[ "$(findmnt -no FSTYPE /)" = 9p ]
	last=$(cat /root/rounds 2>/dev/null || echo 0)
	echo $((last + 1)) >/root/rounds
	cd /root
	printf '#include <stdio.h>\nint main(void) { puts("built and run"); }\n' >program.c
	gcc -O1 -o program program.c
	./program
	rm -rf copy && cp -a /usr/include/linux copy
	diff -r /usr/include/linux copy
	echo "round $((last + 1))"
END

for round in $(seq "$boots"); do
	start=$SECONDS
	said=$(SHARE=$folder/root ROOT_ON=share MOUNT=no RUN=$RUN TIMEOUT=300 CMD=$command \
		"$TOP/qemu/run.sh") || die "boot $round of a root on 9p failed, see ${RUN#"$TOP"/}/console.log"
	[ "$said" = $'built and run\nround '"$round" ] || die "boot $round of a root on 9p said: $said"
	! bad_lines <"$RUN/console.log" ||
		die "boot $round of a root on 9p left that in the kernel's log"
	echo "boot $round with the root on 9p: $((SECONDS - start)) s"
done
