#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Our modules export what the stock 9pnet exports, each symbol with the same licence: no less, so
# that stock fs/9p and the stock transports load, and no more.
set -euo pipefail
. "$(dirname "$0")/../qemu/config.sh"

stock=$CACHE/kernel/image/Module.symvers
ours=$BUILD/modules/stock/Module.symvers
[ -e "$ours" ] || die "no modules are built: run make modules"

# Lines of Module.symvers: checksum, symbol, module, kind of export, name space.
exports() { awk -F '\t' -v module="$2" '$3 ~ module { print $2, $4 }' "$1" | sort; }

if ! diff <(exports "$stock" '^net/9p/9pnet$') <(exports "$ours" .) >"$BUILD/symbols.diff"; then
	echo "exported symbols differ: < stock 9pnet, > ours"
	grep '^[<>]' "$BUILD/symbols.diff"
	exit 1
fi
echo "exported symbols: the same $(exports "$ours" . | wc -l) as the stock 9pnet"
