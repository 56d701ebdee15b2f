#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What `make check` does: the stages (lint, unit tests, module build, symbols), then the selftests
# in the guest; a table and "N passed, N failed" at the end. T, CLIENT and KERNEL as in `make help`.
set -euo pipefail
. "$(dirname "$0")/../qemu/config.sh"

: "${CLIENT:=rust}" "${KERNEL:=stock}" "${T:=}" "${RUN:=$BUILD/check}"
export CLIENT KERNEL RUN MOUNT=no
one_of CLIENT "$CLIENT" rust c
one_of KERNEL "$KERNEL" stock debug

results=() # each "result name seconds"

selected() {
	# shellcheck disable=SC2053 # T is a pattern
	[ -z "$T" ] || [[ $1 == $T || $1 == *"$T"* ]]
}

# stage NAME COMMAND...: one result; what the command says is shown as it comes.
stage() {
	local name=$1 start=$SECONDS status=0
	shift
	selected "$name" || return 0
	echo "== $name"
	"$@" || status=$?
	if [ "$status" = 0 ]; then
		results+=("ok $name $((SECONDS - start))")
	else
		results+=("FAIL $name $((SECONDS - start))")
	fi
}

header() { sed -n "s/^# $2: //p" "$TOP/scripts/selftests/test_$1.sh" | head -n 1; }

# boots CLIENT QEMU_EXTRA NAME...: runs the tests, in a new guest after each one that ends a guest.
boots() {
	local client=$1 extra=$2 suffix='' out=$RUN/ktap name number line start
	shift 2
	[ "$client" = "$CLIENT" ] || suffix=@$client
	while [ $# -gt 0 ]; do
		rm -rf "$RUN/share"
		mkdir -p "$RUN/share/hang"
		echo "Hello from the host." >"$RUN/share/hello"
		for name; do (cd "$RUN/share" && eval "$(header "$name" host)"); done
		start=$SECONDS
		CLIENT=$client QEMU_EXTRA=$extra SHARE=$RUN/share TIMEOUT=$((300 + (600 + 20 * ${ROUNDS:-5}) * $#)) \
			CMD="exec bash /9pnet/selftests/run.sh $*" "$TOP/qemu/run.sh" 2>&1 | tee "$out" || true
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
	done
}

selftests() {
	"$TOP/scripts/tools.sh"
	local name wants together=() other=()
	for name in "$TOP"/scripts/selftests/test_*.sh; do
		name=${name##*/test_}
		name=${name%.sh}
		selected "$name" || continue
		wants=$(header "$name" kernel)
		[ "${wants:-$KERNEL}" = "$KERNEL" ] || continue
		wants=$(header "$name" client)
		case $wants in
		both) [ "$CLIENT" = c ] || other+=("$name") ;;
		rust | c) [ "$wants" = "$CLIENT" ] || continue ;;
		esac
		if [ -n "$(header "$name" qemu)$(header "$name" guest)" ]; then
			alone+=("$name")
		else
			together+=("$name")
		fi
	done
	[ ${#together[@]} = 0 ] || boots "$CLIENT" "${QEMU_EXTRA:-}" "${together[@]}"
	for name in "${alone[@]}"; do
		boots "$CLIENT" "${QEMU_EXTRA:-} $(header "$name" qemu)" "$name"
	done
	for name in "${other[@]}"; do boots c "${QEMU_EXTRA:-} $(header "$name" qemu)" "$name"; done
}

"$TOP/qemu/sysroot.sh"
mkdir -p "$RUN"
alone=()
if [ "$CLIENT" = rust ]; then
	stage lint "$TOP/scripts/lint.sh"
	for crate in host tools; do
		stage "unit-tests-$crate" "$TOP/scripts/in-root.sh" \
			cargo test --quiet --manifest-path "rust/$crate/Cargo.toml"
	done
	stage modules "$TOP/scripts/modules.sh"
	[ "$KERNEL" = debug ] || stage symbols "$TOP/scripts/symbols-check.sh"
	if [[ " ${results[*]-} " == *"FAIL modules "* ]]; then
		echo "The modules do not build: no selftests."
	else
		[ -z "$T" ] || "$TOP/scripts/modules.sh" || exit 1
		selftests
		stage root-on-9p "$TOP/scripts/root-boot.sh"
	fi
else
	selftests
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
