// SPDX-License-Identifier: GPL-2.0

//! Opening a received frame as the reply to a request.
//!
//! A frame is either the one reply that the request may have, or the error reply of the dialect,
//! or a violation of the protocol. Which request a frame belongs to is found by its tag, not
//! here.

use super::bulk::decode_count;
use super::errno::Errno;
use super::errstr::errno_of;
use super::message::{
    Message,
    Rbulk,
    Rerror,
    Rlerror,
    Rmessage, //
};
use super::types::Dialect;
use super::wire::{
    check_header,
    split_frame,
    DecodeError,
    HEADER_SIZE, //
};

/// Why a frame is not the reply that was hoped for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyError {
    /// The server says that the request failed.
    Server(Errno),
    /// The server says that the request failed, with 0 for the reason.
    NoReason,
    /// The frame is not well-formed, or not a reply to this request.
    Decode(DecodeError),
}

impl From<DecodeError> for ReplyError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<DecodeError> for Errno {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::BadCount { .. } | DecodeError::BadValue { .. } => Self::IO,
            DecodeError::Truncated
            | DecodeError::TrailingData
            | DecodeError::BadSize { .. }
            | DecodeError::BadType { .. } => Self::PROTO,
        }
    }
}

impl From<ReplyError> for Errno {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::Server(errno) => errno,
            ReplyError::NoReason => Self::PROTO,
            ReplyError::Decode(error) => error.into(),
        }
    }
}

/// Opens a whole frame as the reply `R`.
///
/// # Errors
///
/// - [`ReplyError::Server`] if the server reports an error.
/// - [`ReplyError::NoReason`] if it reports the error 0 (9P2000.L).
/// - [`ReplyError::Decode`] if the frame is of another type or not well-formed.
#[inline]
pub fn open_reply<R: Rmessage>(dialect: Dialect, frame: &[u8]) -> Result<R::Value<'_>, ReplyError> {
    let (header, body) = split_frame(frame)?;
    check_type::<R>(dialect, header.ty, body)?;
    Ok(R::decode(dialect, body)?)
}

/// Opens the part before the data of a reply `R` whose data was received elsewhere; returns the
/// number of data bytes.
///
/// `head` holds the first bytes of the frame: up to the data, or all of it if it is an error.
/// `received` is the number of bytes that arrived elsewhere, `asked` the count of the request.
///
/// # Errors
///
/// - [`ReplyError::Decode`] with [`DecodeError::BadCount`] if the count is larger than `asked` or
///   not `received`.
///
/// Others as for [`open_reply`].
pub fn open_bulk_reply<R: Rbulk>(
    dialect: Dialect,
    head: &[u8],
    received: usize,
    asked: u32,
) -> Result<u32, ReplyError> {
    let total = head.len().saturating_add(received);
    let header = check_header(head, total, total)?;
    let (_, body) = head
        .split_at_checked(HEADER_SIZE)
        .ok_or(DecodeError::Truncated)?;
    check_type::<R>(dialect, header.ty, body)?;
    Ok(decode_count(body, received, asked)?)
}

/// Passes the type of `R`; turns the error reply of the dialect into its error.
fn check_type<R: Rmessage>(dialect: Dialect, ty: u8, body: &[u8]) -> Result<(), ReplyError> {
    if ty == R::TYPE {
        return Ok(());
    }
    if is_error(dialect, ty) {
        return Err(server_error(dialect, body));
    }
    Err(DecodeError::BadType { found: ty }.into())
}

/// Returns whether `ty` is an error reply of the dialect.
///
/// NFS-Ganesha answers in 9P2000.L with the type of an Rerror and the body of an Rlerror.
pub fn is_error(dialect: Dialect, ty: u8) -> bool {
    match dialect {
        Dialect::P2000L => ty == Rlerror::TYPE || ty == Rerror::TYPE,
        Dialect::P2000 | Dialect::P2000u => ty == Rerror::TYPE,
    }
}

/// The error that `frame` carries, if it is an error reply.
pub fn error_in(dialect: Dialect, frame: &[u8]) -> Option<Errno> {
    let (header, body) = split_frame(frame).ok()?;
    is_error(dialect, header.ty).then(|| server_error(dialect, body).into())
}

/// Reads the body of the error reply of the dialect.
fn server_error(dialect: Dialect, body: &[u8]) -> ReplyError {
    let error = match dialect {
        Dialect::P2000L => Rlerror::decode(dialect, body).map(errno_of_ecode),
        Dialect::P2000 | Dialect::P2000u => {
            Rerror::decode(dialect, body).map(|error| Ok(errno_of_rerror(error)))
        }
    };
    match error {
        Ok(Ok(errno)) => ReplyError::Server(errno),
        Ok(Err(error)) => error,
        Err(error) => error.into(),
    }
}

/// The number of an Rlerror. 0 would read as success and is refused, numbers that are no errors
/// outside of a kernel become [`Errno::IO`].
fn errno_of_ecode(error: Rlerror) -> Result<Errno, ReplyError> {
    if error.ecode == 0 {
        return Err(ReplyError::NoReason);
    }
    Ok(Errno::new(error.ecode).unwrap_or(Errno::IO))
}

/// The number of an Rerror: the one it carries (9P2000.u), else the one its string stands for.
fn errno_of_rerror(error: Rerror<'_>) -> Errno {
    Errno::new(error.errno.0).unwrap_or_else(|| errno_of(error.ename))
}

#[cfg_attr(CONFIG_KUNIT = "y", kernel::macros::kunit_tests(p9_reply))]
#[cfg(any(test, CONFIG_KUNIT = "y"))]
mod tests {
    use super::super::bulk::Data;
    use super::super::field::DotU;
    use super::super::message::{
        encode_frame,
        Rclunk,
        Rread,
        Rwalk,
        Rwrite, //
    };
    use super::super::types::Tag;
    use super::*;

    /// A frame in a buffer of its own.
    struct Frame {
        buf: [u8; 256],
        len: usize,
    }

    impl Frame {
        fn new<M: Message>(dialect: Dialect, message: &M) -> Self {
            let mut buf = [0; 256];
            let len = encode_frame(&mut buf, Tag::new(1), message, dialect).unwrap();
            Self { buf, len }
        }

        fn bytes(&self) -> &[u8] {
            &self.buf[..self.len]
        }
    }

    fn check_ecode(ecode: u32, expected: ReplyError, errno: Errno) {
        let frame = Frame::new(Dialect::P2000L, &Rlerror { ecode });
        let error = open_reply::<Rclunk>(Dialect::P2000L, frame.bytes()).unwrap_err();
        assert_eq!(error, expected);
        assert_eq!(Errno::from(error), errno);
    }

    fn check_rerror(dialect: Dialect, ename: &[u8], errno: u32, expected: Errno) {
        let message = Rerror {
            ename,
            errno: DotU(errno),
        };
        let frame = Frame::new(dialect, &message);
        let error = open_reply::<Rclunk>(dialect, frame.bytes()).unwrap_err();
        assert_eq!(error, ReplyError::Server(expected));
    }

    #[test]
    fn the_one_reply_is_opened() {
        let frame = Frame::new(Dialect::P2000L, &Rwrite { count: 5 });
        assert_eq!(
            open_reply::<Rwrite>(Dialect::P2000L, frame.bytes()),
            Ok(Rwrite { count: 5 })
        );
    }

    #[test]
    fn other_replies_are_refused() {
        let frame = Frame::new(Dialect::P2000L, &Rclunk {});
        let error = open_reply::<Rwalk<'_>>(Dialect::P2000L, frame.bytes()).unwrap_err();
        assert_eq!(
            error,
            ReplyError::Decode(DecodeError::BadType { found: 121 })
        );
        assert_eq!(Errno::from(error), Errno::PROTO);
    }

    #[test]
    fn error_reply_of_another_dialect_is_refused() {
        let rlerror = Frame::new(Dialect::P2000L, &Rlerror { ecode: 2 });
        for dialect in [Dialect::P2000, Dialect::P2000u] {
            assert_eq!(
                open_reply::<Rclunk>(dialect, rlerror.bytes()),
                Err(DecodeError::BadType { found: 7 }.into())
            );
        }
        let message = Rerror {
            ename: b"file not found",
            errno: DotU(2),
        };
        let rerror = Frame::new(Dialect::P2000u, &message);
        assert_eq!(
            open_reply::<Rclunk>(Dialect::P2000L, rerror.bytes()),
            Err(DecodeError::TrailingData.into())
        );
    }

    #[test]
    fn number_under_the_type_of_an_rerror_is_an_rlerror() {
        let mut frame = Frame::new(Dialect::P2000L, &Rlerror { ecode: 2 });
        frame.buf[4] = Rerror::TYPE;
        assert_eq!(
            open_reply::<Rclunk>(Dialect::P2000L, frame.bytes()),
            Err(ReplyError::Server(Errno::new(2).unwrap()))
        );
        assert_eq!(error_in(Dialect::P2000L, frame.bytes()), Errno::new(2));
    }

    #[test]
    fn ecode_zero_is_no_success() {
        check_ecode(0, ReplyError::NoReason, Errno::PROTO);
    }

    #[test]
    fn ecode_of_the_kernel_itself_becomes_io() {
        for ecode in [512, 516, 527, 4095, 4096, 1 << 31, u32::MAX, u32::MAX - 4] {
            check_ecode(ecode, ReplyError::Server(Errno::IO), Errno::IO);
        }
    }

    #[test]
    fn ordinary_ecode_is_taken() {
        check_ecode(1, ReplyError::Server(Errno::PERM), Errno::PERM);
        check_ecode(2, ReplyError::Server(Errno::NOENT), Errno::NOENT);
        check_ecode(
            511,
            ReplyError::Server(Errno::new(511).unwrap()),
            Errno::new(511).unwrap(),
        );
    }

    #[test]
    fn number_of_rerror_goes_before_its_string() {
        check_rerror(Dialect::P2000u, b"permission denied", 2, Errno::NOENT);
        check_rerror(Dialect::P2000u, b"never heard of", 2, Errno::NOENT);
    }

    #[test]
    fn rerror_without_usable_number_is_mapped_by_name() {
        for errno in [0, 512, 4095, 1 << 31, u32::MAX] {
            check_rerror(Dialect::P2000u, b"permission denied", errno, Errno::ACCES);
            check_rerror(Dialect::P2000u, b"what?", errno, Errno::SERVERFAULT);
        }
        check_rerror(Dialect::P2000, b"file does not exist", 1, Errno::NOENT);
        check_rerror(Dialect::P2000, b"", 1, Errno::SERVERFAULT);
        check_rerror(Dialect::P2000, b"\0\0", 1, Errno::SERVERFAULT);
    }

    #[test]
    fn malformed_error_reply_is_refused() {
        let frame = Frame::new(Dialect::P2000L, &Rlerror { ecode: 2 });
        let mut buf = [0; 16];
        for len in [7_u8, 8, 10, 12] {
            buf[..11].copy_from_slice(frame.bytes());
            buf[0] = len;
            let error = open_reply::<Rclunk>(Dialect::P2000L, &buf[..usize::from(len)]);
            assert!(matches!(error, Err(ReplyError::Decode(_))));
        }
    }

    #[test]
    fn size_field_other_than_the_frame_is_refused() {
        let mut frame = Frame::new(Dialect::P2000L, &Rwrite { count: 5 });
        for size in [0, 6, 7, 10, 12, 255] {
            frame.buf[0] = size;
            assert_eq!(
                open_reply::<Rwrite>(Dialect::P2000L, frame.bytes()),
                Err(DecodeError::BadSize {
                    size: u32::from(size)
                }
                .into())
            );
        }
    }

    #[test]
    fn trailing_bytes_are_refused() {
        let mut frame = Frame::new(Dialect::P2000L, &Rclunk {});
        frame.len += 1;
        frame.buf[0] += 1;
        assert_eq!(
            open_reply::<Rclunk>(Dialect::P2000L, frame.bytes()),
            Err(DecodeError::TrailingData.into())
        );
    }

    fn open_rread(frame: &Frame, split: usize, asked: u32) -> Result<u32, ReplyError> {
        let (head, data) = frame.bytes().split_at(split);
        open_bulk_reply::<Rread<'_>>(Dialect::P2000L, head, data.len(), asked)
    }

    #[test]
    fn data_elsewhere_is_counted() {
        let message = Rread {
            data: Data::new(b"abcdef"),
        };
        let frame = Frame::new(Dialect::P2000L, &message);
        assert_eq!(open_rread(&frame, 11, 6), Ok(6));
        assert_eq!(open_rread(&frame, 11, 4096), Ok(6));
        assert_eq!(
            open_rread(&frame, 11, 5),
            Err(DecodeError::BadCount { count: 6, limit: 5 }.into())
        );
        // A split at another place is not what the reply looks like.
        assert!(open_rread(&frame, 10, 6).is_err());
        assert!(open_rread(&frame, 12, 6).is_err());
    }

    #[test]
    fn count_of_data_elsewhere_cannot_lie() {
        let message = Rread {
            data: Data::new(b"abcdef"),
        };
        for count in [0, 5, 7, 4096, 0x8000_0000, u32::MAX] {
            let mut frame = Frame::new(Dialect::P2000L, &message);
            frame.buf[7..11].copy_from_slice(&count.to_le_bytes());
            let error = open_rread(&frame, 11, 4096).unwrap_err();
            assert_eq!(Errno::from(error), Errno::IO);
        }
    }

    #[test]
    fn error_instead_of_data_is_seen() {
        let frame = Frame::new(Dialect::P2000L, &Rlerror { ecode: 5 });
        assert_eq!(
            open_rread(&frame, 11, 4096),
            Err(ReplyError::Server(Errno::IO))
        );
    }
}
