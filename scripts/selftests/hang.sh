# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# For tests with a server that hangs: $MNT/hang is hangfs (see rust/tools), whose operations can be
# held up, and QEMU's 9P server with them.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=/dev/null
. /9pnet/env

: "${ROUNDS:=20}"

# From the signal to the process reaped, in milliseconds. A guest without KVM needs some of it. One
# round in ten may take up to STALL_MS: then the machine under the guest was busy. Who waits for the
# server waits much longer.
BOUND_MS=100
STALL_MS=1000

HANG=$MNT/hang
BIN=/9pnet/bin

# hang ORDER...: an order to hangfs; prints its answer.
hang() {
	local answer=
	{ echo "$*" >&7 && read -r -t 10 -u 7 answer; } 7<>/dev/vport0p4
	[ "${answer%%:*}" != error ] || echo "# hangfs: $answer" >&2
	[ "$answer" = ok ] || echo "$answer"
}

# mount_hang [OPTIONS]: mounts the share with files f, g and the folder d in $HANG, f of 1 MiB.
mount_hang() {
	[ -e /dev/vport0p4 ] || skip_all "this guest has no hangfs"
	try mount_9p "${1-}"
	defer hang release
	try hang release
	try mkdir -p "$HANG/d"
	try touch "$HANG/g"
	yes 0123456789abcde | head -c 1M >"$HANG/f"
}

# holds N: whether hangfs holds up N operations or more.
holds() { [ "$(hang held)" -ge "$1" ]; }

# idle: whether nothing is held up and no file is open on the server, but those that were before.
before=0
idle() { [ "$(hang held) $(hang open)" = "0 $before" ]; }

# forget: lets the guest forget the data of files.
forget() { sync -f "$MNT" && echo 1 >/proc/sys/vm/drop_caches; }

# die ORDER [-SIGNAL] OPERATION FILE...: lets OPERATION run into what ORDER holds up and kills it.
# Prints what victim says.
die() {
	local kill pid
	hang "$1"
	shift
	exec {kill}> >(exec "$BIN/victim" "$@" >/tmp/victim 2>&1)
	pid=$!
	if busywait 10 holds "$want"; then
		echo >&"$kill"
	else
		echo "# does not wait in $*" >&2
	fi
	exec {kill}>&-
	wait $pid
	cat /tmp/victim
}

# dies NAME ORDER [-SIGNAL] OPERATION FILE...: one result: OPERATION can be killed within $bound ms,
# ROUNDS times, while it has $want operations held up, and then nothing is left on the server.
bound=$BOUND_MS want=1
prepare() { :; } # what to do before each round
dies() {
	local name=$1 rounds=$ROUNDS round took times='' rest=''
	shift
	[ "$CLIENT" = rust ] || rounds=1
	before=$(hang open)
	for ((round = 1; round <= rounds; round++)); do
		prepare
		forget
		took=$(die "$@")
		times+=" ${took:-nothing}"
		hang release
		busywait 10 idle ||
			rest="left on the server: $(hang held) operations, $(($(hang open) - before)) files"
		[[ $took =~ ^[0-9.]+$ && -z $rest ]] || break
	done
	timed "$name" "$times" "$rest"
}

# timed NAME TIMES [FAULT]: one result: no fault, and all times are below $bound, or nearly all.
timed() {
	local worst
	worst=$(tr ' ' '\n' <<<"$2" | sort -g | tail -n 1)
	[[ $2 =~ ^[0-9.\ ]+$ ]] || worst=${2##* }
	echo "# time: $1: $worst"
	if [ "$CLIENT" != rust ]; then
		skip "$1" "stock client: $worst${3:+, $3}"
	elif [ -z "${3-}" ] && awk -v bound="$bound" -v stall="$STALL_MS" '{
			for (i = 1; i <= NF; i++) {
				bad += $i !~ /^[0-9.]+$/ || $i + 0 > bound + stall
				slow += $i + 0 > bound
			}
			exit bad || slow > NF / 10
		}' <<<"$2"; then
		pass "$1"
	else
		fail "$1" "milliseconds:$2" "${3-}"
	fi
}

# since TIME: milliseconds from then, an EPOCHREALTIME.
since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", (b - a) * 1e3 }'; }

# took SECONDS COMMAND...: milliseconds until COMMAND is true, or "hangs".
took() {
	local start=$EPOCHREALTIME
	if busywait "$@"; then since "$start"; else echo hangs; fi
}

# gone PID: whether the process has ended.
gone() { ! kill -0 "$1" 2>/dev/null; }
