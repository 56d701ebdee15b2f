#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# install.sh install FOLDER | uninstall
#
# Installs the modules in FOLDER for the kernel RELEASE [the running one], or removes them: in
# updates/ of the kernel's folder, where modprobe prefers them to the stock modules, which stay.
# DESTDIR and INSTALL_MOD_PATH are put before the paths.
set -euo pipefail

MODULES=(9pnet.ko 9pnet_virtio.ko 9pnet_fd.ko)
release=${RELEASE:-$(uname -r)}
root=${DESTDIR:-}${INSTALL_MOD_PATH:-}
target=$root/lib/modules/$release

die() { printf '9pnet: %s\n' "$@" >&2; exit 1; }

# A folder that is only being filled, for a package, has no kernel and needs no index.
index() {
	[ ! -e "$target/modules.order" ] || depmod ${root:+-b "$root"} "$release"
}

loaded() {
	[ -z "$root" ] && [ "$release" = "$(uname -r)" ] && [ -e /sys/module/9pnet ] || return 0
	echo "9pnet is loaded: what is $1 counts from its next loading on, such as after"
	echo "    umount -a -t 9p; modprobe -ar 9p 9pnet_virtio 9pnet_fd 9pnet"
}

case ${1-} in
install)
	[ -e "$2/9pnet.ko" ] || die "no modules are built: run make modules"
	built=$(modinfo -F vermagic "$2/9pnet.ko")
	[ "${built%% *}" = "$release" ] ||
		die "the modules are for the kernel ${built%% *}, not for $release: give RELEASE=..."
	[ -n "$root" ] || [ -d "$target" ] || die "there is no kernel $release here"
	mkdir -p "$target/updates"
	for module in "${MODULES[@]}"; do install -m 644 "$2/$module" "$target/updates/"; done
	index
	loaded installed
	;;
uninstall)
	for module in "${MODULES[@]}"; do rm -f "$target/updates/$module"; done
	[ ! -d "$target/updates" ] || rmdir --ignore-fail-on-non-empty "$target/updates"
	index
	loaded removed
	;;
*)
	die "usage: install.sh install FOLDER | uninstall"
	;;
esac
