#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# All tags are in use, by requests of killed readers that the server answers as little as their
# Tflushes: who needs one waits, can be killed, and goes on when the server answers.
# client: rust
# long: yes
# timeout: 600
. "$(dirname "$0")/fault.sh"

LOG=/dev/null # it would be long

# Each request keeps a second tag for its Tflush.
TAGS=32767
THREADS=500
WINDOW=17 # Treads of one reader that are under way at once
FRAME=4096

# holds_reads N: whether the server holds N Treads; $held is how many.
held=0
holds_reads() {
	held=$(order held Tread)
	[ "$held" -ge "$1" ] || { sleep 0.2 && false; }
}

# readers: a program whose threads read more at once than fits into one message; $reader. Its first
# read is answered: from then on several messages are under way for each.
readers() {
	order Tread@f=hang+1
	python3 -S -E -c "
import mmap, os, threading
threading.stack_size(65536)
fd = os.open('$MNT/f', os.O_RDONLY | os.O_DIRECT)
into = mmap.mmap(-1, $((WINDOW * FRAME)))
os.preadv(fd, [memoryview(into)[:512]], 0)
for _ in range($THREADS): threading.Thread(target=os.preadv, args=(fd, [into], 0)).start()" &
	reader=$!
	disown
}

# fill: kills readers until those that are left have no tag for all that they would read.
fill() {
	local want
	while :; do
		want=$((held + THREADS * WINDOW))
		readers
		[ $want -lt $TAGS ] || break
		busywait 60 holds_reads $want || { echo "$held, not $want"; return 1; }
		kill -KILL "$reader"
		busywait 60 gone "$reader" || { echo "readers do not end"; return 1; }
	done
	busywait 60 holds_reads $TAGS || { echo "$held"; return 1; }
}

waits_for_tag() { grep -q 9pnet "/proc/$1/stack"; }

plan 8
try serve
try mount_fault msize=$FRAME
before=$(left)
order Tflush=hang
check "L8: all tags are used" fill
kill -KILL "$reader"
bound=$((5000 * SCALE)) # for all of them
timed "L8: who has one, and who waits for one, can be killed" " $(took 30 gone "$reader")"
cat "$MNT/hello" >/tmp/read &
waiter=$!
cat "$MNT/f" >/dev/null 2>&1 &
reader=$!
disown $reader
try busywait 10 waits_for_tag $waiter
try busywait 10 waits_for_tag $reader
kill -KILL $reader
bound=$BOUND_MS
timed "L8: another program that waits can be killed" " $(took 5 gone $reader)"
check "L8: one more waits" kill -0 $waiter
order release >/dev/null # says ok when all are answered, which takes longer than anybody waits
check "L8: it goes on when the server answers" wait $waiter
equal "L8: and is served" "Hello." "$(cat /tmp/read)"
check "L8: nothing is left on the server" busywait 60 idle
check "the client has kept to the protocol" no_violations
