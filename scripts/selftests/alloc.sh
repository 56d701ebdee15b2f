# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For tests in which allocations of memory fail. Sourced by them, after what brings another server
# than that of hang.sh.
[ -n "${ORDERS-}" ] || . "$(dirname "${BASH_SOURCE[0]}")/hang.sh"

FAULT=/sys/kernel/debug
TIMES=1000000000 # more failures than there will be

# attribute NAME VALUE: of both ways to allocate.
attribute() {
	local kind
	for kind in failslab fail_page_alloc; do echo "$2" >$FAULT/$kind/"$1"; done
}

# ours: from now on only allocations fail that 9pnet.ko asks for, or what it calls.
ours() {
	local text
	text=$(awk '$2 ~ /[tT]/ && $4 == "[9pnet]" { print $1 }' /proc/kallsyms | sort)
	attribute require-start "0x$(head -n 1 <<<"$text")"
	attribute require-end "0x$(tail -n 1 <<<"$text")"
}

# anyones: from now on allocations fail whoever asks for them.
anyones() {
	attribute require-start 0
	attribute require-end 0xffffffffffffffff
}

memory_again() {
	attribute probability 0
	attribute task-filter N
	anyones
}

# prepare_faults: nothing fails yet.
prepare_faults() {
	[ -e $FAULT/failslab/require-start ] || skip_all "this kernel has no fault injection"
	attribute verbose 0
	attribute interval 1
	attribute ignore-gfp-wait N
	echo N >$FAULT/fail_page_alloc/ignore-gfp-highmem
	echo 0 >$FAULT/fail_page_alloc/min-order
	# Copies from and to programs do not fail here: none is from these addresses.
	echo 1 >$FAULT/fail_usercopy/require-start
	echo 2 >$FAULT/fail_usercopy/require-end
	defer memory_again
	memory_again
}

# starve: from now on who dies gets no memory from the moment it waits until it is gone. What is
# released meanwhile must be tidied up later, too.
# shellcheck disable=SC2317 # both are called by dies
starve() {
	waiting() { holds "$want" && attribute probability 100; }
	idle() { attribute probability 0 && [ "$(order held) $(left)" = "0 $before" ]; }
}

# allocfail MODE ROUNDS [OPTIONS]: see allocfail.c; on what FIXTURE says.
allocfail() {
	local status=0
	attribute times $TIMES
	"$BIN/allocfail" "$1" "$2" "$(fixture_source)" "$(fixture_options)${3:+,$3}" "$MNT" || status=$?
	count_failures
	return $status
}

# count_failures: of $TIMES of each kind.
count_failures() {
	local left
	left=$(cat $FAULT/{failslab,fail_page_alloc}/times | paste -sd+)
	tried "allocation failures" $((2 * TIMES - (left)))
}
