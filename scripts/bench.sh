#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What `make bench` does: the same workloads with the stock client, with this one and, those that need
# no more than a folder of the host, with virtiofs, in turn, in guests that differ in nothing else;
# then tables, and with all workloads, kinds and clients docs/bench/.
#
#   count  on QEMU's emulator with a plugin (bench/count.c) that counts the guest's instructions,
#          a processor that does nothing but the workload, and its thread before all others
#   time   without the plugin: messages, then wall time
#   again  wall time, once more after all others had their turn; not of virtiofs
#   bytes  as count, for a few workloads, with each byte of a copy counted as an instruction
#
# W=pattern selects workloads by name, KINDS="count time" and CLIENTS=rust the runs; of those that are
# left out the results of the last time are shown. Where plugins do not work there
# are messages and wall times only.
set -euo pipefail
. "$(dirname "$0")/../qemu/config.sh"

part=${W-}${KINDS-}${CLIENTS-}
: "${W:=*}" "${KINDS:=count time again bytes}" "${CLIENTS:=c rust virtiofs}" "${RUN:=$BUILD/bench}"
OUT=$RUN
[[ $W == *[*?[]* ]] || W="*$W*"
export KERNEL=stock MOUNT=no SMP=1 MEM=1536M TIMEOUT=1500

# A folder for the guests: small files, a large directory, a source tree, a git repository.
make_share() {
	local dir=$1 i
	rm -rf "$dir"
	mkdir -p "$dir"/{small,many,tree,git,hang}
	head -c 64M /dev/urandom >"$dir/big"
	for i in $(seq -f %04g 0 499); do head -c 2000 /dev/urandom >"$dir/small/f$i"; done
	(cd "$dir/many" && seq -f 'a-file-with-a-name-%04g' 0 4999 | xargs touch)
	tar -C /cache/kernel/source -cf "$dir/tree.tar" fs/9p fs/fuse fs/ext4 net/9p net/ipv4
	tar -C "$dir/tree" -xf "$dir/tree.tar"
	cd "$dir/git"
	for i in $(seq -f %02g 0 99); do
		mkdir "$i"
		(cd "$i" && seq -f 'file-%02g.c' 0 99 | xargs -I@ sh -c 'echo "int @;" >@')
	done
	git init -q .
	# The index is as good in the guest, where the same files have other numbers.
	git config core.checkStat minimal
	git config core.trustctime false
	git add .
	git -c user.name=bench -c user.email=bench@example.org commit -qm files
}

build() {
	mkdir -p build/bin
	gcc -O2 -Wall -Werror -pthread -o build/bin/load scripts/bench/load.c
	gcc -O2 -Wall -Werror -fPIC -shared -fvisibility=hidden -o build/count.so scripts/bench/count.c
}

case ${1-} in
--in-root)
	shift
	"$@"
	exit
	;;
esac

in_root() { "$TOP/scripts/in-root.sh" --bind "$OUT:/run/bench" "$@"; }

# The processor's thread goes before QEMU's others, which share its host processor: they run when the
# guest sleeps, so that an answer never comes before the sleep.
prefer() {
	local pid task
	until grep -qs '9pnet guest: ready' "$OUT/guest/console.log"; do
		kill -0 $$ 2>/dev/null || return 0
		sleep 0.2
	done
	for pid in $(pgrep -f "[n]ame $name,debug-threads=on"); do
		for task in /proc/"$pid"/task/*; do
			! grep -qs TCG "$task/comm" || chrt -f -p 5 "${task##*/}" || true
		done
	done
}

# virtiofs TAG OPTION...: another device for the guest, in $extra: virtiofsd with these options serves
# the share under that mount tag. With the sandbox that takes no namespaces: it is not what is measured.
virtiofs() {
	local tag=$1
	shift
	rm -f "$OUT/guest/$tag"*
	"${pin[@]}" "$TOP/scripts/in-root.sh" --bind "$OUT/share:/share" --bind "$OUT/guest:/run/9pnet" \
		/usr/libexec/virtiofsd --socket-path "/run/9pnet/$tag" --shared-dir /share --sandbox none \
		"$@" >"$OUT/virtiofsd-$tag.log" 2>&1 &
	daemons+=($!)
	until [ -S "$OUT/guest/$tag" ]; do
		kill -0 $! 2>/dev/null || die "virtiofsd has ended, see ${OUT#"$TOP"/}/virtiofsd-$tag.log"
		sleep 0.1
	done
	extra+=" -chardev socket,id=$tag,path=/run/9pnet/$tag"
	extra+=" -device vhost-user-fs-pci,chardev=$tag,tag=$tag"
}

# boot KIND CLIENT: one guest; its results are OUT/KIND.CLIENT and what count.so has written.
boot() {
	local kind=$1 client=$2 extra append=nowatchdog status=0 accel='' pin=() daemons=()
	local name=9pnet-bench-$$
	extra="-netdev user,id=net -device virtio-net-pci,netdev=net,romfile="
	if [ "$kind" = count ] || [ "$kind" = bytes ]; then
		extra+=" -name $name,debug-threads=on"
		extra+=" -plugin /src/build/count.so,out=/run/9pnet/counts"
		# shellcheck disable=SC2054 # one argument
		pin=(taskset -c "$(($(nproc) - 1))")
		append+=" nokaslr norandmaps idle=halt psi=0 nohz=off preempt=none"
		accel=tcg,thread=multi
		[ "$kind" = count ] || { accel=tcg,thread=single extra+=" -icount shift=3,sleep=on"; }
	fi
	rm -rf "$OUT/guest/console.log" "$OUT/$kind.$client"*
	[ "$kind" != time ] || rm -f "$OUT/again.$client"
	mkdir -p "$OUT/guest"
	if [ "$client" = virtiofs ]; then
		trap 'kill "${daemons[@]}" 2>/dev/null || true' EXIT
		extra+=" -object memory-backend-memfd,id=mem,size=$MEM,share=on -machine memory-backend=mem"
		# As the mounts of these names: nothing is kept in the guest, or all, and written late.
		virtiofs none --cache never
		virtiofs loose --cache always --writeback
	fi
	[ -z "$accel" ] || prefer &
	SHARE=$OUT/share RUN=$OUT/guest CLIENT=${client/virtiofs/c} QEMU_EXTRA=$extra ACCEL=$accel \
		CMD="KIND=$kind CLIENT=$client W='$W' PORT=$port LATE=$((port + 1))
			$(<"$TOP/scripts/bench/guest.sh")" \
		APPEND=$append "${pin[@]}" "$TOP/qemu/run.sh" >"$OUT/$kind.$client" || status=$?
	[ "$status" = 0 ] || die "the guest of $kind with $client has failed, status $status"
	[ -z "$accel" ] || {
		mv "$OUT/guest/counts" "$OUT/$kind.$client.counts"
		mv "$OUT/share/kallsyms" "$OUT/$kind.$client.symbols"
	}
	grep -aE 'BUG:|WARNING:|Oops' "$OUT/guest/console.log" | sed 's/^/guest: /' >&2 || true
}

mkdir -p "$OUT"
OUT=$(realpath "$OUT")
"$TOP/qemu/sysroot.sh"
"$TOP/qemu/kernel.sh" stock >/dev/null
"$TOP/scripts/tools.sh"
step "building the benchmark" "$TOP/scripts/in-root.sh" scripts/bench.sh --in-root build
[ -e "$OUT/share/.complete" ] || {
	step "making the benchmark's files" in_root scripts/bench.sh --in-root make_share /run/bench/share
	touch "$OUT/share/.complete"
}

# The servers for the guest's network: diod, and the same through a wire that takes a millisecond.
port=$((20000 + $$ % 10000))
servers=()
trap 'kill "${servers[@]}" 2>/dev/null || true' EXIT
"$TOP/scripts/in-root.sh" --bind "$OUT/share:/share" \
	diod -f -n -N -e /share -l "127.0.0.1:$port" -L stderr 2>"$OUT/diod.log" &
servers+=($!)
"$TOP/scripts/in-root.sh" python3 scripts/bench/late.py $((port + 1)) "$port" 0.001 2>"$OUT/late.log" &
servers+=($!)

if [[ $KINDS == *@(count|bytes)* ]] && ! "$TOP/scripts/in-root.sh" qemu-system-x86_64 -M none -display none \
	-accel tcg -plugin build/count.so,out=/dev/null -monitor stdio <<<quit >"$OUT/plugin.log" 2>&1; then
	say "QEMU takes no plugins here: no instructions are counted, see ${OUT#"$TOP"/}/plugin.log"
	KINDS="time again"
fi
for kind in $KINDS; do
	for client in $CLIENTS; do
		case $kind.$client in
		bytes.virtiofs | again.virtiofs) ;;
		*) step "$kind, $client" boot "$kind" "$client" ;;
		esac
	done
done
{
	echo "$(date -u +%Y-%m-%d), commit $(git -C "$TOP" -c safe.directory="$TOP" rev-parse --short HEAD);"
	echo "kernel $(<"$CACHE/kernel/image/version"), both clients under the same \`9p.ko\`;"
	# shellcheck disable=SC2016 # dpkg-query expands it
	in_root sh -c 'qemu-system-x86_64 --version | head -n 1
		dpkg-query -Wf "\${Package} \${Version}\n" diod virtiofsd'
	sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1
	echo "with $(nproc) processors, of which the guest has one."
} >"$OUT/versions"
docs=()
[ -n "$part" ] || docs=(--docs docs/bench)
in_root python3 scripts/bench/report.py /run/bench "${docs[@]}"
