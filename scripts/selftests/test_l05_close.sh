#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The server ends the connection inside the reply to any message: who waits for it, and
# everybody else, fails at once. With LONG after each byte, else after one of the first.
# client: rust
# timeout: 600
. "$(dirname "$0")/hostile.sh"

MESSAGES=(
	'Twalk|lambda: stat("/mnt/d/e")'
	'Tgetattr|lambda: stat("/mnt/f")'
	'Tsetattr|lambda: chmod("/mnt/f", 0o600)'
	'Tlopen|lambda: open("/mnt/f", O_RDONLY)'
	'Tlcreate|lambda: open("/mnt/c", O_WRONLY | O_CREAT)'
	'Tread|lambda: read(fd, 16)'
	'Twrite|lambda: write(fd, b"0123")'
	'Treaddir|lambda: listdir("/mnt/d")'
	'Tstatfs|lambda: statvfs("/mnt")'
	'Treadlink|lambda: readlink("/mnt/l")'
	'Tmkdir|lambda: mkdir("/mnt/new")'
	'Trenameat|lambda: rename("/mnt/hello", "/mnt/there")'
	'Tunlinkat|lambda: unlink("/mnt/hello")'
	'Txattrwalk|lambda: getxattr("/mnt/hello", "user.x")'
	'Tfsync|lambda: fsync(fd)'
	'Tlock|lambda: fcntl.lockf(fd, fcntl.LOCK_EX)'
)

# closed LINE AT: the same for a row of MESSAGES, after AT bytes.
closed() {
	local line=$1 at=$2 message=${1%%|*}
	forged "L5: ${message/T/R}, after $at bytes" EIO "" "
fd = open('/mnt/f', O_RDWR); order('$message=part:$at'); child = start(${line#*|})
while order('held $message') == '0': pass
order('close'); end(child)" dead
	echo "Hello." >"$ROOT/hello"
	setfattr -n user.x -v value "$ROOT/hello"
	rm -rf "$ROOT"/{new,there,c}
}

cuts=${#MESSAGES[@]}
if [ -n "${LONG-}" ]; then
	cuts=0
	for line in "${MESSAGES[@]}"; do cuts=$((cuts + ${REPLY[${line%%|*}]})); done
fi
plan $((cuts + 6))
try hostile
at=0
for line in "${MESSAGES[@]}"; do
	if [ -n "${LONG-}" ]; then
		for ((at = 0; at < ${REPLY[${line%%|*}]}; at++)); do closed "$line" $at; done
	else
		# Some replies are a header only.
		at=$(((at + 1) % 7))
		closed "$line" $at
	fi
done
for how in close half; do
	forged "L5: $how instead of a reply" EIO Tgetattr=$how 'stat("/mnt/f")' dead
	forged "L5: $how, eight wait" EIO "" '
fds = [open("/mnt/f", O_RDONLY) for i in range(8)]; order("Tread=hang")
children = [start(lambda fd=fd: read(fd, 16)) for fd in fds]
while order("held Tread") != "8": pass
order("'$how'"); each([lambda child=child: end(child) for child in children])' dead
done
like "L5: close during Tversion" "EIO|ECONNRESET|EPIPE" "$(mounting Tversion=close)"
like "L5: close during Tattach" "EIO|ECONNRESET|EPIPE" "$(mounting Tattach=close)"
