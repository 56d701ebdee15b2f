#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# F6, see memory.sh: over a socket, with a server that answers neither the read nor its Tflush before
# the memory is in other use.
# timeout: 300
. "$(dirname "$0")/fault.sh"
. "$(dirname "$0")/memory.sh"

# The Tflush is answered after the read: so the reply is honoured, and not thrown away unread.
FILE=$MNT/f HOLD="Tread=hang*1 Tflush=wait"

# remount: the file is known afterwards, so that no further fid is left by reading it.
remount() {
	restore
	mount_fault "$1" && cat "$FILE" >/dev/null && before=$(left)
}

answer() { tr '\n-e' Z <"$ROOT/f" | dd of="$ROOT/f" conv=notrunc status=none; }
restore() { yes 0123456789abcde | head -c 1M | dd of="$ROOT/f" conv=notrunc status=none; }

# directory: the entries of a directory lie in a buffer of the kernel's that all have who share the
# open file. The one who is killed asks for them first.
directory() {
	local reader got child
	mkdir "$ROOT/names" && (cd "$ROOT/names" && seq -f before-%03.0f 300 | xargs touch) || return 1
	order "Treaddir=hang*1 Tflush=wait"
	coproc reader { exec python3 -c "
import ctypes, os, signal, struct
libc = ctypes.CDLL(None)
fd = os.open('$MNT/names', os.O_RDONLY)
def some(size):
    buf = ctypes.create_string_buffer(size)
    end, at = libc.syscall(217, fd, buf, size), 0 # getdents64
    while at < end:
        length = struct.unpack_from('H', buf, at + 16)[0]
        yield buf.raw[at + 19:at + length].split(b'\\0')[0].decode()
        at += length
pid = os.fork()
if not pid:
    list(some(512)); os._exit(0)
input()
os.kill(pid, signal.SIGKILL)
print(os.WTERMSIG(os.waitpid(pid, 0)[1]), flush=True)
names = list(some(512))
print(len(names), flush=True)
input()
while more := list(some(65536)): names += more
print(*sorted(names))"; }
	child=$!
	busywait 10 waiting
	echo >&"${reader[1]}"
	read -r -t 10 -u "${reader[0]}" got && [ "$got" = 9 ] || return 1
	read -r -t 10 -u "${reader[0]}" got && [ "$got" -gt 5 ] && [ "$got" -lt 100 ] || return 1
	(cd "$ROOT/names" && for name in *; do mv "$name" "${name/before/behind}"; done)
	order release
	busywait 10 holds_nothing || return 1
	echo >&"${reader[1]}"
	read -r -t 10 -u "${reader[0]}" got
	wait "$child"
	[ "$got" = ". .. $(seq -f before-%03.0f -s ' ' 300)" ] || { echo "${got:0:200}"; return 1; }
}

holds_nothing() { [ "$(order held)" = 0 ]; }

plan 8
try serve
memory_tests
check "buffer of a directory" directory
check "the client has kept to the protocol" no_violations
