#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kernel.sh stock|debug|kcsan
#
# Makes what is needed to build modules for a kernel and to boot it, if it is not there yet:
#   stock  Debian's image and modules (image/), and a build folder with the Rust metadata (stock/)
#   debug  a kernel of the same source with qemu/guest.config and qemu/debug.config, in a build
#          folder (debug-HASH/)
#   kcsan  the same with qemu/kcsan.config
# all under the cache's kernel/. Prints the build folder's path inside the Debian root.
#
# It runs itself in the root for the steps: kernel.sh --in-root STEP ARGUMENT...
set -euo pipefail
. "$(dirname "$0")/config.sh"

KERNELS=$CACHE/kernel

# Steps, run in the root with the cache at /cache

fetch() { # VERSION-OR-EMPTY: unpacks a kernel's packages, by default the newest one's
	local version=${1:-} package
	local dir=/cache/kernel
	apt-get -qq -o APT::Sandbox::User=root -o APT::Update::Error-Mode=any update
	if [ -z "$version" ] || ! apt-cache show "linux-image-$version" >/dev/null 2>&1; then
		version=$(apt-cache search --names-only '^linux-image-[0-9.]+\+deb13-amd64$' |
			sed 's/^linux-image-\([^ ]*\) .*/\1/' | sort -V | tail -n 1)
	fi
	rm -rf "$dir/tmp"
	mkdir -p "$dir/tmp/debs" "$dir/tmp/image"
	cd "$dir/tmp/debs"
	# All of it is read: a reader that ends early makes a failure of the pipe.
	package=$(apt-cache show "linux-image-$version" | sed -n 's/^Version: //p' | tail -n 1)
	local series=${version%%+*}
	apt-get -qq -o APT::Sandbox::User=root download "linux-binary-$version" "linux-modules-$version" \
		"linux-headers-$version" "linux-source-${series%.*}=$package"
	for package in linux-binary linux-modules linux-headers linux-source; do
		dpkg-deb -x "$package"-*.deb "$dir/tmp/image"
		rm "$package"-*.deb
	done
	echo "$version" >"$dir/tmp/version"
	cp "$dir/tmp/image/usr/src/linux-headers-$version/"{.config,Module.symvers} "$dir/tmp/"
	mkdir -p "$dir/tmp/lib/modules"
	mv "$dir/tmp/image/usr/lib/modules/$version" "$dir/tmp/lib/modules/"
	depmod -b "$dir/tmp" "$version"
	mv "$dir"/tmp/image/usr/src/linux-source-*.tar.xz "$dir/tmp/linux.tar.xz"
	rm -rf "$dir/image" "$dir/tmp/image" "$dir/tmp/debs"
	mv "$dir/tmp" "$dir/image"
}

unpack() {
	local dir=/cache/kernel
	rm -rf "$dir/source" "$dir/source.tmp"
	mkdir "$dir/source.tmp"
	tar -xJf "$dir/image/linux.tar.xz" -C "$dir/source.tmp" --strip-components=1
	mv "$dir/source.tmp" "$dir/source"
}

prepare_stock() {
	local dir=/cache/kernel
	rm -rf "$dir/stock"
	mkdir "$dir/stock"
	cp "$dir/image/"{.config,Module.symvers} "$dir/stock/"
	cd "$dir/source"
	kmake stock O="$dir/stock" modules_prepare
	touch "$dir/stock/.complete"
}

# settings: those of its input's lines that set or unset an option.
settings() { grep -E '^(CONFIG_|# CONFIG_[A-Z0-9_]+ is not set$)'; }

build() { # KERNEL FOLDER: goes on where a build that was stopped left off
	local out=/cache/kernel/$2 files=(/src/qemu/guest.config "/src/qemu/$1.config") missing
	mkdir -p "$out"
	cd /cache/kernel/source
	kmake "$1" O="$out" tinyconfig
	scripts/kconfig/merge_config.sh -m -O "$out" "$out/.config" "${files[@]}"
	kmake "$1" O="$out" olddefconfig
	# What is off may be missing altogether.
	missing=$(cat "${files[@]}" | settings |
		awk 'NR == FNR { set[$0]; next }
			/^#/ ? ($2 "=y") in set || ($2 "=m") in set : !($0 in set)' "$out/.config" -)
	[ -z "$missing" ] || { echo "not taken over by Kconfig:" "$missing"; return 1; }
	kmake "$1" O="$out" bzImage modules
	kmake "$1" O="$out" INSTALL_MOD_PATH="$out/image" modules_install
	cp "$out/arch/x86/boot/bzImage" "$(echo "$out"/image/lib/modules/*)/vmlinuz"
	touch "$out/.complete"
}

if [ "${1-}" = --in-root ]; then
	shift
	"$@"
	exit
fi

# On this machine

in_root() { "$TOP/scripts/in-root.sh" qemu/kernel.sh --in-root "$@"; }

# made FOLDER FILE: whether a build was completed, and the file, its proof, is still there.
made() { [ -e "$KERNELS/$1/.complete" ] && [ -e "$2" ]; }

kernel=${1:-stock}
one_of KERNEL "$kernel" "${KERNEL_NAMES[@]}"
"$TOP/qemu/sysroot.sh"
locked kernel
mkdir -p "$KERNELS"
if [ ! -e "$(echo "$KERNELS"/image/lib/modules/*/vmlinuz)" ] || [ ! -e "$KERNELS/image/Module.symvers" ] ||
	[ "$(cat "$KERNELS/image/pin" 2>/dev/null)" != "$KERNEL_PIN" ]; then
	reach "$(awk '$1 == "deb" { print $2; exit }' "$ROOT/etc/apt/sources.list")"
	rm -rf "$KERNELS/source" "$KERNELS/stock"
	step "fetching kernel $KERNEL_PIN: image, modules, headers, source" in_root fetch "$KERNEL_PIN"
	echo "$KERNEL_PIN" >"$KERNELS/image/pin"
fi
version=$(<"$KERNELS/image/version")
[ "$version" = "$KERNEL_PIN" ] ||
	say "warning: the archive no longer has kernel $KERNEL_PIN, using $version"
[ -e "$KERNELS/source/Makefile" ] || step "unpacking the kernel source" in_root unpack

if [ "$kernel" = stock ]; then
	out=stock
	# Asked again under the lock: another set-up may just have made it.
	made "$out" "$KERNELS/stock/rust/libkernel.rmeta" || locked stock-kernel
	made "$out" "$KERNELS/stock/rust/libkernel.rmeta" ||
		step "preparing the stock kernel's Rust metadata" in_root prepare_stock
else
	# What it is built from, and how: comments do not count.
	out=$kernel-$(hash_of "$version" "$(settings <"$TOP/qemu/guest.config")" \
		"$(settings <"$TOP/qemu/$kernel.config")" "$(declare -f build kmake)")
	made "$out" "$KERNELS/$out"/image/lib/modules/*/vmlinuz || locked "$kernel-kernel"
	made "$out" "$KERNELS/$out"/image/lib/modules/*/vmlinuz ||
		step "building the $kernel kernel, about ten minutes" in_root build "$kernel" "$out"
fi
echo "/cache/kernel/$out"
