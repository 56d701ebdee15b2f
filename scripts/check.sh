#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What `make check` does: the stages (lint, unit tests, module build, symbols), then the selftests
# in the guest, on each kernel, with LONG on the one that looks for data races, too; a table and "N
# passed, N failed" at the end. T, CLIENT, KERNEL, ROUNDS, LONG and JOBS as in `make help`. What the
# guests say is kept in RUN/log, for scripts/tried.sh.
set -euo pipefail
. "$(dirname "$0")/../qemu/config.sh"
. "$(dirname "$0")/selftests/bad.sh"

: "${CLIENT:=rust}" "${T:=}" "${RUN:=$BUILD/check}" "${LONG:=}" "${JOBS:=${T:+1}}"
: "${JOBS:=2}"
export CLIENT RUN MOUNT=no
number JOBS "$JOBS"
[ "$JOBS" -gt 0 ] || die "JOBS=$JOBS: at least one guest must run"
one_of CLIENT "$CLIENT" rust c
asked=${KERNEL-}
kernels=(stock)
if [ -n "$asked" ]; then
	one_of KERNEL "$asked" "${KERNEL_NAMES[@]}"
	kernels=("$asked")
elif [ -z "$T" ] && [ "$CLIENT" = rust ]; then
	kernels=(stock debug ${LONG:+kcsan})
fi
export KERNEL=${kernels[0]}
rounds=${ROUNDS:-}

results=() # each "result name seconds"
guests=0   # that were booted

# A guest is asked for no more selftests than this, so that several guests share them evenly.
PIECE=16

selected() {
	# shellcheck disable=SC2053 # T is a pattern
	[ -z "$T" ] || [[ $1 == $T || $1 == *"$T"* ]]
}

# suffix [CLIENT]: tells apart the results of one test with several clients and on several kernels.
suffix() {
	[ "$KERNEL" = "${kernels[0]}" ] || printf '@%s' "$KERNEL"
	[ "${1:-$CLIENT}" = "$CLIENT" ] || printf '@%s' "$1"
}

# stage NAME COMMAND...: one result; what the command says is shown as it comes.
stage() {
	local name=$1 start=$SECONDS status=0
	shift
	selected "$name" || return 0
	echo "== $name"
	"$@" 2>&1 | tee "$RUN/log/$name" || status=$?
	if [ "$status" = 0 ]; then
		results+=("ok $name $((SECONDS - start))")
	else
		results+=("FAIL $name $((SECONDS - start))")
	fi
}

header() { sed -n "s/^# $2: //p" "$TOP/scripts/selftests/test_$1.sh" | head -n 1; }

# among WORD LIST: whether the list has the word.
among() { [[ " $2 " == *" $1 "* ]]; }

# kernel_log: what the kernel has logged before the first test and after the last one must be good,
# too; the tests themselves are judged by run.sh.
kernel_log() {
	local bad
	bad=$(awk '/selftest: .* begins/ { test = 1 } !test; /selftest: the end/ { test = 0 }' \
		"$RUN/console.log" | bad_lines || true)
	[ -z "$bad" ] && return
	printf '%s\n' "$bad" | sed 's/^/# /'
	return 1
}

# boots FOLDER CLIENT QEMU_EXTRA NAME...: runs the tests, in a new guest after each one that ends a
# guest. Leaves the results and all that was said in files of the folder.
boots() {
	local RUN=$1 client=$2 extra=$3 suffix out=$1/ktap name number line start again=
	shift 3
	results=()
	suffix=$(suffix "$client")
	while [ $# -gt 0 ]; do
		rm -rf "$RUN/share"
		mkdir -p "$RUN/share/hang"
		echo "Hello from the host." >"$RUN/share/hello"
		for name; do (cd "$RUN/share" && eval "$(header "$name" host)"); done
		start=$SECONDS
		echo "== $KERNEL kernel${suffix:+, ${suffix#@}}: a guest for $# tests"
		CLIENT=$client QEMU_EXTRA=$extra SHARE=$RUN/share \
			TIMEOUT=$((300 + (600 + 20 * ${ROUNDS:-3}${LONG:+ + 3600}) * $#)) \
			CMD="exec bash /9pnet/selftests/run.sh $*" "$TOP/qemu/run.sh" 2>&1 | tee "$out" || true
		sed "s/^/$KERNEL: /" "$out" >>"$RUN/selftests"
		# The kernel hung before any of this project ran: once more, once.
		if [ -z "$again" ] && ! grep -aq 'guest: ready' "$RUN/console.log"; then
			again=yes
			continue
		fi
		number=0
		for name; do
			number=$((number + 1))
			line=$(grep -aE "^(ok|not ok) $number " "$out" || true)
			case $line in
			'') break ;;
			*'# SKIP') results+=("skip $name$suffix 0") ;;
			ok*) results+=("ok $name$suffix ${line##*# }") ;;
			*) results+=("FAIL $name$suffix ${line##*# }") ;;
			esac
			shift
		done
		if [ $# -gt 0 ] && { [ -z "$line" ] && ! grep -q 'status 99' "$out"; }; then
			results+=("FAIL $1$suffix $((SECONDS - start))") # the guest died with it
			tail -n 40 "$RUN/console.log" | sed 's/^/# /'
			shift
		elif [ $# = 0 ]; then
			line=$(grep -aE '^(ok|not ok) [0-9]+ kmemleak' "$out" || true)
			[ -z "$line" ] || case $line in
			ok*) results+=("ok kmemleak$suffix 12") ;;
			*) results+=("FAIL kmemleak$suffix 12") ;;
			esac
		fi
		kernel_log || results+=("FAIL kernel-log$suffix 0")
	done
	printf '%s\n' "${results[@]}" >"$RUN/results"
}

# guest CLIENT QEMU_EXTRA NAME...: as boots, in the background when fewer than JOBS guests run. Then
# what it says is shown when it has ended.
guest() {
	guests=$((guests + 1))
	local folder=$RUN/guest-$guests
	mkdir -p "$folder"
	if [ "$JOBS" = 1 ]; then
		(boots "$folder" "$@") </dev/null || true
		return
	fi
	while [ "$(jobs -rp | wc -l)" -ge "$JOBS" ]; do wait -n || true; done
	echo "== guest $guests, $KERNEL kernel: $(($# - 2)) tests, begun $(date +%T)"
	set -m # a process group of its own, which ends with this script
	{
		boots "$folder" "$@" >"$folder/said" 2>&1 || true
		flock 8
		cat "$folder/said"
	} </dev/null 8>"$RUN/lock" &
	set +m
}

end_guests() {
	local job
	for job in $(jobs -rp); do kill -- "-$job"; done
}
trap end_guests EXIT

# gather: the results of all guests, and what they have said.
gather() {
	local number
	for ((number = 1; number <= guests; number++)); do
		if [ -s "$RUN/guest-$number/results" ]; then
			mapfile -t -O ${#results[@]} results <"$RUN/guest-$number/results"
			cat "$RUN/guest-$number/selftests" >>"$RUN/log/selftests"
		else
			results+=("FAIL guest-$number 0")
		fi
	done
}

# runs_here NAME: whether a test is to run on this kernel when none was asked for by its name.
runs_here() {
	case $KERNEL in
	stock) [ -n "$LONG" ] || [ "$(header "$1" long)" != yes ] ;;
	debug) [ -n "$LONG$asked" ] || [ "$(header "$1" debug)" = yes ] ;;
	*) [ "$(header "$1" races)" = yes ] ;;
	esac
}

# selftests yes|no: those of this kernel that want no other guest beside them, or the rest. All but the
# stock kernel are slow: they get fewer rounds.
selftests() {
	local name number quiet wants together=() alone=() other=()
	local -A shared=()
	export KERNEL ROUNDS=$rounds
	[ "$KERNEL" = stock ] || : "${ROUNDS:=2}"
	for name in "$TOP"/scripts/selftests/test_*.sh; do
		name=${name##*/test_}
		name=${name%.sh}
		selected "$name" || continue
		quiet=no
		! among "$KERNEL" "$(header "$name" quiet)" || quiet=yes
		[ $quiet = "$1" ] || continue
		wants=$(header "$name" kernel)
		among "$KERNEL" "${wants:-${KERNEL_NAMES[*]}}" || continue
		[ -n "$T" ] || runs_here "$name" || continue
		wants=$(header "$name" client)
		case $wants in
		both) [ "$CLIENT" = c ] || [ -z "$LONG$T" ] || other+=("$name") ;;
		rust | c) [ "$wants" = "$CLIENT" ] || continue ;;
		esac
		wants=$(header "$name" guest)
		if [ -n "$wants" ] && [ "$wants" != own ]; then
			shared[$wants]+=" $name"
		elif [ -n "$(header "$name" qemu)$wants" ]; then
			alone+=("$name")
		else
			together+=("$name")
		fi
	done
	for ((number = 0; number < ${#together[@]}; number += PIECE)); do
		guest "$CLIENT" "${QEMU_EXTRA:-}" "${together[@]:number:PIECE}"
	done
	for wants in "${!shared[@]}"; do
		# shellcheck disable=SC2086 # several names
		guest "$CLIENT" "${QEMU_EXTRA:-}" ${shared[$wants]}
	done
	for name in "${alone[@]}"; do
		guest "$CLIENT" "${QEMU_EXTRA:-} $(header "$name" qemu)" "$name"
	done
	for name in "${other[@]}"; do guest c "${QEMU_EXTRA:-} $(header "$name" qemu)" "$name"; done
}

"$TOP/qemu/sysroot.sh"
rm -rf "$RUN/log" "$RUN"/guest-*
mkdir -p "$RUN/log"
if [ "$CLIENT" = rust ]; then
	stage lint "$TOP/scripts/lint.sh"
	for crate in host tools; do
		stage "unit-tests-$crate" "$TOP/scripts/in-root.sh" \
			cargo test --quiet --manifest-path "rust/$crate/Cargo.toml"
	done
	[ -z "$LONG" ] || stage fuzz "$TOP/scripts/fuzz.sh" all 300
fi
built=()
for KERNEL in "${kernels[@]}"; do
	if [ "$CLIENT" = rust ]; then
		stage "modules$(suffix)" "$TOP/scripts/modules.sh"
		[ "$KERNEL" != stock ] || stage symbols "$TOP/scripts/symbols-check.sh"
		if [[ " ${results[*]-} " == *"FAIL modules$(suffix) "* ]]; then
			echo "The modules do not build: no selftests."
			continue
		fi
		[ -z "$T" ] || "$TOP/scripts/modules.sh" || exit 1
	fi
	built=("$KERNEL" "${built[@]}") # the slowest first
done
[ ${#built[@]} = 0 ] || "$TOP/scripts/tools.sh"
for KERNEL in "${built[@]}"; do selftests no; done
wait
for KERNEL in "${built[@]}"; do JOBS=1 selftests yes; done
gather
KERNEL=stock
if [ "$CLIENT" = rust ] && among stock "${built[*]}"; then
	stage root-on-9p "$TOP/scripts/root-boot.sh"
fi

[ ${#results[@]} -gt 0 ] || die "T=$T: no stage and no selftest has such a name"
passed=0 failed=0 skipped=0
echo
for line in "${results[@]}"; do
	read -r result name seconds <<<"$line"
	case $result in
	ok) passed=$((passed + 1)) ;;
	skip) skipped=$((skipped + 1)) ;;
	*) failed=$((failed + 1)) ;;
	esac
	printf '%-5s %-40s %s\n' "$result" "$name" "${seconds% s} s"
done
echo
line="$passed passed, $failed failed"
[ "$skipped" = 0 ] || line+=", $skipped skipped"
echo "$line"
[ "$failed" = 0 ]
