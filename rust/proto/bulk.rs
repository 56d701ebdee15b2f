// SPDX-License-Identifier: GPL-2.0

//! The bulk data of Rread, Rreaddir and Twrite, and the counts that guard it.
//!
//! Data may lie in the frame or, to save copying it, in memory that only the transport touches.
//! Every count from the peer is checked here: against what was asked and against what arrived.

use super::field::{
    DecodeField,
    Field, //
};
use super::types::Dialect;
use super::wire::{
    DecodeError,
    EncodeError,
    Reader,
    Writer, //
};

/// Data inside the frame of an Rread or Rreaddir: `count[4] data[count]`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Data<'a>(&'a [u8]);

impl<'a> Data<'a> {
    /// Wraps data to be sent.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Returns the data, if there is not more of it than was asked for.
    ///
    /// # Errors
    ///
    /// - [`DecodeError::BadCount`] if there is.
    pub fn within(self, asked: u32) -> Result<&'a [u8], DecodeError> {
        let count = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        check_count(count, asked)?;
        Ok(self.0)
    }

    /// Returns the data however much there is of it.
    pub const fn bytes(self) -> &'a [u8] {
        self.0
    }
}

/// Prints the length only: the data may be large, and private.
impl core::fmt::Debug for Data<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Data({} bytes)", self.0.len())
    }
}

impl Field for Data<'_> {
    const ROOM: usize = 4;

    fn size(&self, _dialect: Dialect) -> usize {
        self.0.len().saturating_add(4)
    }

    fn encode(&self, _: Dialect, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.u32(u32::try_from(self.0.len()).map_err(|_| EncodeError::TooLong)?)?;
        writer.bytes(self.0)
    }
}

impl<'a> DecodeField<'a> for Data<'a> {
    fn decode(_: Dialect, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let count = reader.u32()?;
        let limit = u32::try_from(reader.remaining()).unwrap_or(u32::MAX);
        let bad = |_| DecodeError::BadCount { count, limit };
        // CAST: a `u32` fits into a `usize` on every 64 bit machine.
        reader.bytes(count as usize).map(Self).map_err(bad)
    }
}

/// The data of a Twrite.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Payload<'a> {
    /// The data is copied into the frame. What was decoded is always of this kind.
    Inline(&'a [u8]),
    /// This many bytes follow the frame's buffer on the wire, from elsewhere.
    External(u32),
}

impl<'a> Payload<'a> {
    /// The data that lies in the frame.
    pub const fn inline(self) -> Option<&'a [u8]> {
        match self {
            Self::Inline(bytes) => Some(bytes),
            Self::External(_) => None,
        }
    }
}

/// Prints the length only: the data may be large, and private.
impl core::fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Inline(bytes) => write!(f, "Inline({} bytes)", bytes.len()),
            Self::External(len) => write!(f, "External({len} bytes)"),
        }
    }
}

impl Field for Payload<'_> {
    // No reply carries a payload.
    const ROOM: usize = 0;

    fn size(&self, dialect: Dialect) -> usize {
        match *self {
            Self::Inline(bytes) => Data(bytes).size(dialect),
            Self::External(_) => 4,
        }
    }

    fn encode(&self, dialect: Dialect, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        match *self {
            Self::Inline(bytes) => Data(bytes).encode(dialect, writer),
            Self::External(len) => {
                writer.u32(len)?;
                writer.external(len)
            }
        }
    }
}

impl<'a> DecodeField<'a> for Payload<'a> {
    fn decode(dialect: Dialect, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self::Inline(Data::decode(dialect, reader)?.0))
    }
}

/// Checks the count of an Rread, Rreaddir or Rwrite against the count of the request.
///
/// # Errors
///
/// - [`DecodeError::BadCount`] if the server claims more than was asked for.
pub const fn check_count(count: u32, asked: u32) -> Result<u32, DecodeError> {
    if count > asked {
        return Err(DecodeError::BadCount {
            count,
            limit: asked,
        });
    }
    Ok(count)
}

/// Decodes the body of an Rread or Rreaddir whose data was received elsewhere.
///
/// `body` is what stands between the frame's header and the data, `received` the number of data
/// bytes that arrived.
///
/// # Errors
///
/// - [`DecodeError::Truncated`] or [`DecodeError::TrailingData`] if `body` is not four bytes.
/// - [`DecodeError::BadCount`] if the count is larger than `asked` or not `received`.
pub fn decode_count(body: &[u8], received: usize, asked: u32) -> Result<u32, DecodeError> {
    let count = check_count(Reader::all(body, Reader::u32)?, asked)?;
    if usize::try_from(count) != Ok(received) {
        return Err(DecodeError::BadCount {
            count,
            limit: u32::try_from(received).unwrap_or(u32::MAX),
        });
    }
    Ok(count)
}

#[cfg_attr(CONFIG_KUNIT = "y", kernel::macros::kunit_tests(p9_bulk))]
#[cfg(any(test, CONFIG_KUNIT = "y"))]
mod tests {
    use super::*;

    const D: Dialect = Dialect::P2000L;

    #[test]
    fn count_larger_than_asked_is_refused() {
        for (count, asked, passes) in [
            (0, 0, true),
            (0, 4096, true),
            (4096, 4096, true),
            (1, 0, false),
            (4097, 4096, false),
            (0x8000_0000, 4096, false),
            (u32::MAX, 4096, false),
            (u32::MAX, u32::MAX, true),
        ] {
            let expected = if passes {
                Ok(count)
            } else {
                Err(DecodeError::BadCount {
                    count,
                    limit: asked,
                })
            };
            assert_eq!(check_count(count, asked), expected);
        }
    }

    #[test]
    fn count_other_than_received_is_refused() {
        let body = 100_u32.to_le_bytes();
        assert_eq!(decode_count(&body, 100, 100), Ok(100));
        assert_eq!(decode_count(&body, 100, 4096), Ok(100));
        for received in [0, 99, 101, usize::MAX] {
            assert!(matches!(
                decode_count(&body, received, 4096),
                Err(DecodeError::BadCount { count: 100, .. })
            ));
        }
        assert_eq!(
            decode_count(&body, 100, 99),
            Err(DecodeError::BadCount {
                count: 100,
                limit: 99
            })
        );
    }

    #[test]
    fn count_without_four_bytes_is_refused() {
        for len in 0..4 {
            assert_eq!(
                decode_count(&[0; 4][..len], 0, 4096),
                Err(DecodeError::Truncated)
            );
        }
        assert_eq!(
            decode_count(&[0; 5], 0, 4096),
            Err(DecodeError::TrailingData)
        );
    }

    #[test]
    fn inline_data_is_counted() {
        let decoded = Reader::all(b"\x03\0\0\0abc", |r| Data::decode(D, r)).unwrap();
        assert_eq!(decoded.bytes(), b"abc");
        assert_eq!(decoded.within(3), Ok(&b"abc"[..]));
        assert_eq!(
            decoded.within(2),
            Err(DecodeError::BadCount { count: 3, limit: 2 })
        );
        for (bytes, count, limit) in [
            (&b"\x04\0\0\0abc"[..], 4, 3),
            (b"\xff\xff\xff\xff", u32::MAX, 0),
            (b"\0\0\0\x80abc", 1 << 31, 3),
        ] {
            assert_eq!(
                Data::decode(D, &mut Reader::new(bytes)),
                Err(DecodeError::BadCount { count, limit })
            );
        }
    }

    #[test]
    fn external_payload_is_counted_but_not_written() {
        let mut buf = [0xaa; 8];
        let mut writer = Writer::new(&mut buf);
        let payload = Payload::External(0x0102_0304);
        payload.encode(D, &mut writer).unwrap();
        assert_eq!(payload.size(D), 4);
        assert_eq!(payload.inline(), None);
        assert_eq!(writer.finish(), 4);
        assert_eq!(buf, [4, 3, 2, 1, 0xaa, 0xaa, 0xaa, 0xaa]);
    }

    #[test]
    fn external_and_inline_payload_read_the_same() {
        let mut buf = [0; 16];
        let mut writer = Writer::new(&mut buf);
        Payload::External(3).encode(D, &mut writer).unwrap();
        writer.bytes(b"abc").unwrap();
        let len = writer.finish();
        let decoded = Reader::all(&buf[..len], |r| Payload::decode(D, r));
        assert_eq!(decoded, Ok(Payload::Inline(b"abc")));
    }
}
