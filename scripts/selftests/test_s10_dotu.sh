#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Replies of 9P2000.u that lie: error strings, file records, folders.
# client: rust
# timeout: 600
# long: yes
. "$(dirname "$0")/hostile.sh"

# rerror NAME WANT BYTES [AFTERWARDS]
rerror() { forged "S10: Rerror $1" "$2" "" "forge('Tstat', $3, kind=107); stat('/mnt/f')" "${4-}"; }
# rstat NAME WANT BYTES
rstat() { forged "S18: Rstat $1" "$2" "" "forge('Tstat', $3); stat('/mnt/f').st_size"; }

plan 34
dialect=9p2000.u
try hostile --dialect 9P2000.u
rerror "with a number" ENOENT 'string(b"whatever") + b"\2\0\0\0"' served
rerror "with a number and another string" ENOENT 'string(b"Permission denied") + b"\2\0\0\0"' served
for number in 0 512 4095 2147483648 4294967295; do
	rerror "with the number $number" EACCES "string(b'Permission denied') + struct.pack('<I', $number)" served
done
rerror "in lower case" ENOTEMPTY 'string(b"directory not empty") + bytes(4)' served
rerror "with a string of nobody" 526 'string(b"what?") + bytes(4)' served
rerror "with an empty string" 526 'string(b"") + bytes(4)' served
rerror "with NUL bytes" 526 'string(b"Permission denied\0\0") + bytes(4)' served
rerror "without a number" "EPROTO|EIO" 'string(b"Permission denied")' served
rerror "without a body" "EPROTO|EIO" 'b""' served
rerror "with a string over the end" "EPROTO|EIO" 'string(b"abc", 65535) + bytes(4)' served
rerror "with a string of 500 bytes" EACCES 'string(b"x" * 500) + b"\15\0\0\0"' served
rerror "with a string of 60,000 bytes" "EPROTO|EIO|EACCES" 'string(b"x" * 60000) + b"\15\0\0\0"'
rerror "with bytes behind it" "EPROTO|EIO" 'string(b"abc") + bytes(5)' served
forged "S10: Rlerror" EPROTO "" 'forge("Tstat", b"\2\0\0\0", kind=7); stat("/mnt/f")' served
forged "S10: Rerror for a Tread" ENOSPC "" 'fd = open("/mnt/f", O_RDONLY)
forge("Tread", string(b"No space left on device") + bytes(4), kind=107); read(fd, 16)' served
forged "S10: Rerror for a large Tread" ENOSPC "" 'fd = open("/mnt/f", O_RDONLY)
forge("Tread", string(b"No space left on device") + bytes(4), kind=107); read(fd, 100000)' served
forged "S10: an error number of 512" '526|EIO' Tstat=errno:512 'stat("/mnt/f")' served
rstat "as it should be" 5 'string(record())'
rstat "with an outer size of 0, as QEMU has it" 5 'string(record(), 0)'
rstat "with an outer size that is wrong" "EPROTO|EIO" 'string(record(), 20)'
rstat "with an inner size that is too small" "EPROTO|EIO" 'string(record(size=40))'
rstat "with an inner size that is too large" "EPROTO|EIO" 'string(record(size=65535))'
rstat "with a string over the end" "EPROTO|EIO" 'string(record()[:-14] + b"\xff\xff" + record()[-12:])'
rstat "without ids" "EPROTO|EIO" 'string(record(dotu=False))'
forged "S18: Rstat cut at each byte" '((EIO|EPROTO) )+91' "" 'cut("Tstat", lambda n: stat("/mnt/f") and None)' served
forged "S18: a device with no numbers" True "" 'forge("Tstat", string(record(mode=0x800000, extension=b"x -1 nonsense"))); answer(lambda: stat("/mnt/f")); True'
forged "S18: a link of 5,000 bytes" True "" 'forge("Tstat", string(record(mode=0x2000000, extension=b"x" * 5000))); answer(lambda: readlink("/mnt/f")); True'
# Then the folder ends, although the server would say that nothing begins there.
for name in 'b"a/b"' 'b""' 'b"n" * 256'; do
	forged "S16: a record with the name ${name/\* /times }" EIO "" "forge('Tread', counted(b''), kind=117); forge('Tread', counted(record($name)), '*1'); listdir('/mnt/d')" served
done
