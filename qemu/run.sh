#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Boots the guest with the share and runs CMD or a shell there: what `make run` does. Takes its
# settings from the environment, see `make help`. Exit status: that of CMD, 124 after TIMEOUT
# seconds, 125 where the guest tells none.
set -euo pipefail
. "$(dirname "$0")/config.sh"

: "${CLIENT:=rust}" "${KERNEL:=stock}" "${TRANS:=virtio}" "${MSIZE:=}" "${MOUNT_OPTS:=}" "${SMP:=2}"
: "${MEM:=1G}" "${TIMEOUT:=}" "${QEMU_EXTRA:=}" "${MOUNT:=yes}" "${SHARE:=$BUILD/share}"
: "${RUN:=$BUILD/run}" "${CMD:=}" "${ROOT_ON:=image}" "${ACCEL:=}" "${APPEND:=page_poison=1}"

one_of CLIENT "$CLIENT" rust c
one_of KERNEL "$KERNEL" "${KERNEL_NAMES[@]}"
one_of TRANS "$TRANS" virtio tcp unix fd
number MSIZE "$MSIZE"
number SMP "$SMP"
number TIMEOUT "$TIMEOUT"
[[ $MEM =~ ^[0-9]+[MG]$ ]] || die "MEM=$MEM: must be a number followed by M or G"
[ "$SHARE" = "$BUILD/share" ] || [ -d "$SHARE" ] || die "SHARE=$SHARE: no such folder"
[ -z "${FIXTURE-}" ] || one_of FIXTURE "$FIXTURE" virtio.{L,u} {tcp,unix,fd}.{L,u,2000}
[ "${1-}" != --check ] || exit 0

demo() {
	mkdir -p "$SHARE/folder"
	echo "Hello from the host." >"$SHARE/hello"
	ln -s ../hello "$SHARE/folder/link"
	seq 10000 >"$SHARE/folder/numbers"
}

"$TOP/qemu/sysroot.sh"
folder=$("$TOP/qemu/kernel.sh" "$KERNEL")
image=$("$TOP/qemu/image.sh")
[ -d "$SHARE" ] || demo
mkdir -p "$RUN"
exec 8>"$RUN/lock"
flock -n 8 || die "a guest already runs in ${RUN#"$TOP"/}: wait for it or give another RUN=folder"

# What the guest gets: settings, command, selftests. boot.sh adds the modules.
stage=$RUN/stage
rm -rf "$stage" "$RUN/status" "$RUN/console.log" "$RUN/hang"
mkdir -p "$stage/9pnet"
cp "$TOP/qemu/init" "$stage/9pnet/"
cp -r "$TOP/scripts/selftests" "$TOP/scripts/install.sh" "$stage/9pnet/"
[ ! -d "$BUILD/bin" ] || cp -r "$BUILD/bin" "$stage/9pnet/"
[ "$ROOT_ON" = image ] || touch "$stage/9pnet/root-on-share"
options=trans=$TRANS,version=9p2000.L${MSIZE:+,msize=$MSIZE}${MOUNT_OPTS:+,$MOUNT_OPTS}
interactive=no
if [ -z "$CMD" ] && [ -t 0 ]; then
	interactive=yes
	printf '%s\n' "PS1='guest:\w# '" "alias ls='ls --color=auto'" \
		"echo 'The share is on /mnt. Leaving the shell powers the guest off.'" \
		>"$stage/9pnet/profile"
elif [ -z "$CMD" ]; then
	cat >"$stage/9pnet/command"
else
	printf '%s\n' "$CMD" >"$stage/9pnet/command"
fi
[ $interactive = yes ] || : "${TIMEOUT:=600}"
read -r rows columns < <(stty size 2>/dev/null || echo 24 80)
[ "$rows" != 0 ] || rows=24 columns=80
{
	declare -p options rows columns MOUNT CLIENT KERNEL TRANS MSIZE ${ROUNDS:+ROUNDS} ${LONG:+LONG}
	echo "TERM=${TERM:-dumb} MAINBOOT=yes"
	[ -z "${FIXTURE-}" ] || echo ": \${FIXTURE:=$FIXTURE}; export FIXTURE"
} >"$stage/9pnet/env"

accel=tcg,thread=multi
! { grep -qwE 'vmx|svm' /proc/cpuinfo && [ -w /dev/kvm ]; } || accel=kvm
accel=${ACCEL:-$accel}

# The guest's stdout and stderr come through pipes of their own, which end with QEMU.
exec 3> >(exec cat)
pipes=$!
exec 4> >(exec cat >&2)
pipes+=" $!"
status=0
"$TOP/scripts/in-root.sh" --bind "$(realpath "$SHARE"):/share" \
	--bind "$(realpath "$RUN"):/run/9pnet" qemu/boot.sh "$folder" "$image" "$CLIENT" "$accel" \
	"$interactive" "$SMP" "$MEM" "${TIMEOUT:-0}" "$QEMU_EXTRA" "$APPEND" || status=$?
exec 3>&- 4>&-
# shellcheck disable=SC2086 # two numbers
wait $pipes

console=${RUN#"$TOP"/}/console.log
if [ -s "$RUN/status" ]; then
	read -r _ status <"$RUN/status"
	[ $interactive = yes ] || echo "guest: exit status $status" >&2
elif [ "$status" = 124 ]; then
	echo "guest: no end after $TIMEOUT s (TIMEOUT), stopped; its kernel log is $console" >&2
elif panic=$(grep -am1 -o 'Kernel panic.*' "$RUN/console.log" 2>/dev/null); then
	echo "guest: $panic; its kernel log is $console" >&2
	status=125
else
	echo "guest: ended without telling an exit status; its kernel log is $console" >&2
	status=125
fi
exit "$status"
