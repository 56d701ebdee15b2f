#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Paths deeper than the 16 names that one Twalk can carry, for users with and without fids on the way.
. "$(dirname "$0")/calls.sh"

plan 12
for options in cache=none cache=loose access=user,cache=loose; do
	fresh "$options"
	given 'top = getcwd(); chmod(".", 0o777); umask(0)
for i in range(35): mkdir(f"level{i}"); chdir(f"level{i}")
put("file", b"at the bottom"); chdir(top)
path = "/".join(f"level{i}" for i in range(35))'
	is "$options: read at the bottom" "at the bottom" 'get(path + "/file")'
	is "$options: another user reads there" "at the bottom" 'as_user(1000, lambda: get(path + "/file"))'
	is "$options: another user, from a folder half way" "at the bottom" '
half = open("/".join(path.split("/")[:18]), O_RDONLY | O_DIRECTORY)
rest = "/".join(path.split("/")[18:]) + "/file"
as_user(1001, lambda: read(open(rest, O_RDONLY, dir_fd=half), 99))'
	is "$options: an absent file, a file as a folder" "ENOENT ENOTDIR" '
" ".join(other(lambda: get(path + name)) for name in ("/none", "/file/x"))'
	leave
done
