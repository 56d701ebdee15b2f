// SPDX-License-Identifier: GPL-2.0

//! Bytes in, bytes out: bounds, byte order and length prefixes.
//!
//! [`Reader`] takes values from the front of a received slice, [`Writer`] puts them into a buffer
//! of fixed size; neither can leave its slice and neither allocates. What the values mean is not
//! known here.
//!
//! A frame is
//!
//! ```text
//! size[4] type[1] tag[2] body[size - 7]
//! ```
//!
//! with all integers little-endian and `size` counting itself. A string is `len[2] bytes[len]`,
//! without a final NUL.

use super::types::{
    Qid,
    QidType,
    Tag, //
};

/// Bytes of a frame header: `size[4] type[1] tag[2]`.
pub const HEADER_SIZE: usize = 4 + 1 + 2;

/// Bytes before the data in Rread and Rreaddir: the header and `count[4]`.
pub const READ_HEADER_SIZE: usize = HEADER_SIZE + 4;

/// Bytes before the data in Twrite: the header, `fid[4]`, `offset[8]` and `count[4]`.
pub const WRITE_HEADER_SIZE: usize = HEADER_SIZE + 4 + 8 + 4;

/// What to take off `msize` to get the largest count of one read, write or readdir.
///
/// Not smaller: [`WRITE_HEADER_SIZE`] must fit. Not larger: servers derive their `iounit` from this
/// same 24, and each byte more would cost every transfer one byte.
pub const IOHDR_SIZE: u32 = 24;

const _: () = assert!(WRITE_HEADER_SIZE < 24 && READ_HEADER_SIZE < 24 && IOHDR_SIZE == 24);

/// Why received bytes are not what the protocol says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes end inside a value.
    Truncated,
    /// Bytes are left over after the last value.
    TrailingData,
    /// A size field is below its minimum, above its limit or differs from what was received.
    BadSize {
        /// What the size field says.
        size: u32,
    },
    /// The message is of a type that cannot stand here.
    BadType {
        /// The type found.
        found: u8,
    },
    /// More data than was asked for, or not as much as announced.
    BadCount {
        /// The count in the reply.
        count: u32,
        /// The largest count allowed.
        limit: u32,
    },
    /// A value is well-formed but not allowed.
    BadValue {
        /// Name of the field.
        field: &'static str,
    },
}

/// Why a message cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// The buffer is full.
    NoRoom,
    /// A string, list or frame is longer than its length field can say.
    TooLong,
}

/// Takes values from the front of received bytes.
///
/// After an error the reader must not be used further: how much was taken is not specified.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Runs `decode` over `bytes` and refuses what it leaves.
    ///
    /// # Errors
    ///
    /// - [`DecodeError::TrailingData`] if bytes are left.
    ///
    /// Errors of `decode` are propagated as-is.
    #[inline]
    pub fn all<T>(
        bytes: &'a [u8],
        decode: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let mut reader = Self::new(bytes);
        let value = decode(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }

    /// Takes the next `N` bytes.
    ///
    /// Inlined, as the integers are: a message is mostly integers, and a call for each costs more
    /// than the bounds check and the load. A reference, since a copy of the bytes in a [`Result`] is
    /// put together again byte by byte.
    #[inline(always)]
    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], DecodeError> {
        let (head, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(head)
    }

    /// Takes an 8-bit integer.
    #[inline(always)]
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array().map(|bytes| u8::from_le_bytes(*bytes))
    }

    /// Takes a 16-bit integer.
    #[inline(always)]
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(|bytes| u16::from_le_bytes(*bytes))
    }

    /// Takes a 32-bit integer.
    #[inline(always)]
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(|bytes| u32::from_le_bytes(*bytes))
    }

    /// Takes a 64-bit integer.
    #[inline(always)]
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(|bytes| u64::from_le_bytes(*bytes))
    }

    /// Takes `len` bytes.
    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (head, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(head)
    }

    /// Takes a string: 16-bit length, then that many bytes.
    pub fn str_(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.u16()?;
        self.bytes(usize::from(len))
    }

    /// Takes a qid.
    #[inline]
    pub fn qid(&mut self) -> Result<Qid, DecodeError> {
        Ok(Qid {
            ty: QidType::new(self.u8()?),
            version: self.u32()?,
            path: self.u64()?,
        })
    }

    /// Takes everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.rest)
    }

    /// Number of bytes not taken yet.
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// - [`DecodeError::TrailingData`] if bytes are left.
    pub fn finish(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::TrailingData)
        }
    }
}

/// Puts values into a buffer of fixed size.
///
/// After an error the buffer holds a part of the message and must not be sent.
#[derive(Debug)]
pub struct Writer<'a> {
    buf: &'a mut [u8],
    len: usize,
    external: u32,
}

impl<'a> Writer<'a> {
    /// Starts at the first byte of `buf`.
    pub fn new(buf: &'a mut [u8]) -> Self {
        Self {
            buf,
            len: 0,
            external: 0,
        }
    }

    /// Puts bytes as they are.
    ///
    /// # Errors
    ///
    /// - [`EncodeError::NoRoom`] if they do not fit; nothing was written then.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        let end = self
            .len
            .checked_add(bytes.len())
            .ok_or(EncodeError::NoRoom)?;
        let room = self.buf.get_mut(self.len..end).ok_or(EncodeError::NoRoom)?;
        // PANIC: `room` is `end - self.len == bytes.len()` bytes long.
        room.copy_from_slice(bytes);
        self.len = end;
        Ok(())
    }

    /// Puts an 8-bit integer.
    pub fn u8(&mut self, value: u8) -> Result<(), EncodeError> {
        self.bytes(&value.to_le_bytes())
    }

    /// Puts a 16-bit integer.
    pub fn u16(&mut self, value: u16) -> Result<(), EncodeError> {
        self.bytes(&value.to_le_bytes())
    }

    /// Puts a 32-bit integer.
    pub fn u32(&mut self, value: u32) -> Result<(), EncodeError> {
        self.bytes(&value.to_le_bytes())
    }

    /// Puts a 64-bit integer.
    pub fn u64(&mut self, value: u64) -> Result<(), EncodeError> {
        self.bytes(&value.to_le_bytes())
    }

    /// Puts a string: 16-bit length, then the bytes.
    ///
    /// # Errors
    ///
    /// - [`EncodeError::TooLong`] if the string is longer than 65,535 bytes.
    /// - [`EncodeError::NoRoom`] if it does not fit.
    pub fn str_(&mut self, string: &[u8]) -> Result<(), EncodeError> {
        let len = u16::try_from(string.len()).map_err(|_| EncodeError::TooLong)?;
        self.u16(len)?;
        self.bytes(string)
    }

    /// Puts a qid.
    pub fn qid(&mut self, qid: Qid) -> Result<(), EncodeError> {
        self.u8(qid.ty.get())?;
        self.u32(qid.version)?;
        self.u64(qid.path)
    }

    /// Counts `len` bytes that belong to the frame but are kept and sent from elsewhere.
    ///
    /// # Errors
    ///
    /// - [`EncodeError::TooLong`] if the sum does not fit a size field.
    pub fn external(&mut self, len: u32) -> Result<(), EncodeError> {
        self.external = self.external.checked_add(len).ok_or(EncodeError::TooLong)?;
        Ok(())
    }

    /// Number of bytes written so far.
    pub const fn written(&self) -> usize {
        self.len
    }

    /// Ends the writing; returns the number of bytes in the buffer.
    pub const fn finish(self) -> usize {
        self.len
    }

    /// Ends the writing of a frame: sets its first four bytes to the frame's size, external bytes
    /// counted. Returns the number of bytes in the buffer, external bytes not counted.
    ///
    /// # Errors
    ///
    /// - [`EncodeError::NoRoom`] if no room was made for the size field.
    /// - [`EncodeError::TooLong`] if the frame is longer than a size field can say.
    pub fn finish_frame(self) -> Result<usize, EncodeError> {
        let size = u32::try_from(self.len)
            .ok()
            .and_then(|len| len.checked_add(self.external))
            .ok_or(EncodeError::TooLong)?;
        let written = self.buf.get_mut(..self.len).ok_or(EncodeError::NoRoom)?;
        let field = written.first_chunk_mut::<4>().ok_or(EncodeError::NoRoom)?;
        *field = size.to_le_bytes();
        Ok(self.len)
    }
}

/// The first seven bytes of a frame.
///
/// # Invariants
///
/// `size >= HEADER_SIZE` in a header that was decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes of the frame, this header counted.
    pub size: u32,
    /// Type of the message.
    pub ty: u8,
    /// Ties the reply to its request.
    pub tag: Tag,
}

impl Header {
    /// Decodes the header at the front of `frame`; what follows it is not looked at.
    ///
    /// # Errors
    ///
    /// - [`DecodeError::Truncated`] if `frame` is shorter than a header.
    /// - [`DecodeError::BadSize`] if the size field does not even cover the header.
    #[inline]
    pub fn decode(frame: &[u8]) -> Result<Self, DecodeError> {
        let [s0, s1, s2, s3, ty, t0, t1] = *frame
            .first_chunk::<HEADER_SIZE>()
            .ok_or(DecodeError::Truncated)?;
        let header = Self {
            size: u32::from_le_bytes([s0, s1, s2, s3]),
            ty,
            tag: Tag::new(u16::from_le_bytes([t0, t1])),
        };
        if header.len() < HEADER_SIZE {
            return Err(DecodeError::BadSize { size: header.size });
        }
        // INVARIANT: A smaller size was just refused.
        Ok(header)
    }

    /// Writes the header.
    pub fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.u32(self.size)?;
        writer.u8(self.ty)?;
        writer.u16(self.tag.get())
    }

    /// The size as a `usize`, or `usize::MAX` where that is narrower: a frame that cannot exist
    /// in memory.
    pub fn len(&self) -> usize {
        usize::try_from(self.size).unwrap_or(usize::MAX)
    }

    /// Returns whether the frame has no body.
    pub fn is_empty(&self) -> bool {
        self.len() == HEADER_SIZE
    }
}

/// Decodes and checks the header of a frame of which `received` bytes have come, into a buffer
/// that could hold `capacity` bytes.
///
/// `frame` needs to reach over the header only; the rest may be kept elsewhere.
///
/// # Errors
///
/// - [`DecodeError::Truncated`] if `frame` is shorter than a header.
/// - [`DecodeError::BadSize`] if the size field is below 7, above `capacity` or not `received`.
#[inline]
pub fn check_header(frame: &[u8], received: usize, capacity: usize) -> Result<Header, DecodeError> {
    let header = Header::decode(frame)?;
    if header.len() != received || header.len() > capacity {
        return Err(DecodeError::BadSize { size: header.size });
    }
    Ok(header)
}

/// Splits a whole frame into its header and its body.
///
/// # Errors
///
/// - [`DecodeError::Truncated`] if `frame` is shorter than a header.
/// - [`DecodeError::BadSize`] if the size field is not the length of `frame`.
#[inline]
pub fn split_frame(frame: &[u8]) -> Result<(Header, &[u8]), DecodeError> {
    let header = check_header(frame, frame.len(), frame.len())?;
    let (_, body) = frame
        .split_at_checked(HEADER_SIZE)
        .ok_or(DecodeError::Truncated)?;
    Ok((header, body))
}

#[cfg_attr(CONFIG_KUNIT = "y", kernel::macros::kunit_tests(p9_wire))]
#[cfg(any(test, CONFIG_KUNIT = "y"))]
mod tests {
    use super::*;

    #[test]
    fn integers_are_little_endian() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.u8(), Ok(0x01));
        assert_eq!(reader.u16(), Ok(0x0302));
        assert_eq!(reader.u32(), Ok(0x0706_0504));
        assert_eq!(reader.u64(), Ok(0x0f0e_0d0c_0b0a_0908));
        assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn what_is_written_is_read() {
        let qid = Qid {
            ty: QidType::DIR,
            version: 0x8000_0001,
            path: u64::MAX,
        };
        let mut buf = [0; 64];
        let mut writer = Writer::new(&mut buf);
        writer.u8(0xff).unwrap();
        writer.u16(0xfffe).unwrap();
        writer.u32(0xffff_fffd).unwrap();
        writer.u64(0xffff_ffff_ffff_fffc).unwrap();
        writer.str_(b"name").unwrap();
        writer.qid(qid).unwrap();
        writer.bytes(b"rest").unwrap();
        let len = writer.finish();

        let mut reader = Reader::new(&buf[..len]);
        assert_eq!(reader.u8(), Ok(0xff));
        assert_eq!(reader.u16(), Ok(0xfffe));
        assert_eq!(reader.u32(), Ok(0xffff_fffd));
        assert_eq!(reader.u64(), Ok(0xffff_ffff_ffff_fffc));
        assert_eq!(reader.str_(), Ok(&b"name"[..]));
        assert_eq!(reader.qid(), Ok(qid));
        assert_eq!(reader.remaining(), 4);
        assert_eq!(reader.rest(), b"rest");
        assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn reading_over_the_end_is_refused() {
        let bytes = [0xff; QID_END];
        for len in 0..QID_END {
            let reader = Reader::new(&bytes[..len]);
            assert_eq!(reader.clone().u8().is_ok(), len >= 1);
            assert_eq!(reader.clone().u16().is_ok(), len >= 2);
            assert_eq!(reader.clone().u32().is_ok(), len >= 4);
            assert_eq!(reader.clone().u64().is_ok(), len >= 8);
            assert_eq!(reader.clone().qid().is_ok(), len >= 13);
            assert_eq!(reader.clone().str_(), Err(DecodeError::Truncated));
            assert_eq!(reader.clone().bytes(len + 1), Err(DecodeError::Truncated));
            assert_eq!(
                reader.clone().bytes(usize::MAX),
                Err(DecodeError::Truncated)
            );
        }
    }

    const QID_END: usize = 13 + 1;

    #[test]
    fn trailing_bytes_are_refused() {
        assert_eq!(Reader::all(&[1], Reader::u8), Ok(1));
        assert_eq!(
            Reader::all(&[1, 0], Reader::u8),
            Err(DecodeError::TrailingData)
        );
        assert_eq!(Reader::all(&[], Reader::u8), Err(DecodeError::Truncated));
    }

    #[test]
    fn writing_over_the_end_is_refused() {
        let mut buf = [0; 3];
        let mut writer = Writer::new(&mut buf);
        assert_eq!(writer.u32(1), Err(EncodeError::NoRoom));
        assert_eq!(writer.written(), 0);
        assert_eq!(writer.u16(1), Ok(()));
        assert_eq!(writer.u16(1), Err(EncodeError::NoRoom));
        assert_eq!(writer.u8(2), Ok(()));
        assert_eq!(writer.bytes(b""), Ok(()));
        assert_eq!(writer.u8(3), Err(EncodeError::NoRoom));
        assert_eq!(writer.finish(), 3);
        assert_eq!(buf, [1, 0, 2]);
    }

    #[test]
    fn strings_end_at_65535_bytes() {
        let string: &[u8] = &[b'x'; 65_536];
        let (longest, _) = string.split_at(65_535);
        let mut buf = [0; 2];
        let mut writer = Writer::new(&mut buf);
        assert_eq!(writer.str_(string), Err(EncodeError::TooLong));
        assert_eq!(writer.written(), 0);
        // Here the length fits its field, only the buffer is too small.
        assert_eq!(writer.str_(longest), Err(EncodeError::NoRoom));
        assert_eq!(buf, [0xff, 0xff]);
    }

    #[test]
    fn frame_size_counts_external_bytes() {
        let mut buf = [0; 16];
        let mut writer = Writer::new(&mut buf);
        let header = Header {
            size: 0,
            ty: 118,
            tag: Tag::new(0x0201),
        };
        header.encode(&mut writer).unwrap();
        writer.external(0x0001_0000).unwrap();
        assert_eq!(writer.finish_frame(), Ok(7));
        assert_eq!(buf[..7], [7, 0, 1, 0, 118, 1, 2]);
    }

    #[test]
    fn frames_end_at_4_gib() {
        let mut buf = [0; 8];
        let mut writer = Writer::new(&mut buf);
        writer.u64(0).unwrap();
        writer.external(u32::MAX - 8).unwrap();
        assert_eq!(writer.finish_frame(), Ok(8));
        assert_eq!(buf, [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

        let mut writer = Writer::new(&mut buf);
        writer.u64(0).unwrap();
        writer.external(u32::MAX - 7).unwrap();
        assert_eq!(writer.external(8), Err(EncodeError::TooLong));
        assert_eq!(writer.finish_frame(), Err(EncodeError::TooLong));
    }

    #[test]
    fn frame_without_size_field_is_refused() {
        let mut buf = [0; 8];
        let mut writer = Writer::new(&mut buf);
        writer.u16(0).unwrap();
        assert_eq!(writer.finish_frame(), Err(EncodeError::NoRoom));
    }

    struct SizeCase {
        size: u32,
        received: usize,
        capacity: usize,
        passes: bool,
    }

    fn check_size(case: SizeCase) {
        let mut frame = [0; HEADER_SIZE];
        let header = Header {
            size: case.size,
            ty: 121,
            tag: Tag::new(9),
        };
        header.encode(&mut Writer::new(&mut frame)).unwrap();
        let expected = if case.passes {
            Ok(header)
        } else {
            Err(DecodeError::BadSize { size: case.size })
        };
        assert_eq!(check_header(&frame, case.received, case.capacity), expected);
    }

    #[test]
    fn size_field_is_checked() {
        for (size, received, capacity, passes) in [
            (0, 7, 4096, false),
            (6, 6, 4096, false),
            (6, 7, 4096, false),
            (7, 7, 4096, true),
            (7, 7, 7, true),
            (7, 8, 4096, false),
            (8, 7, 4096, false),
            (4096, 4096, 4096, true),
            (4097, 4097, 4096, false),
            (u32::MAX, 7, 4096, false),
        ] {
            check_size(SizeCase {
                size,
                received,
                capacity,
                passes,
            });
        }
    }

    #[test]
    fn short_header_is_refused() {
        let frame = [7, 0, 0, 0, 121, 9, 0];
        for len in 0..HEADER_SIZE {
            assert_eq!(Header::decode(&frame[..len]), Err(DecodeError::Truncated));
            assert_eq!(split_frame(&frame[..len]), Err(DecodeError::Truncated));
        }
        let (header, body) = split_frame(&frame).unwrap();
        assert_eq!((header.size, header.ty, header.tag.get()), (7, 121, 9));
        assert!(header.is_empty());
        assert!(body.is_empty());
    }
}
