# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# For tests that kill whoever waits for a server. Sourced by hang.sh and fault.sh, which say where the
# server takes $ORDERS, and what is left on it.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

: "${ROUNDS:=3}"
BIN=/9pnet/bin

# From the signal to the process reaped, in milliseconds. A guest without KVM needs some of it. One
# round, or one in ten, may take STALL_MS more: then the machine under the guest was busy. Who waits for the
# server waits much longer. Each watch for a data race is a delay by itself.
BOUND_MS=100
[ "$KERNEL" != kcsan ] || BOUND_MS=1000
STALL_MS=1000

# order WORD...: an order to the server; prints its answer.
order() {
	local answer=
	{ echo "$*" >&7 && read -r -t 10 -u 7 answer; } 7<>"$ORDERS"
	[ "${answer%%:*}" != error ] || echo "# $*: $answer" >&2
	[ "$answer" = ok ] || echo "$answer"
}

# holds N [OPERATION..]: whether the server holds up N operations or more, or N of these.
holds() { [ "$(order held "${@:2}")" -ge "$1" ]; }

# waiting: whether the victim has run into what is held up: $want operations, or $want of ${kinds[@]}.
waiting() { holds "$want" "${kinds[@]}"; }

# idle: whether nothing is held up, and no more left on the server than before.
before=0
idle() { [ "$(order held) $(left)" = "0 $before" ]; }

# forget: lets the guest forget the data of files. The 4 keeps the kernel from telling each time.
echo 4 >/proc/sys/vm/drop_caches
forget() { sync -f "$MNT" && echo 1 >/proc/sys/vm/drop_caches; }

# die ORDER [-SIGNAL] OPERATION FILE...: lets OPERATION run into what ORDER holds up, gives the order
# $then, if there is one, and kills it. Prints what victim says, which is no time if it did not wait.
then=
die() {
	local kill pid early=
	order "$1"
	shift
	exec {kill}> >(exec "$BIN/victim" "$@" >/tmp/victim 2>&1)
	pid=$!
	if busywait 10 waiting; then
		[ -z "$then" ] || order "$then"
		echo >&"$kill"
	else
		early=does-not-wait,
	fi
	exec {kill}>&-
	wait $pid
	echo "$early$(cat /tmp/victim)"
}

# dies NAME ORDER [-SIGNAL] OPERATION FILE...: one result: OPERATION can be killed within $bound ms,
# ROUNDS times, while it has $want operations held up, and then nothing is left on the server.
bound=$BOUND_MS want=1 kinds=()
prepare() { :; } # what to do before each round
dies() {
	local name=$1 rounds=$ROUNDS round took times='' rest=''
	shift
	[ "$CLIENT" = rust ] || rounds=1
	before=$(left)
	for ((round = 1; round <= rounds; round++)); do
		prepare
		forget
		took=$(die "$@")
		times+=" ${took:-nothing}"
		order release
		busywait 10 idle ||
			rest="left on the server: $(order held) operations, $(($(left) - before)) $LEFT"
		[[ $took =~ ^[0-9.]+$ && -z $rest ]] || break
	done
	timed "$name" "$times" "$rest"
}

# timed NAME TIMES [FAULT]: one result: no fault, and all times are below $bound, or nearly all. Prints
# the median and the longest.
timed() {
	local sorted median worst
	mapfile -t sorted < <(tr -s ' ' '\n' <<<"${2# }" | sort -g)
	median=${sorted[${#sorted[@]} / 2]} worst=${sorted[-1]}
	[[ $2 =~ ^[0-9.\ ]+$ ]] || median=${2##* } worst=${2##* }
	echo "# time: $1: $median $worst"
	tried kills "$(wc -w <<<"$2")"
	if [ "$CLIENT" != rust ]; then
		skip "$1" "stock client: $worst${3:+, $3}"
	elif [ -z "${3-}" ] && awk -v bound="$bound" -v stall="$STALL_MS" '{
			for (i = 1; i <= NF; i++) {
				bad += $i !~ /^[0-9.]+$/ || $i + 0 > bound + stall
				slow += $i + 0 > bound
			}
			exit bad || slow > 1 && slow > NF / 10
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

# gone PID...: whether the processes have ended, all of them.
gone() { ! kill -0 "$@" 2>/dev/null; }
