// SPDX-License-Identifier: GPL-2.0

//! What FUSE calls: each operation passes the gate and is then carried out on the tree.
//!
//! Nothing is cached by the kernel, so that each operation of the 9P server comes here.

use super::tree::{
    Result,
    Tree, //
};
use crate::gate::{
    Gate,
    Go, //
};
use fuser::{
    consts::{
        FOPEN_DIRECT_IO,
        FUSE_PARALLEL_DIROPS, //
    },
    FileType,
    Filesystem,
    KernelConfig,
    ReplyAttr,
    ReplyCreate,
    ReplyData,
    ReplyDirectory,
    ReplyEmpty,
    ReplyEntry,
    ReplyOpen,
    ReplyStatfs,
    ReplyWrite,
    Request,
    TimeOrNow, //
};
use std::{
    convert::Infallible,
    ffi::OsStr,
    os::raw::c_int,
    sync::{
        Arc,
        Mutex,
        MutexGuard,
        PoisonError, //
    },
    time::{
        Duration,
        SystemTime, //
    },
};

/// How long the kernel may keep what it is told.
const TTL: Duration = Duration::ZERO;

/// Lets writes to one file overtake each other: one that hangs must not hold up the others in the
/// kernel, where no test could see it.
const FOPEN_PARALLEL_DIRECT_WRITES: u32 = 1 << 6;

const OPEN_FLAGS: u32 = FOPEN_DIRECT_IO | FOPEN_PARALLEL_DIRECT_WRITES;

/// The operations, as the orders name them.
const OPERATIONS: &[&str] = &[
    "lookup", "getattr", "setattr", "create", "mkdir", "unlink", "rmdir", "rename", "open", "read",
    "write", "flush", "release", "fsync", "opendir", "readdir", "statfs",
];

/// The file system.
#[derive(Clone)]
pub struct HangFs {
    gate: Arc<Gate<Infallible>>,
    tree: Arc<Mutex<Tree>>,
}

impl Default for HangFs {
    fn default() -> Self {
        Self {
            gate: Arc::new(Gate::new(OPERATIONS.to_vec(), |_| None)),
            tree: Arc::default(),
        }
    }
}

impl HangFs {
    /// Where its operations pass.
    pub fn gate(&self) -> &Arc<Gate<Infallible>> {
        &self.gate
    }

    /// Carries out an order, one for the [gate](Gate::order) or
    ///
    /// - `open`: how many files are open.
    /// - `fill BYTE`, `fill off`: lets reads give BYTE only.
    ///
    /// # Errors
    ///
    /// What is wrong with the order, in words.
    pub fn order(&self, line: &str) -> std::result::Result<String, String> {
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["open"] => Ok(lock(&self.tree).open().to_string()),
            ["fill", "off"] => {
                lock(&self.tree).set_fill(None);
                Ok("ok".into())
            }
            ["fill", byte] => {
                let byte = byte.parse().map_err(|_| format!("{byte}: not a byte"))?;
                lock(&self.tree).set_fill(Some(byte));
                Ok("ok".into())
            }
            _ => self.gate.order(line),
        }
    }

    /// Lets an operation pass the gate, carries it out, and answers.
    fn pass<T>(
        &self,
        name: &'static str,
        operation: impl FnOnce(&mut Tree) -> Result<T> + Send + 'static,
        answer: impl FnOnce(Result<T>) + Send + 'static,
    ) {
        let tree = self.tree.clone();
        self.gate.pass(name, "", 0, move |go| {
            answer(match go {
                Go::Run => operation(&mut lock(&tree)),
                // CAST: error numbers are small.
                Go::Fail(errno) => Err(errno as i32),
                Go::Special(never) => match never {},
            });
        });
    }

    fn entry(
        &self,
        name: &'static str,
        operation: impl FnOnce(&mut Tree) -> Result<fuser::FileAttr> + Send + 'static,
        reply: ReplyEntry,
    ) {
        self.pass(name, operation, |result| match result {
            Ok(attr) => reply.entry(&TTL, &attr, 0),
            Err(errno) => reply.error(errno),
        });
    }

    fn empty(
        &self,
        name: &'static str,
        operation: impl FnOnce(&mut Tree) -> Result<()> + Send + 'static,
        reply: ReplyEmpty,
    ) {
        self.pass(name, operation, |result| match result {
            Ok(()) => reply.ok(),
            Err(errno) => reply.error(errno),
        });
    }
}

impl Filesystem for HangFs {
    fn init(
        &mut self,
        _: &Request<'_>,
        config: &mut KernelConfig,
    ) -> std::result::Result<(), c_int> {
        // A readdir that hangs must not hold up lookups in the kernel.
        config
            .add_capabilities(FUSE_PARALLEL_DIROPS)
            .map_err(|_| libc::ENOSYS)
    }

    fn lookup(&mut self, _: &Request<'_>, parent: u64, name: &OsStr, reply: ReplyEntry) {
        let name = name.to_owned();
        self.entry("lookup", move |tree| tree.lookup(parent, &name), reply);
    }

    fn getattr(&mut self, _: &Request<'_>, ino: u64, _fh: Option<u64>, reply: ReplyAttr) {
        self.pass(
            "getattr",
            move |tree| tree.attr(ino),
            |result| match result {
                Ok(attr) => reply.attr(&TTL, &attr),
                Err(errno) => reply.error(errno),
            },
        );
    }

    fn setattr(
        &mut self,
        _: &Request<'_>,
        ino: u64,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _fh: Option<u64>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<u32>,
        reply: ReplyAttr,
    ) {
        let operation = move |tree: &mut Tree| tree.set_attr(ino, mode, uid, gid, size);
        self.pass("setattr", operation, |result| match result {
            Ok(attr) => reply.attr(&TTL, &attr),
            Err(errno) => reply.error(errno),
        });
    }

    fn mkdir(
        &mut self,
        request: &Request<'_>,
        parent: u64,
        name: &OsStr,
        mode: u32,
        _umask: u32,
        reply: ReplyEntry,
    ) {
        let owner = (request.uid(), request.gid());
        let name = name.to_owned();
        let operation = move |tree: &mut Tree| tree.create(parent, &name, true, mode, owner);
        self.entry("mkdir", operation, reply);
    }

    fn unlink(&mut self, _: &Request<'_>, parent: u64, name: &OsStr, reply: ReplyEmpty) {
        let name = name.to_owned();
        self.empty("unlink", move |tree| tree.remove(parent, &name), reply);
    }

    fn rmdir(&mut self, _: &Request<'_>, parent: u64, name: &OsStr, reply: ReplyEmpty) {
        let name = name.to_owned();
        self.empty("rmdir", move |tree| tree.remove(parent, &name), reply);
    }

    fn rename(
        &mut self,
        _: &Request<'_>,
        parent: u64,
        name: &OsStr,
        newparent: u64,
        newname: &OsStr,
        _flags: u32,
        reply: ReplyEmpty,
    ) {
        let (name, newname) = (name.to_owned(), newname.to_owned());
        let operation = move |tree: &mut Tree| tree.rename((parent, &name), (newparent, &newname));
        self.empty("rename", operation, reply);
    }

    fn open(&mut self, _: &Request<'_>, ino: u64, _flags: i32, reply: ReplyOpen) {
        let operation = move |tree: &mut Tree| tree.attr(ino).map(|_| tree.opened());
        self.pass("open", operation, |result| match result {
            Ok(()) => reply.opened(0, OPEN_FLAGS),
            Err(errno) => reply.error(errno),
        });
    }

    fn create(
        &mut self,
        request: &Request<'_>,
        parent: u64,
        name: &OsStr,
        mode: u32,
        _umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        let owner = (request.uid(), request.gid());
        let name = name.to_owned();
        let operation = move |tree: &mut Tree| {
            let attr = tree.create(parent, &name, false, mode, owner)?;
            tree.opened();
            Ok(attr)
        };
        self.pass("create", operation, |result| match result {
            Ok(attr) => reply.created(&TTL, &attr, 0, 0, OPEN_FLAGS),
            Err(errno) => reply.error(errno),
        });
    }

    fn read(
        &mut self,
        _: &Request<'_>,
        ino: u64,
        _fh: u64,
        offset: i64,
        size: u32,
        _flags: i32,
        _lock_owner: Option<u64>,
        reply: ReplyData,
    ) {
        let operation = move |tree: &mut Tree| tree.read(ino, offset as u64, size as usize);
        self.pass("read", operation, |result| match result {
            Ok(data) => reply.data(&data),
            Err(errno) => reply.error(errno),
        });
    }

    fn write(
        &mut self,
        _: &Request<'_>,
        ino: u64,
        _fh: u64,
        offset: i64,
        data: &[u8],
        _write_flags: u32,
        _flags: i32,
        _lock_owner: Option<u64>,
        reply: ReplyWrite,
    ) {
        let data = data.to_vec();
        let size = data.len() as u32;
        let operation = move |tree: &mut Tree| tree.write(ino, offset as u64, &data);
        self.pass("write", operation, move |result| match result {
            Ok(()) => reply.written(size),
            Err(errno) => reply.error(errno),
        });
    }

    fn flush(&mut self, _: &Request<'_>, _ino: u64, _fh: u64, _owner: u64, reply: ReplyEmpty) {
        self.empty("flush", |_| Ok(()), reply);
    }

    fn release(
        &mut self,
        _: &Request<'_>,
        _ino: u64,
        _fh: u64,
        _flags: i32,
        _lock_owner: Option<u64>,
        _flush: bool,
        reply: ReplyEmpty,
    ) {
        let operation = |tree: &mut Tree| {
            tree.closed();
            Ok(())
        };
        self.empty("release", operation, reply);
    }

    fn fsync(&mut self, _: &Request<'_>, _ino: u64, _fh: u64, _data: bool, reply: ReplyEmpty) {
        self.empty("fsync", |_| Ok(()), reply);
    }

    fn opendir(&mut self, _: &Request<'_>, _ino: u64, _flags: i32, reply: ReplyOpen) {
        self.pass(
            "opendir",
            |_| Ok(()),
            |result| match result {
                Ok(()) => reply.opened(0, 0),
                Err(errno) => reply.error(errno),
            },
        );
    }

    fn readdir(
        &mut self,
        _: &Request<'_>,
        ino: u64,
        _fh: u64,
        offset: i64,
        mut reply: ReplyDirectory,
    ) {
        let answer = move |result: Result<Vec<_>>| match result {
            Ok(entries) => {
                let dots = [".", ".."].map(|name| (name.into(), ino, FileType::Directory));
                let entries = dots.into_iter().chain(entries);
                for (number, (name, ino, kind)) in entries.enumerate().skip(offset as usize) {
                    if reply.add(ino, number as i64 + 1, kind, name) {
                        break;
                    }
                }
                reply.ok();
            }
            Err(errno) => reply.error(errno),
        };
        self.pass("readdir", move |tree| tree.list(ino), answer);
    }

    fn statfs(&mut self, _: &Request<'_>, _ino: u64, reply: ReplyStatfs) {
        self.pass(
            "statfs",
            |_| Ok(()),
            |result| match result {
                Ok(()) => {
                    reply.statfs(1 << 20, 1 << 19, 1 << 19, 1 << 16, 1 << 16, 4096, 255, 4096)
                }
                Err(errno) => reply.error(errno),
            },
        );
    }
}

fn lock(tree: &Mutex<Tree>) -> MutexGuard<'_, Tree> {
    tree.lock().unwrap_or_else(PoisonError::into_inner)
}
