// SPDX-License-Identifier: GPL-2.0

//! One session: frames in, through the gate, answers out.

use super::{
    ledger::Ledger,
    reply::{
        encode,
        errno,
        error,
        Errno,
        Fault, //
    },
    server::Server,
    tree::Tree, //
};
use crate::{
    gate::Go,
    net::{
        End,
        Stream, //
    },
};
use p9proto::{
    message::*,
    types::{
        Dialect,
        FidNum,
        Tag,
        MIN_MSIZE, //
    },
    wire::{
        split_frame,
        HEADER_SIZE, //
    },
};
use std::{
    io::{
        self,
        Read,
        Write, //
    },
    sync::{
        atomic::{
            AtomicBool,
            Ordering, //
        },
        Arc,
        Mutex,
        MutexGuard,
        PoisonError, //
    },
};

/// Longest description of a message in the log.
const LOG_MAX: usize = 200;

struct Output {
    stream: Stream,
    /// A reply that is sent after the next, and its tag.
    swapped: Option<(Tag, Vec<u8>)>,
}

/// A connection to a client, and its session.
pub struct Connection {
    server: Arc<Server>,
    number: u64,
    tree: Mutex<Tree>,
    ledger: Mutex<Ledger>,
    output: Mutex<Output>,
    /// Outside the mutex of the output, which waits for clients that do not read.
    closer: Option<Stream>,
    open: AtomicBool,
}

impl Connection {
    /// The connection `number`, whose answers go to `stream`.
    pub fn new(server: Arc<Server>, number: u64, stream: Stream) -> Self {
        Self {
            tree: Mutex::new(Tree::new(&server.root, server.locks.clone())),
            server,
            number,
            ledger: Mutex::default(),
            closer: stream.try_clone().ok(),
            output: Mutex::new(Output {
                stream,
                swapped: None,
            }),
            open: AtomicBool::new(true),
        }
    }

    /// Takes requests until the connection ends.
    pub fn run(self: Arc<Self>, mut input: Stream) {
        self.note("connected");
        while self.open.load(Ordering::Relaxed) {
            match self.read_frame(&mut input) {
                Ok(Some(frame)) => self.take(frame),
                Ok(None) => break,
                Err(err) => {
                    self.note(&format!("{err}"));
                    break;
                }
            }
        }
        self.close(End::Both);
        self.note("closed");
    }

    /// Ends the connection, or only what goes to the client.
    pub fn close(&self, how: End) {
        if how != End::Write {
            self.open.store(false, Ordering::Relaxed);
        }
        if let Some(closer) = &self.closer {
            // Who is not connected any more need not be disconnected.
            let _ = closer.end(how);
        }
    }

    /// Whether requests are still taken.
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    fn dialect(&self) -> Dialect {
        lock(&self.tree).dialect()
    }

    /// How many fids there are.
    pub fn fids(&self) -> usize {
        lock(&self.tree).fids()
    }

    fn read_frame(&self, input: &mut Stream) -> io::Result<Option<Vec<u8>>> {
        let mut frame = vec![0; 4];
        match input.read_exact(&mut frame) {
            Err(err) if err.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            result => result?,
        }
        self.server.wait_resumed();
        let mut size = [0; 4];
        size.copy_from_slice(&frame);
        let size = u32::from_le_bytes(size);
        if size > self.server.msize || (size as usize) < HEADER_SIZE {
            self.server.violation(format!("a frame of {size} bytes"));
            return Ok(None);
        }
        frame.resize(size as usize, 0);
        input.read_exact(&mut frame[4..])?;
        Ok(Some(frame))
    }

    /// Notes a request and lets it pass the gate.
    fn take(self: &Arc<Self>, frame: Vec<u8>) {
        let Ok((header, body)) = split_frame(&frame) else {
            return;
        };
        let tag = header.tag;
        let dialect = self.dialect();
        let (name, request) = match (
            message_name(header.ty),
            AnyT::decode(dialect, header.ty, body),
        ) {
            (Some(name), Ok(request)) if has(dialect, header.ty) => (name, request),
            (_, result) => {
                self.server
                    .violation(format!("type {}: {result:?}", header.ty));
                return self.send(&error(dialect, tag, errno(libc::EPROTO)), false);
            }
        };
        let fid = fid_of(&request);
        let wrong = lock(&self.ledger).request(tag, name, fid, &request);
        self.note(&format!("> tag {} {}", tag.get(), describe(&request)));
        let tree = lock(&self.tree);
        let file = fid.map_or(String::new(), |fid| tree.name(fid));
        let unknown = fid.filter(|fid| !tree.has(*fid));
        let double = new_fid_of(&request).filter(|fid| tree.has(*fid));
        drop(tree);
        wrong
            .into_iter()
            .for_each(|wrong| self.server.violation(wrong));
        if let Some(fid) = unknown {
            self.server
                .violation(format!("{name} of fid {}, which is not in use", fid.get()));
        }
        if let Some(fid) = double {
            self.server
                .violation(format!("{name} to fid {}, which is in use", fid.get()));
        }
        let id = self.id(tag);
        let this = self.clone();
        self.server
            .gate
            .pass(name, &file, id, move |go| this.carry_out(name, &frame, go));
    }

    /// What the gate knows a request by.
    fn id(&self, tag: Tag) -> u64 {
        (self.number << 16) | u64::from(tag.get())
    }

    /// Carries out a request that the gate has let go.
    fn carry_out(self: Arc<Self>, name: &'static str, frame: &[u8], go: Go<Fault>) {
        let Ok((header, body)) = split_frame(frame) else {
            return;
        };
        let tag = header.tag;
        let mut dialect = self.dialect();
        let Ok(request) = AnyT::decode(dialect, header.ty, body) else {
            return;
        };
        let fault = match go {
            Go::Run => None,
            Go::Special(fault) => Some(fault),
            Go::Fail(ecode) => {
                // A fid is gone, whatever is answered.
                if let AnyT::Tclunk(Tclunk { fid }) | AnyT::Tremove(Tremove { fid }) = request {
                    lock(&self.tree).forget(fid);
                }
                return self.finish(tag, &error(dialect, tag, Errno(ecode)), false);
            }
        };
        let reply = match request {
            AnyT::Tflush(flush) => {
                let cancelled = match fault {
                    Some(Fault::Early) => true,
                    Some(Fault::Wait) => false,
                    _ => self.server.gate.cancel(self.id(flush.oldtag)),
                };
                // What cannot be cancelled is being carried out just now.
                if !cancelled && lock(&self.ledger).defer(tag, flush.oldtag) {
                    return;
                }
                encode(tag, &Rflush {})
            }
            AnyT::Tversion(version) => {
                let msize = version.msize.min(self.server.msize);
                let agreed = Dialect::from_name(version.version);
                let agreed = agreed.map(|asked| asked.min(self.server.dialect));
                dialect = agreed.unwrap_or(dialect);
                lock(&self.tree).begin(dialect, msize.max(MIN_MSIZE));
                let version = agreed.map_or(&b"unknown"[..], Dialect::name);
                encode(tag, &Rversion { msize, version })
            }
            request => lock(&self.tree).handle(tag, &request),
        };
        let reply = reply.unwrap_or_else(|err| error(dialect, tag, err));
        self.answer(name, tag, reply, fault);
    }

    /// Sends a reply, or what `fault` makes of it.
    fn answer(
        self: Arc<Self>,
        name: &'static str,
        tag: Tag,
        mut reply: Vec<u8>,
        fault: Option<Fault>,
    ) {
        let Some(fault) = fault else {
            if let Some(change) = self.server.mutate(&mut reply) {
                self.note(&format!("? changes the next reply: {change}"));
            }
            return self.finish(tag, &reply, false);
        };
        fault.apply(&mut reply);
        let gate = self.server.clone();
        let id = self.id(tag);
        match fault {
            Fault::Drop => {}
            Fault::Mute => gate.gate.hold(name, id, None, move |_| {
                self.finish(tag, &reply, false);
            }),
            Fault::Part(count) => {
                let rest = reply.split_off(count.min(reply.len()));
                self.send(&reply, false);
                gate.gate.hold(name, id, None, move |_| {
                    self.finish(tag, &rest, false);
                });
            }
            Fault::Dup => {
                self.finish(tag, &reply, false);
                self.send(&reply, false);
            }
            Fault::Swap => {
                let mut output = lock(&self.output);
                if output.swapped.is_none() {
                    output.swapped = Some((tag, reply));
                    return;
                }
                drop(output);
                self.finish(tag, &reply, false);
            }
            Fault::Split => self.finish(tag, &reply, true),
            Fault::Close(how) => self.close(how),
            _ => self.finish(tag, &reply, false),
        }
    }

    /// Sends the reply to `tag`, then the Rflush that waits for it, then the reply that was to be
    /// sent after the next.
    fn finish(&self, tag: Tag, reply: &[u8], split: bool) {
        let flush = lock(&self.ledger).reply(tag);
        self.send(reply, split);
        if let Some(flush) = flush {
            let reply = encode(flush, &Rflush {});
            self.finish(flush, &reply.unwrap_or_default(), false);
        }
        let swapped = lock(&self.output).swapped.take();
        if let Some((tag, reply)) = swapped {
            self.finish(tag, &reply, false);
        }
    }

    /// Sends bytes; one by one if `split`.
    fn send(&self, bytes: &[u8], split: bool) {
        let mut output = lock(&self.output);
        let name = bytes.get(4).and_then(|ty| message_name(*ty));
        let tag = bytes.get(5..7).unwrap_or(&[0, 0]);
        self.note(&format!(
            "< tag {} {} of {} bytes",
            u16::from_le_bytes([tag[0], tag[1]]),
            name.unwrap_or("?"),
            bytes.len()
        ));
        let chunk = if split { 1 } else { bytes.len().max(1) };
        let result = bytes
            .chunks(chunk)
            .try_for_each(|chunk| output.stream.write_all(chunk));
        if let Err(err) = result {
            self.note(&format!("cannot send: {err}"));
        }
    }

    fn note(&self, text: &str) {
        self.server.note(&format!("{} {text}", self.number));
    }
}

/// Whether the dialect has messages of type `ty`.
fn has(dialect: Dialect, ty: u8) -> bool {
    match ty {
        Topen::TYPE | Tcreate::TYPE | Tstat::TYPE | Twstat::TYPE => !dialect.is_dotl(),
        // The types below Tversion are those that 9P2000.L added.
        ty => dialect.is_dotl() || ty >= Tversion::TYPE,
    }
}

/// The fid that a request is about.
fn fid_of(request: &AnyT<'_>) -> Option<FidNum> {
    match request {
        AnyT::Tstatfs(Tstatfs { fid })
        | AnyT::Tlopen(Tlopen { fid, .. })
        | AnyT::Tlcreate(Tlcreate { fid, .. })
        | AnyT::Tsymlink(Tsymlink { dfid: fid, .. })
        | AnyT::Tmknod(Tmknod { dfid: fid, .. })
        | AnyT::Trename(Trename { fid, .. })
        | AnyT::Treadlink(Treadlink { fid })
        | AnyT::Tgetattr(Tgetattr { fid, .. })
        | AnyT::Tsetattr(Tsetattr { fid, .. })
        | AnyT::Txattrwalk(Txattrwalk { fid, .. })
        | AnyT::Txattrcreate(Txattrcreate { fid, .. })
        | AnyT::Treaddir(Treaddir { fid, .. })
        | AnyT::Tfsync(Tfsync { fid, .. })
        | AnyT::Tlock(Tlock { fid, .. })
        | AnyT::Tgetlock(Tgetlock { fid, .. })
        | AnyT::Tlink(Tlink { fid, .. })
        | AnyT::Tmkdir(Tmkdir { dfid: fid, .. })
        | AnyT::Trenameat(Trenameat { olddirfid: fid, .. })
        | AnyT::Tunlinkat(Tunlinkat { dirfd: fid, .. })
        | AnyT::Twalk(Twalk { fid, .. })
        | AnyT::Tread(Tread { fid, .. })
        | AnyT::Twrite(Twrite { fid, .. })
        | AnyT::Tclunk(Tclunk { fid })
        | AnyT::Tremove(Tremove { fid })
        | AnyT::Topen(Topen { fid, .. })
        | AnyT::Tcreate(Tcreate { fid, .. })
        | AnyT::Tstat(Tstat { fid })
        | AnyT::Twstat(Twstat { fid, .. }) => Some(*fid),
        _ => None,
    }
}

/// The fid that a request makes.
fn new_fid_of(request: &AnyT<'_>) -> Option<FidNum> {
    match request {
        AnyT::Tattach(Tattach { fid, .. }) => Some(*fid),
        AnyT::Twalk(Twalk { fid, newfid, .. }) if newfid != fid => Some(*newfid),
        AnyT::Txattrwalk(Txattrwalk { newfid, .. }) => Some(*newfid),
        _ => None,
    }
}

/// A request for the log: with its data left out.
fn describe(request: &AnyT<'_>) -> String {
    if let AnyT::Twrite(Twrite { fid, offset, data }) = request {
        let count = data.inline().map_or(0, <[u8]>::len);
        return format!("Twrite fid {} offset {offset} count {count}", fid.get());
    }
    let mut text = format!("{request:?}");
    if let Some((cut, _)) = text.char_indices().nth(LOG_MAX) {
        text.truncate(cut);
    }
    text
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
