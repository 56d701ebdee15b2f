#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The unit tests of rust/proto, which run by KUnit when the module is loaded: all suites are there,
# and none of their tests failed. The debug kernel has KUnit: that none has run is a failure, too.
# kernel: debug
# client: rust
# debug: yes
. "$(dirname "$0")/lib.sh"

SUITES="bulk dirent errno errstr field frame list message reply rpc stat types version wire"
KUNIT=/sys/kernel/debug/kunit

# ran SUITE: whether its tests have run, and well.
ran() {
	local results=$KUNIT/p9_$1/results
	cat "$results"
	grep -qE "^ok [0-9]+ p9_$1\$" "$results" && grep -qE '^    ok [0-9]+ ' "$results" &&
		! grep -q 'not ok' "$results"
}

plan 15
# shellcheck disable=SC2086 # words
equal "the suites" "$(printf 'p9_%s ' $SUITES)" "$(cd $KUNIT && printf '%s ' p9_*)"
for suite in $SUITES; do
	check "$suite" ran "$suite"
	tried "unit tests in the kernel" "$(grep -cE '^    ok [0-9]+ ' $KUNIT/p9_"$suite"/results)"
done
