#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Makes the guest's read-only image, a copy of the Debian root without the large parts that no
# guest needs, if it is not there yet. Prints its name in the cache.
set -euo pipefail
. "$(dirname "$0")/config.sh"

SKIP='^(src|cache|share|run|tmp|boot|mnt)/|^var/(cache|lib/apt)/'
SKIP+='|^usr/lib/(llvm-|rustlib|gcc/.*/(lto1|cc1plus))|^usr/share/(doc|man|locale|qemu|perl/.*/unicore)/'
SKIP+='|^usr/lib/x86_64-linux-gnu/(libLLVM|libclang|librustc)|libexec/.*/(cc1plus|lto1)$'
SKIP+='|^usr/bin/(qemu-|shellcheck|cargo|clippy|rust|bindgen|.*lto-dump)'

make_image() { # NAME
	rm -f "$CACHE"/guest-*.erofs*
	# The second mount of / shows it without what in-root.sh mounts on it.
	# shellcheck disable=SC2016 # expanded in the root
	"$TOP/scripts/in-root.sh" sh -c 'mount --bind / /mnt && exec "$@"' sh \
		mkfs.erofs --quiet --exclude-regex="$SKIP" "/cache/$1.tmp" /mnt
	mv "$CACHE/$1.tmp" "$CACHE/$1"
}

"$TOP/qemu/sysroot.sh"
name=guest-$(hash_of "$(<"$ROOT/.complete")" "$SKIP").erofs
if [ ! -e "$CACHE/$name" ]; then
	locked image
	[ -e "$CACHE/$name" ] || step "making the guest's image" make_image "$name"
fi
echo "$name"
