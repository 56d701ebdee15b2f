// SPDX-License-Identifier: GPL-2.0

//! The one table of messages.
//!
//! A row is a request, its type number and its fields in wire order, then the same for its reply.
//! Strings are byte slices; [`DotU`] marks what 9P2000 leaves out.

use super::super::bulk::{
    Data,
    Payload, //
};
use super::super::field::{
    DotU,
    Target, //
};
use super::super::list::{
    Names,
    Qids, //
};
use super::super::stat::Stat;
use super::super::types::{
    FidNum,
    Qid,
    Tag, //
};
use super::{
    encode_frame,
    message,
    messages,
    with_lifetime,
    DecodeError,
    DecodeField,
    Dialect,
    EncodeError,
    Field,
    Message,
    Reader,
    Rmessage,
    Tmessage,
    Writer, //
};

messages! {
    errors {
        /// Answers any request that failed (9P2000.L).
        Rlerror = 7 {
            /// Linux error number.
            ecode: u32,
        }

        /// Answers any request that failed (9P2000, 9P2000.u).
        Rerror<'a> = 107 {
            /// What went wrong, in words.
            ename: &'a [u8],
            /// Unix error number.
            errno: DotU<u32>,
        }
    }

    requests {
        /// Asks about the file system (9P2000.L).
        Tstatfs = 8 {
            /// Any file of the file system.
            fid: FidNum,
        } =>
        /// Tells about the file system.
        Rstatfs = 9 {
            /// Kind of file system.
            ty: u32,
            /// Block size in bytes.
            bsize: u32,
            /// Number of blocks.
            blocks: u64,
            /// Free blocks.
            bfree: u64,
            /// Free blocks for ordinary users.
            bavail: u64,
            /// Number of files.
            files: u64,
            /// Free file slots.
            ffree: u64,
            /// Number of the file system.
            fsid: u64,
            /// Longest file name.
            namelen: u32,
        }

        /// Opens a file (9P2000.L).
        Tlopen = 12 {
            /// The file.
            fid: FidNum,
            /// Linux open flags.
            flags: u32,
        } =>
        /// The file is open.
        Rlopen = 13 {
            /// The file's identity.
            qid: Qid,
            /// Largest transfer that the server does at once, 0 for no limit but the frame.
            iounit: u32,
        }

        /// Creates a file and opens it (9P2000.L).
        Tlcreate<'a> = 14 {
            /// The directory; afterwards the new file.
            fid: FidNum,
            /// Name of the new file.
            name: &'a [u8],
            /// Linux open flags.
            flags: u32,
            /// Linux mode.
            mode: u32,
            /// Group of the new file.
            gid: u32,
        } =>
        /// The file is created and open.
        Rlcreate = 15 {
            /// The new file's identity.
            qid: Qid,
            /// Largest transfer that the server does at once, 0 for no limit but the frame.
            iounit: u32,
        }

        /// Makes a symbolic link (9P2000.L).
        Tsymlink<'a> = 16 {
            /// The directory.
            dfid: FidNum,
            /// Name of the link.
            name: &'a [u8],
            /// Where it points to.
            symtgt: &'a [u8],
            /// Group of the link.
            gid: u32,
        } =>
        /// The link is made.
        Rsymlink = 17 {
            /// The link's identity.
            qid: Qid,
        }

        /// Makes a device node, pipe or socket (9P2000.L).
        Tmknod<'a> = 18 {
            /// The directory.
            dfid: FidNum,
            /// Name of the node.
            name: &'a [u8],
            /// Linux mode, with the kind of file.
            mode: u32,
            /// Major device number.
            major: u32,
            /// Minor device number.
            minor: u32,
            /// Group of the node.
            gid: u32,
        } =>
        /// The node is made.
        Rmknod = 19 {
            /// The node's identity.
            qid: Qid,
        }

        /// Renames a file by its fid (9P2000.L).
        Trename<'a> = 20 {
            /// The file.
            fid: FidNum,
            /// The directory it goes to.
            dfid: FidNum,
            /// Its new name.
            name: &'a [u8],
        } =>
        /// The file is renamed.
        Rrename = 21 {}

        /// Reads a symbolic link (9P2000.L).
        Treadlink = 22 {
            /// The link.
            fid: FidNum,
        } =>
        /// The link was read.
        Rreadlink<'a> = 23 {
            /// Where it points to.
            target: Target<'a>,
        }

        /// Asks for the attributes of a file (9P2000.L).
        Tgetattr = 24 {
            /// The file.
            fid: FidNum,
            /// Which attributes are wanted.
            request_mask: u64,
        } =>
        /// Tells the attributes of a file.
        Rgetattr = 25 {
            /// Which attributes are told.
            valid: u64,
            /// The file's identity.
            qid: Qid,
            /// Linux mode, with the kind of file.
            mode: u32,
            /// Owner.
            uid: u32,
            /// Group.
            gid: u32,
            /// Number of hard links.
            nlink: u64,
            /// Device number of a device node.
            rdev: u64,
            /// Length in bytes.
            size: u64,
            /// Block size for efficient transfers.
            blksize: u64,
            /// Number of 512-byte blocks in use.
            blocks: u64,
            /// Last access, seconds.
            atime_sec: u64,
            /// Last access, nanoseconds.
            atime_nsec: u64,
            /// Last change of the data, seconds.
            mtime_sec: u64,
            /// Last change of the data, nanoseconds.
            mtime_nsec: u64,
            /// Last change of the attributes, seconds.
            ctime_sec: u64,
            /// Last change of the attributes, nanoseconds.
            ctime_nsec: u64,
            /// Birth, seconds.
            btime_sec: u64,
            /// Birth, nanoseconds.
            btime_nsec: u64,
            /// Generation of the inode.
            gen: u64,
            /// Version of the data.
            data_version: u64,
        }

        /// Changes the attributes of a file (9P2000.L).
        Tsetattr = 26 {
            /// The file.
            fid: FidNum,
            /// Which of the attributes to set.
            valid: u32,
            /// Linux mode.
            mode: u32,
            /// Owner.
            uid: u32,
            /// Group.
            gid: u32,
            /// Length in bytes.
            size: u64,
            /// Last access, seconds.
            atime_sec: u64,
            /// Last access, nanoseconds.
            atime_nsec: u64,
            /// Last change of the data, seconds.
            mtime_sec: u64,
            /// Last change of the data, nanoseconds.
            mtime_nsec: u64,
        } =>
        /// The attributes are changed.
        Rsetattr = 27 {}

        /// Makes a fid to read an extended attribute, or their list (9P2000.L).
        Txattrwalk<'a> = 30 {
            /// The file.
            fid: FidNum,
            /// The fid to read the attribute from.
            newfid: FidNum,
            /// Name of the attribute, empty for the list of names.
            name: &'a [u8],
        } =>
        /// The attribute can be read.
        Rxattrwalk = 31 {
            /// Its length in bytes.
            size: u64,
        }

        /// Makes a fid the place to write an extended attribute to (9P2000.L).
        Txattrcreate<'a> = 32 {
            /// The file; afterwards the attribute.
            fid: FidNum,
            /// Name of the attribute.
            name: &'a [u8],
            /// Its length in bytes.
            attr_size: u64,
            /// Linux flags: to create, or to replace.
            flags: u32,
        } =>
        /// The attribute can be written.
        Rxattrcreate = 33 {}

        /// Reads directory entries (9P2000.L).
        Treaddir = 40 {
            /// The directory, open.
            fid: FidNum,
            /// 0, or the offset told with the last entry.
            offset: u64,
            /// Largest number of bytes to send.
            count: u32,
        } =>
        /// Directory entries, whole ones; none at the end.
        Rreaddir<'a> = 41 {
            /// The entries, see [`super::super::dirent`].
            data: Data<'a>,
        }

        /// Writes a file to storage (9P2000.L).
        Tfsync = 50 {
            /// The file, open.
            fid: FidNum,
            /// Not 0 to leave out attributes that are not needed to read the data.
            datasync: u32,
        } =>
        /// The file is on storage.
        Rfsync = 51 {}

        /// Takes a record lock or gives it back (9P2000.L).
        Tlock<'a> = 52 {
            /// The file, open.
            fid: FidNum,
            /// Kind of lock, see [`super::super::types::lock`].
            ty: u8,
            /// Whether the client waits or reclaims.
            flags: u32,
            /// First byte.
            start: u64,
            /// Number of bytes, 0 for all that follow.
            length: u64,
            /// Process that wants the lock.
            proc_id: u32,
            /// Machine that wants the lock.
            client_id: &'a [u8],
        } =>
        /// The server's decision.
        Rlock = 53 {
            /// What became of the lock.
            status: u8,
        }

        /// Asks who holds a record lock (9P2000.L).
        Tgetlock<'a> = 54 {
            /// The file, open.
            fid: FidNum,
            /// Kind of lock that is wanted.
            ty: u8,
            /// First byte.
            start: u64,
            /// Number of bytes, 0 for all that follow.
            length: u64,
            /// Process that asks.
            proc_id: u32,
            /// Machine that asks.
            client_id: &'a [u8],
        } =>
        /// The lock that is in the way, or that none is.
        Rgetlock<'a> = 55 {
            /// Kind of lock, unlocked if none is in the way.
            ty: u8,
            /// First byte.
            start: u64,
            /// Number of bytes, 0 for all that follow.
            length: u64,
            /// Process that holds the lock.
            proc_id: u32,
            /// Machine that holds the lock.
            client_id: &'a [u8],
        }

        /// Makes a hard link (9P2000.L).
        Tlink<'a> = 70 {
            /// The directory.
            dfid: FidNum,
            /// The file.
            fid: FidNum,
            /// The file's further name.
            name: &'a [u8],
        } =>
        /// The link is made.
        Rlink = 71 {}

        /// Makes a directory (9P2000.L).
        Tmkdir<'a> = 72 {
            /// The directory to make it in.
            dfid: FidNum,
            /// Name of the new directory.
            name: &'a [u8],
            /// Linux mode.
            mode: u32,
            /// Group of the new directory.
            gid: u32,
        } =>
        /// The directory is made.
        Rmkdir = 73 {
            /// The new directory's identity.
            qid: Qid,
        }

        /// Renames a file by its place (9P2000.L).
        Trenameat<'a> = 74 {
            /// The directory that has the file.
            olddirfid: FidNum,
            /// Its name there.
            oldname: &'a [u8],
            /// The directory it goes to.
            newdirfid: FidNum,
            /// Its new name.
            newname: &'a [u8],
        } =>
        /// The file is renamed.
        Rrenameat = 75 {}

        /// Removes a file by its place (9P2000.L).
        Tunlinkat<'a> = 76 {
            /// The directory.
            dirfd: FidNum,
            /// Name of the file.
            name: &'a [u8],
            /// Linux flags: 0x200 to remove a directory.
            flags: u32,
        } =>
        /// The file is removed.
        Runlinkat = 77 {}

        /// Begins a session (all dialects).
        Tversion<'a> = 100 {
            /// Largest frame that the client can take.
            msize: u32,
            /// The dialect that the client would speak.
            version: &'a [u8],
        } =>
        /// The session has begun.
        Rversion<'a> = 101 {
            /// Largest frame of the session.
            msize: u32,
            /// Dialect of the session, or "unknown".
            version: &'a [u8],
        }

        /// Begins an authentication (all dialects).
        Tauth<'a> = 102 {
            /// The fid to talk to the authentication service.
            afid: FidNum,
            /// Who wants in.
            uname: &'a [u8],
            /// What the user wants to see.
            aname: &'a [u8],
            /// Number of the user.
            n_uname: DotU<u32>,
        } =>
        /// The authentication can begin.
        Rauth = 103 {
            /// Identity of the authentication file.
            aqid: Qid,
        }

        /// Makes a fid for the root of a tree (all dialects).
        Tattach<'a> = 104 {
            /// The new fid.
            fid: FidNum,
            /// An authentication that was done, or NOFID.
            afid: FidNum,
            /// Who wants in.
            uname: &'a [u8],
            /// What the user wants to see.
            aname: &'a [u8],
            /// Number of the user.
            n_uname: DotU<u32>,
        } =>
        /// The user is in.
        Rattach = 105 {
            /// Identity of the root.
            qid: Qid,
        }

        /// Gives up on a request (all dialects).
        Tflush = 108 {
            /// Tag of the request.
            oldtag: Tag,
        } =>
        /// The request will not be answered any more.
        Rflush = 109 {}

        /// Makes a fid for a file further down, or a second one for the same (all dialects).
        Twalk<'a> = 110 {
            /// Where to start.
            fid: FidNum,
            /// The new fid; may be the same.
            newfid: FidNum,
            /// The way down.
            names: Names<'a>,
        } =>
        /// How far the server came; less than the whole way makes no fid.
        Rwalk<'a> = 111 {
            /// Identity of each file on the way.
            qids: Qids<'a>,
        }

        /// Opens a file (9P2000, 9P2000.u).
        Topen = 112 {
            /// The file.
            fid: FidNum,
            /// How, see [`super::super::types::open_mode`].
            mode: u8,
        } =>
        /// The file is open.
        Ropen = 113 {
            /// The file's identity.
            qid: Qid,
            /// Largest transfer that the server does at once, 0 for no limit but the frame.
            iounit: u32,
        }

        /// Creates a file and opens it (9P2000, 9P2000.u).
        Tcreate<'a> = 114 {
            /// The directory; afterwards the new file.
            fid: FidNum,
            /// Name of the new file.
            name: &'a [u8],
            /// Plan 9 permissions and kind.
            perm: u32,
            /// How to open it.
            mode: u8,
            /// Target of a link, number of a device.
            extension: DotU<&'a [u8]>,
        } =>
        /// The file is created and open.
        Rcreate = 115 {
            /// The new file's identity.
            qid: Qid,
            /// Largest transfer that the server does at once, 0 for no limit but the frame.
            iounit: u32,
        }

        /// Reads from a file (all dialects).
        Tread = 116 {
            /// The file, open.
            fid: FidNum,
            /// First byte.
            offset: u64,
            /// Largest number of bytes to send.
            count: u32,
        } =>
        /// Data of the file; none at its end.
        Rread<'a> = 117 {
            /// The data.
            data: Data<'a>,
        }

        /// Writes to a file (all dialects).
        Twrite<'a> = 118 {
            /// The file, open.
            fid: FidNum,
            /// First byte.
            offset: u64,
            /// The data.
            data: Payload<'a>,
        } =>
        /// The data is written, or a part of it.
        Rwrite = 119 {
            /// Number of bytes written.
            count: u32,
        }

        /// Gives a fid back (all dialects).
        Tclunk = 120 {
            /// The fid.
            fid: FidNum,
        } =>
        /// The fid is gone.
        Rclunk = 121 {}

        /// Removes a file and gives its fid back (all dialects).
        Tremove = 122 {
            /// The file.
            fid: FidNum,
        } =>
        /// The file is removed.
        Rremove = 123 {}

        /// Asks for the attributes of a file (9P2000, 9P2000.u).
        Tstat = 124 {
            /// The file.
            fid: FidNum,
        } =>
        /// Tells the attributes of a file.
        Rstat<'a> = 125 {
            /// The attributes.
            stat: Stat<'a>,
        }

        /// Changes the attributes of a file (9P2000, 9P2000.u).
        Twstat<'a> = 126 {
            /// The file.
            fid: FidNum,
            /// The new attributes; all bits set, or an empty string, for "as it is".
            stat: Stat<'a>,
        } =>
        /// The attributes are changed.
        Rwstat = 127 {}
    }
}
