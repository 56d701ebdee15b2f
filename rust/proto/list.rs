// SPDX-License-Identifier: GPL-2.0

//! The two lists of the protocol: the names of a Twalk and the qids of its Rwalk.
//!
//! Each is a view: over values of the caller when it is to be sent, over checked bytes when it
//! was received. Nothing is allocated by a number that the peer sent.

use super::field::{
    DecodeField,
    Field, //
};
use super::types::{
    Dialect,
    Qid,
    MAXWELEM,
    QID_SIZE, //
};
use super::wire::{
    DecodeError,
    EncodeError,
    Reader,
    Writer, //
};

/// The path elements of a Twalk.
///
/// # Invariants
///
/// At most [`MAXWELEM`] elements. A wire view holds exactly `count` well-formed strings.
#[derive(Clone, Copy)]
pub struct Names<'a>(NamesRepr<'a>);

#[derive(Clone, Copy)]
enum NamesRepr<'a> {
    List(&'a [&'a [u8]]),
    Wire { count: u16, bytes: &'a [u8] },
}

impl<'a> Names<'a> {
    /// Wraps the elements of a path.
    ///
    /// # Errors
    ///
    /// - [`EncodeError::TooLong`] for more than [`MAXWELEM`] elements.
    pub const fn new(names: &'a [&'a [u8]]) -> Result<Self, EncodeError> {
        if names.len() > MAXWELEM {
            return Err(EncodeError::TooLong);
        }
        // INVARIANT: The number of elements was just checked.
        Ok(Self(NamesRepr::List(names)))
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        match self.0 {
            NamesRepr::List(names) => names.len(),
            NamesRepr::Wire { count, .. } => usize::from(count),
        }
    }

    /// Returns whether there are no elements: the walk makes a second fid for the same file.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Goes through the elements, first to last.
    pub fn iter(&self) -> NamesIter<'a> {
        NamesIter(match self.0 {
            NamesRepr::List(names) => NamesIterRepr::List(names.iter()),
            NamesRepr::Wire { bytes, .. } => NamesIterRepr::Wire(Reader::new(bytes)),
        })
    }
}

impl PartialEq for Names<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Names<'_> {}

impl core::fmt::Debug for Names<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> IntoIterator for Names<'a> {
    type Item = &'a [u8];
    type IntoIter = NamesIter<'a>;

    fn into_iter(self) -> NamesIter<'a> {
        self.iter()
    }
}

/// Goes through [`Names`].
#[derive(Clone, Debug)]
pub struct NamesIter<'a>(NamesIterRepr<'a>);

#[derive(Clone, Debug)]
enum NamesIterRepr<'a> {
    List(core::slice::Iter<'a, &'a [u8]>),
    Wire(Reader<'a>),
}

impl<'a> Iterator for NamesIter<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        match &mut self.0 {
            NamesIterRepr::List(names) => names.next().copied(),
            // By the invariants of `Names` this fails only at the end of the list.
            NamesIterRepr::Wire(reader) => reader.str_().ok(),
        }
    }
}

impl Field for Names<'_> {
    // No reply carries names.
    const ROOM: usize = 0;

    fn size(&self, dialect: Dialect) -> usize {
        self.iter()
            .fold(2, |sum: usize, name| sum.saturating_add(name.size(dialect)))
    }

    fn encode(&self, _: Dialect, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.u16(u16::try_from(self.len()).map_err(|_| EncodeError::TooLong)?)?;
        self.iter().try_for_each(|name| writer.str_(name))
    }
}

impl<'a> DecodeField<'a> for Names<'a> {
    fn decode(_: Dialect, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let count = reader.u16()?;
        if usize::from(count) > MAXWELEM {
            return Err(DecodeError::BadValue { field: "nwname" });
        }
        let mut ahead = reader.clone();
        for _ in 0..count {
            ahead.str_()?;
        }
        let len = reader.remaining().saturating_sub(ahead.remaining());
        let bytes = reader.bytes(len)?;
        // INVARIANT: `count` is within bounds, and that many strings were just taken from `bytes`.
        Ok(Self(NamesRepr::Wire { count, bytes }))
    }
}

/// The qids of an Rwalk: one for each path element that the server could walk.
///
/// # Invariants
///
/// At most [`MAXWELEM`] qids. A wire view is a whole number of [`QID_SIZE`] bytes.
#[derive(Clone, Copy)]
pub struct Qids<'a>(QidsRepr<'a>);

#[derive(Clone, Copy)]
enum QidsRepr<'a> {
    List(&'a [Qid]),
    Wire(&'a [u8]),
}

impl<'a> Qids<'a> {
    /// Wraps qids to be sent.
    ///
    /// # Errors
    ///
    /// - [`EncodeError::TooLong`] for more than [`MAXWELEM`] qids.
    pub const fn new(qids: &'a [Qid]) -> Result<Self, EncodeError> {
        if qids.len() > MAXWELEM {
            return Err(EncodeError::TooLong);
        }
        // INVARIANT: The number of qids was just checked.
        Ok(Self(QidsRepr::List(qids)))
    }

    /// Number of qids; whoever sent the Twalk compares it with the number of its names.
    pub const fn len(&self) -> usize {
        match self.0 {
            QidsRepr::List(qids) => qids.len(),
            QidsRepr::Wire(bytes) => bytes.len() / QID_SIZE,
        }
    }

    /// Returns whether there are no qids.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The qid of the last element walked.
    pub fn last(&self) -> Option<Qid> {
        self.iter().last()
    }

    /// Goes through the qids, first to last.
    pub fn iter(&self) -> QidsIter<'a> {
        QidsIter(match self.0 {
            QidsRepr::List(qids) => QidsIterRepr::List(qids.iter()),
            QidsRepr::Wire(bytes) => QidsIterRepr::Wire(Reader::new(bytes)),
        })
    }
}

impl PartialEq for Qids<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Qids<'_> {}

impl core::fmt::Debug for Qids<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> IntoIterator for Qids<'a> {
    type Item = Qid;
    type IntoIter = QidsIter<'a>;

    fn into_iter(self) -> QidsIter<'a> {
        self.iter()
    }
}

/// Goes through [`Qids`].
#[derive(Clone, Debug)]
pub struct QidsIter<'a>(QidsIterRepr<'a>);

#[derive(Clone, Debug)]
enum QidsIterRepr<'a> {
    List(core::slice::Iter<'a, Qid>),
    Wire(Reader<'a>),
}

impl Iterator for QidsIter<'_> {
    type Item = Qid;

    fn next(&mut self) -> Option<Qid> {
        match &mut self.0 {
            QidsIterRepr::List(qids) => qids.next().copied(),
            // By the invariants of `Qids` this fails only at the end of the list.
            QidsIterRepr::Wire(reader) => reader.qid().ok(),
        }
    }
}

impl Field for Qids<'_> {
    const ROOM: usize = 2 + MAXWELEM * QID_SIZE;

    fn size(&self, _dialect: Dialect) -> usize {
        // OVERFLOW: By the type invariants: `len() <= MAXWELEM`.
        2 + self.len() * QID_SIZE
    }

    fn encode(&self, _: Dialect, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.u16(u16::try_from(self.len()).map_err(|_| EncodeError::TooLong)?)?;
        self.iter().try_for_each(|qid| writer.qid(qid))
    }
}

impl<'a> DecodeField<'a> for Qids<'a> {
    fn decode(_: Dialect, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let count = usize::from(reader.u16()?);
        if count > MAXWELEM {
            return Err(DecodeError::BadValue { field: "nwqid" });
        }
        // OVERFLOW: `count <= MAXWELEM`.
        let bytes = reader.bytes(count * QID_SIZE)?;
        // INVARIANT: `count` is within bounds and `bytes` is as long as `count` qids.
        Ok(Self(QidsRepr::Wire(bytes)))
    }
}

#[cfg_attr(CONFIG_KUNIT = "y", kernel::macros::kunit_tests(p9_list))]
#[cfg(any(test, CONFIG_KUNIT = "y"))]
mod tests {
    use super::super::types::QidType;
    use super::*;

    const D: Dialect = Dialect::P2000L;

    fn qid(path: u64) -> Qid {
        Qid {
            ty: QidType::DIR,
            version: 1,
            path,
        }
    }

    #[test]
    fn names_survive_the_wire() {
        let all: [&[u8]; MAXWELEM] = [
            b"usr", b"..", b"", b"x y", b"5", b"6", b"7", b"8", b"9", b"10", b"11", b"12", b"13",
            b"14", b"15", b"16",
        ];
        for count in 0..=MAXWELEM {
            let names = Names::new(&all[..count]).unwrap();
            let mut buf = [0; 128];
            let mut writer = Writer::new(&mut buf);
            names.encode(D, &mut writer).unwrap();
            let len = writer.finish();
            assert_eq!(names.size(D), len);
            let decoded = Reader::all(&buf[..len], |r| Names::decode(D, r)).unwrap();
            assert_eq!(decoded, names);
            assert_eq!(decoded.len(), count);
            assert_eq!(decoded.is_empty(), count == 0);
            assert!(decoded.into_iter().eq(all[..count].iter().copied()));
        }
    }

    #[test]
    fn names_leave_what_follows() {
        let mut reader = Reader::new(b"\x01\0\x01\0arest");
        assert_eq!(Names::decode(D, &mut reader).unwrap().len(), 1);
        assert_eq!(reader.rest(), b"rest");
    }

    #[test]
    fn more_than_sixteen_elements_are_refused() {
        let names: [&[u8]; MAXWELEM + 1] = [b"a"; MAXWELEM + 1];
        assert_eq!(Names::new(&names), Err(EncodeError::TooLong));
        let qids = [qid(1); MAXWELEM + 1];
        assert_eq!(Qids::new(&qids), Err(EncodeError::TooLong));

        let mut many = [0; 2 + 17 * QID_SIZE];
        many[0] = 17;
        assert_eq!(
            Names::decode(D, &mut Reader::new(&many)),
            Err(DecodeError::BadValue { field: "nwname" })
        );
        assert_eq!(
            Qids::decode(D, &mut Reader::new(&many)),
            Err(DecodeError::BadValue { field: "nwqid" })
        );
        assert!(Qids::decode(D, &mut Reader::new(b"\xff\xff")).is_err());
        assert!(Names::decode(D, &mut Reader::new(b"\xff\xff")).is_err());
    }

    #[test]
    fn count_larger_than_the_list_is_refused() {
        assert_eq!(
            Names::decode(D, &mut Reader::new(b"\x02\0\x01\0a")),
            Err(DecodeError::Truncated)
        );
        let bytes = [2; 2 + 2 * QID_SIZE - 1];
        let mut short = bytes;
        short[1] = 0;
        assert_eq!(
            Qids::decode(D, &mut Reader::new(&short)),
            Err(DecodeError::Truncated)
        );
    }

    #[test]
    fn name_of_64_kib_is_refused() {
        let long: &[u8] = &[b'x'; 65_536];
        let list = [long];
        let names = Names::new(&list).unwrap();
        let mut buf = [0; 16];
        assert_eq!(
            names.encode(D, &mut Writer::new(&mut buf)),
            Err(EncodeError::TooLong)
        );
    }

    #[test]
    fn qids_survive_the_wire() {
        let mut path = u64::MAX;
        let all: [Qid; MAXWELEM] = core::array::from_fn(|_| {
            path -= 1;
            qid(path)
        });
        for count in 0..=MAXWELEM {
            let qids = Qids::new(&all[..count]).unwrap();
            let mut buf = [0; Qids::ROOM];
            let mut writer = Writer::new(&mut buf);
            qids.encode(D, &mut writer).unwrap();
            let len = writer.finish();
            assert_eq!(qids.size(D), len);
            let decoded = Reader::all(&buf[..len], |r| Qids::decode(D, r)).unwrap();
            assert_eq!(decoded, qids);
            assert_eq!(decoded.len(), count);
            assert_eq!(decoded.is_empty(), count == 0);
            assert_eq!(decoded.last(), all[..count].last().copied());
            assert!(decoded.into_iter().eq(all[..count].iter().copied()));
        }
    }
}
