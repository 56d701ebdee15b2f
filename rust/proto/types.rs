// SPDX-License-Identifier: GPL-2.0

//! The numbers of the protocol as types.
//!
//! Owns the identifiers that a client and a server exchange ([`Tag`], [`FidNum`], [`Qid`]), the
//! protocol variant ([`Dialect`]) and the agreed frame size ([`Msize`]). How they lie on the wire
//! is the business of [`super::field`].

/// Largest number of path elements in one Twalk, as fixed by walk(5).
pub const MAXWELEM: usize = 16;

/// Smallest `msize` that a session may have, in bytes.
///
/// Not smaller: every reply of fixed size, a path of `PATH_MAX` and one directory entry must fit.
/// Not larger: servers exist that offer just one page.
pub const MIN_MSIZE: u32 = 4096;

/// Number of a user that is not known: what a dialect without numeric ids leaves out.
pub const NONUNAME: u32 = u32::MAX;

/// The number that ties a reply to its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag(u16);

impl Tag {
    /// Wraps a tag number.
    pub const fn new(tag: u16) -> Self {
        Self(tag)
    }

    /// Returns the number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// The tag of Tversion, which belongs to no request.
pub const NOTAG: Tag = Tag::new(u16::MAX);

/// The number by which client and server name one file handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FidNum(u32);

impl FidNum {
    /// Wraps a fid number.
    pub const fn new(fid: u32) -> Self {
        Self(fid)
    }

    /// Returns the number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// The fid that names no file: the `afid` of an attach without authentication.
pub const NOFID: FidNum = FidNum::new(u32::MAX);

/// The kind of file that a [`Qid`] names: the top byte of a Plan 9 mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QidType(u8);

impl QidType {
    /// A plain file.
    pub const FILE: Self = Self(0x00);
    /// A hard link (9P2000.u).
    pub const LINK: Self = Self(0x01);
    /// A symbolic link (9P2000.u and 9P2000.L).
    pub const SYMLINK: Self = Self(0x02);
    /// A file left out of backups.
    pub const TMP: Self = Self(0x04);
    /// A file used for authentication.
    pub const AUTH: Self = Self(0x08);
    /// A mount point.
    pub const MOUNT: Self = Self(0x10);
    /// A file that one fid at a time may open.
    pub const EXCL: Self = Self(0x20);
    /// A file whose writes go to its end.
    pub const APPEND: Self = Self(0x40);
    /// A directory.
    pub const DIR: Self = Self(0x80);

    /// Wraps the byte from the wire; every value is legal there.
    pub const fn new(ty: u8) -> Self {
        Self(ty)
    }

    /// Returns the byte.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Returns whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The server's name for one file: two files with the same `path` are the same file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Qid {
    /// Kind of file.
    pub ty: QidType,
    /// Grows with each change of the file.
    pub version: u32,
    /// Number of the file, unique on the server.
    pub path: u64,
}

/// Bytes of a [`Qid`] on the wire.
pub const QID_SIZE: usize = 1 + 4 + 8;

/// The protocol variant, ordered from the oldest to the richest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// 9P2000: error strings, names of users, no numeric ids.
    P2000,
    /// 9P2000.u: 9P2000 with numeric ids and Unix file kinds.
    P2000u,
    /// 9P2000.L: messages that follow the Linux system calls.
    P2000L,
}

impl Dialect {
    /// Every dialect, oldest first.
    pub const ALL: [Self; 3] = [Self::P2000, Self::P2000u, Self::P2000L];

    /// The name exchanged by Tversion and Rversion.
    pub const fn name(self) -> &'static [u8] {
        match self {
            Self::P2000 => b"9P2000",
            Self::P2000u => b"9P2000.u",
            Self::P2000L => b"9P2000.L",
        }
    }

    /// Finds the dialect with exactly this name.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.name() == name)
    }

    /// Returns whether this is 9P2000.L.
    pub const fn is_dotl(self) -> bool {
        matches!(self, Self::P2000L)
    }

    /// Returns whether messages carry the fields that 9P2000.u added and 9P2000.L kept.
    pub const fn has_numeric_ids(self) -> bool {
        matches!(self, Self::P2000u | Self::P2000L)
    }
}

/// Size in bytes of the largest frame, its header counted.
///
/// # Invariants
///
/// [`MIN_MSIZE`] <= `self.0` <= `i32::MAX`: the value also fits the C side, where it is an `int`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Msize(u32);

impl Msize {
    /// Largest size that can be expressed.
    pub const MAX: Self = Self(i32::MAX.unsigned_abs());
    /// Smallest size that a session may have.
    pub const MIN: Self = Self(MIN_MSIZE);

    /// Checks and wraps a size; `None` outside of [`Msize::MIN`]..=[`Msize::MAX`].
    pub const fn new(msize: u32) -> Option<Self> {
        if msize < Self::MIN.0 || msize > Self::MAX.0 {
            return None;
        }
        // INVARIANT: Both bounds were just checked.
        Some(Self(msize))
    }

    /// Returns the number of bytes.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// Open modes of 9P2000 and 9P2000.u (Topen, Tcreate).
pub mod open_mode {
    /// Read only.
    pub const OREAD: u8 = 0x00;
    /// Write only.
    pub const OWRITE: u8 = 0x01;
    /// Read and write.
    pub const ORDWR: u8 = 0x02;
    /// Execute.
    pub const OEXEC: u8 = 0x03;
    /// Cut the file to length 0 first.
    pub const OTRUNC: u8 = 0x10;
    /// Remove the file when the fid is clunked.
    pub const ORCLOSE: u8 = 0x40;
}

/// Kinds, flags and answers of Tlock and Tgetlock (9P2000.L).
pub mod lock {
    /// Lock for reading.
    pub const TYPE_RDLCK: u8 = 0;
    /// Lock for writing.
    pub const TYPE_WRLCK: u8 = 1;
    /// Give the lock back.
    pub const TYPE_UNLCK: u8 = 2;
    /// The client would wait for the lock.
    pub const FLAGS_BLOCK: u32 = 1;
    /// The client takes back a lock after the server's restart.
    pub const FLAGS_RECLAIM: u32 = 2;
    /// The lock was granted.
    pub const SUCCESS: u8 = 0;
    /// Somebody else holds the lock: ask again later.
    pub const BLOCKED: u8 = 1;
    /// The lock was refused.
    pub const ERROR: u8 = 2;
    /// The server was restarted and takes reclaims only.
    pub const GRACE: u8 = 3;
}

#[cfg_attr(CONFIG_KUNIT = "y", kernel::macros::kunit_tests(p9_types))]
#[cfg(any(test, CONFIG_KUNIT = "y"))]
mod tests {
    use super::*;

    #[test]
    fn dialect_names_are_exact() {
        for dialect in Dialect::ALL {
            assert_eq!(Dialect::from_name(dialect.name()), Some(dialect));
        }
        for name in [
            &b""[..],
            b"9P2000.Lx",
            b"9P2000.",
            b"9p2000.L",
            b"9P200",
            b"unknown",
        ] {
            assert_eq!(Dialect::from_name(name), None);
        }
    }

    #[test]
    fn dialects_are_ordered_by_age() {
        assert!(Dialect::P2000 < Dialect::P2000u);
        assert!(Dialect::P2000u < Dialect::P2000L);
        assert!(!Dialect::P2000.has_numeric_ids());
        assert!(Dialect::P2000u.has_numeric_ids());
        assert!(Dialect::P2000L.has_numeric_ids());
    }

    #[test]
    fn msize_keeps_its_bounds() {
        assert_eq!(Msize::new(0), None);
        assert_eq!(Msize::new(4095), None);
        assert_eq!(Msize::new(4096), Some(Msize::MIN));
        assert_eq!(Msize::new(0x7fff_ffff), Some(Msize::MAX));
        assert_eq!(Msize::new(0x8000_0000), None);
        assert_eq!(Msize::new(u32::MAX), None);
    }

    #[test]
    fn qid_types_combine() {
        let ty = QidType::new(0x82);
        assert!(ty.contains(QidType::DIR));
        assert!(ty.contains(QidType::SYMLINK));
        assert!(!ty.contains(QidType::APPEND));
        assert!(ty.contains(QidType::FILE));
    }
}
