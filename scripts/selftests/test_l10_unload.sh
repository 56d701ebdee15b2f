#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The modules can be unloaded after a mount whose server never answered what it was asked, and come
# back; while it is mounted they stay.
# client: rust
. "$(dirname "$0")/fault.sh"

refused() { ! rmmod 9p 2>/dev/null && ! rmmod 9pnet 2>/dev/null; }
# shellcheck disable=SC2317 # called by check
unload() { modprobe -r 9p && { ! grep -q ^9pnet_fd /proc/modules || modprobe -r 9pnet_fd; } && ! grep -q ^9pnet /proc/modules; }

plan 5
try serve
try mount_fault
order "Tread@f=hang" "Tflush=hang" "Tclunk=hang"
head -c 16 "$MNT/f" >/dev/null 2>&1 &
reader=$!
disown
try busywait 5 holds 1
check "L10: they stay while it is mounted" refused
kill -KILL $reader
check "L10: a reader is killed" busywait 5 gone $reader
check "L10: unmounted" busywait 10 umount "$MNT"
check "L10: unloaded" busywait 5 unload
modprobe 9p
order release
try modprobe 9pnet_fd
check "L10: and mounted again" mount_fault
