// SPDX-License-Identifier: GPL-2.0

//! Listens, takes orders, knows all connections.

use super::{
    connection::Connection,
    lock::Locks,
    mutate::Mutator,
    reply::Fault, //
};
use crate::{
    gate::Gate,
    net::{
        Listener,
        Stream, //
    },
};
use p9proto::{
    message::NAMES,
    types::Dialect, //
};
use std::{
    fs::File,
    io::{
        self,
        Write, //
    },
    path::PathBuf,
    sync::{
        Arc,
        Condvar,
        Mutex,
        MutexGuard,
        PoisonError,
        Weak, //
    },
    thread,
    time::Instant,
};

#[derive(Default)]
struct Inner {
    connections: Vec<Weak<Connection>>,
    /// How many there have been.
    last: u64,
    violations: Vec<String>,
    /// Whether nothing is read from the connections.
    paused: bool,
    /// What changes the replies, if anything.
    mutator: Option<Mutator>,
}

/// The server.
pub struct Server {
    /// The folder that is served.
    pub root: PathBuf,
    /// The richest dialect that is spoken.
    pub dialect: Dialect,
    /// Largest frame.
    pub msize: u32,
    /// Where requests pass.
    pub gate: Gate<Fault>,
    /// The record locks.
    pub locks: Arc<Mutex<Locks>>,
    log: Option<Mutex<File>>,
    start: Instant,
    inner: Mutex<Inner>,
    resumed: Condvar,
}

impl Server {
    /// A server of the folder `root` that speaks `dialect` or an older one, takes frames of `msize`
    /// bytes, and notes all in `log`.
    pub fn new(root: PathBuf, dialect: Dialect, msize: u32, log: Option<File>) -> Self {
        let names = NAMES.iter().map(|(_, name)| *name);
        Self {
            root,
            dialect,
            msize,
            gate: Gate::new(
                names.filter(|name| name.starts_with('T')).collect(),
                Fault::parse,
            ),
            locks: Arc::default(),
            log: log.map(Mutex::new),
            start: Instant::now(),
            inner: Mutex::default(),
            resumed: Condvar::new(),
        }
    }

    /// Serves all who connect. Never ends by itself.
    ///
    /// # Errors
    ///
    /// Those of the socket are propagated as-is.
    pub fn run(self: Arc<Self>, listener: &Listener) -> io::Result<()> {
        loop {
            let stream = listener.accept()?;
            let server = self.clone();
            thread::spawn(move || server.serve(stream));
        }
    }

    /// Serves one connection until its end.
    ///
    /// # Errors
    ///
    /// Those of the socket are propagated as-is.
    pub fn serve(self: Arc<Self>, stream: Stream) -> io::Result<()> {
        let input = stream.try_clone()?;
        let mut inner = self.lock();
        inner.last += 1;
        let connection = Arc::new(Connection::new(self.clone(), inner.last, stream));
        inner.connections.retain(|old| old.strong_count() > 0);
        inner.connections.push(Arc::downgrade(&connection));
        drop(inner);
        connection.run(input);
        Ok(())
    }

    /// Waits while the server is paused.
    pub fn wait_resumed(&self) {
        let paused = self.resumed.wait_while(self.lock(), |inner| inner.paused);
        drop(paused);
    }

    fn resume(&self) {
        self.lock().paused = false;
        self.resumed.notify_all();
    }

    /// Writes a line into the log.
    pub fn note(&self, text: &str) {
        if let Some(log) = &self.log {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            let time = self.start.elapsed().as_secs_f64() * 1e3;
            // A log that cannot be written is missed by whoever reads it.
            let _ = writeln!(log, "{time:.1} {text}");
        }
    }

    /// Notes what a client has done against the protocol.
    pub fn violation(&self, text: String) {
        self.note(&format!("! {text}"));
        self.lock().violations.push(text);
    }

    /// Changes a reply, if that was ordered and is its turn.
    pub fn mutate(&self, frame: &mut Vec<u8>) -> Option<&'static str> {
        self.lock().mutator.as_mut()?.apply(frame)
    }

    /// Lets some replies be changed at random from now on.
    pub fn set_mutator(&self, seed: Option<u64>) {
        self.lock().mutator = seed.map(Mutator::new);
    }

    /// Carries out an order, one for the [gate](Gate::order) or
    ///
    /// - `fids`, `locks`, `connections`: how many there are.
    /// - `violations`: how many, and what they were.
    /// - `reset`: forgets the violations.
    /// - `pause`: reads nothing from the connections, until `release`, or `resume`, which lets the
    ///   rules stand.
    /// - `close`, `half`, `abort`: closes all connections, or only what goes to the client, or breaks
    ///   them.
    /// - `mutate SEED`, `mutate off`: changes some replies at random.
    /// - `note TEXT`: writes a line into the log.
    ///
    /// # Errors
    ///
    /// What is wrong with the order, in words.
    pub fn order(&self, line: &str) -> Result<String, String> {
        if let Some(text) = line.strip_prefix("note ") {
            self.note(&format!("# {text}"));
            return Ok("ok".into());
        }
        let ok = Ok("ok".into());
        if let Some(seed) = line.strip_prefix("mutate ") {
            let seed = match seed.trim() {
                "off" => None,
                seed => Some(seed.parse().map_err(|_| format!("{seed}: not a number"))?),
            };
            self.set_mutator(seed);
            return ok;
        }
        match line.trim() {
            "fids" => {
                let connections = self.connections();
                let fids = connections.iter().map(|connection| connection.fids());
                Ok(fids.sum::<usize>().to_string())
            }
            "locks" => {
                let locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(locks.len().to_string())
            }
            "connections" => Ok(self.connections().len().to_string()),
            "violations" => {
                let inner = self.lock();
                let mut answer = inner.violations.len().to_string();
                if !inner.violations.is_empty() {
                    answer += ": ";
                    answer += &inner.violations.join("; ");
                }
                Ok(answer)
            }
            "reset" => {
                self.lock().violations.clear();
                ok
            }
            "pause" => {
                self.lock().paused = true;
                ok
            }
            "resume" => {
                self.resume();
                ok
            }
            "release" => {
                self.resume();
                self.gate.order("release")
            }
            line => match line.parse() {
                Ok(how) => {
                    let connections = self.connections();
                    connections.iter().for_each(|it| it.close(how));
                    ok
                }
                Err(()) => self.gate.order(line),
            },
        }
    }

    fn connections(&self) -> Vec<Arc<Connection>> {
        let inner = self.lock();
        let all = inner.connections.iter().filter_map(Weak::upgrade);
        all.filter(|connection| connection.is_open()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
