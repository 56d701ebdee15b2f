#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds what the selftests need besides shell: the servers of rust/tools into build/cargo, the C
# programs of scripts/selftests into build/bin.
set -euo pipefail
. "$(dirname "$0")/../qemu/config.sh"

if [ "${1-}" != --in-root ]; then
	step "building the tools of the selftests" "$TOP/scripts/in-root.sh" scripts/tools.sh --in-root
	exit
fi

cargo build --quiet --release --locked --manifest-path rust/tools/Cargo.toml
mkdir -p build/bin
cp --remove-destination build/cargo/release/{hangfs,p9device,p9fault} build/bin/
for source in scripts/selftests/*.c; do
	program=build/bin/$(basename "$source" .c)
	[ "$program" -nt "$source" ] ||
		gcc -O1 -Wall -Werror -Wno-unused-result -pthread -o "$program" "$source"
done
plugin=build/bin/vhost-user-device.so
[ $plugin -nt qemu/vhost-user-device.c ] ||
	gcc -O1 -Wall -Werror -fPIC -shared -fvisibility=hidden -o $plugin qemu/vhost-user-device.c
