# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# For tests with forged replies. Each row is one result, on a mount of its own.
. "$(dirname "${BASH_SOURCE[0]}")/calls.sh"
. "$(dirname "${BASH_SOURCE[0]}")/fault.sh"

dialect=9p2000.L

# The bytes of the replies to the requests that the tests make.
# shellcheck disable=SC2034
declare -A REPLY=(
	[Twalk]=22 [Tgetattr]=160 [Tsetattr]=7 [Tlopen]=24 [Tlcreate]=24 [Tread]=27 [Twrite]=11
	[Treaddir]=87 [Tstatfs]=67 [Tsymlink]=20 [Treadlink]=14 [Tmknod]=20 [Tmkdir]=20 [Tlink]=7
	[Trenameat]=7 [Tunlinkat]=7 [Txattrwalk]=15 [Txattrcreate]=7 [Tfsync]=7 [Tlock]=8
	[Tgetlock]=$((30 + ${#HOSTNAME})) [Tclunk]=7
)

# hostile [ARGUMENT...]: starts p9fault, and the process that makes the calls.
hostile() {
	try serve "$@"
	mkdir -p "$MNT" "$ROOT/d/e" && ln -s hello "$ROOT/l"
	setfattr -n user.x -v value "$ROOT/hello" || skip_all "no extended attributes on $ROOT"
	cd / && calls
	given "$(<"$SELFTESTS/hostile.py")"
	defer unmount "$MNT"
}

options='' # more options of the mounts

# forget_names: lets the guest forget unused names, each of which keeps a fid in a cached mount.
forget_names() { [[ $options != *cache=loose* ]] || echo 2 >/proc/sys/vm/drop_caches; }

# forged NAME WANT RULE CODE [AFTERWARDS]: one result. On a new mount, and while RULE holds, CODE
# gives WANT, a regular expression. Then the mount is served as before, and nothing is left on the
# server, or all calls fail with EIO, at once: AFTERWARDS says which of them, "served", "dead", or
# either if it is not given.
forged() {
	local name=$1 want=$2 rule=$3 after fids wrong=''
	tried "replies that break the rules" 1
	order reset
	mount_once "version=$dialect${options:+,$options}" 2>/tmp/mount.err ||
		{ fail "$name" "$(cat /tmp/mount.err)"; return; }
	timeout 10 cat "$MNT/hello" >/dev/null
	forget_names
	fids=
	busywait 5 settled
	[ -z "$rule" ] || order "$rule"
	fs "$4"
	[[ $got =~ ^($want)$ ]] || wrong="want: $want, got: $got"
	order release
	fs 'closerange(3, 100)'
	fs 'each([lambda: get("/mnt/hello"), lambda: stat("/mnt/d") and None])'
	case $got in
	"Hello."*ok)
		after=served
		before=$fids
		forget_names
		busywait 5 idle || wrong+="; left on the server: $(left) fids, not $fids"
		no_violations >/tmp/violations || wrong+="; $(cat /tmp/violations)"
		;;
	EIO) after=dead ;;
	*) after="neither served nor dead: $got" ;;
	esac
	[[ $after =~ ^(${5:-served|dead})$ ]] || wrong+="; afterwards: $after"
	umount "$MNT" || wrong+="; not unmounted"
	if [ -z "$wrong" ]; then pass "$name"; else fail "$name" "$wrong"; fi
}

# like NAME REGEX GOT
like() {
	if [[ $3 =~ ^($2)$ ]]; then pass "$1"; else fail "$1" "want: $2" "got:  $3"; fi
}

# mounting [RULE]: the errno of a mount while RULE holds, or "mounted".
mounting() {
	local errno
	[ -z "${1-}" ] || order "$1"
	errno=$(mount_errno "trans=unix,version=$dialect${options:+,$options}" $SOCKET)
	order release
	echo "${errno/no error/mounted}"
}
