#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Eight processes create, write, rename, check, link and remove files in the same folders.
# races: yes
. "$(dirname "$0")/calls.sh"

worker='
import random, zlib

def worker(who, steps):
    pick = random.Random(who)
    mine = {}
    for step in range(steps):
        what = pick.randrange(6)
        name = pick.choice(list(mine)) if mine else None
        if what == 0 or not mine:
            name = f"{pick.randrange(4)}/{who}-{step}"
            content = data(pick.choice((10, 1024, 5000, 40000)), step)
            put(name, content)
            mine[name] = zlib.crc32(content)
        elif what == 1:
            new = f"{pick.randrange(4)}/{who}-{step}r"
            rename(name, new)
            mine[new] = mine.pop(name)
        elif what == 2:
            unlink(name)
            del mine[name]
        elif what == 3:
            new = f"{pick.randrange(4)}/{who}-{step}l"
            link(name, new)
            unlink(name)
            mine[new] = mine.pop(name)
        elif what == 4:
            listdir(str(pick.randrange(4)))
        elif zlib.crc32(get(name)) != mine[name]:
            return f"{name} is damaged"
    return len(mine) if all(zlib.crc32(get(name)) == mine[name] for name in mine) else "damaged"

def workers(steps):
    for i in range(4): mkdir(str(i))
    children = [start(lambda: worker(who, steps)) for who in range(8)]
    answers = [end(child) for child in children]
    left = sum(len(listdir(str(i))) for i in range(4))
    good = all(a.isdigit() for a in answers) and left == sum(map(int, answers))
    return "good" if good else f"{answers}, {left} files"
'

plan 2
for options in cache=none,msize=8192 cache=loose; do
	fresh "$options"
	given "$worker"
	is "$options" good "workers(${LONG:+}40)"
	leave
done
