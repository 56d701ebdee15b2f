#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Several devices mounted at the same time, each found by its tag.
# qemu: -fsdev local,id=two,path=/share,security_model=none -device virtio-9p-pci,fsdev=two,mount_tag=two -fsdev local,id=three,path=/share,security_model=none,readonly=on -device virtio-9p-pci,fsdev=three,mount_tag=a-mount-tag-of-thirty-one-bytes
. "$(dirname "$0")/calls.sh"

long=a-mount-tag-of-thirty-one-bytes
tags() { for tag in /sys/bus/virtio/devices/*/mount_tag; do tr '\0' '\n' <"$tag"; done | sort | xargs; }

fresh ""

plan 9
equal "all have a tag" "$long share two" "$(tags)"
check "mount the second" mount_9p msize=8192 /tmp/two two
check "mount the third" mount_9p cache=loose /tmp/three "$long"
equal "each is shown with its tag" "$long share two" "$(findmnt -n -t 9p -o SOURCE | sort | xargs)"
is "what one writes the others read" "one one" '
put("f", b"one"); name = getcwd()[5:] + "/f"; f"{get("/tmp/two/" + name).decode()} {get("/tmp/three/" + name).decode()}"'
is "a server that only reads" EROFS 'put("/tmp/three/new")'
is "no rename from one to the other" EXDEV 'rename("f", "/tmp/two/f")'
is "all at the same time" "True True" '
def load(dir):
    for i in range(20): put(f"{dir}/{i}", data(70000, i))
    return all(get(f"{dir}/{i}") == data(70000, i) for i in range(20))
mkdir("a"); mkdir("b"); here = getcwd()[5:]
children = [start(lambda: load(dir)) for dir in ("/mnt/" + here + "/a", "/tmp/two/" + here + "/b")]
" ".join(end(child) for child in children)'
unmount /tmp/two
is "one goes, the others stay" "one one" 'f"{get("f").decode()} {get("/tmp/three/" + name).decode()}"'
