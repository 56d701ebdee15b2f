// SPDX-License-Identifier: GPL-2.0

//! Directory entries of 9P2000.L: what the data of an Rreaddir is made of.
//!
//! An entry is `qid[13] offset[8] type[1] name[s]`. Names come from the peer and go to programs
//! as file names, so only what can be one is let through.

use super::types::{
    Qid,
    QID_SIZE, //
};
use super::wire::{
    DecodeError,
    EncodeError,
    Reader,
    Writer, //
};

/// Longest name of a directory entry: `NAME_MAX` of Linux.
pub const NAME_MAX: usize = 255;

/// Bytes of the longest entry.
pub const DIRENT_MAX_SIZE: usize = QID_SIZE + 8 + 1 + 2 + NAME_MAX;

/// One directory entry.
///
/// # Invariants
///
/// In a decoded entry the name is 1 to [`NAME_MAX`] bytes, none of them NUL or `/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dirent<'a> {
    /// Identity of the file.
    pub qid: Qid,
    /// Where to go on reading after this entry.
    pub offset: u64,
    /// Kind of file, as in `d_type` of Linux.
    pub ty: u8,
    /// Name of the file.
    pub name: &'a [u8],
}

impl<'a> Dirent<'a> {
    /// Takes an entry from the front of the bytes.
    fn take(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let entry = Self {
            qid: reader.qid()?,
            offset: reader.u64()?,
            ty: reader.u8()?,
            name: reader.str_()?,
        };
        if !is_name(entry.name) {
            return Err(DecodeError::BadValue { field: "name" });
        }
        // INVARIANT: Other names were just refused.
        Ok(entry)
    }

    /// Decodes the entry at the front of `bytes`; returns it with its length in bytes.
    ///
    /// # Errors
    ///
    /// - [`DecodeError::Truncated`] if the entry reaches over the end of `bytes`.
    /// - [`DecodeError::BadValue`] if the name cannot be a file name.
    pub fn decode(bytes: &'a [u8]) -> Result<(Self, usize), DecodeError> {
        let mut reader = Reader::new(bytes);
        let entry = Self::take(&mut reader)?;
        Ok((entry, bytes.len().saturating_sub(reader.remaining())))
    }

    /// Writes the entry.
    ///
    /// # Errors
    ///
    /// - [`EncodeError::NoRoom`] if it does not fit.
    /// - [`EncodeError::TooLong`] if the name does not fit its length field.
    pub fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.qid(self.qid)?;
        writer.u64(self.offset)?;
        writer.u8(self.ty)?;
        writer.str_(self.name)
    }
}

/// Returns whether the bytes can be the name of a file.
pub(super) fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.len() <= NAME_MAX && !name.iter().any(|byte| matches!(byte, 0 | b'/'))
}

/// Goes through the entries of an Rreaddir; ends after the first that is not well-formed.
#[derive(Clone, Debug)]
pub struct Dirents<'a> {
    reader: Reader<'a>,
}

impl<'a> Dirents<'a> {
    /// Starts at the first entry of `data`.
    pub const fn new(data: &'a [u8]) -> Self {
        Self {
            reader: Reader::new(data),
        }
    }
}

impl<'a> Iterator for Dirents<'a> {
    type Item = Result<Dirent<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.remaining() == 0 {
            return None;
        }
        let entry = Dirent::take(&mut self.reader);
        if entry.is_err() {
            self.reader.rest();
        }
        Some(entry)
    }
}

impl core::iter::FusedIterator for Dirents<'_> {}

/// Where reading goes on after `data`: the offset of the last entry. `None` if there is no entry, or
/// one is cut.
pub fn next_offset(data: &[u8]) -> Option<u64> {
    let mut reader = Reader::new(data);
    let mut next = None;
    while reader.remaining() > 0 {
        reader.qid().ok()?;
        next = Some(reader.u64().ok()?);
        reader.u8().ok()?;
        reader.str_().ok()?;
    }
    next
}

#[cfg_attr(CONFIG_KUNIT = "y", kernel::macros::kunit_tests(p9_dirent))]
#[cfg(any(test, CONFIG_KUNIT = "y"))]
mod tests {
    use super::super::types::QidType;
    use super::*;

    fn entry(offset: u64, name: &[u8]) -> Dirent<'_> {
        Dirent {
            qid: Qid {
                ty: QidType::FILE,
                version: 1,
                path: 2,
            },
            offset,
            ty: 8,
            name,
        }
    }

    fn encode(entries: &[Dirent<'_>], buf: &mut [u8]) -> usize {
        let mut writer = Writer::new(buf);
        for entry in entries {
            entry.encode(&mut writer).unwrap();
        }
        writer.finish()
    }

    fn check_name(name: &[u8], passes: bool) {
        let mut buf = [0; 24 + 512];
        let len = encode(&[entry(1, name)], &mut buf);
        let expected = if passes {
            Ok((entry(1, name), len))
        } else {
            Err(DecodeError::BadValue { field: "name" })
        };
        assert_eq!(Dirent::decode(&buf[..len]), expected);
    }

    #[test]
    fn file_names_pass() {
        for name in [&b"a"[..], b".", b"..", b"x y", b"\xff\n", &[b'n'; NAME_MAX]] {
            check_name(name, true);
        }
    }

    #[test]
    fn what_cannot_be_a_file_name_is_refused() {
        for name in [&b""[..], b"/", b"a/b", b"../x", b"a\0", b"\0", b"a\0b"] {
            check_name(name, false);
        }
        for len in [NAME_MAX + 1, NAME_MAX + 2, 512] {
            check_name(&[b'n'; 512][..len], false);
        }
        // Its length field is 0x6e6e.
        assert_eq!(
            Dirent::decode(&[b'n'; 24 + 0x6e6e]),
            Err(DecodeError::BadValue { field: "name" })
        );
    }

    #[test]
    fn entry_cut_at_any_byte_is_refused() {
        let mut buf = [0; 64];
        let len = encode(&[entry(1, b"name")], &mut buf);
        for cut in 0..len {
            assert_eq!(Dirent::decode(&buf[..cut]), Err(DecodeError::Truncated));
        }
        assert_eq!(Dirent::decode(&buf).unwrap().1, len);
    }

    #[test]
    fn entries_follow_each_other() {
        let entries = [entry(1, b"one"), entry(2, b"two"), entry(3, b"three")];
        let mut buf = [0; 128];
        let len = encode(&entries, &mut buf);
        assert!(Dirents::new(&buf[..len]).eq(entries.map(Ok)));
        assert_eq!(Dirents::new(&[]).next(), None);
    }

    #[test]
    fn nothing_follows_a_bad_entry() {
        let entries = [entry(1, b"one"), entry(2, b"t/o"), entry(3, b"three")];
        let mut buf = [0; 128];
        let len = encode(&entries, &mut buf);
        let mut dirents = Dirents::new(&buf[..len]);
        assert_eq!(dirents.next(), Some(Ok(entries[0])));
        assert!(matches!(dirents.next(), Some(Err(_))));
        assert_eq!(dirents.next(), None);
        assert_eq!(dirents.next(), None);
    }

    #[test]
    fn reading_goes_on_after_the_last_entry() {
        let mut buf = [0; 128];
        let len = encode(&[entry(7, b"one"), entry(3, b"t/o")], &mut buf);
        assert_eq!(next_offset(&buf[..len]), Some(3));
        assert_eq!(next_offset(&[]), None);
        for cut in 1..24 {
            assert_eq!(next_offset(&buf[..len - cut]), None);
        }
    }

    #[test]
    fn longest_entry_has_the_size_said() {
        let mut buf = [0; DIRENT_MAX_SIZE];
        assert_eq!(encode(&[entry(1, &[b'n'; NAME_MAX])], &mut buf), buf.len());
    }
}
