// SPDX-License-Identifier: GPL-2.0

//! Error strings as error numbers.
//!
//! A server of 9P2000 says in words what went wrong. The words of the well-known servers are
//! listed here: those of the C library on Linux, which u9fs sends, and those of Plan 9: of its file
//! servers, its kernel, and the library that most others are made with. Servers written in Go send
//! the words of the C library in lower case, so case does not count.

use super::errno::Errno;

/// Strings in lower case and their numbers, sorted by string.
const ERRORS: &[(&[u8], Errno)] = &[
    (b".lib section in a.out corrupted", Errno::LIBSCN),
    (b"9p protocol botch", Errno::PROTO),
    (b"accessing a corrupted shared library", Errno::LIBBAD),
    (b"address already in use", Errno::ADDRINUSE),
    (
        b"address family not supported by protocol",
        Errno::AFNOSUPPORT,
    ),
    (b"advertise error", Errno::ADV),
    (b"argument list too long", Errno::TOOBIG),
    (
        b"attempting to link in too many shared libraries",
        Errno::LIBMAX,
    ),
    (b"authentication failed", Errno::CONNREFUSED),
    (b"bad address", Errno::FAULT),
    (b"bad character in file name", Errno::INVAL),
    (b"bad count", Errno::INVAL),
    (b"bad directory in wstat", Errno::INVAL),
    (b"bad file descriptor", Errno::BADF),
    (b"bad font file format", Errno::BFONT),
    (b"bad message", Errno::BADMSG),
    (b"bad offset", Errno::INVAL),
    (b"bad offset in directory read", Errno::SPIPE),
    (b"bad use of fid", Errno::BADF),
    (b"block device required", Errno::NOTBLK),
    (b"bogus wstat buffer", Errno::PROTO),
    (b"broken pipe", Errno::PIPE),
    (b"can not access a needed shared library", Errno::LIBACC),
    (b"cannot allocate memory", Errno::NOMEM),
    (b"cannot assign requested address", Errno::ADDRNOTAVAIL),
    (b"cannot exec a shared library directly", Errno::LIBEXEC),
    (b"cannot remove root", Errno::PERM),
    (
        b"cannot send after transport endpoint shutdown",
        Errno::SHUTDOWN,
    ),
    (b"channel number out of range", Errno::CHRNG),
    (b"communication error on send", Errno::COMM),
    (b"connection refused", Errno::CONNREFUSED),
    (b"connection reset by peer", Errno::CONNRESET),
    (b"connection timed out", Errno::TIMEDOUT),
    (b"corrupted block label", Errno::IO),
    (b"corrupted directory entry", Errno::IO),
    (b"corrupted file entry", Errno::IO),
    (b"corrupted meta data", Errno::IO),
    (b"corrupted super block", Errno::IO),
    (b"create in non-directory", Errno::NOTDIR),
    (b"create prohibited", Errno::PERM),
    (b"destination address required", Errno::DESTADDRREQ),
    (b"device not a stream", Errno::NOSTR),
    (b"device or object already in use", Errno::BUSY),
    (b"device or resource busy", Errno::BUSY),
    (b"directory entry is not allocated", Errno::NOENT),
    (b"directory entry not found", Errno::NOENT),
    (b"directory is not empty", Errno::NOTEMPTY),
    (b"directory not empty", Errno::NOTEMPTY),
    (b"disk quota exceeded", Errno::DQUOT),
    (b"duplicate fid", Errno::BADF),
    (b"duplicate tag", Errno::PROTO),
    (b"exchange full", Errno::XFULL),
    (b"exclusive use file already open", Errno::AGAIN),
    (b"exec format error", Errno::NOEXEC),
    (b"fd out of range or not open", Errno::BADF),
    (b"fid already in use", Errno::BADF),
    (b"fid unknown or out of range", Errno::BADF),
    (b"file already closed", Errno::BADF),
    (b"file already exists", Errno::EXIST),
    (b"file already open for i/o", Errno::TXTBSY),
    (b"file descriptor in bad state", Errno::BADFD),
    (b"file does not exist", Errno::NOENT),
    (b"file exists", Errno::EXIST),
    (b"file has been removed", Errno::IDRM),
    (b"file in use", Errno::TXTBSY),
    (b"file is a directory", Errno::ISDIR),
    (b"file is in use", Errno::AGAIN),
    (b"file is read only", Errno::ROFS),
    (b"file name too long", Errno::NAMETOOLONG),
    (b"file not found", Errno::NOENT),
    (b"file or directory already exists", Errno::EXIST),
    (b"file system is full", Errno::NOSPC),
    (b"file too big", Errno::FBIG),
    (b"file too large", Errno::FBIG),
    (b"function not implemented", Errno::NOSYS),
    (b"host is down", Errno::HOSTDOWN),
    (b"i/o count too large", Errno::IO),
    (b"i/o error", Errno::IO),
    (b"i/o on hungup channel", Errno::PIPE),
    (b"identifier removed", Errno::IDRM),
    (b"illegal mode", Errno::INVAL),
    (b"illegal name", Errno::NAMETOOLONG),
    (b"illegal offset", Errno::INVAL),
    (b"illegal path element", Errno::NOENT),
    (b"illegal seek", Errno::SPIPE),
    (b"inappropriate ioctl for device", Errno::NOTTY),
    (b"input/output error", Errno::IO),
    (b"interrupted", Errno::INTR),
    (b"interrupted system call", Errno::INTR),
    (b"invalid argument", Errno::INVAL),
    (b"invalid cross-device link", Errno::XDEV),
    (b"invalid exchange", Errno::BADE),
    (
        b"invalid or incomplete multibyte or wide character",
        Errno::ILSEQ,
    ),
    (b"invalid request code", Errno::BADRQC),
    (b"invalid request descriptor", Errno::BADR),
    (b"invalid slot", Errno::BADSLT),
    (b"is a directory", Errno::ISDIR),
    (b"is a named type file", Errno::ISNAM),
    (b"key has been revoked", Errno::KEYREVOKED),
    (b"key has expired", Errno::KEYEXPIRED),
    (b"key was rejected by service", Errno::KEYREJECTED),
    (b"level 2 halted", Errno::L2HLT),
    (b"level 2 not synchronized", Errno::L2NSYNC),
    (b"level 3 halted", Errno::L3HLT),
    (b"level 3 reset", Errno::L3RST),
    (b"link has been severed", Errno::NOLINK),
    (b"link number out of range", Errno::LNRNG),
    (b"machine is not on the network", Errno::NONET),
    (b"message too long", Errno::MSGSIZE),
    (b"multihop attempted", Errno::MULTIHOP),
    (b"name not unique on network", Errno::NOTUNIQ),
    (b"network dropped connection on reset", Errno::NETRESET),
    (b"network is down", Errno::NETDOWN),
    (b"network is unreachable", Errno::NETUNREACH),
    (b"no access to special file", Errno::PERM),
    (b"no anode", Errno::NOANO),
    (b"no buffer space available", Errno::NOBUFS),
    (b"no child processes", Errno::CHILD),
    (b"no csi structure available", Errno::NOCSI),
    (b"no data available", Errno::NODATA),
    (b"no locks available", Errno::NOLCK),
    (b"no medium found", Errno::NOMEDIUM),
    (b"no message of desired type", Errno::NOMSG),
    (b"no route to host", Errno::HOSTUNREACH),
    (b"no space left on device", Errno::NOSPC),
    (b"no such device", Errno::NODEV),
    (b"no such device or address", Errno::NXIO),
    (b"no such file or directory", Errno::NOENT),
    (b"no such process", Errno::SRCH),
    (b"no xenix semaphores available", Errno::NAVAIL),
    (b"not a directory", Errno::NOTDIR),
    (b"not a member of proposed group", Errno::PERM),
    (b"not a xenix named type file", Errno::NOTNAM),
    (b"not owner", Errno::ACCES),
    (b"numerical argument out of domain", Errno::DOM),
    (b"numerical result out of range", Errno::RANGE),
    (b"object is remote", Errno::REMOTE),
    (b"only owner can change group in wstat", Errno::ACCES),
    (b"only support truncation to zero length", Errno::PERM),
    (b"operation already in progress", Errno::ALREADY),
    (b"operation canceled", Errno::CANCELED),
    (b"operation not permitted", Errno::PERM),
    (b"operation not possible due to rf-kill", Errno::RFKILL),
    (b"operation not supported", Errno::OPNOTSUPP),
    (b"operation now in progress", Errno::INPROGRESS),
    (b"out of memory", Errno::NOMEM),
    (b"out of streams resources", Errno::NOSR),
    (b"owner died", Errno::OWNERDEAD),
    (b"package not installed", Errno::NOPKG),
    (b"permission denied", Errno::ACCES),
    (b"protocol botch", Errno::PROTO),
    (b"protocol driver not attached", Errno::UNATCH),
    (b"protocol error", Errno::PROTO),
    (b"protocol family not supported", Errno::PFNOSUPPORT),
    (b"protocol not available", Errno::NOPROTOOPT),
    (b"protocol not supported", Errno::PROTONOSUPPORT),
    (b"protocol wrong type for socket", Errno::PROTOTYPE),
    (b"read only file system", Errno::ROFS),
    (b"read-only file system", Errno::ROFS),
    (b"remote address changed", Errno::REMCHG),
    (b"remote i/o error", Errno::REMOTEIO),
    (b"remove prohibited", Errno::PERM),
    (b"required key not available", Errno::NOKEY),
    (b"resource deadlock avoided", Errno::DEADLK),
    (b"resource temporarily unavailable", Errno::AGAIN),
    (b"rfs specific error", Errno::DOTDOT),
    (b"root of file system is corrupted", Errno::IO),
    (b"socket operation on non-socket", Errno::NOTSOCK),
    (b"socket type not supported", Errno::SOCKTNOSUPPORT),
    (b"software caused connection abort", Errno::CONNABORTED),
    (b"srmount error", Errno::SRMNT),
    (b"stale file handle", Errno::STALE),
    (b"stat prohibited", Errno::PERM),
    (b"state not recoverable", Errno::NOTRECOVERABLE),
    (b"streams pipe error", Errno::STRPIPE),
    (b"structure needs cleaning", Errno::UCLEAN),
    (b"text file busy", Errno::TXTBSY),
    (b"timer expired", Errno::TIME),
    (b"too many levels of symbolic links", Errno::LOOP),
    (b"too many links", Errno::MLINK),
    (b"too many open files", Errno::MFILE),
    (b"too many open files in system", Errno::NFILE),
    (b"too many references: cannot splice", Errno::TOOMANYREFS),
    (b"too many users", Errno::USERS),
    (b"transport endpoint is already connected", Errno::ISCONN),
    (b"transport endpoint is not connected", Errno::NOTCONN),
    (b"unknown fid", Errno::BADF),
    (b"unknown group", Errno::INVAL),
    (b"unknown specifier in attach", Errno::INVAL),
    (b"unknown user", Errno::INVAL),
    (b"value too large for defined data type", Errno::OVERFLOW),
    (b"venti i/o error", Errno::IO),
    (b"walk in non-directory", Errno::NOTDIR),
    (b"write prohibited", Errno::PERM),
    (b"wrong medium type", Errno::MEDIUMTYPE),
    (
        b"wstat can't convert between files and directories",
        Errno::PERM,
    ),
    (b"wstat prohibited", Errno::PERM),
];

/// Finds the number for an error string, whatever the case of its letters;
/// [`Errno::SERVERFAULT`] if the string is not known.
pub fn errno_of(ename: &[u8]) -> Errno {
    let lower = || ename.iter().map(u8::to_ascii_lowercase);
    ERRORS
        .binary_search_by(|(string, _)| string.iter().copied().cmp(lower()))
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
    fn table_is_in_lower_case() {
        let upper = ERRORS
            .iter()
            .find(|(string, _)| string.iter().any(u8::is_ascii_uppercase));
        assert_eq!(upper, None);
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
            b"file exist",
            b"file existss",
            &[b'x'; 65_535],
        ] {
            assert_eq!(errno_of(string), Errno::SERVERFAULT);
        }
    }

    #[test]
    fn case_does_not_count() {
        for string in [
            &b"Permission denied"[..],
            b"permission denied",
            b"PERMISSION DENIED",
        ] {
            assert_eq!(errno_of(string), Errno::ACCES);
        }
    }

    #[test]
    fn words_of_well_known_servers_are_known() {
        for (string, errno) in [
            (&b"No such file or directory"[..], Errno::NOENT),
            (b"no such file or directory", Errno::NOENT),
            (b"file not found", Errno::NOENT),
            (b"unknown fid", Errno::BADF),
            (b"fid unknown or out of range", Errno::BADF),
            (b"directory is not empty", Errno::NOTEMPTY),
            (b"Stale file handle", Errno::STALE),
            (b"create prohibited", Errno::PERM),
        ] {
            assert_eq!(errno_of(string), errno);
        }
    }
}
