// SPDX-License-Identifier: GPL-2.0

//! Orders to a server: lines of text over a socket, one line of answer for each.

use crate::net::Stream;
use std::io::{
    self,
    BufRead,
    BufReader,
    Write, //
};

/// Carries out the orders that come over one connection, until its end.
///
/// # Errors
///
/// Those of the socket are propagated as-is.
pub fn serve(
    stream: Stream,
    mut order: impl FnMut(&str) -> Result<String, String>,
) -> io::Result<()> {
    let mut answers = stream.try_clone()?;
    for line in BufReader::new(stream).lines() {
        let answer = order(&line?).unwrap_or_else(|why| format!("error: {why}"));
        writeln!(answers, "{answer}")?;
    }
    Ok(())
}
