#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Replies whose values lie: walks that went too far or not far enough, attributes that no file has,
# names that are none, sizes of attributes without end, targets of links.
# client: rust
# timeout: 600
# long: yes
. "$(dirname "$0")/hostile.sh"

plan 60
try hostile
options=
forged "S14: nwqid 65535, no qid" "EPROTO|EIO" Twalk=body:ffff 'stat("/mnt/d/e")'
forged "S14: nwqid 65535, one qid" "EPROTO|EIO" "" 'forge("Twalk", b"\xff\xff" + qid()); stat("/mnt/d/e")'
forged "S14: nwqid 17 with 17 qids" "EPROTO|EIO" "" 'forge("Twalk", b"\x11\0" + 17 * qid()); stat("/mnt/d/e")'
forged "S14: nwqid 2 for one name" "EPROTO|EIO" "" 'forge("Twalk", b"\2\0" + 2 * qid()); stat("/mnt/d/e")'
forged "S14: nwqid 0 for a name" ENOENT "" 'forge("Twalk", b"\0\0", "*1", kind=111); stat("/mnt/nothing")' served
forged "S14: nwqid 1 for no name" "EPROTO|EIO" "" 'forge("Twalk", b"\1\0" + qid()); open("/mnt", O_RDONLY)'

# use: whatever a program may do with a file. Nobody knows what comes of it, but it ends. The file may
# be so large that reading all of it does not, or a pipe that nobody writes to.
given 'def use(path):
    def begin():
        fd = open(path, O_RDONLY | O_NONBLOCK)
        try: return read(fd, 1 << 20)[:1]
        finally: close(fd)
    def mapped():
        fd = open(path, O_RDWR | O_NONBLOCK)
        try: return mmap.mmap(fd, 4096)[:1]
        finally: close(fd)
    def moved():
        fd = open(path, O_RDWR | O_NONBLOCK)
        try: return (lseek(fd, 0, SEEK_END), read(fd, 10), pwrite(fd, b"x", 3), ftruncate(fd, 5))[0]
        finally: close(fd)
    for call in lambda: lstat(path), begin, lambda: put(path, b"x", O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK), mapped, moved, lambda: listdir(path), lambda: readlink(path), lambda: chmod(path, 0o644), lambda: utime(path), lambda: unlink(path):
        answer(call)'
for attr in 'size=1 << 63' 'size=(1 << 63) - 1' 'size=(1 << 64) - 1' nlink=0 'nlink=(1 << 64) - 1' \
	'mode=0' 'mode=0xffffffff' 'mode=0o40755, kind=0x80' \
	'mode=0o120777, kind=2' 'mode=0o10644' 'mode=0o20644' 'kind=0x80' 'kind=0xff' 'blksize=0' \
	'blksize=(1 << 64) - 1' 'valid=0' 'valid=(1 << 64) - 1'; do
	for cache in none loose; do
		options=cache=$cache
		done="S15: Rgetattr $attr, cache=$cache"
		[ "$cache" = none ] || [[ $attr == *size* || $attr == *mode* ]] || continue
		echo data >"$ROOT/u"
		forged "$done" True "" "forge('Tgetattr', attr($attr)); use('/mnt/u'); True"
	done
done
options=
for nsec in '10 ** 9' '1 << 63' '(1 << 64) - 1'; do
	forged "S15: Rgetattr nsec=$nsec" EIO "" "forge('Tgetattr', attr(nsec=$nsec)); stat('/mnt/f')" served
done

# Of a folder that does not end the server says so only twice, or ls would never end.
for name in 'b"n" * 256' 'b"n" * 60000' 'b"a/b"' 'b"/"' 'b"a\0b"' 'b""'; do
	forged "S16: a name of ${name/\* /times }" EIO "" "forge('Treaddir', counted(entry($name)), '*2'); listdir('/mnt/d')" served
done
forged "S16: a name over the end" EIO "" 'forge("Treaddir", counted(entry(b"name")[:-1]), "*2"); listdir("/mnt/d")' served
forged "S16: an entry cut at each byte" EIO "" '
def cutted(n): forge("Treaddir", counted(entry(b"name")[:n]), "*2"); return listdir("/mnt/d")
each([lambda n=n: cutted(n) for n in range(1, len(entry(b"name")))])' served
for offset in 0 7; do
	forged "S16: an offset that does not advance from $offset" EIO "" "
forge('Treaddir', counted(entry(b'name', offset=$offset))); listdir('/mnt/d')" served
done
forged "S16: an offset of 2^64-1" ".*" "" '
forge("Treaddir", counted(entry(b"name", offset=(1 << 64) - 1)), "*2"); answer(lambda: listdir("/mnt/d") and None)' served

for size in 65537 '1 << 31' '1 << 32' '1 << 63' '(1 << 64) - 1'; do
	forged "S17: an attribute of $size bytes" E2BIG "" "forge('Txattrwalk', struct.pack('<Q', $size)); getxattr('/mnt/hello', 'user.x')" served
done
forged "S17: a list of 2^31 bytes" E2BIG "" "forge('Txattrwalk', struct.pack('<Q', 1 << 31)); listxattr('/mnt/hello')" served
forged "S17: an attribute that shrinks" "EIO|val" "" 'forge("Txattrwalk", struct.pack("<Q", 3)); getxattr("/mnt/hello", "user.x")' served

forged "S19: an empty target" "EIO" "" 'forge("Treadlink", string(b"")); readlink("/mnt/l")' served
forged "S19: a target of 4,096 bytes" "EIO|ENAMETOOLONG" "" 'forge("Treadlink", string(b"x" * 4096)); readlink("/mnt/l")' served
forged "S19: a target of 65,535 bytes" "EIO|EPROTO" "" 'forge("Treadlink", string(b"x" * 65535)); readlink("/mnt/l")'
forged "S19: a target with a NUL" "EIO" "" 'forge("Treadlink", string(b"a\0b")); readlink("/mnt/l")' served
forged "S19: a target over the end" "EIO|EPROTO" "" 'forge("Treadlink", string(b"abc", 65535)); readlink("/mnt/l")' served
