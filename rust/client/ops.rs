// SPDX-License-Identifier: GPL-2.0

//! The operations on files: one method for each T-message without bulk data.
//!
//! Context of all: process context, they sleep. Errors of all: those of [`Client::rpc`] and of the
//! server, propagated as-is, and those listed.

use super::{
    rpc::{
        is_passing,
        Answer,
        Call,
        Patience,
        NOTE, //
    },
    Client, //
};
use crate::{
    fid::Fid,
    proto::{
        field::DotU,
        list::Names,
        message::{
            Message,
            Rcreate,
            Rgetattr,
            Rgetlock,
            Rlcreate,
            Rlopen,
            Ropen,
            Rstatfs,
            Tcreate,
            Tfsync,
            Tgetattr,
            Tgetlock,
            Tlcreate,
            Tlink,
            Tlock,
            Tlopen,
            Tmessage,
            Tmkdir,
            Tmknod,
            Topen,
            Treadlink,
            Trename,
            Trenameat,
            Tsetattr,
            Tstat,
            Tstatfs,
            Tsymlink,
            Tunlinkat,
            Twalk,
            Twstat,
            Txattrcreate,
            Txattrwalk, //
        },
        stat::Stat,
        types::{
            lock,
            Qid, //
        },
    },
    request::{
        Done,
        Kind,
        Todo, //
    },
    sys::task,
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The largest extended attribute, and the longest list of them, that Linux knows: the file system
/// allocates as much memory as the server says.
const XATTR_SIZE_MAX: u64 = 65536;

/// What an opened file is.
pub(crate) struct Opened {
    /// The file.
    pub(crate) qid: Qid,
    /// Bytes that one Tread or Twrite may move without being split; zero for no limit of its own.
    pub(crate) iounit: u32,
}

/// Makes an [`Opened`] of the replies that say the same.
macro_rules! opened_from {
    ($($reply:ty),*) => {$(
        impl From<$reply> for Opened {
            fn from(reply: $reply) -> Self {
                Self {
                    qid: reply.qid,
                    iounit: reply.iounit,
                }
            }
        }
    )*};
}

opened_from!(Rcreate, Rlcreate, Rlopen, Ropen);

impl Client {
    /// Sends `message` and hands its reply to `f`.
    fn call<M: Tmessage, T>(
        &self,
        message: &M,
        f: impl FnOnce(<M::Reply as Message>::Value<'_>) -> T,
    ) -> Result<T> {
        let answer = self.rpc(message, Call::default())?;
        Ok(f(answer.decode()?))
    }

    /// Makes `newfid` the file that `names` lead to from `fid`; walk(5).
    ///
    /// Returns the last file passed, `None` if `names` is empty.
    ///
    /// # Errors
    ///
    /// - `ENOENT` if the way ends early.
    pub(crate) fn walk(
        &self,
        fid: &Fid,
        newfid: Arc<Fid>,
        names: &[&[u8]],
    ) -> Result<(Arc<Fid>, Option<Qid>)> {
        let message = Twalk {
            fid: fid.num(),
            newfid: newfid.num(),
            names: Names::new(names).map_err(|_| EINVAL)?,
        };
        if names.is_empty() {
            newfid.copy_size(fid);
        }
        let answer = self.rpc(
            &message,
            Call {
                fid: Some(newfid),
                ..Call::default()
            },
        )?;
        let (fid, (len, last)) =
            answer.made_fid(|reply| Ok((reply.qids.len(), reply.qids.last())))?;
        match len {
            len if len == names.len() => Ok((fid, last)),
            // A way that ends early makes no fid.
            len if len < names.len() => Err(ENOENT),
            _ => {
                self.clunk_later(fid, 0);
                self.work_soon();
                Err(EPROTO)
            }
        }
    }

    /// Lets `fid` itself go where `names` lead.
    ///
    /// # Errors
    ///
    /// - `ENOENT` if the way ends early.
    pub(crate) fn walk_in_place(&self, fid: &Fid, names: &[&[u8]]) -> Result<Option<Qid>> {
        let message = Twalk {
            fid: fid.num(),
            newfid: fid.num(),
            names: Names::new(names).map_err(|_| EINVAL)?,
        };
        self.call(&message, |reply| {
            if reply.qids.len() != names.len() {
                return Err(ENOENT);
            }
            fid.set_size(0);
            Ok(reply.qids.last())
        })?
    }

    /// Opens the file with flags of open(2) in the encoding of 9P2000.L.
    pub(crate) fn lopen(&self, fid: &Fid, flags: u32) -> Result<Opened> {
        let message = Tlopen {
            fid: fid.num(),
            flags,
        };
        self.call(&message, Opened::from)
    }

    /// Creates a file in the directory `fid`, which becomes the opened file.
    pub(crate) fn lcreate(
        &self,
        fid: &Fid,
        name: &[u8],
        flags: u32,
        mode: u32,
        gid: u32,
    ) -> Result<Opened> {
        let message = Tlcreate {
            fid: fid.num(),
            name,
            flags,
            mode,
            gid,
        };
        fid.set_size(0);
        self.call(&message, Opened::from)
    }

    /// Opens the file with a mode as 9P2000 has it.
    pub(crate) fn open(&self, fid: &Fid, mode: u8) -> Result<Opened> {
        let message = Topen {
            fid: fid.num(),
            mode,
        };
        self.call(&message, Opened::from)
    }

    /// Creates a file in the directory `fid`, which becomes the opened file, as 9P2000 does.
    pub(crate) fn create(
        &self,
        fid: &Fid,
        name: &[u8],
        perm: u32,
        mode: u8,
        extension: &[u8],
    ) -> Result<Opened> {
        let message = Tcreate {
            fid: fid.num(),
            name,
            perm,
            mode,
            extension: DotU(extension),
        };
        fid.set_size(0);
        self.call(&message, Opened::from)
    }

    /// Hands the attributes of the file to `f`, as 9P2000 has them.
    pub(crate) fn stat<T>(&self, fid: &Fid, f: impl FnOnce(Stat<'_>) -> T) -> Result<T> {
        let message = Tstat { fid: fid.num() };
        self.call(&message, |reply| f(reply.stat))
    }

    /// Sets attributes, as 9P2000 does.
    pub(crate) fn wstat(&self, fid: &Fid, stat: Stat<'_>) -> Result {
        let message = Twstat {
            fid: fid.num(),
            stat,
        };
        self.call(&message, drop)
    }

    /// Creates a symbolic link to `target`.
    pub(crate) fn symlink(&self, dir: &Fid, name: &[u8], target: &[u8], gid: u32) -> Result<Qid> {
        let message = Tsymlink {
            dfid: dir.num(),
            name,
            symtgt: target,
            gid,
        };
        self.call(&message, |reply| reply.qid)
    }

    /// Creates a device, fifo or socket.
    pub(crate) fn mknod(
        &self,
        dir: &Fid,
        name: &[u8],
        mode: u32,
        device: (u32, u32),
        gid: u32,
    ) -> Result<Qid> {
        let message = Tmknod {
            dfid: dir.num(),
            name,
            mode,
            major: device.0,
            minor: device.1,
            gid,
        };
        self.call(&message, |reply| reply.qid)
    }

    /// Creates a directory.
    pub(crate) fn mkdir(&self, dir: &Fid, name: &[u8], mode: u32, gid: u32) -> Result<Qid> {
        let message = Tmkdir {
            dfid: dir.num(),
            name,
            mode,
            gid,
        };
        self.call(&message, |reply| reply.qid)
    }

    /// Creates another name for `file`.
    pub(crate) fn link(&self, dir: &Fid, file: &Fid, name: &[u8]) -> Result {
        let message = Tlink {
            dfid: dir.num(),
            fid: file.num(),
            name,
        };
        self.call(&message, drop)
    }

    /// Moves the file of `fid` to `dir`.
    pub(crate) fn rename(&self, fid: &Fid, dir: &Fid, name: &[u8]) -> Result {
        let message = Trename {
            fid: fid.num(),
            dfid: dir.num(),
            name,
        };
        self.call(&message, drop)
    }

    /// Moves a file from one directory to another.
    pub(crate) fn renameat(
        &self,
        olddir: &Fid,
        oldname: &[u8],
        newdir: &Fid,
        newname: &[u8],
    ) -> Result {
        let message = Trenameat {
            olddirfid: olddir.num(),
            oldname,
            newdirfid: newdir.num(),
            newname,
        };
        self.call(&message, drop)
    }

    /// Removes a name.
    pub(crate) fn unlinkat(&self, dir: &Fid, name: &[u8], flags: u32) -> Result {
        let message = Tunlinkat {
            dirfd: dir.num(),
            name,
            flags,
        };
        self.call(&message, drop)
    }

    /// Hands the target of a symbolic link to `f`.
    pub(crate) fn readlink<T>(&self, fid: &Fid, f: impl FnOnce(&[u8]) -> T) -> Result<T> {
        let message = Treadlink { fid: fid.num() };
        self.call(&message, |reply| f(reply.target.bytes()))
    }

    /// Asks for the attributes in `mask` and hands them to `f`.
    ///
    /// # Errors
    ///
    /// - `EIO` if a time is none, see [`Rgetattr::has_proper_times`].
    ///
    /// Errors of [`Client::rpc`] and of the server are propagated as-is.
    pub(crate) fn getattr<T>(
        &self,
        fid: &Fid,
        mask: u64,
        f: impl FnOnce(Rgetattr) -> T,
    ) -> Result<T> {
        let message = Tgetattr {
            fid: fid.num(),
            request_mask: mask,
        };
        self.call(&message, |attr| {
            if let Some(size) = attr.known_size() {
                fid.set_size(size);
            }
            attr.has_proper_times().then(|| f(attr))
        })?
        .ok_or(EIO)
    }

    /// Sets attributes.
    pub(crate) fn setattr(&self, message: &Tsetattr) -> Result {
        self.call(message, drop)
    }

    /// Asks about the file system.
    pub(crate) fn statfs(&self, fid: &Fid) -> Result<Rstatfs> {
        let message = Tstatfs { fid: fid.num() };
        self.call(&message, |reply| reply)
    }

    /// Lets the server write the file to its disk.
    pub(crate) fn fsync(&self, fid: &Fid, datasync: bool) -> Result {
        let message = Tfsync {
            fid: fid.num(),
            datasync: u32::from(datasync),
        };
        self.call(&message, drop)
    }

    /// Makes `newfid` an extended attribute of the file, or with an empty name the list of them.
    /// Returns its size in bytes too.
    ///
    /// # Errors
    ///
    /// - `E2BIG` if it is larger than Linux knows.
    pub(crate) fn xattrwalk(
        &self,
        fid: &Fid,
        newfid: Arc<Fid>,
        name: &[u8],
    ) -> Result<(Arc<Fid>, u64)> {
        newfid.set_xattr();
        let message = Txattrwalk {
            fid: fid.num(),
            newfid: newfid.num(),
            name,
        };
        let answer = self.rpc(
            &message,
            Call {
                fid: Some(newfid),
                ..Call::default()
            },
        )?;
        answer.made_fid(|reply| {
            if reply.size > XATTR_SIZE_MAX {
                return Err(E2BIG);
            }
            Ok(reply.size)
        })
    }

    /// Makes `fid` an extended attribute that is about to be written; its Tclunk sets it.
    pub(crate) fn xattrcreate(&self, fid: &Fid, name: &[u8], size: u64, flags: u32) -> Result {
        fid.set_xattr();
        let message = Txattrcreate {
            fid: fid.num(),
            name,
            attr_size: size,
            flags,
        };
        self.call(&message, drop)
    }

    /// Locks or unlocks a range; returns the status, one of [`lock`].
    ///
    /// What unlocks is always sent, since nobody would do it again: a dying task does not wait for
    /// the answer, and one that is killed while it waits leaves the message as it is.
    pub(crate) fn lock(&self, fid: Arc<Fid>, message: &Tlock<'_>) -> Result<u8> {
        let call = |fid| Call {
            fid: Some(fid),
            ..Call::default()
        };
        if message.ty != lock::TYPE_UNLCK {
            self.pass_unlocks(&fid)?;
            return Ok(self.rpc(message, call(fid))?.decode()?.status);
        }
        if !task::dying() && self.pass_gate(Patience::Killable).is_ok() {
            match self.rpc_async(message, call(fid.clone()), Done::Wake) {
                Ok(request) => {
                    self.wait(&request, Patience::Killable)?;
                    return Ok(Answer::<Tlock<'_>>::new(self, request).decode()?.status);
                }
                Err(err) if is_passing(err) => {}
                Err(err) => return Err(err),
            }
        }
        // Sent by the work queue, behind the flushes of this task and before the Tclunk of the fid.
        let parked = self.prepare(message, Kind::Rpc, NOTE, call(fid.clone()))?;
        fid.unlock_parked();
        self.push_todo(Arc::from(parked), Todo::UNLOCK);
        self.work_soon();
        Ok(lock::SUCCESS)
    }

    /// Asks who holds a lock that is in the way; hands the answer to `f`.
    pub(crate) fn getlock<T>(
        &self,
        message: &Tgetlock<'_>,
        f: impl FnOnce(Rgetlock<'_>) -> T,
    ) -> Result<T> {
        self.call(message, f)
    }
}
