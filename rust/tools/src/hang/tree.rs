// SPDX-License-Identifier: GPL-2.0

//! The files of hangfs: folders and regular files, kept in memory.

use fuser::{
    FileAttr,
    FileType,
    FUSE_ROOT_ID, //
};
use std::{
    collections::{
        BTreeMap,
        HashMap, //
    },
    ffi::{
        OsStr,
        OsString, //
    },
    time::{
        Duration,
        SystemTime, //
    },
};

/// Largest file. Enough for any test, and little enough that a wild offset does no harm.
const MAX_SIZE: usize = 256 << 20;

enum Kind {
    File(Vec<u8>),
    Folder(BTreeMap<OsString, u64>),
}

struct Node {
    kind: Kind,
    mode: u32,
    uid: u32,
    gid: u32,
    mtime: Duration,
}

/// A result whose error is an error number.
pub type Result<T> = std::result::Result<T, i32>;

/// All files.
pub struct Tree {
    /// A file stays here when its name is gone: whoever has it open goes on.
    nodes: HashMap<u64, Node>,
    last: u64,
    /// What reads give instead of the data.
    fill: Option<u8>,
    /// How many files are open.
    open: u64,
}

impl Default for Tree {
    fn default() -> Self {
        let mut tree = Self {
            nodes: HashMap::new(),
            last: FUSE_ROOT_ID - 1,
            fill: None,
            open: 0,
        };
        tree.add(Kind::Folder(BTreeMap::new()), 0o777, 0, 0);
        tree
    }
}

impl Tree {
    fn add(&mut self, kind: Kind, mode: u32, uid: u32, gid: u32) -> u64 {
        self.last += 1;
        let mtime = now();
        let node = Node {
            kind,
            mode,
            uid,
            gid,
            mtime,
        };
        self.nodes.insert(self.last, node);
        self.last
    }

    fn node(&mut self, ino: u64) -> Result<&mut Node> {
        self.nodes.get_mut(&ino).ok_or(libc::ENOENT)
    }

    fn file(&mut self, ino: u64) -> Result<&mut Vec<u8>> {
        match &mut self.node(ino)?.kind {
            Kind::File(data) => Ok(data),
            Kind::Folder(_) => Err(libc::EISDIR),
        }
    }

    fn folder(&mut self, ino: u64) -> Result<&mut BTreeMap<OsString, u64>> {
        match &mut self.node(ino)?.kind {
            Kind::Folder(names) => Ok(names),
            Kind::File(_) => Err(libc::ENOTDIR),
        }
    }

    /// The file `name` in a folder.
    ///
    /// # Errors
    ///
    /// `ENOENT`, `ENOTDIR`, as everywhere here.
    pub fn lookup(&mut self, parent: u64, name: &OsStr) -> Result<FileAttr> {
        let ino = self.folder(parent)?.get(name).copied();
        self.attr(ino.ok_or(libc::ENOENT)?)
    }

    /// The attributes of a file.
    pub fn attr(&mut self, ino: u64) -> Result<FileAttr> {
        let node = self.node(ino)?;
        let (kind, size) = match &node.kind {
            Kind::File(data) => (FileType::RegularFile, data.len() as u64),
            Kind::Folder(_) => (FileType::Directory, 0),
        };
        let time = SystemTime::UNIX_EPOCH + node.mtime;
        Ok(FileAttr {
            ino,
            size,
            blocks: size.div_ceil(512),
            atime: time,
            mtime: time,
            ctime: time,
            crtime: time,
            kind,
            perm: (node.mode & 0o7777) as u16,
            nlink: 1,
            uid: node.uid,
            gid: node.gid,
            rdev: 0,
            blksize: 4096,
            flags: 0,
        })
    }

    /// Sets attributes.
    pub fn set_attr(
        &mut self,
        ino: u64,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
    ) -> Result<FileAttr> {
        if let Some(size) = size {
            let size = bounded(size)?;
            self.file(ino)?.resize(size, 0);
        }
        let node = self.node(ino)?;
        node.mode = mode.unwrap_or(node.mode);
        node.uid = uid.unwrap_or(node.uid);
        node.gid = gid.unwrap_or(node.gid);
        node.mtime = now();
        self.attr(ino)
    }

    /// Makes a file or a folder.
    pub fn create(
        &mut self,
        parent: u64,
        name: &OsStr,
        folder: bool,
        mode: u32,
        (uid, gid): (u32, u32),
    ) -> Result<FileAttr> {
        if self.folder(parent)?.contains_key(name) {
            return Err(libc::EEXIST);
        }
        let kind = match folder {
            true => Kind::Folder(BTreeMap::new()),
            false => Kind::File(Vec::new()),
        };
        let ino = self.add(kind, mode, uid, gid);
        self.folder(parent)?.insert(name.into(), ino);
        self.attr(ino)
    }

    /// Removes a name.
    pub fn remove(&mut self, parent: u64, name: &OsStr) -> Result<()> {
        let ino = self.lookup(parent, name)?.ino;
        if let Ok(names) = self.folder(ino) {
            if !names.is_empty() {
                return Err(libc::ENOTEMPTY);
            }
        }
        self.folder(parent)?.remove(name);
        Ok(())
    }

    /// Renames.
    pub fn rename(&mut self, from: (u64, &OsStr), to: (u64, &OsStr)) -> Result<()> {
        let ino = self.lookup(from.0, from.1)?.ino;
        if self.folder(to.0)?.contains_key(to.1) {
            self.remove(to.0, to.1)?;
        }
        self.folder(to.0)?.insert(to.1.into(), ino);
        self.folder(from.0)?.remove(from.1);
        Ok(())
    }

    /// The names in a folder.
    pub fn list(&mut self, ino: u64) -> Result<Vec<(OsString, u64, FileType)>> {
        let names = self.folder(ino)?.clone();
        let mut entries = Vec::with_capacity(names.len());
        for (name, ino) in names {
            entries.push((name, ino, self.attr(ino)?.kind));
        }
        Ok(entries)
    }

    /// Reads data.
    pub fn read(&mut self, ino: u64, offset: u64, size: usize) -> Result<Vec<u8>> {
        let fill = self.fill;
        let data = self.file(ino)?;
        let start = data.len().min(bounded(offset)?);
        let end = data.len().min(start + size);
        let mut read = data[start..end].to_vec();
        if let Some(byte) = fill {
            read.fill(byte);
        }
        Ok(read)
    }

    /// Writes data.
    pub fn write(&mut self, ino: u64, offset: u64, new: &[u8]) -> Result<()> {
        let start = bounded(offset)?;
        let end = start + new.len();
        bounded(end as u64)?;
        let data = self.file(ino)?;
        if data.len() < end {
            data.resize(end, 0);
        }
        data[start..end].copy_from_slice(new);
        self.node(ino)?.mtime = now();
        Ok(())
    }

    /// Counts an opened file.
    pub fn opened(&mut self) {
        self.open += 1;
    }

    /// Counts a closed file.
    pub fn closed(&mut self) {
        self.open -= 1;
    }

    /// How many files are open.
    pub fn open(&self) -> u64 {
        self.open
    }

    /// Sets what reads give instead of the data.
    pub fn set_fill(&mut self, fill: Option<u8>) {
        self.fill = fill;
    }
}

fn now() -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap_or_default()
}

fn bounded(size: u64) -> Result<usize> {
    let size = usize::try_from(size).map_err(|_| libc::EFBIG)?;
    match size {
        0..=MAX_SIZE => Ok(size),
        _ => Err(libc::EFBIG),
    }
}
