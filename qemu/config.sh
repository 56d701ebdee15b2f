# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Names, versions and places that the scripts share. Sourced, never run.

# The one place where the stock kernel is pinned. Where the archive no longer has it, the newest
# linux-image-*+deb13-amd64 of trixie-backports is taken instead, with a warning.
KERNEL_PIN=7.3.4+deb13-amd64

# Debian's kernel, and those that are built of its source with qemu/NAME.config.
KERNEL_NAMES=(stock debug kcsan)

SUITE=trixie

# Room the set-up takes in the cache, in MB, with some to spare.
DISK_MB=9000

# What the Debian root holds: compilers, QEMU and tools, and what the guest needs besides.
PACKAGES=(
	ca-certificates rustc rust-src rustfmt rust-clippy cargo bindgen libclang-dev clang gcc-14 gcc g++
	make bc bison flex cpio kmod xz-utils zstd rsync perl python3 pahole
	libelf-dev libssl-dev libdw-dev qemu-system-x86 erofs-utils busybox-static shellcheck
	bash-completion strace fio stress-ng git tar attr acl procps psmisc util-linux mount hostname iproute2 less
	keyutils file e2fsprogs diod nfs-ganesha nfs-ganesha-vfs virtiofsd
)

export LC_ALL=C
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=$TOP/build
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/9pnet
ROOT=$CACHE/root

say() { printf '9pnet: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# hash_of TEXT...: a short name for what TEXT determines.
hash_of() { printf '%s\n' "$@" | sha256sum | cut -c1-12; }

# one_of NAME VALUE ALLOWED...: ends with one line if VALUE is none of ALLOWED.
one_of() {
	local name=$1 value=$2 allowed
	shift 2
	for allowed; do [ "$value" != "$allowed" ] || return 0; done
	die "$name=$value: allowed are: $*"
}

# number NAME VALUE: ends with one line if VALUE is neither empty nor a decimal number.
number() { [[ $2 =~ ^[0-9]*$ ]] || die "$1=$2: must be a number"; }

# step TEXT COMMAND...: runs COMMAND, tells on one line what it does and how long it took, a dot
# for every five seconds; its output goes to build/log, the end of which is shown if it fails.
step() {
	local text=$1 log ticker rc start=$EPOCHREALTIME
	shift
	log=${text//[^A-Za-z0-9]/-}
	log=$BUILD/log/${log:0:40}.log
	mkdir -p "$BUILD/log"
	printf '%s ..' "$text" >&2
	# The dots end with this script; they hold neither its output nor its lock.
	while sleep 5 2>/dev/null && kill -0 $$ 2>/dev/null; do printf . >&2; done >/dev/null 9>&- &
	ticker=$!
	set +e # not "|| rc=$?", which would let "$@" go on after an error
	(set -e; "$@") >"$log" 2>&1 </dev/null
	rc=$?
	set -e
	kill "$ticker"
	wait "$ticker" 2>/dev/null || true
	if [ "$rc" != 0 ]; then
		printf ' failed\n' >&2
		tail -n 15 "$log" >&2
		die "'$text' failed, the whole of its output is in ${log#"$TOP"/}"
	fi
	awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf " %.1f s\n", b - a }' >&2
}

# reach MIRROR: ends with one line if the Debian mirror cannot be read.
reach() {
	/usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file \
		"${1%/}/dists/$SUITE/InRelease" "$CACHE/.reach" >/dev/null 2>&1 ||
		die "cannot read the Debian mirror $1: check the network, or give MIRROR=http://..."
}

# locked NAME: lets one set-up at a time make NAME, until the calling script ends or locks another.
locked() {
	mkdir -p "$CACHE"
	exec 9>"$CACHE/.lock-$1"
	flock -n 9 || { say "waiting for another set-up of the $1 to end"; flock 9; }
}

# kmake KERNEL ARGUMENT...: the kernel's make, in the root. Rust with KASAN or KCSAN asks for clang.
kmake() {
	local version
	local -a set=(-j"$(nproc)" HOSTCC=gcc-14 CC=clang)
	if [ "$1" = stock ]; then
		version=$(</cache/kernel/image/version)
		set=(-j"$(nproc)" HOSTCC=gcc-14 CC=x86_64-linux-gnu-gcc-14
			LOCALVERSION="+${version#*+}" KERNELRELEASE="$version")
	fi
	shift
	make "${set[@]}" "$@"
}
