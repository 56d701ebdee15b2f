#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Format, lints and the rules of the tree. Runs all of them, then says which failed.
set -euo pipefail
. "$(dirname "$0")/../qemu/config.sh"

if [ "${1-}" != --in-root ]; then
	"$TOP/qemu/kernel.sh" stock >/dev/null
	exec "$TOP/scripts/in-root.sh" scripts/lint.sh --in-root
fi

format() { find rust -name '*.rs' -print0 | xargs -0 -r rustfmt --check --edition 2021; }

# The modules with the kernel's own choice of lints, each an error.
modules() {
	local log=build/log/clippy.log
	mkdir -p build/modules/clippy build/log
	kmake stock -C /cache/kernel/stock M=/src MO=/src/build/modules/clippy CLIPPY=1 W=e \
		CONFIG_DEBUG_INFO_BTF_MODULES= modules >$log 2>&1 || {
		grep -v '^make' $log | tail -n 40
		echo "the whole of it is in $log"
		return 1
	}
}

host() {
	local crate
	for crate in host tools; do
		cargo clippy --quiet --manifest-path rust/$crate/Cargo.toml --all-targets -- -D warnings ||
			return 1
	done
}

shell() {
	shellcheck -x -P SCRIPTDIR scripts/*.sh scripts/selftests/*.sh scripts/bench/*.sh qemu/*.sh qemu/init .ci/run &&
		shellcheck -s dash qemu/initramfs
}

# Each unsafe block and impl has a SAFETY comment right above its statement; an attribute or the
# first lines of the statement may stand between them. Two on one line have one proof too few.
safety() {
	# shellcheck disable=SC2016 # awk's own
	find rust -name '*.rs' -print0 | xargs -0 -r awk '
		function wrong(what) { print FILENAME ":" FNR ": " what; bad = 1 }
		FNR == 1 { proved = 0 }
		/^[ \t]*\/\// { if (/SAFETY:/) proved = 1; next }
		/(^|[^A-Za-z_"`])unsafe[ \t]*(\{|impl|$)/ {
			if (!proved && !/SAFETY:/) wrong("unsafe without a SAFETY comment")
			line = $0
			if (gsub(/(^|[^A-Za-z_"`])unsafe[ \t]*\{/, "", line) > 1) wrong("two unsafe blocks on one line")
		}
		/[;{}][ \t]*$/ || /^[ \t]*$/ { proved = 0 }
		END { exit bad }'
}

# The C side is reached from the wrappers only, and nothing else is unsafe but the memory that the
# tests' device shares with the guest.
layers() {
	! grep -rnE '(^|[^A-Za-z_])(bindings|unsafe)($|[^A-Za-z_])' rust --include='*.rs' |
		grep -vE '^rust/(sys/|abi/|sys\.rs|abi\.rs|bindings|tools/src/device/memory\.rs)|:[0-9]+:([ \t]*//|mod bindings;$)'
}

# The two above find what they are for.
found() {
	local dir line
	dir=$(mktemp -d)
	mkdir -p "$dir/rust/client" "$dir/rust/sys"
	cd "$dir"
	echo '	unsafe { f() };' >rust/sys/bad.rs
	! safety >bad || return 1
	for line in 'unsafe { f() };' 'bindings::f();'; do
		echo "$line" >rust/client/bad.rs
		! layers >bad || return 1
	done
	rm -r "$dir"
}

# Text of the tree: no spaces at line ends, files end with a newline.
spaces() {
	! git -c safe.directory=/src ls-files -co --exclude-standard 2>/dev/null |
		grep -vE '^LICENSE$' | xargs grep -nIE '[ 	]+$' -- /dev/null
}

failed=()
for rule in format modules host shell safety layers found spaces; do
	("$rule") || failed+=("$rule")
done
[ ${#failed[@]} = 0 ] || die "lint failed: ${failed[*]}"
