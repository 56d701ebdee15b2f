// SPDX-License-Identifier: GPL-2.0

//! p9fault: serves a folder over 9P, and answers late, wrongly or never as rules and orders say.

use clap::Parser;
use p9proto::types::Dialect;
use p9tools::{
    control,
    fault::server::Server,
    net::{
        Address,
        Listener,
        Stream, //
    },
};
use rustix::fs::Mode;
use std::{
    fs::File,
    io,
    path::PathBuf,
    str::FromStr,
    sync::Arc,
    thread, //
};

/// What `--help` ends with.
const MORE: &str = "\
Rules are words OPERATION[@FILE]=FAULT[+SKIP][*COUNT][/MS]: an operation such as Tread, or * for all,
on a file of that name or any, after SKIP others and then COUNT times, for MS milliseconds, does FAULT.
The newest rule that fits counts.
  ok                          what it should
  hang, 200ms                 waits for a release, or so long, and is carried out then
  stop                        waits, and so do all that follow
  errno:5                     fails with that error
  mute                        is carried out, and the reply waits for a release
  drop, dup, split            its reply is not sent; sent twice; sent byte by byte
  swap                        its reply is sent after the next one
  close, half, abort          the connection is closed; only what is sent; reset (TCP)
  size:N type:N tag:N count:N a field of its reply is N; count: the first 4 bytes of the body
  body:HEX body:TYPE:HEX      its body is that, and its type
  trail:N cut:N               it has N zero bytes more; it ends after N bytes; the size fits
  part:N                      N bytes of its reply are sent, and the rest at a release
  early, wait                 only Tflush: is answered while its request goes on; after it

Orders, one a line to the socket of --control, each answered by one line: rules, or
  release [OPERATION..]       ends the rules, and lets go what waits
  held [OPERATION..]          how many wait
  count OPERATION             how many have come
  fids, locks, connections    how many there are
  violations, reset           what clients did against the protocol; forgets it
  mutate SEED, mutate off     changes some replies at random
  pause, resume               reads nothing any more; reads again, as after a release
  close, half, abort          as above, all connections at once
  note TEXT                   writes a line into the log

Examples:
  p9fault /tmp/served unix:/tmp/socket
  p9fault --dialect 9P2000.u --control tcp:127.0.0.1:5641 /tmp/served tcp:127.0.0.1:5640
  mkfifo to from; p9fault /tmp/served stdio <to >from &
  mount -t 9p -o trans=fd,rfdno=3,wfdno=4,version=9p2000.L none /mnt 4>to 3<from";

/// Serves a folder over 9P, and answers late, wrongly or never.
#[derive(Parser)]
#[command(after_help = MORE)]
struct Options {
    /// Where to take orders: tcp:HOST:PORT or unix:PATH.
    #[arg(long)]
    control: Option<Address>,
    /// The richest dialect to speak: 9P2000, 9P2000.u or 9P2000.L.
    #[arg(long, default_value = "9P2000.L", value_parser = dialect)]
    dialect: Dialect,
    /// A file to write all messages to.
    #[arg(long)]
    log: Option<PathBuf>,
    /// Largest frame.
    #[arg(long, default_value_t = 1 << 20)]
    msize: u32,
    /// Change some replies at random, the same for the same number.
    #[arg(long)]
    mutate: Option<u64>,
    /// A rule to begin with; may be given again.
    #[arg(long)]
    rule: Vec<String>,
    /// The folder to serve.
    root: PathBuf,
    /// Where to serve it: tcp:HOST:PORT, unix:PATH, or stdio for one client on the standard input
    /// and output.
    address: Place,
}

#[derive(Clone)]
enum Place {
    Stdio,
    Listen(Address),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "stdio" => Ok(Self::Stdio),
            address => address.parse().map(Self::Listen),
        }
    }
}

fn dialect(name: &str) -> Result<Dialect, &'static str> {
    Dialect::from_name(name.as_bytes()).ok_or("neither 9P2000 nor 9P2000.u nor 9P2000.L")
}

fn main() -> io::Result<()> {
    let options = Options::parse();
    let log = options.log.map(File::create).transpose()?;
    let root = options.root.canonicalize()?;
    // Clients send modes from which theirs is taken away.
    rustix::process::umask(Mode::empty());
    let server = Arc::new(Server::new(root, options.dialect, options.msize, log));
    server.set_mutator(options.mutate);
    for rule in &options.rule {
        server.gate.order(rule).map_err(io::Error::other)?;
    }
    let delayed = server.clone();
    thread::spawn(move || delayed.gate.run_delayed());
    if let Some(address) = &options.control {
        let listener = Listener::bind(address)?;
        let server = server.clone();
        thread::spawn(move || {
            while let Ok(stream) = listener.accept() {
                let server = server.clone();
                // Whoever has given an order sees the end of the connection.
                thread::spawn(move || control::serve(stream, |line| server.order(line)));
            }
        });
    }
    match &options.address {
        Place::Stdio => server.serve(Stream::Stdio),
        Place::Listen(address) => server.run(&Listener::bind(address)?),
    }
}
