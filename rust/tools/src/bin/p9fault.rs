// SPDX-License-Identifier: GPL-2.0

//! p9fault: serves a folder over 9P2000.L, and answers late, wrongly or never as rules and orders
//! say, see [`p9tools::gate::Gate::order`], [`p9tools::fault::reply::Fault`] and
//! [`p9tools::fault::server::Server::order`].

use clap::Parser;
use p9tools::{
    control,
    fault::server::Server,
    net::{
        Address,
        Listener, //
    }, //
};
use std::{
    fs::File,
    io,
    path::PathBuf,
    sync::Arc,
    thread, //
};

/// Serves a folder over 9P2000.L, and answers late, wrongly or never.
#[derive(Parser)]
struct Options {
    /// Where to take orders, one a line: tcp:HOST:PORT or unix:PATH.
    #[arg(long)]
    control: Option<Address>,
    /// A file to write all messages to.
    #[arg(long)]
    log: Option<PathBuf>,
    /// Largest frame.
    #[arg(long, default_value_t = 1 << 20)]
    msize: u32,
    /// A rule to begin with, such as Tread=hang; may be given again.
    #[arg(long)]
    rule: Vec<String>,
    /// The folder to serve.
    root: PathBuf,
    /// Where to serve it: tcp:HOST:PORT or unix:PATH.
    address: Address,
}

fn main() -> io::Result<()> {
    let options = Options::parse();
    let log = options.log.map(File::create).transpose()?;
    let root = options.root.canonicalize()?;
    let server = Arc::new(Server::new(root, options.msize, log));
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
    server.run(&Listener::bind(&options.address)?)
}
