#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A process that waits for a hung server can be killed at once, whatever the server does with the
# Tflush: answers it at once, after 2 s, after the request, with an error, never, or if it answers
# nothing at all any more. Afterwards it holds no fid and no lock, and no tag was used too early.
# R3: what a request has made that was answered before the Rflush is undone. R5: a lock that the
# process had before is given back behind its Tflush.
# timeout: 400
# quiet: debug
. "$(dirname "$0")/fault.sh"

LEFT="fids and locks"
left() { echo $(($(order fids) + $(order locks))); }

plan 15
try serve
try setfattr -n user.name -v value "$ROOT/f"
try mount_fault
order reset
dies "Tflush answered at once" Tread=hang read "$MNT/f"
dies "Tflush answered after the request" "Tread=hang Tflush=wait" read "$MNT/f"
dies "Tflush not answered" "Tread=hang Tflush=hang" read "$MNT/f"
dies "open, Tflush not answered" "Tlopen=hang Tflush=hang" open "$MNT/f"
dies "write, Tflush not answered" "Twrite=hang Tflush=hang" write "$MNT/f"
dies "Tflush refused" "Tread=hang Tflush=errno:5" read "$MNT/f"
dies "nothing is answered any more" "*=hang" stat "$MNT/f"
dies "lock, answered before the Rflush" "Tlock=hang Tflush=wait" lock "$MNT/f"
dies "getxattr, answered before the Rflush" "Txattrwalk=hang Tflush=wait" getxattr "$MNT/f"
dies "attach, answered before the Rflush" "Tattach=hang Tflush=wait" attach "$MNT/f"
# shellcheck disable=SC2317 # called by die
waiting() { holds 1 Tread && [ "$(order locks)" = 1 ]; }
dies "with a lock, Tflush not answered" "Tread=hang Tflush=hang" locked "$MNT/f"
# Where no request arrives, the victim's stack tells.
# shellcheck disable=SC2317 # called by die
waiting() { pgrep -x victim | sed 's|.*|/proc/&/stack|' | xargs grep -q 9pnet 2>/dev/null; }
dies "nothing is read any more" pause stat "$MNT/f"
waiting() { holds 1; }
ROUNDS=$(((ROUNDS + 9) / 10))
dies "Tflush answered after 2 s" "Tread=hang Tflush=2000ms" read "$MNT/f"
check "the client has kept to the protocol" no_violations
umount "$MNT"
equal "the server holds no fid and no lock" 0 "$(left)"
