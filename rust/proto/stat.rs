// SPDX-License-Identifier: GPL-2.0

//! The file record of 9P2000 and 9P2000.u.
//!
//! A record begins with its own size. Rstat and Twstat put a second size before it; a directory
//! is read as records one after the other. Both sizes come from the peer and are checked against
//! each other and against the bytes present. The attributes of 9P2000.L are fields of Rgetattr,
//! its directory entries are in [`super::dirent`].

use super::dirent::is_name;
use super::field::{
    DecodeField,
    DotU,
    Field,
    STR_ROOM, //
};
use super::message::Rgetattr;
use super::types::{
    Dialect,
    Qid,
    QID_SIZE, //
};
use super::wire::{
    DecodeError,
    EncodeError,
    Reader,
    Writer, //
};

/// Bytes of a record without its strings, its size field and what 9P2000.u added.
const FIXED_SIZE: usize = 2 + 4 + QID_SIZE + 4 + 4 + 4 + 8;

/// Bits of [`Rgetattr::valid`]: the times of the last access, and of the last changes of the data
/// and of the attributes; the size.
const ATIME: u64 = 0x20;
const MTIME: u64 = 0x40;
const CTIME: u64 = 0x80;
const SIZE: u64 = 0x200;

impl Rgetattr {
    /// The size of the file, if it is told.
    pub const fn known_size(&self) -> Option<u64> {
        if self.valid & SIZE == 0 {
            return None;
        }
        Some(self.size)
    }

    /// Whether the nanoseconds of each time that is told are less than a second.
    ///
    /// The kernel takes seconds off the nanoseconds of a time one by one, without a pause: a server
    /// that says 2^63 of them would keep a CPU busy for as long as it likes.
    pub const fn has_proper_times(&self) -> bool {
        const fn proper(valid: u64, bit: u64, nsec: u64) -> bool {
            valid & bit == 0 || nsec < 1_000_000_000
        }
        proper(self.valid, ATIME, self.atime_nsec)
            && proper(self.valid, MTIME, self.mtime_nsec)
            && proper(self.valid, CTIME, self.ctime_nsec)
    }
}

/// The attributes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat<'a> {
    /// For use by the server: kind of its device.
    pub ty: u16,
    /// For use by the server: number of its device.
    pub dev: u32,
    /// The file's identity.
    pub qid: Qid,
    /// Plan 9 permissions and kind.
    pub mode: u32,
    /// Last access, seconds.
    pub atime: u32,
    /// Last change, seconds.
    pub mtime: u32,
    /// Length in bytes.
    pub length: u64,
    /// Last element of the file's path.
    pub name: &'a [u8],
    /// Name of the owner.
    pub uid: &'a [u8],
    /// Name of the group.
    pub gid: &'a [u8],
    /// Name of who changed the file last.
    pub muid: &'a [u8],
    /// Target of a link, number of a device.
    pub extension: DotU<&'a [u8]>,
    /// Number of the owner.
    pub n_uid: DotU<u32>,
    /// Number of the group.
    pub n_gid: DotU<u32>,
    /// Number of who changed the file last.
    pub n_muid: DotU<u32>,
}

impl<'a> Stat<'a> {
    /// Value of the record's size field: the bytes that follow it.
    fn inner_size(&self, dialect: Dialect) -> usize {
        [
            self.name.size(dialect),
            self.uid.size(dialect),
            self.gid.size(dialect),
            self.muid.size(dialect),
            self.extension.size(dialect),
            self.n_uid.size(dialect),
            self.n_gid.size(dialect),
            self.n_muid.size(dialect),
        ]
        .into_iter()
        .fold(FIXED_SIZE, usize::saturating_add)
    }

    /// Bytes of the record as it stands in a directory, its size field counted.
    pub fn record_size(&self, dialect: Dialect) -> usize {
        self.inner_size(dialect).saturating_add(2)
    }

    /// Writes the record as it stands in a directory.
    ///
    /// # Errors
    ///
    /// - [`EncodeError::TooLong`] if the record or a string does not fit its length field.
    /// - [`EncodeError::NoRoom`] if the record does not fit.
    pub fn encode_record(
        &self,
        dialect: Dialect,
        writer: &mut Writer<'_>,
    ) -> Result<(), EncodeError> {
        let size = self.inner_size(dialect);
        writer.u16(u16::try_from(size).map_err(|_| EncodeError::TooLong)?)?;
        writer.u16(self.ty)?;
        writer.u32(self.dev)?;
        writer.qid(self.qid)?;
        writer.u32(self.mode)?;
        writer.u32(self.atime)?;
        writer.u32(self.mtime)?;
        writer.u64(self.length)?;
        writer.str_(self.name)?;
        writer.str_(self.uid)?;
        writer.str_(self.gid)?;
        writer.str_(self.muid)?;
        self.extension.encode(dialect, writer)?;
        self.n_uid.encode(dialect, writer)?;
        self.n_gid.encode(dialect, writer)?;
        self.n_muid.encode(dialect, writer)
    }

    /// Takes a record from the front of the bytes.
    fn take_record(dialect: Dialect, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let inner = reader.str_()?;
        Reader::all(inner, |r| {
            Ok(Self {
                ty: r.u16()?,
                dev: r.u32()?,
                qid: r.qid()?,
                mode: r.u32()?,
                atime: r.u32()?,
                mtime: r.u32()?,
                length: r.u64()?,
                name: r.str_()?,
                uid: r.str_()?,
                gid: r.str_()?,
                muid: r.str_()?,
                extension: DotU::decode(dialect, r)?,
                n_uid: DotU::decode(dialect, r)?,
                n_gid: DotU::decode(dialect, r)?,
                n_muid: DotU::decode(dialect, r)?,
            })
        })
    }

    /// Decodes the record at the front of a directory's data; returns it with its length in bytes.
    ///
    /// # Errors
    ///
    /// - [`DecodeError::Truncated`] if the record reaches over the end of `bytes`, or a value over
    ///   the end of the record.
    /// - [`DecodeError::TrailingData`] if the record is longer than its values.
    /// - [`DecodeError::BadValue`] if its name cannot be a file name.
    pub fn decode_record(dialect: Dialect, bytes: &'a [u8]) -> Result<(Self, usize), DecodeError> {
        let mut reader = Reader::new(bytes);
        let stat = Self::take_record(dialect, &mut reader)?;
        if !is_name(stat.name) {
            return Err(DecodeError::BadValue { field: "name" });
        }
        Ok((stat, bytes.len().saturating_sub(reader.remaining())))
    }
}

/// The form of Rstat and Twstat: the record's length, then the record.
impl Field for Stat<'_> {
    // Of the strings only one can be long: the extension holds the target of a link.
    const ROOM: usize = 2 + 2 + FIXED_SIZE + 4 * (2 + 256) + STR_ROOM + 3 * 4;

    fn size(&self, dialect: Dialect) -> usize {
        self.record_size(dialect).saturating_add(2)
    }

    fn encode(&self, dialect: Dialect, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        let size = self.record_size(dialect);
        writer.u16(u16::try_from(size).map_err(|_| EncodeError::TooLong)?)?;
        self.encode_record(dialect, writer)
    }
}

impl<'a> DecodeField<'a> for Stat<'a> {
    fn decode(dialect: Dialect, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let outer = reader.u16()?;
        let before = reader.remaining();
        let stat = Self::take_record(dialect, reader)?;
        let taken = before.saturating_sub(reader.remaining());
        // QEMU leaves the outer size at 0; the inner one is right.
        if outer != 0 && usize::from(outer) != taken {
            return Err(DecodeError::BadSize {
                size: u32::from(outer),
            });
        }
        Ok(stat)
    }
}

#[cfg_attr(CONFIG_KUNIT = "y", kernel::macros::kunit_tests(p9_stat))]
#[cfg(any(test, CONFIG_KUNIT = "y"))]
mod tests {
    use super::super::message::Message;
    use super::super::types::{
        QidType,
        NONUNAME, //
    };
    use super::*;

    #[test]
    fn nanoseconds_of_times_that_are_told_are_less_than_a_second() {
        let second = 1_000_000_000;
        for (valid, nsec, passes) in [
            (ATIME | MTIME | CTIME, [0; 3], true),
            (ATIME | MTIME | CTIME, [second - 1; 3], true),
            (ATIME, [second, 0, 0], false),
            (MTIME, [0, second, 0], false),
            (CTIME, [0, 0, second], false),
            (CTIME, [0, 0, 1 << 63], false),
            (CTIME, [u64::MAX, u64::MAX, 0], true),
            (0, [u64::MAX; 3], true),
        ] {
            let mut attr = Rgetattr::decode(Dialect::P2000L, &[0; 153]).unwrap();
            attr.valid = valid;
            [attr.atime_nsec, attr.mtime_nsec, attr.ctime_nsec] = nsec;
            assert_eq!(attr.has_proper_times(), passes);
        }
    }

    fn sample(dialect: Dialect) -> Stat<'static> {
        let dotu = dialect.has_numeric_ids();
        let id = |id| DotU(if dotu { id } else { NONUNAME });
        Stat {
            ty: 1,
            dev: 2,
            qid: Qid {
                ty: QidType::SYMLINK,
                version: 3,
                path: 4,
            },
            mode: 5,
            atime: 6,
            mtime: 7,
            length: 8,
            name: b"name",
            uid: b"glenda",
            gid: b"",
            muid: b"rob",
            extension: DotU(if dotu { b"target" } else { b"" }),
            n_uid: id(9),
            n_gid: id(10),
            n_muid: id(11),
        }
    }

    /// Encodes as in an Rstat; returns the number of bytes.
    fn encode(dialect: Dialect, stat: &Stat<'_>, buf: &mut [u8]) -> usize {
        let mut writer = Writer::new(buf);
        stat.encode(dialect, &mut writer).unwrap();
        writer.finish()
    }

    fn decode(dialect: Dialect, bytes: &[u8]) -> Result<Stat<'_>, DecodeError> {
        Reader::all(bytes, |r| Stat::decode(dialect, r))
    }

    #[test]
    fn fixed_part_is_39_bytes() {
        assert_eq!(FIXED_SIZE, 39);
    }

    #[test]
    fn both_sizes_are_written() {
        for dialect in [Dialect::P2000, Dialect::P2000u] {
            let mut buf = [0; 256];
            let len = encode(dialect, &sample(dialect), &mut buf);
            assert_eq!(sample(dialect).size(dialect), len);
            assert_eq!(sample(dialect).record_size(dialect), len - 2);
            let size = |at: usize| usize::from(u16::from_le_bytes([buf[at], buf[at + 1]]));
            assert_eq!(size(0), len - 2);
            assert_eq!(size(2), len - 4);
            assert_eq!(decode(dialect, &buf[..len]), Ok(sample(dialect)));
        }
    }

    #[test]
    fn outer_size_of_zero_is_taken() {
        let mut buf = [0; 256];
        let len = encode(Dialect::P2000u, &sample(Dialect::P2000u), &mut buf);
        buf[..2].fill(0);
        assert_eq!(
            decode(Dialect::P2000u, &buf[..len]),
            Ok(sample(Dialect::P2000u))
        );
    }

    #[test]
    fn sizes_that_differ_are_refused() {
        let dialect = Dialect::P2000u;
        let mut good = [0; 256];
        let len = encode(dialect, &sample(dialect), &mut good);
        for at in [0, 2] {
            let right = u16::from_le_bytes([good[at], good[at + 1]]);
            for wrong in [1, 2, 38, right - 1, right + 1, 0x7fff, 0x8000, 0xffff] {
                let mut bad = good;
                bad[at..at + 2].copy_from_slice(&wrong.to_le_bytes());
                assert!(decode(dialect, &bad[..len]).is_err());
                // Neither may the bytes after the record help it.
                assert!(decode(dialect, &bad).is_err());
            }
        }
    }

    #[test]
    fn string_over_the_end_of_the_record_is_refused() {
        let dialect = Dialect::P2000;
        let mut buf = [0; 256];
        let len = encode(dialect, &sample(dialect), &mut buf);
        // The last string is `muid`: its length field stands before its 3 bytes.
        for wrong in [4_u16, 5, 0xffff] {
            buf[len - 5..len - 3].copy_from_slice(&wrong.to_le_bytes());
            let (record, _) = buf[2..].split_at(200);
            assert_eq!(
                Stat::decode_record(dialect, record),
                Err(DecodeError::Truncated)
            );
        }
        buf[len - 5..len - 3].copy_from_slice(&2_u16.to_le_bytes());
        assert_eq!(
            Stat::decode_record(dialect, &buf[2..]),
            Err(DecodeError::TrailingData)
        );
    }

    #[test]
    fn records_of_a_directory_follow_each_other() {
        let dialect = Dialect::P2000;
        let first = sample(dialect);
        let second = Stat {
            name: b"second",
            ..first
        };
        let mut buf = [0; 256];
        let mut writer = Writer::new(&mut buf);
        first.encode_record(dialect, &mut writer).unwrap();
        second.encode_record(dialect, &mut writer).unwrap();
        let len = writer.finish();

        let (stat, taken) = Stat::decode_record(dialect, &buf[..len]).unwrap();
        assert_eq!(stat, first);
        assert_eq!(taken, first.record_size(dialect));
        let rest = &buf[taken..len];
        assert_eq!(Stat::decode_record(dialect, rest), Ok((second, rest.len())));
        for cut in 0..rest.len() {
            assert_eq!(
                Stat::decode_record(dialect, &rest[..cut]),
                Err(DecodeError::Truncated)
            );
        }
    }

    #[test]
    fn record_of_a_directory_has_a_file_name() {
        let dialect = Dialect::P2000u;
        let long = [b'n'; 256];
        for name in [&b""[..], b"/", b"a/b", b"a\0b", &long] {
            let mut buf = [0; 512];
            let mut writer = Writer::new(&mut buf);
            let stat = Stat {
                name,
                ..sample(dialect)
            };
            stat.encode_record(dialect, &mut writer).unwrap();
            let len = writer.finish();
            assert_eq!(
                Stat::decode_record(dialect, &buf[..len]),
                Err(DecodeError::BadValue { field: "name" })
            );
        }
    }

    #[test]
    fn record_of_64_kib_is_refused() {
        let long: &[u8] = &[b'x'; 65_535];
        let stat = Stat {
            name: long,
            ..sample(Dialect::P2000)
        };
        let mut buf = [0; 128];
        assert_eq!(
            stat.encode(Dialect::P2000, &mut Writer::new(&mut buf)),
            Err(EncodeError::TooLong)
        );
    }
}
