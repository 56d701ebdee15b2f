// SPDX-License-Identifier: GPL-2.0

//! How one field of a message lies on the wire.
//!
//! [`Field`] and [`DecodeField`] are implemented for every type that may stand in a row of the
//! message table, so that a row needs nothing but names and types. Lists are in [`super::list`],
//! bulk data in [`super::bulk`], file records in [`super::stat`].

use super::types::{
    Dialect,
    FidNum,
    Qid,
    Tag,
    NONUNAME,
    QID_SIZE, //
};
use super::wire::{
    DecodeError,
    EncodeError,
    Reader,
    Writer, //
};

/// Room for one string of a reply, its length prefix counted.
///
/// Not smaller: a symbolic link may point to a path of `PATH_MAX` (4096) bytes. Not larger: the
/// limit is paid with each reply buffer, and no string of a legitimate reply is longer.
pub const STR_ROOM: usize = 2 + 4096;

/// A value that can be written into a message.
pub trait Field {
    /// Room for the value in a reply buffer: what a legitimate server never exceeds. Bulk data is
    /// not counted, the caller knows its size.
    const ROOM: usize;

    /// Whether every value takes [`ROOM`](Self::ROOM) bytes, in every dialect.
    const FIXED: bool = false;

    /// Number of bytes that [`Field::encode`] writes.
    fn size(&self, dialect: Dialect) -> usize;

    /// Writes the value.
    fn encode(&self, dialect: Dialect, writer: &mut Writer<'_>) -> Result<(), EncodeError>;
}

/// A value that can be taken from a message.
pub trait DecodeField<'a>: Field + Sized {
    /// Takes the value from the front of the bytes.
    fn decode(dialect: Dialect, reader: &mut Reader<'a>) -> Result<Self, DecodeError>;
}

/// Implements both traits for a type of fixed size.
macro_rules! fixed_field {
    ($($ty:ty, $size:expr, $read:ident => $wrap:expr, $write:ident($value:ident => $unwrap:expr);)*) => {$(
        impl Field for $ty {
            const ROOM: usize = $size;
            const FIXED: bool = true;

            fn size(&self, _dialect: Dialect) -> usize {
                $size
            }

            fn encode(&self, _: Dialect, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
                let $value = *self;
                writer.$write($unwrap)
            }
        }

        impl<'a> DecodeField<'a> for $ty {
            #[inline(always)]
            fn decode(_: Dialect, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
                reader.$read().map($wrap)
            }
        }
    )*};
}

fixed_field! {
    u8, 1, u8 => core::convert::identity, u8(value => value);
    u16, 2, u16 => core::convert::identity, u16(value => value);
    u32, 4, u32 => core::convert::identity, u32(value => value);
    u64, 8, u64 => core::convert::identity, u64(value => value);
    Tag, 2, u16 => Tag::new, u16(value => value.get());
    FidNum, 4, u32 => FidNum::new, u32(value => value.get());
    Qid, QID_SIZE, qid => core::convert::identity, qid(value => value);
}

impl Field for &[u8] {
    const ROOM: usize = STR_ROOM;

    fn size(&self, _dialect: Dialect) -> usize {
        self.len().saturating_add(2)
    }

    fn encode(&self, _: Dialect, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.str_(self)
    }
}

impl<'a> DecodeField<'a> for &'a [u8] {
    fn decode(_: Dialect, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        reader.str_()
    }
}

/// What a field means that the dialect leaves out.
pub trait Absent {
    /// The value that stands for "not there".
    const ABSENT: Self;
}

/// Numeric ids are unknown if they are left out.
impl Absent for u32 {
    const ABSENT: Self = NONUNAME;
}

/// Strings are empty if they are left out.
impl Absent for &[u8] {
    const ABSENT: Self = b"";
}

/// A field that 9P2000.u added and 9P2000.L kept.
///
/// In 9P2000 it takes no byte; decoding then gives [`Absent::ABSENT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DotU<T>(pub T);

impl<T: Field> Field for DotU<T> {
    const ROOM: usize = T::ROOM;

    fn size(&self, dialect: Dialect) -> usize {
        if dialect.has_numeric_ids() {
            self.0.size(dialect)
        } else {
            0
        }
    }

    fn encode(&self, dialect: Dialect, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        if dialect.has_numeric_ids() {
            self.0.encode(dialect, writer)
        } else {
            Ok(())
        }
    }
}

impl<'a, T: DecodeField<'a> + Absent> DecodeField<'a> for DotU<T> {
    fn decode(dialect: Dialect, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        if dialect.has_numeric_ids() {
            T::decode(dialect, reader).map(Self)
        } else {
            Ok(Self(T::ABSENT))
        }
    }
}

/// Longest target of a symbolic link: `PATH_MAX` without the NUL that ends it in memory.
pub const TARGET_MAX: usize = 4095;

/// The target of a symbolic link as a server tells it.
///
/// # Invariants
///
/// 1 to [`TARGET_MAX`] bytes, none of them NUL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a>(&'a [u8]);

impl<'a> Target<'a> {
    /// Checks and wraps a target; `None` if it is empty, too long or holds a NUL.
    pub fn new(target: &'a [u8]) -> Option<Self> {
        if target.is_empty() || target.len() > TARGET_MAX || target.contains(&0) {
            return None;
        }
        // INVARIANT: Everything else was just refused.
        Some(Self(target))
    }

    /// Returns the bytes of the target.
    pub const fn bytes(self) -> &'a [u8] {
        self.0
    }
}

impl Field for Target<'_> {
    const ROOM: usize = STR_ROOM;

    fn size(&self, dialect: Dialect) -> usize {
        self.0.size(dialect)
    }

    fn encode(&self, dialect: Dialect, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        self.0.encode(dialect, writer)
    }
}

impl<'a> DecodeField<'a> for Target<'a> {
    fn decode(_: Dialect, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Self::new(reader.str_()?).ok_or(DecodeError::BadValue { field: "target" })
    }
}

#[cfg_attr(CONFIG_KUNIT = "y", kernel::macros::kunit_tests(p9_field))]
#[cfg(any(test, CONFIG_KUNIT = "y"))]
mod tests {
    use super::*;

    /// Encodes and decodes `value`; returns the number of bytes it took.
    fn round_trip<'a, T>(dialect: Dialect, value: T, buf: &'a mut [u8]) -> usize
    where
        T: DecodeField<'a> + PartialEq + core::fmt::Debug,
    {
        let mut writer = Writer::new(buf);
        value.encode(dialect, &mut writer).unwrap();
        let len = writer.finish();
        assert_eq!(value.size(dialect), len);
        let decoded = Reader::all(&buf[..len], |r| T::decode(dialect, r));
        assert_eq!(decoded, Ok(value));
        len
    }

    #[test]
    fn fixed_fields_have_their_sizes() {
        let d = Dialect::P2000;
        assert_eq!(round_trip(d, 0xfe_u8, &mut [0; 32]), 1);
        assert_eq!(round_trip(d, 0xfedc_u16, &mut [0; 32]), 2);
        assert_eq!(round_trip(d, 0xfedc_ba98_u32, &mut [0; 32]), 4);
        assert_eq!(round_trip(d, 0xfedc_ba98_7654_3210_u64, &mut [0; 32]), 8);
        assert_eq!(round_trip(d, Tag::new(0xfffe), &mut [0; 32]), 2);
        assert_eq!(round_trip(d, FidNum::new(0xffff_fffe), &mut [0; 32]), 4);
    }

    #[test]
    fn added_fields_are_left_out_of_9p2000() {
        for dialect in [Dialect::P2000u, Dialect::P2000L] {
            assert_eq!(round_trip(dialect, DotU(7_u32), &mut [0; 32]), 4);
            assert_eq!(round_trip(dialect, DotU(&b"ext"[..]), &mut [0; 32]), 5);
        }
        let mut buf = [0; 8];
        let mut writer = Writer::new(&mut buf);
        DotU(7_u32).encode(Dialect::P2000, &mut writer).unwrap();
        assert_eq!(writer.finish(), 0);
        let mut reader = Reader::new(&[]);
        assert_eq!(
            DotU::<u32>::decode(Dialect::P2000, &mut reader),
            Ok(DotU(NONUNAME))
        );
        assert_eq!(
            DotU::<&[u8]>::decode(Dialect::P2000, &mut reader),
            Ok(DotU(&b""[..]))
        );
    }

    #[test]
    fn link_target_is_a_path() {
        for target in [&b"a"[..], b"/", b"../x y", &[0xff; TARGET_MAX]] {
            assert_eq!(Target::new(target).map(Target::bytes), Some(target));
        }
        for target in [&b""[..], b"\0", b"a\0b", b"a\0", &[b'a'; TARGET_MAX + 1]] {
            assert_eq!(Target::new(target), None);
        }
    }

    #[test]
    fn bad_link_target_is_refused_from_the_wire() {
        for bytes in [&b"\0\0"[..], b"\x02\0a\0"] {
            assert_eq!(
                Target::decode(Dialect::P2000L, &mut Reader::new(bytes)),
                Err(DecodeError::BadValue { field: "target" })
            );
        }
        assert_eq!(
            Target::decode(Dialect::P2000L, &mut Reader::new(b"\xff\xffabc")),
            Err(DecodeError::Truncated)
        );
    }

    const _: () = core::assert!(2 + TARGET_MAX <= STR_ROOM);
}
