// SPDX-License-Identifier: GPL-2.0

//! The requests that only 9P2000 and 9P2000.u have.

use super::{
    child,
    fill,
    Fid,
    Tree, //
};
use crate::fault::{
    attr,
    record::{
        change,
        device,
        mode,
        unix_mode,
        Record, //
    },
    reply::{
        encode,
        encode_for,
        errno,
        Result, //
    },
};
use p9proto::{
    message::*,
    types::{
        open_mode::{
            ORCLOSE,
            ORDWR,
            OTRUNC,
            OWRITE, //
        },
        Dialect,
        FidNum,
        Qid,
        Tag, //
    },
    wire::Writer,
};
use rustix::fs::{
    mknodat,
    FileType,
    Mode,
    OFlags,
    CWD, //
};
use std::{
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::symlink, //
    },
};

/// The open flags that a Plan 9 open mode stands for.
fn open_flags(mode: u8) -> OFlags {
    let access = match mode & 3 {
        OWRITE => OFlags::WRONLY,
        ORDWR => OFlags::RDWR,
        _ => OFlags::RDONLY,
    };
    match mode & OTRUNC {
        0 => access,
        _ => access | OFlags::TRUNC,
    }
}

/// What a Tcreate makes.
enum Kind {
    File,
    Folder,
    Symlink,
    Link,
    Device,
    NamedPipe,
    Socket,
}

impl Kind {
    fn of(dialect: Dialect, perm: u32) -> Self {
        let dotu = [
            (mode::SYMLINK, Self::Symlink),
            (mode::LINK, Self::Link),
            (mode::DEVICE, Self::Device),
            (mode::NAMED_PIPE, Self::NamedPipe),
            (mode::SOCKET, Self::Socket),
        ];
        if perm & mode::DIR != 0 {
            return Self::Folder;
        }
        let mut dotu = dotu.into_iter().filter(|_| dialect.has_numeric_ids());
        dotu.find(|(bit, _)| perm & bit != 0)
            .map_or(Self::File, |(_, kind)| kind)
    }
}

impl Tree {
    /// Carries out a request that only these dialects have; gives the reply.
    pub(super) fn legacy(&mut self, tag: Tag, request: &AnyT<'_>) -> Result<Vec<u8>> {
        match request {
            AnyT::Topen(m) => {
                let fid = self.fid(m.fid)?;
                let qid = fid.open(fid.path.clone(), open_flags(m.mode), 0)?;
                fid.remove = m.mode & ORCLOSE != 0;
                encode(tag, &Ropen { qid, iounit: 0 })
            }
            AnyT::Tcreate(m) => {
                let qid = self.create(m)?;
                encode(tag, &Rcreate { qid, iounit: 0 })
            }
            AnyT::Tstat(m) => {
                let dialect = self.dialect;
                let root = self.root.clone();
                let fid = self.fid(m.fid)?;
                let name = match fid.path.file_name() {
                    Some(name) if fid.path != root => name,
                    _ => OsStr::new("/"),
                };
                let record = Record::new(dialect, name.as_bytes(), &fid.path, &fid.meta()?)?;
                let stat = record.as_stat();
                encode_for(dialect, tag, &Rstat { stat })
            }
            AnyT::Twstat(m) => {
                let mut path = self.fid(m.fid)?.path.clone();
                if !m.stat.name.is_empty() && path != self.root {
                    let folder = path.parent().unwrap_or(&self.root);
                    let to = child(folder, m.stat.name)?;
                    self.rename(&path, &to)?;
                    path = to;
                }
                change(&path, &self.fid(m.fid)?.meta()?, &m.stat)?;
                encode(tag, &Rwstat {})
            }
            _ => Err(errno(libc::EOPNOTSUPP)),
        }
    }

    /// Creates a file of any kind and opens it, if it is one that can be.
    fn create(&mut self, request: &Tcreate<'_>) -> Result<Qid> {
        let path = self.child(request.fid, request.name)?;
        let extension = request.extension.0;
        let permissions = unix_mode(request.perm);
        let access = Mode::from_bits_truncate(permissions);
        let node = |kind, number| mknodat(CWD, &path, kind, access, number);
        match Kind::of(self.dialect, request.perm) {
            Kind::File => {
                let flags = open_flags(request.mode) | OFlags::CREATE | OFlags::EXCL;
                let fid = self.fid(request.fid)?;
                let qid = fid.open(path, flags, permissions)?;
                fid.remove = request.mode & ORCLOSE != 0;
                return Ok(qid);
            }
            Kind::Folder => {
                rustix::fs::mkdir(&path, access)?;
                return self.fid(request.fid)?.open(path, OFlags::RDONLY, 0);
            }
            Kind::Symlink => symlink(OsStr::from_bytes(extension), &path)?,
            Kind::Link => {
                let fid = std::str::from_utf8(extension).ok();
                let fid = fid.and_then(|fid| fid.trim().parse().ok());
                let fid = FidNum::new(fid.ok_or(errno(libc::EINVAL))?);
                fs::hard_link(&self.fid(fid)?.path, &path)?;
            }
            Kind::Device => {
                let (kind, number) = device(extension).ok_or(errno(libc::EINVAL))?;
                node(kind, number)?;
            }
            Kind::NamedPipe => node(FileType::Fifo, 0)?,
            Kind::Socket => node(FileType::Socket, 0)?,
        }
        let qid = attr::qid(&fs::symlink_metadata(&path)?);
        self.fid(request.fid)?.path = path;
        Ok(qid)
    }
}

impl Fid {
    /// Reads the folder anew, as records.
    pub(super) fn list_records(&mut self, dialect: Dialect) -> Result<()> {
        self.entries.clear();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            let record = Record::new(dialect, name.as_bytes(), &entry.path(), &entry.metadata()?)?;
            let stat = record.as_stat();
            let mut bytes = vec![0; stat.record_size(dialect)];
            stat.encode_record(dialect, &mut Writer::new(&mut bytes))
                .map_err(|_| errno(libc::EMSGSIZE))?;
            self.entries.push(bytes);
        }
        Ok(())
    }

    /// The records of the folder from byte `offset` on, as many as fit into `room` bytes.
    ///
    /// # Errors
    ///
    /// `EINVAL` if no record begins there.
    pub(super) fn records(&self, offset: u64, room: usize) -> Result<Vec<u8>> {
        let mut start = 0;
        let mut rest = self.entries.iter();
        while start < offset {
            start += rest.next().ok_or(errno(libc::EINVAL))?.len() as u64;
        }
        match start == offset {
            true => Ok(fill(rest, room)),
            false => Err(errno(libc::EINVAL)),
        }
    }
}
