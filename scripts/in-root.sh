#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# in-root.sh [--bind DIR:PLACE]... COMMAND...
#
# Runs COMMAND in the Debian 13 root, which is made first if it is missing. There the project is
# /src, the cache is /cache; the mounts are private, so none stays behind on this machine.
set -euo pipefail
. "$(dirname "$0")/../qemu/config.sh"

binds=()
while [ "${1-}" = --bind ]; do
	binds+=("$2")
	shift 2
done
"$TOP/qemu/sysroot.sh"
if [ -z "${NINEP_PRIVATE-}" ]; then
	[ "$(id -u)" = 0 ] || die "needs root (chroot, mounts): run make as root"
	unshare --mount true 2>/dev/null ||
		die "cannot make a private mount namespace: run as root, in a container with --privileged"
	for bind in "${binds[@]}"; do set -- --bind "$bind" "$@"; done
	NINEP_PRIVATE=1 exec unshare --mount --propagation private -- "$0" "$@"
fi

# bind FROM TO: mounts a file or folder of this machine in the root.
bind() {
	[ -d "$1" ] || [ -e "$ROOT$2" ] || : >"$ROOT$2"
	[ ! -d "$1" ] || mkdir -p "$ROOT$2"
	mount --rbind "$1" "$ROOT$2"
}

# Nobody replaces the root while this runs in it.
exec 7<"$ROOT"
flock -s 7

mkdir -p "$CACHE/cargo"
bind /proc /proc
bind /sys /sys
bind /dev /dev
bind "$TOP" /src
bind "$CACHE" /cache
for bind in "${binds[@]}"; do bind "${bind%%:*}" "${bind#*:}"; done

# Network settings of this machine: name servers, certificates, cargo's configuration, proxies.
ca=/etc/ssl/certs/ca-certificates.crt
[ ! -e /etc/resolv.conf ] || cp -fL --remove-destination /etc/resolv.conf "$ROOT/etc/resolv.conf"
[ ! -e "${SSL_CERT_FILE:-$ca}" ] || bind "$(realpath "${SSL_CERT_FILE:-$ca}")" "$ca"
cargo=${CARGO_HOME:-$HOME/.cargo}/config.toml
[ ! -e "$cargo" ] || cp "$cargo" "$CACHE/cargo/config.toml"

env=(PATH=/usr/sbin:/usr/bin HOME=/root LANG=C.UTF-8 "TERM=${TERM:-dumb}"
	CARGO_HOME=/cache/cargo CARGO_TARGET_DIR=/src/build/cargo
	"SSL_CERT_FILE=$ca" "CARGO_HTTP_CAINFO=$ca")
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
	[ -z "${!name-}" ] || env+=("$name=${!name}")
done
# shellcheck disable=SC2016 # expanded by the inner shell
exec env -i "${env[@]}" chroot "$ROOT" sh -c 'cd /src && exec "$@"' sh "$@"
