#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds the modules for KERNEL (stock, debug, kcsan) into build/modules/$KERNEL. Warnings are counted
# here; in scripts/lint.sh, which builds the modules with clippy, they are errors.
set -euo pipefail
. "$(dirname "$0")/../qemu/config.sh"

if [ "${1-}" = --in-root ]; then # FOLDER OUTPUT
	kernel=$(basename "${2%%-*}")
	kmake "$kernel" -C "$2" M=/src MO="$3" CONFIG_DEBUG_INFO_BTF_MODULES= modules
	exit
fi

kernel=${KERNEL:-stock}
one_of KERNEL "$kernel" "${KERNEL_NAMES[@]}"
folder=$("$TOP/qemu/kernel.sh" "$kernel")
mkdir -p "$BUILD/modules/$kernel"
step "building the modules for the $kernel kernel" \
	"$TOP/scripts/in-root.sh" scripts/modules.sh --in-root "$folder" "/src/build/modules/$kernel"
log=$(echo "$BUILD"/log/building-the-modules-for-the-"${kernel:0:4}"*.log)
warnings=$(grep -ci 'warning: ' "$log" || true)
[ "$warnings" = 0 ] || say "the build has $warnings warnings, see ${log#"$TOP"/}"
