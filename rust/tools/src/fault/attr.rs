// SPDX-License-Identifier: GPL-2.0

//! Attributes of files, extended ones too.

use super::reply::{
    errno,
    Result, //
};
use p9proto::{
    message::{
        Rgetattr,
        Rstatfs,
        Tsetattr, //
    },
    types::{
        Qid,
        QidType, //
    },
};
use rustix::fs::{
    lgetxattr,
    llistxattr,
    lremovexattr,
    lsetxattr,
    statfs,
    utimensat,
    AtFlags,
    Timespec,
    Timestamps,
    XattrFlags,
    CWD,
    UTIME_NOW,
    UTIME_OMIT, //
};
use std::{
    ffi::OsStr,
    fs::{
        self,
        Metadata,
        OpenOptions,
        Permissions, //
    },
    os::unix::{
        ffi::OsStrExt,
        fs::{
            lchown,
            MetadataExt,
            PermissionsExt, //
        },
    },
    path::Path,
};

/// All attributes that 9P2000.L calls basic.
const BASIC: u64 = 0x7ff;

/// Bits of Tsetattr.
pub(crate) mod set {
    pub const MODE: u32 = 1;
    pub const UID: u32 = 2;
    pub const GID: u32 = 4;
    pub const SIZE: u32 = 8;
    pub const ATIME: u32 = 16;
    pub const MTIME: u32 = 32;
    pub const ATIME_GIVEN: u32 = 128;
    pub const MTIME_GIVEN: u32 = 256;
}

/// The identity of a file.
pub fn qid(meta: &Metadata) -> Qid {
    let ty = match meta.file_type() {
        ty if ty.is_dir() => QidType::DIR,
        ty if ty.is_symlink() => QidType::SYMLINK,
        _ => QidType::FILE,
    };
    // Not 0: with that the client caches nothing. CAST: any bits do that change with the data.
    let version = (meta.mtime() as u32) ^ ((meta.size() << 8) as u32);
    Qid {
        ty,
        version: version.max(1),
        path: meta.ino(),
    }
}

/// The answer to a Tgetattr.
pub fn get(meta: &Metadata) -> Rgetattr {
    // CAST: times before 1970 do not matter here.
    Rgetattr {
        valid: BASIC,
        qid: qid(meta),
        mode: meta.mode(),
        uid: meta.uid(),
        gid: meta.gid(),
        nlink: meta.nlink(),
        rdev: meta.rdev(),
        size: meta.size(),
        blksize: meta.blksize(),
        blocks: meta.blocks(),
        atime_sec: meta.atime() as u64,
        atime_nsec: meta.atime_nsec() as u64,
        mtime_sec: meta.mtime() as u64,
        mtime_nsec: meta.mtime_nsec() as u64,
        ctime_sec: meta.ctime() as u64,
        ctime_nsec: meta.ctime_nsec() as u64,
        btime_sec: 0,
        btime_nsec: 0,
        gen: 0,
        data_version: 0,
    }
}

/// Carries out a Tsetattr.
///
/// # Errors
///
/// Those of the system calls, here and below.
pub fn set(path: &Path, request: &Tsetattr) -> Result<()> {
    let has = |bit| request.valid & bit != 0;
    if has(set::SIZE) {
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(request.size)?;
    }
    if has(set::UID | set::GID) {
        let uid = has(set::UID).then_some(request.uid);
        lchown(path, uid, has(set::GID).then_some(request.gid))?;
    }
    if has(set::MODE) {
        fs::set_permissions(path, Permissions::from_mode(request.mode & 0o7777))?;
    }
    if has(set::ATIME | set::MTIME) {
        let time = |wanted, given, seconds: u64, nanoseconds: u64| Timespec {
            // CAST: the system call checks the times.
            tv_sec: seconds as i64,
            tv_nsec: match (has(wanted), has(given)) {
                (false, _) => UTIME_OMIT,
                (true, false) => UTIME_NOW,
                (true, true) => nanoseconds as i64,
            },
        };
        let times = Timestamps {
            last_access: time(
                set::ATIME,
                set::ATIME_GIVEN,
                request.atime_sec,
                request.atime_nsec,
            ),
            last_modification: time(
                set::MTIME,
                set::MTIME_GIVEN,
                request.mtime_sec,
                request.mtime_nsec,
            ),
        };
        utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    Ok(())
}

/// The answer to a Tstatfs.
pub fn stat_fs(path: &Path) -> Result<Rstatfs> {
    let stat = statfs(path)?;
    // CAST: all these are small or not negative.
    Ok(Rstatfs {
        ty: stat.f_type as u32,
        bsize: stat.f_bsize as u32,
        blocks: stat.f_blocks,
        bfree: stat.f_bfree,
        bavail: stat.f_bavail,
        files: stat.f_files,
        ffree: stat.f_ffree,
        fsid: 0,
        namelen: stat.f_namelen as u32,
    })
}

/// The value of an extended attribute, or the list of their names for an empty `name`.
pub fn get_extended(path: &Path, name: &[u8]) -> Result<Vec<u8>> {
    let mut value = vec![0; 65536];
    let size = match name {
        [] => llistxattr(path, &mut value[..])?,
        name => lgetxattr(path, OsStr::from_bytes(name), &mut value[..])?,
    };
    value.truncate(size);
    Ok(value)
}

/// Sets an extended attribute; removes it for an empty `value`.
pub fn set_extended(path: &Path, name: &[u8], value: &[u8], flags: u32) -> Result<()> {
    let name = OsStr::from_bytes(name);
    if value.is_empty() {
        return Ok(lremovexattr(path, name)?);
    }
    let flags = XattrFlags::from_bits(flags).ok_or(errno(libc::EINVAL))?;
    Ok(lsetxattr(path, name, value, flags)?)
}
