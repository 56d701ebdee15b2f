// SPDX-License-Identifier: GPL-2.0

//! The beginning and the end of a session: Tversion, Tattach, Tclunk, and letting go.

use super::{
    rpc::{
        Answer,
        Call,
        Patience,
        NOTE, //
    },
    Client,
    Status, //
};
use crate::{
    fid::Fid,
    proto::{
        field::DotU,
        message::{
            Tattach,
            Tclunk,
            Tremove,
            Tversion, //
        },
        types::{
            Dialect,
            FidNum,
            Msize,
            Qid,
            NOFID, //
        },
        version::{
            negotiate,
            Session, //
        },
    },
    request::Done,
    sys::{
        params::{
            self,
            AsyncClunk, //
        },
        task,
        wait::{
            Mode,
            Place, //
        },
        workqueue::{
            cancel_delayed_work_sync,
            cancel_work_sync, //
        },
    },
    transport::Transport,
};
use kernel::{
    list::List,
    prelude::*,
    str::BStr,
    sync::Arc,
    time::{
        msecs_to_jiffies,
        Msecs, //
    },
};

/// How long the end of a session waits for requests that are under way.
///
/// Not longer: `umount` would seem to hang. Not shorter: a server that is only slow shall get the
/// Tclunks.
const FAREWELL: Msecs = 5000;

impl Client {
    /// Gives the session its connection. To be called once.
    pub(crate) fn connect(&self, transport: KBox<dyn Transport>) {
        let first = self.transport.populate(transport);
        debug_assert!(first);
    }

    /// Agrees with the server on the dialect and the size of frames.
    ///
    /// Context: process context, sleeps.
    ///
    /// # Errors
    ///
    /// - `EREMOTEIO` if the server refuses the dialect, and older ones, or a usable frame size.
    ///
    /// Errors of [`Client::rpc`] are propagated as-is.
    pub(crate) fn version(&self, dialect: Dialect, msize: Msize) -> Result {
        let asked = Session { dialect, msize };
        let answer = self.rpc(
            &Tversion {
                msize: msize.get(),
                version: dialect.name(),
            },
            Call::default(),
        )?;
        let reply = answer.decode()?;
        let agreed = match negotiate(asked, &reply) {
            Ok(agreed) => agreed,
            Err(_) => {
                pr_err!(
                    "the server does not speak {} with frames of {} bytes or more\n",
                    BStr::from_bytes(dialect.name()),
                    Msize::MIN.get()
                );
                return Err(EREMOTEIO);
            }
        };
        self.c().set_msize(agreed.msize.get());
        self.c().set_dialect(agreed.dialect);
        self.session.populate(agreed);
        Ok(())
    }

    /// Makes `fid` the root of the tree `aname`, as the user `uname` with the number `n_uname`.
    ///
    /// # Errors
    ///
    /// Errors of [`Client::rpc`] and of the server are propagated as-is.
    pub(crate) fn attach(
        &self,
        fid: Arc<Fid>,
        afid: Option<FidNum>,
        uname: &[u8],
        aname: &[u8],
        n_uname: u32,
    ) -> Result<(Arc<Fid>, Qid)> {
        let message = Tattach {
            fid: fid.num(),
            afid: afid.unwrap_or(NOFID),
            uname,
            aname,
            n_uname: DotU(n_uname),
        };
        let answer = self.rpc(
            &message,
            Call {
                fid: Some(fid),
                ..Call::default()
            },
        )?;
        answer.made_fid(|reply| Ok(reply.qid))
    }

    /// Gives `fid` back to the server. It is gone for the caller, whatever is returned.
    ///
    /// Waits for the server only if somebody could see the difference, and never in a task that
    /// is dying. The module parameter `async_clunk` widens or narrows that.
    ///
    /// Context: process context, sleeps.
    ///
    /// # Errors
    ///
    /// - `ERESTARTSYS` if a signal has ended the wait; the Tclunk is under way.
    /// - `EIO` if the session is ending, or an exiting task has waited long enough.
    /// - `ENOMEM` if there is no memory, `EBUSY` if no tag is free: the Tclunk is sent later.
    /// - What the server has answered, if it was waited for.
    pub(crate) fn clunk(&self, fid: Arc<Fid>) -> Result {
        let wait = match params::async_clunk() {
            AsyncClunk::Never => true,
            AsyncClunk::Safe => fid.is_observable(),
            AsyncClunk::Always => false,
        };
        let owner = task::current_id().get();
        // In a thread of the kernel's nobody asks for the result, and nothing could end the wait.
        let wait = wait && !task::dying() && !task::is_kernel_thread();
        let mut result = if wait {
            self.pass_gate(Patience::Killable)
        } else {
            Ok(())
        };
        let wait = wait && result.is_ok();
        if self.holds_back(&fid, owner) {
            self.clunk_later(fid.clone(), owner);
            // The work queue looks at it when what holds it back ends, which may be now.
            if !self.holds_back(&fid, owner) {
                self.work_soon();
            }
            return result;
        }
        match self.send_clunk(fid, if wait { Done::Wake } else { NOTE }) {
            Ok(request) if wait => {
                // Whether the answer is waited for or not, the fid is given back.
                self.wait(&request, Patience::Killable)?;
                result = Answer::<Tclunk>::new(self, request).decode().map(drop);
            }
            Ok(_) => {}
            Err((err, fid)) => {
                self.clunk_later(fid, 0);
                self.work_soon();
                if wait {
                    result = Err(err);
                }
            }
        }
        result
    }

    /// Removes the file of `fid` and gives the fid back. It is gone for the caller, whatever is
    /// returned; see remove(5).
    ///
    /// # Errors
    ///
    /// Errors of [`Client::rpc`] and of the server are propagated as-is.
    pub(crate) fn remove(&self, fid: Arc<Fid>) -> Result {
        let message = Tremove { fid: fid.num() };
        if let Err(err) = self.pass_gate(Patience::Killable) {
            // The message was not sent, so the server still has the fid.
            let _ = self.clunk(fid);
            return Err(err);
        }
        let pending = match self.start(
            &message,
            Call {
                fid: Some(fid.clone()),
                ..Call::default()
            },
        ) {
            Ok(pending) => pending,
            Err(err) => {
                let _ = self.clunk(fid);
                return Err(err);
            }
        };
        drop(fid);
        self.finish(pending)?.decode().map(drop)
    }

    /// `umount -f`, or the file system is gone: wakes everybody who waits. Fids can still be given
    /// back.
    ///
    /// Context: any.
    pub(crate) fn begin_disconnect(&self) {
        self.advance_status(Status::BeginDisconnect);
    }

    /// Ends the session of the file system and frees it.
    ///
    /// Context: process context, sleeps.
    pub(crate) fn close(this: Arc<Self>) {
        this.destroy();
        let trans = this.c().release();
        drop(this);
        // Last: it keeps this module loaded.
        drop(trans);
    }

    /// Leaves the [end](Self::close) of the session to the work queue.
    ///
    /// For tasks that are dying: the last one that uses a mount after `umount -l` ends it.
    pub(crate) fn end_later(this: Arc<Self>) {
        let queue = this.queue.clone();
        // Never queued before: a session ends once.
        let _ = queue.enqueue::<Arc<Client>, 2>(this);
    }

    /// Ends the session: lets what is under way end for [`FAREWELL`], then closes the connection
    /// and frees what the session holds.
    ///
    /// Context: process context, sleeps.
    fn destroy(&self) {
        self.work_soon();
        self.inner.lock().closing = true;
        if let Some(transport) = self.transport() {
            transport.hurry();
        }
        // Ended by a fatal signal, by time or because all is done: what follows is the same.
        let _ = self
            .idle
            .wait(Mode::Killable, Some(msecs_to_jiffies(FAREWELL)), || {
                self.inner.lock().is_idle()
            });
        self.inner.lock().closed = true;
        self.advance_status(Status::Disconnected);
        // First nobody sends any more: so every request reaches the transport before its end.
        let this = self.inner.lock().this.take();
        if let Some(this) = this.as_ref() {
            cancel_delayed_work_sync::<Client, 1>(this);
            cancel_work_sync::<Client, 0>(this);
        }
        if let Some(transport) = self.transport() {
            transport.close(self);
        }
        loop {
            let left = self.inner.lock().table.handle_disconnect();
            if left.is_none() {
                break;
            }
        }
        let mut inner = self.inner.lock();
        let todo = core::mem::replace(&mut inner.todo, List::new());
        let clunks = core::mem::replace(&mut inner.clunks, List::new());
        drop(inner);
        drop((todo, clunks, this));
    }
}
