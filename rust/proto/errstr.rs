// SPDX-License-Identifier: GPL-2.0

//! Error strings as error numbers.
//!
//! A server of 9P2000 says in words what went wrong. The words of the well-known servers are
//! listed here: those of the C library on Linux, and those of the Plan 9 file servers and u9fs.

use super::errno::Errno;

/// Strings and their numbers, sorted by string.
const ERRORS: &[(&[u8], Errno)] = &[
    (b"Argument list too long", Errno::TOOBIG),
    (b"Bad address", Errno::FAULT),
    (b"Bad file descriptor", Errno::BADF),
    (b"Bad message", Errno::BADMSG),
    (b"Block device required", Errno::NOTBLK),
    (b"Broken pipe", Errno::PIPE),
    (b"Cannot allocate memory", Errno::NOMEM),
    (
        b"Cannot send after transport endpoint shutdown",
        Errno::SHUTDOWN,
    ),
    (b"Communication error on send", Errno::COMM),
    (b"Connection refused", Errno::CONNREFUSED),
    (b"Connection reset by peer", Errno::CONNRESET),
    (b"Connection timed out", Errno::TIMEDOUT),
    (b"Device or resource busy", Errno::BUSY),
    (b"Directory not empty", Errno::NOTEMPTY),
    (b"Disk quota exceeded", Errno::DQUOT),
    (b"File descriptor in bad state", Errno::BADFD),
    (b"File exists", Errno::EXIST),
    (b"File name too long", Errno::NAMETOOLONG),
    (b"File too large", Errno::FBIG),
    (b"Function not implemented", Errno::NOSYS),
    (b"Host is down", Errno::HOSTDOWN),
    (b"Identifier removed", Errno::IDRM),
    (b"Illegal seek", Errno::SPIPE),
    (b"Input/output error", Errno::IO),
    (b"Interrupted system call", Errno::INTR),
    (b"Invalid argument", Errno::INVAL),
    (b"Invalid cross-device link", Errno::XDEV),
    (b"Is a directory", Errno::ISDIR),
    (b"Is a named type file", Errno::ISNAM),
    (b"Link has been severed", Errno::NOLINK),
    (b"Machine is not on the network", Errno::NONET),
    (b"Message too long", Errno::MSGSIZE),
    (b"Network dropped connection on reset", Errno::NETRESET),
    (b"Network is down", Errno::NETDOWN),
    (b"Network is unreachable", Errno::NETUNREACH),
    (b"No buffer space available", Errno::NOBUFS),
    (b"No data available", Errno::NODATA),
    (b"No locks available", Errno::NOLCK),
    (b"No message of desired type", Errno::NOMSG),
    (b"No route to host", Errno::HOSTUNREACH),
    (b"No space left on device", Errno::NOSPC),
    (b"No such device", Errno::NODEV),
    (b"No such device or address", Errno::NXIO),
    (b"No such file or directory", Errno::NOENT),
    (b"Not a directory", Errno::NOTDIR),
    (b"Numerical argument out of domain", Errno::DOM),
    (b"Numerical result out of range", Errno::RANGE),
    (b"Object is remote", Errno::REMOTE),
    (b"Operation already in progress", Errno::ALREADY),
    (b"Operation not permitted", Errno::PERM),
    (b"Operation not supported", Errno::OPNOTSUPP),
    (b"Operation now in progress", Errno::INPROGRESS),
    (b"Package not installed", Errno::NOPKG),
    (b"Permission denied", Errno::ACCES),
    (b"Protocol error", Errno::PROTO),
    (b"Protocol family not supported", Errno::PFNOSUPPORT),
    (b"Protocol not available", Errno::NOPROTOOPT),
    (b"Protocol not supported", Errno::PROTONOSUPPORT),
    (b"Read-only file system", Errno::ROFS),
    (b"Remote I/O error", Errno::REMOTEIO),
    (b"Resource deadlock avoided", Errno::DEADLK),
    (b"Resource temporarily unavailable", Errno::AGAIN),
    (b"Socket operation on non-socket", Errno::NOTSOCK),
    (b"Socket type not supported", Errno::SOCKTNOSUPPORT),
    (b"Software caused connection abort", Errno::CONNABORTED),
    (b"Streams pipe error", Errno::STRPIPE),
    (b"Text file busy", Errno::TXTBSY),
    (b"Too many levels of symbolic links", Errno::LOOP),
    (b"Too many links", Errno::MLINK),
    (b"Too many open files", Errno::MFILE),
    (b"Too many open files in system", Errno::NFILE),
    (b"Too many users", Errno::USERS),
    (b"Transport endpoint is already connected", Errno::ISCONN),
    (b"Transport endpoint is not connected", Errno::NOTCONN),
    (b"authentication failed", Errno::CONNREFUSED),
    (b"bad offset in directory read", Errno::SPIPE),
    (b"bad use of fid", Errno::BADF),
    (b"bogus wstat buffer", Errno::PROTO),
    (b"cannot remove root", Errno::PERM),
    (b"corrupted block label", Errno::IO),
    (b"corrupted directory entry", Errno::IO),
    (b"corrupted file entry", Errno::IO),
    (b"corrupted meta data", Errno::IO),
    (b"corrupted super block", Errno::IO),
    (b"directory entry is not allocated", Errno::NOENT),
    (b"directory entry not found", Errno::NOENT),
    (b"directory is not empty", Errno::NOTEMPTY),
    (b"exclusive use file already open", Errno::AGAIN),
    (b"fid already in use", Errno::BADF),
    (b"fid unknown or out of range", Errno::BADF),
    (b"file already exists", Errno::EXIST),
    (b"file already open for I/O", Errno::TXTBSY),
    (b"file does not exist", Errno::NOENT),
    (b"file exists", Errno::EXIST),
    (b"file has been removed", Errno::IDRM),
    (b"file in use", Errno::TXTBSY),
    (b"file is in use", Errno::AGAIN),
    (b"file is read only", Errno::ROFS),
    (b"file not found", Errno::NOENT),
    (b"file or directory already exists", Errno::EXIST),
    (b"file system is full", Errno::NOSPC),
    (b"file too big", Errno::FBIG),
    (b"i/o count too large", Errno::IO),
    (b"i/o error", Errno::IO),
    (b"illegal mode", Errno::INVAL),
    (b"illegal name", Errno::NAMETOOLONG),
    (b"illegal offset", Errno::INVAL),
    (b"illegal path element", Errno::NOENT),
    (b"no access to special file", Errno::PERM),
    (b"not a directory", Errno::NOTDIR),
    (b"not a member of proposed group", Errno::PERM),
    (b"not owner", Errno::ACCES),
    (b"only owner can change group in wstat", Errno::ACCES),
    (b"only support truncation to zero length", Errno::PERM),
    (b"permission denied", Errno::ACCES),
    (b"protocol botch", Errno::PROTO),
    (b"read only file system", Errno::ROFS),
    (b"root of file system is corrupted", Errno::IO),
    (b"unknown group", Errno::INVAL),
    (b"unknown user", Errno::INVAL),
    (b"venti i/o error", Errno::IO),
    (
        b"wstat can't convert between files and directories",
        Errno::PERM,
    ),
    (b"wstat prohibited", Errno::PERM),
];

/// Finds the number for an error string, byte by byte the same; [`Errno::SERVERFAULT`] if the
/// string is not known.
pub fn errno_of(ename: &[u8]) -> Errno {
    ERRORS
        .binary_search_by(|(string, _)| (*string).cmp(ename))
        .ok()
        .and_then(|index| ERRORS.get(index))
        .map_or(Errno::SERVERFAULT, |(_, errno)| *errno)
}

#[cfg_attr(CONFIG_KUNIT = "y", kernel::macros::kunit_tests(p9_errstr))]
#[cfg(any(test, CONFIG_KUNIT = "y"))]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted_without_doubles() {
        assert!(ERRORS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn every_string_is_found() {
        for (string, errno) in ERRORS {
            assert_eq!(errno_of(string), *errno);
        }
    }

    #[test]
    fn other_strings_are_a_server_fault() {
        for string in [
            &b""[..],
            b"\0",
            b"file exists\0",
            b"FILE EXISTS",
            b"file exist",
            b"file existss",
            &[b'x'; 65_535],
        ] {
            assert_eq!(errno_of(string), Errno::SERVERFAULT);
        }
    }

    #[test]
    fn case_matters() {
        assert_eq!(errno_of(b"Permission denied"), Errno::ACCES);
        assert_eq!(errno_of(b"permission denied"), Errno::ACCES);
        assert_eq!(errno_of(b"Not a directory"), Errno::NOTDIR);
        assert_eq!(errno_of(b"not a Directory"), Errno::SERVERFAULT);
    }
}
