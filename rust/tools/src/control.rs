// SPDX-License-Identifier: GPL-2.0

//! Orders to a server: lines of text over a unix socket, one line of answer for each.

use std::{
    fs,
    io::{
        self,
        BufRead,
        BufReader,
        Write, //
    },
    os::unix::net::{
        UnixListener,
        UnixStream, //
    },
    path::Path,
};

/// Listens at `path`, in place of what was left there.
///
/// # Errors
///
/// Those of the socket are propagated as-is.
pub fn listen(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(err),
        _ => {}
    }
    UnixListener::bind(path)
}

/// Carries out the orders that come over one connection, until its end.
///
/// # Errors
///
/// Those of the socket are propagated as-is.
pub fn serve(
    stream: UnixStream,
    mut order: impl FnMut(&str) -> Result<String, String>,
) -> io::Result<()> {
    let mut answers = stream.try_clone()?;
    for line in BufReader::new(stream).lines() {
        let answer = order(&line?).unwrap_or_else(|why| format!("error: {why}"));
        writeln!(answers, "{answer}")?;
    }
    Ok(())
}
