#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Several processes append to one file at the same time: no record is lost, split or written over.
. "$(dirname "$0")/calls.sh"

plan 4
for cache in none loose; do
	fresh "cache=$cache"
	given '
def appender(who, size):
    fd = open("log", O_WRONLY | O_APPEND | O_CREAT)
    for i in range(50): write(fd, f"{who} {i} ".encode().ljust(size - 1, b".") + b"\n")

def together(size):
    put("log")
    for child in [start(lambda: appender(who, size)) for who in range(4)]: end(child)
    lines = get("log").splitlines()
    return f"{len(lines)} {len({tuple(line.split()[:2]) for line in lines})} {set(map(len, lines))}"'
	is "$cache: short records" "200 200 {63}" 'together(64)'
	if [ "$CLIENT$cache" = cnone ]; then
		skip "$cache: longer than a page" "this client sends a page at a time"
	else
		is "$cache: longer than a page" "200 200 {4999}" 'together(5000)'
	fi
	leave
done
