// SPDX-License-Identifier: GPL-2.0

//! Sockets of the kinds that a client may ask for.

use rustix::{
    net::connect_unspec,
    stdio::{
        dup2_stdin,
        dup2_stdout,
        stdin,
        stdout, //
    },
};
use std::{
    fs::{
        self,
        File, //
    },
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

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// `close`: as if by its last close.
    Both,
    /// `half`: nothing is sent any more, but still taken.
    Write,
    /// `abort`: it is reset; only TCP tells the peer.
    Abort,
}

impl FromStr for End {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "close" => Ok(Self::Both),
            "half" => Ok(Self::Write),
            "abort" => Ok(Self::Abort),
            _ => Err(()),
        }
    }
}

/// A connection.
pub enum Stream {
    /// Over the standard input and output: pipes, or one socket for both.
    Stdio,
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a unix socket.
    Unix(UnixStream),
}

impl Stream {
    /// The same connection once more.
    pub fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Stdio => Ok(Self::Stdio),
            Self::Tcp(stream) => stream.try_clone().map(Self::Tcp),
            Self::Unix(stream) => stream.try_clone().map(Self::Unix),
        }
    }

    /// Ends the connection, or one direction of it.
    pub fn end(&self, how: End) -> io::Result<()> {
        let shutdown = match how {
            End::Write => Shutdown::Write,
            End::Both | End::Abort => Shutdown::Both,
        };
        match self {
            Self::Stdio => {
                let nowhere = File::options().read(true).write(true).open("/dev/null")?;
                if how != End::Write {
                    // Of the two only a socket can be shut down, and needs to be.
                    let _ = rustix::net::shutdown(stdin(), rustix::net::Shutdown::Both);
                    dup2_stdin(&nowhere)?;
                }
                let _ = rustix::net::shutdown(stdout(), rustix::net::Shutdown::Write);
                Ok(dup2_stdout(&nowhere)?)
            }
            // To be connected to nothing is the way to send a reset.
            Self::Tcp(stream) if how == End::Abort => Ok(connect_unspec(stream)?),
            Self::Tcp(stream) => stream.shutdown(shutdown),
            Self::Unix(stream) => stream.shutdown(shutdown),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Stdio => Ok(rustix::io::read(stdin(), buf)?),
            Self::Tcp(stream) => stream.read(buf),
            Self::Unix(stream) => stream.read(buf),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdio => Ok(rustix::io::write(stdout(), buf)?),
            Self::Tcp(stream) => stream.write(buf),
            Self::Unix(stream) => stream.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
