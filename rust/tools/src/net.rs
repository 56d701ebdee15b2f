// SPDX-License-Identifier: GPL-2.0

//! Sockets of the kinds that a client may ask for.

use std::{
    fs,
    io::{
        self,
        Read,
        Write, //
    },
    net::{
        Shutdown,
        TcpListener,
        TcpStream, //
    },
    os::unix::net::{
        UnixListener,
        UnixStream, //
    },
    path::PathBuf,
    str::FromStr,
};

/// Where to listen: `tcp:HOST:PORT` or `unix:PATH`.
#[derive(Clone, Debug)]
pub enum Address {
    /// A TCP port.
    Tcp(String),
    /// A unix socket.
    Unix(PathBuf),
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("tcp", address)) => Ok(Self::Tcp(address.into())),
            Some(("unix", path)) => Ok(Self::Unix(path.into())),
            _ => Err("neither tcp:HOST:PORT nor unix:PATH".into()),
        }
    }
}

/// A socket that listens.
pub enum Listener {
    /// On a TCP port.
    Tcp(TcpListener),
    /// On a path.
    Unix(UnixListener),
}

impl Listener {
    /// Listens at `address`; a unix socket takes the place of what was left there.
    ///
    /// # Errors
    ///
    /// Those of the system calls, as everywhere here.
    pub fn bind(address: &Address) -> io::Result<Self> {
        match address {
            Address::Tcp(address) => TcpListener::bind(address).map(Self::Tcp),
            Address::Unix(path) => {
                match fs::remove_file(path) {
                    Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(err),
                    _ => {}
                }
                UnixListener::bind(path).map(Self::Unix)
            }
        }
    }

    /// Waits for a connection.
    pub fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
            Self::Unix(listener) => Ok(Stream::Unix(listener.accept()?.0)),
        }
    }
}

/// A connection.
pub enum Stream {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a unix socket.
    Unix(UnixStream),
}

impl Stream {
    /// The same connection once more.
    pub fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(stream) => stream.try_clone().map(Self::Tcp),
            Self::Unix(stream) => stream.try_clone().map(Self::Unix),
        }
    }

    /// Ends the connection, or one direction of it.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(how),
            Self::Unix(stream) => stream.shutdown(how),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buf),
            Self::Unix(stream) => stream.read(buf),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(buf),
            Self::Unix(stream) => stream.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
