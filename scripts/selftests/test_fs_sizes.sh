#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Reads and writes of sizes and at offsets around those where the way of the data changes: written
# with one size, read with others, through the page cache or not, from odd addresses.
. "$(dirname "$0")/calls.sh"

sweep='
def transfer(call, fd, total, piece, at, skew):
    done = 0
    while done < total:
        n = min(piece, total - done)
        moved = call(fd, [memoryview(memory)[skew + done : skew + done + n]], at + done)
        if not moved: break
        done += moved
    return done

def sweep(msize, flags, skew, at):
    bad = []
    payload = msize - 24
    wanted = [1023, 1025, 4097, payload, payload + 1, 2 * payload + 1]
    if environ.get("LONG"): wanted += [1, 512, 1024, 4095, 4096, payload - 1, msize, 10 * payload]
    for w in wanted:
        total = min(2 * msize + 4097, 6 * w + 5)
        want = pattern[w : w + total]
        fd = open("swept", O_RDWR | O_CREAT | O_TRUNC | flags)
        memory[skew : skew + total] = want
        if transfer(pwritev, fd, total, w, at, skew) != total: bad.append(("write", w))
        if stat("swept").st_size != at + total: bad.append(("size", w))
        for r in (w, w + 1000):
            memory[skew : skew + total] = bytes(total)
            if transfer(preadv, fd, total, r, at, skew) != total: bad.append(("read", w, r))
            if memory[skew : skew + total] != want: bad.append(("data", w, r))
        close(fd)
    return bad or "the same"

memory = mmap.mmap(-1, 1 << 21)
pattern = data(2200000)'

plan 16
for options in cache=none,msize=4096 cache=none,msize=65536 cache=loose,msize=8192; do
	fresh "$options"
	given "$sweep
size = ${options##*=}"
	is "$options: aligned" "the same" 'sweep(size, 0, 0, 0)'
	is "$options: odd address, odd offset" "the same" 'sweep(size, 0, 13, 1021)'
	is "$options: O_DIRECT" "the same" 'sweep(size, O_DIRECT, 0, 4096)'
	is "$options: O_DIRECT, odd address and offset" "the same" 'sweep(size, O_DIRECT, 2049, 777)'
	leave
done
fresh msize=512000
is "msize=512000: aligned" "the same" 'sweep(512000, 0, 0, 0)'
is "msize=512000: O_DIRECT, odd address and offset" "the same" 'sweep(512000, O_DIRECT, 2049, 777)'
is "many pieces in one call" True '
parts = [data(size, size) for size in (1, 1023, 4096, 5000, 3, 70000, 0, 12)]
fd = open("v", O_RDWR | O_CREAT); writev(fd, parts); pread(fd, 1 << 20, 0) == b"".join(parts)'
is "reads at and past the end" "3 0 0" 'put("e", b"abc"); fd = open("e", O_RDONLY); " ".join(str(len(pread(fd, 10, at))) for at in (0, 3, 5000))'
