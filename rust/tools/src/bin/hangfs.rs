// SPDX-License-Identifier: GPL-2.0

//! hangfs MOUNTPOINT SOCKET: mounts a file system in memory whose operations can be held up by
//! orders over SOCKET, see [`p9tools::hang::fs::HangFs::order`]. Ends with the first connection.

use clap::Parser;
use fuser::MountOption;
use p9tools::{
    control,
    hang::fs::HangFs,
    net::{
        Address,
        Listener, //
    }, //
};
use std::{
    io,
    path::PathBuf,
    process::exit,
    thread, //
};

/// Mounts a file system in memory whose operations can be held up.
#[derive(Parser)]
struct Options {
    /// Where to mount it.
    mountpoint: PathBuf,
    /// The unix socket to take orders from, one connection; its end ends the program.
    socket: PathBuf,
}

fn main() -> io::Result<()> {
    let options = Options::parse();
    let fs = HangFs::default();
    let mount = [
        MountOption::FSName("hangfs".into()),
        MountOption::AllowOther,
    ];
    let session = fuser::spawn_mount2(fs.clone(), &options.mountpoint, &mount)?;
    let gate = fs.gate().clone();
    thread::spawn(move || gate.run_delayed());

    let stream = Listener::bind(&Address::Unix(options.socket))?.accept()?;
    let result = control::serve(stream, |line| fs.order(line));
    // Whoever waits for an operation gets an answer before the mount goes.
    let _ = fs.order("release");
    drop(session);
    exit(match result {
        Ok(()) => 0,
        Err(_) => 1,
    })
}
