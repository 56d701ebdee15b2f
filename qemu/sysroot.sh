#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Makes the Debian 13 root that everything is built and run in, if it is not there yet.
set -euo pipefail
. "$(dirname "$0")/config.sh"

stamp=$(hash_of "$SUITE" "${PACKAGES[@]}")

complete() {
	[ "$(cat "$ROOT/.complete" 2>/dev/null)" = "$stamp" ] &&
		[ -x "$ROOT/usr/bin/rustc" ] && [ -x "$ROOT/usr/bin/qemu-system-x86_64" ] &&
		[ -x "$ROOT/usr/bin/gcc-14" ] && [ -x "$ROOT/usr/bin/bash" ]
}

# The mirror that this machine itself takes Debian from.
mirror() {
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' \
		'Identifier: Packages' 'Component: main' 2>/dev/null |
		awk '$1 == "Debian" && $2 !~ /security/ && !found { found = $3 } END { print found }'
}

install_tools() {
	DEBIAN_FRONTEND=noninteractive apt-get -qq update
	DEBIAN_FRONTEND=noninteractive apt-get -qq install -y mmdebstrap
}

make_root() {
	local tmp=$ROOT.tmp part
	local -a sources=()
	rm -rf --one-file-system "$tmp"
	for part in "$SUITE" "$SUITE-updates" "$SUITE-backports"; do
		sources+=("deb $MIRROR $part main")
	done
	local IFS=,
	# In a mount namespace of its own, so that no mount stays behind if it is stopped.
	TMPDIR=$CACHE unshare --mount --propagation private \
		mmdebstrap --variant=apt --include="${PACKAGES[*]}" \
		--aptopt='Acquire::Retries "3"' "$SUITE" "$tmp" "${sources[@]}"
	mkdir -p "$tmp"/{src,cache,share}
	echo "$stamp" >"$tmp/.complete"
	if [ -d "$ROOT" ]; then
		exec 7<"$ROOT"
		flock 7 # until no command runs in the old one
		rm -rf --one-file-system "$ROOT"
	fi
	mv "$tmp" "$ROOT"
}

! complete || exit 0
[ "$(id -u)" = 0 ] || die "the set-up needs root (chroot, mounts): run make as root"
command -v apt-get >/dev/null || die "the set-up needs apt-get: use a Debian 12 or 13 machine"
[ "$(uname -m)" = x86_64 ] || die "only x86_64 machines are supported, this is $(uname -m)"
locked root
! complete || exit 0

free=$(($(df --output=avail -B1M "$CACHE" | tail -n 1)))
[ "$free" -ge "$DISK_MB" ] ||
	die "$CACHE has $free MB free, $DISK_MB are needed: make room or set XDG_CACHE_HOME"
MIRROR=${MIRROR:-$(mirror)}
[ -n "$MIRROR" ] || die "found no Debian mirror in this machine's apt sources: give MIRROR=http://..."
reach "$MIRROR"
[ -x "$(command -v mmdebstrap)" ] || step "installing mmdebstrap" install_tools
step "making a Debian 13 root with compilers and QEMU from $MIRROR" make_root
