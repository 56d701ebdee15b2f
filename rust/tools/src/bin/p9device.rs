// SPDX-License-Identifier: GPL-2.0

//! p9device: a virtio device for 9P that breaks the rules on order, for QEMU's vhost-user-device,
//! see [`p9tools::device::bridge::Bridge::order`]. What it serves, p9fault serves. Ends with QEMU.

use clap::Parser;
use p9proto::types::Dialect;
use p9tools::{
    control,
    device::{
        bridge::Bridge,
        vhost, //
    },
    fault::server::Server,
    net::{
        Address,
        Listener,
        Stream, //
    },
};
use std::{
    fs::File,
    io,
    path::PathBuf,
    sync::Arc,
    thread, //
};

/// A virtio device for 9P that breaks the rules on order.
#[derive(Parser)]
struct Options {
    /// The unix socket to take orders from, one connection.
    #[arg(long)]
    control: PathBuf,
    /// A file to write all messages to.
    #[arg(long)]
    log: Option<PathBuf>,
    /// The mount tag.
    #[arg(long, default_value = "device")]
    tag: String,
    /// Take no tables of descriptors.
    #[arg(long)]
    direct: bool,
    /// Largest frame.
    #[arg(long, default_value_t = 1 << 20)]
    msize: u32,
    /// The folder to serve.
    root: PathBuf,
    /// The unix socket for QEMU, one connection.
    socket: PathBuf,
}

fn main() -> io::Result<()> {
    let options = Options::parse();
    let log = options.log.map(File::create).transpose()?;
    let root = options.root.canonicalize()?;
    let server = Arc::new(Server::new(root, Dialect::P2000L, options.msize, log));
    let delayed = server.clone();
    thread::spawn(move || delayed.gate.run_delayed());
    let device = Bridge::new(server, &options.tag, !options.direct);

    let orders = Listener::bind(&Address::Unix(options.control))?;
    let ordered = device.clone();
    thread::spawn(move || control::serve(orders.accept()?, |line| ordered.order(line)));
    match Listener::bind(&Address::Unix(options.socket))?.accept()? {
        Stream::Unix(stream) => vhost::serve(stream, &device),
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}
