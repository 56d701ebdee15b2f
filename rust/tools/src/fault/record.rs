// SPDX-License-Identifier: GPL-2.0

//! Attributes of files as 9P2000 and 9P2000.u have them: a record for each file.

use super::{
    attr::{
        self,
        set, //
    },
    reply::{
        errno,
        Result, //
    },
};
use p9proto::{
    field::DotU,
    message::Tsetattr,
    stat::Stat,
    types::{
        Dialect,
        FidNum,
        Qid,
        NONUNAME, //
    },
};
use rustix::fs::{
    major,
    makedev,
    minor,
    Dev,
    FileType, //
};
use std::{
    fs::{
        self,
        Metadata, //
    },
    os::unix::{
        ffi::OsStringExt,
        fs::MetadataExt, //
    },
    path::Path,
};

/// The bits of a Plan 9 mode above the permissions; all but the first are of 9P2000.u.
pub mod mode {
    /// A directory.
    pub const DIR: u32 = 0x8000_0000;
    /// A symbolic link.
    pub const SYMLINK: u32 = 0x0200_0000;
    /// A further name of a file.
    pub const LINK: u32 = 0x0100_0000;
    /// A device.
    pub const DEVICE: u32 = 0x0080_0000;
    /// A named pipe.
    pub const NAMED_PIPE: u32 = 0x0020_0000;
    /// A socket.
    pub const SOCKET: u32 = 0x0010_0000;
}

/// The bits above the permissions that Unix has too: there, and in 9P2000.u.
const UNIX: [(u32, u32); 3] = [
    (0o4000, 0x0008_0000),
    (0o2000, 0x0004_0000),
    (0o1000, 0x0001_0000),
];

/// The strings and numbers of a file's record.
pub struct Record {
    qid: Qid,
    mode: u32,
    atime: u32,
    mtime: u32,
    length: u64,
    name: Vec<u8>,
    uid: u32,
    gid: u32,
    owner: String,
    group: String,
    extension: Vec<u8>,
}

impl Record {
    /// The record of the file `name` at `path`, whose attributes are `meta`.
    ///
    /// # Errors
    ///
    /// Those of the system calls are propagated as-is.
    pub fn new(dialect: Dialect, name: &[u8], path: &Path, meta: &Metadata) -> Result<Self> {
        let kind = FileType::from_raw_mode(meta.mode());
        let device = |letter| {
            let (major, minor) = (major(meta.rdev()), minor(meta.rdev()));
            (mode::DEVICE, format!("{letter} {major} {minor}").into())
        };
        let (bits, extension) = match kind {
            FileType::Symlink => (
                mode::SYMLINK,
                fs::read_link(path)?.into_os_string().into_vec(),
            ),
            FileType::Fifo => (mode::NAMED_PIPE, Vec::new()),
            FileType::Socket => (mode::SOCKET, Vec::new()),
            FileType::CharacterDevice => device('c'),
            FileType::BlockDevice => device('b'),
            _ => (0, format!("HARDLINKCOUNT {}", meta.nlink()).into()),
        };
        let mut mode = meta.mode() & 0o777;
        if dialect.has_numeric_ids() {
            let unix = UNIX.iter();
            let unix = unix.filter(|(unix, _)| meta.mode() & unix != 0);
            mode |= unix.fold(bits, |all, (_, plan9)| all | plan9);
        }
        if meta.is_dir() {
            mode |= mode::DIR;
        }
        // CAST: the times of files that a test makes fit 32 bits.
        Ok(Self {
            qid: attr::qid(meta),
            mode,
            atime: meta.atime() as u32,
            mtime: meta.mtime() as u32,
            // stat(5): the length of a directory is 0 by convention.
            length: if meta.is_dir() { 0 } else { meta.len() },
            name: name.to_vec(),
            uid: meta.uid(),
            gid: meta.gid(),
            owner: meta.uid().to_string(),
            group: meta.gid().to_string(),
            extension,
        })
    }

    /// What goes into a message.
    pub fn as_stat(&self) -> Stat<'_> {
        Stat {
            ty: 0,
            dev: 0,
            qid: self.qid,
            mode: self.mode,
            atime: self.atime,
            mtime: self.mtime,
            length: self.length,
            name: &self.name,
            uid: self.owner.as_bytes(),
            gid: self.group.as_bytes(),
            muid: self.owner.as_bytes(),
            extension: DotU(&self.extension),
            n_uid: DotU(self.uid),
            n_gid: DotU(self.gid),
            n_muid: DotU(self.uid),
        }
    }
}

/// The Unix mode that the `perm` of a Tcreate or the `mode` of a Twstat stands for, kind left out.
pub fn unix_mode(perm: u32) -> u32 {
    let unix = UNIX.iter();
    let unix = unix.filter(|(_, plan9)| perm & plan9 != 0);
    unix.fold(perm & 0o777, |all, (unix, _)| all | unix)
}

/// The kind and number of the device that an extension such as `c 1 3` stands for.
pub fn device(extension: &[u8]) -> Option<(FileType, Dev)> {
    let mut words = std::str::from_utf8(extension).ok()?.split_whitespace();
    let kind = match words.next()? {
        "c" => FileType::CharacterDevice,
        "b" => FileType::BlockDevice,
        _ => return None,
    };
    let mut number = || words.next()?.parse().ok();
    Some((kind, makedev(number()?, number()?)))
}

/// Carries out what a Twstat asks for, but for the name.
///
/// # Errors
///
/// `EPERM` if it would make a directory a file or the reverse, and those of the system calls.
pub fn change(path: &Path, meta: &Metadata, stat: &Stat<'_>) -> Result<()> {
    let mut valid = 0;
    let mut is_set = |set, bit: u32| {
        if set {
            valid |= bit;
        }
    };
    is_set(stat.mode != u32::MAX, set::MODE);
    is_set(stat.n_uid.0 != NONUNAME, set::UID);
    is_set(stat.n_gid.0 != NONUNAME, set::GID);
    is_set(stat.length != u64::MAX, set::SIZE);
    is_set(stat.atime != u32::MAX, set::ATIME | set::ATIME_GIVEN);
    is_set(stat.mtime != u32::MAX, set::MTIME | set::MTIME_GIVEN);
    if valid & set::MODE != 0 && (stat.mode & mode::DIR != 0) != meta.is_dir() {
        return Err(errno(libc::EPERM));
    }
    let request = Tsetattr {
        fid: FidNum::new(0),
        valid,
        mode: unix_mode(stat.mode),
        uid: stat.n_uid.0,
        gid: stat.n_gid.0,
        size: stat.length,
        atime_sec: stat.atime.into(),
        atime_nsec: 0,
        mtime_sec: stat.mtime.into(),
        mtime_nsec: 0,
    };
    attr::set(path, &request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_of_unix_are_kept() {
        assert_eq!(unix_mode(0o755 | mode::DIR), 0o755);
        assert_eq!(unix_mode(0x000d_01ff), 0o7777);
    }

    #[test]
    fn devices_are_letter_and_two_numbers() {
        let null = Some((FileType::CharacterDevice, makedev(1, 3)));
        assert_eq!(device(b"c 1 3"), null);
        for extension in [&b""[..], b"c", b"c 1", b"x 1 3", b"c one 3", b"c 1 -3"] {
            assert_eq!(device(extension), None);
        }
    }
}
