// SPDX-License-Identifier: GPL-2.0

//! Fids and the files they stand for.
//!
//! A fid is a path. That is enough for a server whose folder nobody else changes. Here are the
//! requests that all dialects have and those of 9P2000.L; the others are in [`legacy`].

mod legacy;

use super::{
    attr,
    lock::Locks,
    reply::{
        encode,
        errno,
        Result, //
    },
};
use p9proto::{
    bulk::Data,
    dirent::Dirent,
    field::Target,
    list::Qids,
    message::*,
    types::{
        Dialect,
        FidNum,
        Qid,
        Tag, //
    },
    wire::Writer, //
};
use rustix::fs::{
    mknodat,
    open,
    FileType,
    Mode,
    OFlags,
    CWD, //
};
use std::{
    collections::HashMap,
    ffi::OsStr,
    fs::{
        self,
        File,
        Metadata, //
    },
    os::unix::{
        ffi::OsStrExt,
        fs::{
            symlink,
            FileExt,
            MetadataExt, //
        },
    },
    path::{
        Path,
        PathBuf, //
    },
    sync::{
        Arc,
        Mutex,
        PoisonError, //
    },
};

/// Open flags that are handed on; the others mean something only to the client.
const OPEN_FLAGS: OFlags = OFlags::RWMODE
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::TRUNC);

/// Flag of Tunlinkat: a folder is removed.
const REMOVE_FOLDER: u32 = 0x200;

/// An extended attribute that is read or written.
struct Extended {
    name: Vec<u8>,
    value: Vec<u8>,
    /// The flags to write it with when the fid is clunked, `None` if it is read.
    write: Option<u32>,
}

struct Fid {
    path: PathBuf,
    file: Option<File>,
    /// The encoded entries of an open folder.
    entries: Vec<Vec<u8>>,
    extended: Option<Extended>,
    /// Whether the file is removed when the fid is clunked.
    remove: bool,
}

/// The fids of a session.
pub struct Tree {
    root: PathBuf,
    fids: HashMap<u32, Fid>,
    locks: Arc<Mutex<Locks>>,
    dialect: Dialect,
    /// Largest frame of the session.
    msize: u32,
}

impl Fid {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            entries: Vec::new(),
            extended: None,
            remove: false,
        }
    }

    fn meta(&self) -> Result<Metadata> {
        Ok(match &self.file {
            Some(file) => file.metadata()?,
            None => fs::symlink_metadata(&self.path)?,
        })
    }

    fn file(&self) -> Result<&File> {
        self.file.as_ref().ok_or(errno(libc::EBADF))
    }

    fn open(&mut self, path: PathBuf, flags: OFlags, mode: u32) -> Result<Qid> {
        let flags = flags & OPEN_FLAGS;
        let file = File::from(open(
            &path,
            flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK,
            Mode::from_bits_truncate(mode),
        )?);
        let qid = attr::qid(&file.metadata()?);
        self.file = Some(file);
        self.path = path;
        Ok(qid)
    }

    /// Reads the folder anew.
    fn list(&mut self) -> Result<()> {
        self.entries.clear();
        let mut add = |name: &OsStr, meta: Metadata| {
            let mut bytes = vec![0; p9proto::dirent::DIRENT_MAX_SIZE];
            let mut writer = Writer::new(&mut bytes);
            let ty = (meta.mode() >> 12) & 0xf;
            let entry = Dirent {
                qid: attr::qid(&meta),
                offset: self.entries.len() as u64 + 1,
                ty: u8::try_from(ty).unwrap_or(0),
                name: name.as_bytes(),
            };
            if entry.encode(&mut writer).is_ok() {
                let size = writer.finish();
                bytes.truncate(size);
                self.entries.push(bytes);
            }
        };
        let own = fs::symlink_metadata(&self.path)?;
        add(OsStr::new("."), own.clone());
        add(OsStr::new(".."), own);
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            add(&entry.file_name(), entry.metadata()?);
        }
        Ok(())
    }
}

impl Tree {
    /// A session on the folder `root`.
    pub fn new(root: &Path, locks: Arc<Mutex<Locks>>) -> Self {
        Self {
            root: root.to_owned(),
            fids: HashMap::new(),
            locks,
            dialect: Dialect::P2000L,
            msize: p9proto::types::MIN_MSIZE,
        }
    }

    /// How many fids there are.
    pub fn fids(&self) -> usize {
        self.fids.len()
    }

    /// Whether `fid` stands for a file.
    pub fn has(&self, fid: FidNum) -> bool {
        self.fids.contains_key(&fid.get())
    }

    /// The last part of the path of `fid`, for rules about files.
    pub fn name(&self, fid: FidNum) -> String {
        let fid = self.fids.get(&fid.get());
        let name = fid.and_then(|fid| fid.path.file_name());
        name.unwrap_or_default().to_string_lossy().into_owned()
    }

    fn fid(&mut self, fid: FidNum) -> Result<&mut Fid> {
        self.fids.get_mut(&fid.get()).ok_or(errno(libc::EBADF))
    }

    fn child(&mut self, fid: FidNum, name: &[u8]) -> Result<PathBuf> {
        child(&self.fid(fid)?.path, name)
    }

    /// The dialect of the session.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Begins the session anew.
    pub fn begin(&mut self, dialect: Dialect, msize: u32) {
        self.fids.clear();
        self.dialect = dialect;
        self.msize = msize;
    }

    /// Gives a fid back, without what a Tclunk does besides.
    pub fn forget(&mut self, fid: FidNum) {
        self.fids.remove(&fid.get());
    }

    /// Carries out a request of the session's dialect; gives the reply.
    ///
    /// # Errors
    ///
    /// `EBADF` if there is no such fid, `EINVAL` for names that are none, `EOPNOTSUPP` for requests
    /// that are not known here, and those of the system calls.
    pub fn handle(&mut self, tag: Tag, request: &AnyT<'_>) -> Result<Vec<u8>> {
        match request {
            AnyT::Topen(_) | AnyT::Tcreate(_) | AnyT::Tstat(_) | AnyT::Twstat(_) => {
                self.legacy(tag, request)
            }
            AnyT::Tattach(m) => {
                let fid = Fid::new(self.root.clone());
                let qid = attr::qid(&fid.meta()?);
                self.fids.insert(m.fid.get(), fid);
                encode(tag, &Rattach { qid })
            }
            AnyT::Twalk(m) => self.walk(tag, m),
            AnyT::Tlopen(m) => {
                let fid = self.fid(m.fid)?;
                let flags = OFlags::from_bits_retain(m.flags) - OFlags::CREATE - OFlags::EXCL;
                let qid = fid.open(fid.path.clone(), flags, 0)?;
                encode(tag, &Rlopen { qid, iounit: 0 })
            }
            AnyT::Tlcreate(m) => {
                let path = self.child(m.fid, m.name)?;
                let flags = OFlags::from_bits_retain(m.flags) | OFlags::CREATE;
                let qid = self.fid(m.fid)?.open(path, flags, m.mode)?;
                encode(tag, &Rlcreate { qid, iounit: 0 })
            }
            AnyT::Tread(m) => self.read(tag, m),
            AnyT::Twrite(m) => {
                let data = m.data.inline().unwrap_or_default();
                let fid = self.fid(m.fid)?;
                if let Some(extended) = &mut fid.extended {
                    extended.value.extend_from_slice(data);
                } else {
                    fid.file()?.write_all_at(data, m.offset)?;
                }
                // CAST: the data came in one frame.
                let count = data.len() as u32;
                encode(tag, &Rwrite { count })
            }
            AnyT::Tclunk(m) => {
                let fid = self.fids.remove(&m.fid.get()).ok_or(errno(libc::EBADF))?;
                if fid.remove {
                    remove(&fid.path, fid.meta()?.is_dir())?;
                }
                if let Some(extended) = fid.extended {
                    if let Some(flags) = extended.write {
                        attr::set_extended(&fid.path, &extended.name, &extended.value, flags)?;
                    }
                }
                encode(tag, &Rclunk {})
            }
            AnyT::Tremove(m) => {
                let fid = self.fids.remove(&m.fid.get()).ok_or(errno(libc::EBADF))?;
                remove(&fid.path, fid.meta()?.is_dir())?;
                encode(tag, &Rremove {})
            }
            AnyT::Treaddir(m) => self.readdir(tag, m),
            AnyT::Tgetattr(m) => encode(tag, &attr::get(&self.fid(m.fid)?.meta()?)),
            AnyT::Tsetattr(m) => {
                attr::set(&self.fid(m.fid)?.path, m)?;
                encode(tag, &Rsetattr {})
            }
            AnyT::Tstatfs(m) => encode(tag, &attr::stat_fs(&self.fid(m.fid)?.path)?),
            AnyT::Tfsync(m) => {
                self.fid(m.fid)?.file()?.sync_all()?;
                encode(tag, &Rfsync {})
            }
            AnyT::Txattrwalk(m) => {
                let path = self.fid(m.fid)?.path.clone();
                let value = attr::get_extended(&path, m.name)?;
                let size = value.len() as u64;
                let mut fid = Fid::new(path);
                fid.extended = Some(Extended {
                    name: m.name.to_vec(),
                    value,
                    write: None,
                });
                self.fids.insert(m.newfid.get(), fid);
                encode(tag, &Rxattrwalk { size })
            }
            AnyT::Txattrcreate(m) => {
                self.fid(m.fid)?.extended = Some(Extended {
                    name: m.name.to_vec(),
                    value: Vec::new(),
                    write: Some(m.flags),
                });
                encode(tag, &Rxattrcreate {})
            }
            AnyT::Tlock(m) => {
                let file = self.fid(m.fid)?.meta()?.ino();
                let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
                let status = locks.set(file, m);
                encode(tag, &Rlock { status })
            }
            AnyT::Tgetlock(m) => {
                let file = self.fid(m.fid)?.meta()?.ino();
                let locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
                encode(tag, &locks.get(file, m))
            }
            other => self.names(tag, other),
        }
    }

    /// Carries out a request that makes, removes or moves a name.
    fn names(&mut self, tag: Tag, request: &AnyT<'_>) -> Result<Vec<u8>> {
        match request {
            AnyT::Tmkdir(m) => {
                let path = self.child(m.dfid, m.name)?;
                rustix::fs::mkdir(&path, Mode::from_bits_truncate(m.mode))?;
                let qid = attr::qid(&fs::symlink_metadata(path)?);
                encode(tag, &Rmkdir { qid })
            }
            AnyT::Tsymlink(m) => {
                let path = self.child(m.dfid, m.name)?;
                symlink(OsStr::from_bytes(m.symtgt), &path)?;
                let qid = attr::qid(&fs::symlink_metadata(path)?);
                encode(tag, &Rsymlink { qid })
            }
            AnyT::Tmknod(m) => {
                let path = self.child(m.dfid, m.name)?;
                mknodat(
                    CWD,
                    &path,
                    FileType::from_raw_mode(m.mode),
                    Mode::from_bits_truncate(m.mode),
                    rustix::fs::makedev(m.major, m.minor),
                )?;
                let qid = attr::qid(&fs::symlink_metadata(path)?);
                encode(tag, &Rmknod { qid })
            }
            AnyT::Tlink(m) => {
                let path = self.child(m.dfid, m.name)?;
                fs::hard_link(&self.fid(m.fid)?.path, path)?;
                encode(tag, &Rlink {})
            }
            AnyT::Treadlink(m) => {
                let target = fs::read_link(&self.fid(m.fid)?.path)?;
                let target =
                    Target::new(target.as_os_str().as_bytes()).ok_or(errno(libc::EINVAL))?;
                encode(tag, &Rreadlink { target })
            }
            AnyT::Trename(m) => {
                let from = self.fid(m.fid)?.path.clone();
                let to = self.child(m.dfid, m.name)?;
                self.rename(&from, &to)?;
                encode(tag, &Rrename {})
            }
            AnyT::Trenameat(m) => {
                let from = self.child(m.olddirfid, m.oldname)?;
                let to = self.child(m.newdirfid, m.newname)?;
                self.rename(&from, &to)?;
                encode(tag, &Rrenameat {})
            }
            AnyT::Tunlinkat(m) => {
                let path = self.child(m.dirfd, m.name)?;
                remove(&path, m.flags & REMOVE_FOLDER != 0)?;
                encode(tag, &Runlinkat {})
            }
            _ => Err(errno(libc::EOPNOTSUPP)),
        }
    }

    fn walk(&mut self, tag: Tag, request: &Twalk<'_>) -> Result<Vec<u8>> {
        let mut path = self.fid(request.fid)?.path.clone();
        let mut qids = Vec::new();
        for name in request.names.iter() {
            match name {
                b".." if path == self.root => {}
                b".." => {
                    path.pop();
                }
                name => path = child(&path, name)?,
            }
            match fs::symlink_metadata(&path) {
                Ok(meta) => qids.push(attr::qid(&meta)),
                Err(err) if qids.is_empty() => return Err(err.into()),
                Err(_) => break,
            }
        }
        if qids.len() == request.names.len() {
            self.fids.insert(request.newfid.get(), Fid::new(path));
        }
        let qids = Qids::new(&qids).map_err(|_| errno(libc::EINVAL))?;
        encode(tag, &Rwalk { qids })
    }

    fn read(&mut self, tag: Tag, request: &Tread) -> Result<Vec<u8>> {
        let count = request.count.min(self.msize - 11) as usize;
        let dialect = self.dialect;
        let fid = self.fid(request.fid)?;
        if !dialect.is_dotl() && fid.file()?.metadata()?.is_dir() {
            if request.offset == 0 {
                fid.list_records(dialect)?;
            }
            let records = fid.records(request.offset, count)?;
            let data = Data::new(&records);
            return encode(tag, &Rread { data });
        }
        if let Some(extended) = &fid.extended {
            let value = &extended.value;
            let start = usize::try_from(request.offset).unwrap_or(usize::MAX);
            let start = value.len().min(start);
            let end = value.len().min(start.saturating_add(count));
            let data = Data::new(&value[start..end]);
            return encode(tag, &Rread { data });
        }
        let mut data = vec![0; count];
        let size = fid.file()?.read_at(&mut data, request.offset)?;
        let data = Data::new(&data[..size]);
        encode(tag, &Rread { data })
    }

    fn readdir(&mut self, tag: Tag, request: &Treaddir) -> Result<Vec<u8>> {
        let room = request.count.min(self.msize - 11) as usize;
        let fid = self.fid(request.fid)?;
        fid.file()?;
        if request.offset == 0 {
            fid.list()?;
        }
        let start = usize::try_from(request.offset).unwrap_or(usize::MAX);
        let entries = fill(fid.entries.iter().skip(start), room);
        let data = Data::new(&entries);
        encode(tag, &Rreaddir { data })
    }

    /// Renames a file, and lets the fids of it and of what is below it follow.
    fn rename(&mut self, from: &Path, to: &Path) -> Result<()> {
        fs::rename(from, to)?;
        for fid in self.fids.values_mut() {
            if let Ok(below) = fid.path.strip_prefix(from) {
                fid.path = match below.as_os_str().is_empty() {
                    true => to.to_owned(),
                    false => to.join(below),
                };
            }
        }
        Ok(())
    }
}

/// The file `name` in `folder`.
fn child(folder: &Path, name: &[u8]) -> Result<PathBuf> {
    if name.is_empty() || name == b"." || name == b".." || name.contains(&b'/') {
        return Err(errno(libc::EINVAL));
    }
    Ok(folder.join(OsStr::from_bytes(name)))
}

/// As many whole entries as fit into `room` bytes.
fn fill<'a>(entries: impl Iterator<Item = &'a Vec<u8>>, room: usize) -> Vec<u8> {
    let mut data = Vec::new();
    for entry in entries {
        if data.len() + entry.len() > room {
            break;
        }
        data.extend_from_slice(entry);
    }
    data
}

fn remove(path: &Path, folder: bool) -> Result<()> {
    match folder {
        true => fs::remove_dir(path)?,
        false => fs::remove_file(path)?,
    }
    Ok(())
}
