#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# NFS-Ganesha as the server, over TCP: the same calls about names and attributes give on the mount
# what they give in a folder of a tmpfs, and what the server's folder holds then is the same, too. Not
# more: NFS-Ganesha 6.5, which Debian has, crashes at each Tlcreate and Tread, the stock client's too.
# client: both
# kernel: stock
. "$(dirname "$0")/calls.sh"

SERVED=/tmp/served-ganesha
CONFIG=/tmp/ganesha.conf
LOG=/tmp/ganesha.log
PORT=5670

# ext4: makes and mounts the file system that is served: a tmpfs is none that this server takes.
ext4() {
	modprobe loop && truncate -s 64M $SERVED.ext4 && mkfs.ext4 -q $SERVED.ext4 &&
		mkdir -p $SERVED && mount -o loop $SERVED.ext4 $SERVED
}

listens() { (: <>/dev/tcp/127.0.0.1/$PORT) 2>/dev/null; }

mount_ganesha() {
	mount -i -t 9p -o "trans=tcp,port=$PORT,version=9p2000.L,aname=$SERVED,uname=root,msize=8192" 127.0.0.1 "$MNT"
}

stop_server() {
	kill -KILL "$server"
	wait "$server" 2>/dev/null
	umount $SERVED && rm -rf $SERVED $SERVED.ext4
}

# What is done in a folder with the file "file".
NAMES='
def names(folder):
    chdir(folder)
    steps = [
        lambda: mkdir("d", 0o750),
        lambda: f"{lstat("d").st_mode:o}",
        lambda: mkdir("d"),
        lambda: mkdir("d/e"),
        lambda: rename("d", "g"),
        lambda: stat("d"),
        lambda: rmdir("g"),
        lambda: unlink("g"),
        lambda: symlink("g/e", "l"),
        lambda: readlink("l"),
        lambda: f"{stat("l").st_mode:o} {lstat("l").st_mode:o}",
        lambda: mkfifo("p"),
        lambda: f"{lstat("p").st_mode:o}",
        lambda: link("file", "g/file"),
        lambda: stat("file").st_nlink,
        lambda: rename("p", "g/file"),
        lambda: stat("file").st_nlink,
        lambda: truncate("file", 5000),
        lambda: stat("file").st_size,
        lambda: chmod("file", 0o640),
        lambda: utime("file", (1000000, 2000000)),
        lambda: f"{stat("file").st_mode:o} {stat("file").st_mtime}",
        lambda: [mkdir(f"g/{i}-" + "n" * 220) for i in range(40)] and None,
        lambda: sorted(listdir("g")) == sorted(["e", "file"] + [f"{i}-" + "n" * 220 for i in range(40)]),
        lambda: [rmdir(f"g/{i}-" + "n" * 220) for i in range(40)] and None,
        lambda: statvfs(".").f_namemax,
    ]
    said = [answer(step) for step in steps]
    chdir("/")
    return " ".join(said)
'

try ext4
ln -sfn /proc/self/mounts /etc/mtab # where it looks for file systems
mkdir -p "$MNT" /run/ganesha /var/lib/nfs/ganesha
cat >$CONFIG <<-END
	NFS_CORE_PARAM { Protocols = 9P; mount_path_pseudo = false; Enable_NLM = false; Enable_RQUOTA = false; allow_set_io_flusher_fail = true; }
	_9P { _9P_TCP_Port = $PORT; }
	EXPORT { Export_Id = 1; Path = $SERVED; Pseudo = /share; Protocols = 9P; Access_Type = RW;
		Squash = No_Root_Squash; SecType = sys; Filesystem_Id = 1.1; FSAL { Name = VFS; } }
END
ganesha.nfsd -F -f $CONFIG -L $LOG -p /run/ganesha.pid &
server=$!
defer stop_server
busywait 60 listens || { cat $LOG; exit 1; }

plan 7
check "mount" mount_ganesha
defer unmount "$MNT"
try mkdir -p /tmp/mirror "$MNT/work"
for folder in /tmp/mirror $SERVED/work; do echo content >"$folder/file"; done
cd / && calls
given "$(<"$SELFTESTS/fixtures.py")"
given "$NAMES"
mirrored "calls" names "$MNT/work"
mirrored "what the server has" tree $SERVED/work
mirrored "all is removed" remove "$MNT/work"
equal "nothing is left" "" "$(ls -A $SERVED/work)"
rmdir "$MNT/work"
check "unmount" umount "$MNT"
check "the server is still there" kill -0 "$server"
