#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The selftests of the file system, over other transports and with other dialects: what passes with
# the stock client passes with this one. With LONG all of them, over all that there are.
# client: rust
# timeout: 3600
# long: yes
. "$(dirname "$0")/peer.sh"

FIXTURES=(tcp.L fd.u unix.2000 virtio.u)
TESTS=(fs_basic fs_names fs_nodes)
if [ -n "${LONG-}" ]; then
	FIXTURES=(virtio.u {tcp,unix,fd}.{L,u,2000})
	mapfile -t TESTS < <(printf '%s\n' test_fs_*.sh | sed 's/^test_\(.*\)\.sh$/\1/' | grep -v fs_same)
fi

results() { sed -n "s/^$1 [0-9]* //p" "$2" | sed 's/ # SKIP.*//' | sort; }

# run CLIENT: all tests over all transports.
run() {
	local fixture name out
	for fixture in "${FIXTURES[@]}"; do
		for name in "${TESTS[@]}"; do
			out=/tmp/$1.$fixture.$name
			FIXTURE=$fixture timeout -k 5 100 bash "test_$name.sh" >"$out" 2>&1 </dev/null
			echo "# $1, $fixture, $name: $(results ok "$out" | wc -l) passed, $(results "not ok" "$out" | wc -l) not"
		done
	done
}

# same FIXTURE TEST: whether all that has passed with the stock client has passed with ours.
same() {
	local lost
	[ -n "$(results ok "/tmp/stock.$1.$2")" ] || { echo "nothing passes with the stock client:"; cat "/tmp/stock.$1.$2"; return 1; }
	lost=$(comm -23 <(results ok "/tmp/stock.$1.$2") <(results ok "/tmp/ours.$1.$2"))
	[ -n "$lost" ] || return 0
	printf 'passed with the stock client only:\n%s\n' "$lost"
	cat "/tmp/ours.$1.$2"
	return 1
}

plan $((${#FIXTURES[@]} * ${#TESTS[@]}))
run ours
try use_stock
run stock
for fixture in "${FIXTURES[@]}"; do
	for name in "${TESTS[@]}"; do
		check "$fixture: $name" same "$fixture" "$name"
	done
done
