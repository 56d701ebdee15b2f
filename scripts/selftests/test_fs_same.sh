#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Random programs of file-system operations give the same results as with the stock C client.
# client: rust
# timeout: 3600
. "$(dirname "$0")/lib.sh"

here=$PWD
stock=/9pnet/stock
read -ra caches <<<"none loose${LONG:+ mmap readahead fscache}"
seeds=$(seq "${LONG:+2}2")
ops=300

# run OUTPUT: all programs in each cache mode.
run() {
	local cache seed
	for cache in "${caches[@]}"; do
		mount_9p "cache=$cache" || return 1
		for seed in $seeds; do
			mkdir "$MNT/program" && cd "$MNT/program" || return 1
			python3 -S -E "$here/fsprog.py" "$seed" $ops "${cache/none/drop}" >"$1.$cache.$seed" 2>&1
			cd / && rm -rf "$MNT/program"
		done
		unmount "$MNT"
	done
}

# same CACHE: whether all programs went to their end, with the same results.
same() {
	local seed
	for seed in $seeds; do
		grep -q "^$((ops - 1)) " "/tmp/stock.$1.$seed" || { tail -n 3 "/tmp/stock.$1.$seed"; return 1; }
		diff "/tmp/stock.$1.$seed" "/tmp/ours.$1.$seed" >/tmp/diff && continue
		echo "program $seed, < stock, > ours"
		head -n 20 /tmp/diff
		return 1
	done
}

back() { modprobe -r 9p; rmmod 9pnet_virtio 9pnet; modprobe 9p; }

[ -d $stock ] || skip_all "this guest has no stock modules"

plan $((2 + ${#caches[@]}))
check "run them with this client" run /tmp/ours
modprobe -qr 9pnet_fd # an earlier test may have left it, and it needs 9pnet
try modprobe -r 9p
defer back
try insmod $stock/9pnet.ko && try insmod $stock/9pnet_virtio.ko && try modprobe 9p
check "run them with the stock client" run /tmp/stock
for cache in "${caches[@]}"; do
	check "cache=$cache: the same results" same "$cache"
done
