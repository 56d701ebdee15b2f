// SPDX-License-Identifier: GPL-2.0

//! Cutting a byte stream into frames.
//!
//! [`Framer`] says where the next bytes of the stream belong and is told how many came. It keeps
//! nothing but the header: the body goes right to where the owner of the frame wants it. Who
//! that owner is, is found by the tag, not here.

use core::ops::Range;

use super::types::{
    Msize,
    Tag, //
};
use super::wire::{
    DecodeError,
    Header,
    HEADER_SIZE, //
};

/// Where the next bytes of the stream belong.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// Into this part of the header.
    Header(&'a mut [u8]),
    /// Into this part of the frame, which begins with its header.
    Body(Range<usize>),
    /// Nowhere: the frame with this header is complete. Said once for each frame.
    Frame(Header),
}

/// Follows a byte stream from frame to frame.
///
/// [`Framer::poll_next`] says where to put bytes, [`Framer::handle_received`] is told how many were
/// put there. After an error the stream is lost: where the next frame begins is not known.
///
/// # Invariants
///
/// `have <= HEADER_SIZE` without a header, `HEADER_SIZE <= have <= header.len() <= msize` with one.
#[derive(Clone, Debug)]
pub struct Framer {
    bytes: [u8; HEADER_SIZE],
    header: Option<Header>,
    have: usize,
    msize: Msize,
}

impl Framer {
    /// Starts before the first frame; none may be larger than `msize`.
    pub const fn new(msize: Msize) -> Self {
        // INVARIANT: Nothing was received.
        Self {
            bytes: [0; HEADER_SIZE],
            header: None,
            have: 0,
            msize,
        }
    }

    /// Changes the limit for the frames whose header has not come yet.
    pub fn set_msize(&mut self, msize: Msize) {
        self.msize = msize;
    }

    /// The bytes of the current frame's header, once they are complete.
    pub fn header_bytes(&self) -> Option<&[u8; HEADER_SIZE]> {
        self.header.map(|_| &self.bytes)
    }

    /// Returns whether the stream may end here: no frame has begun.
    pub const fn is_between_frames(&self) -> bool {
        self.have == 0
    }

    /// Says where the next bytes belong.
    pub fn poll_next(&mut self) -> Next<'_> {
        match self.header {
            // By the type invariants there is such a part.
            None => Next::Header(self.bytes.get_mut(self.have..).unwrap_or_default()),
            Some(header) if self.have < header.len() => Next::Body(self.have..header.len()),
            Some(header) => {
                // INVARIANT: The next frame has not begun.
                self.header = None;
                self.have = 0;
                Next::Frame(header)
            }
        }
    }

    /// Takes notice that `count` bytes were put where [`Framer::poll_next`] said. Returns the header
    /// when this has completed it; the frame then goes to the owner of the header's tag.
    ///
    /// # Errors
    ///
    /// - [`DecodeError::BadSize`] if the header's size is below 7 or above the limit.
    /// - [`DecodeError::TrailingData`] if `count` is more than there was room for.
    pub fn handle_received(&mut self, count: usize) -> Result<Option<Header>, DecodeError> {
        let end = self.header.map_or(HEADER_SIZE, |header| header.len());
        let have = self
            .have
            .checked_add(count)
            .filter(|have| *have <= end)
            .ok_or(DecodeError::TrailingData)?;
        // INVARIANT: `have <= end`, as just checked.
        self.have = have;
        if self.header.is_some() || have < HEADER_SIZE {
            return Ok(None);
        }
        let header = Header::decode(&self.bytes)?;
        if header.size > self.msize.get() {
            return Err(DecodeError::BadSize { size: header.size });
        }
        // INVARIANT: `have == HEADER_SIZE <= header.len() <= msize`, as just checked.
        self.header = Some(header);
        Ok(Some(header))
    }

    /// The tag of the frame whose body is being received.
    pub fn tag(&self) -> Option<Tag> {
        self.header.map(|header| header.tag)
    }
}

#[cfg_attr(CONFIG_KUNIT = "y", kernel::macros::kunit_tests(p9_frame))]
#[cfg(any(test, CONFIG_KUNIT = "y"))]
mod tests {
    use super::*;

    /// Three frames: one without a body, one with 5 bytes, one with 1 byte.
    const STREAM: [u8; 27] = [
        7, 0, 0, 0, 121, 1, 0, //
        12, 0, 0, 0, 117, 2, 0, 1, 2, 3, 4, 5, //
        8, 0, 0, 0, 53, 3, 0, 9,
    ];

    /// What came out of the stream.
    #[derive(Default)]
    struct Log {
        headers: [u16; 3],
        begun: usize,
        complete: usize,
        body_sum: u32,
    }

    /// Sends `stream` in pieces of at most `piece` bytes, as a socket would.
    fn receive(stream: &[u8], piece: usize) -> Result<Log, DecodeError> {
        let mut framer = Framer::new(Msize::MIN);
        let mut frame = [0; 16];
        let mut rest = stream;
        let mut log = Log::default();
        loop {
            let count = match framer.poll_next() {
                Next::Header(room) => {
                    let count = room.len().min(piece).min(rest.len());
                    room[..count].copy_from_slice(&rest[..count]);
                    count
                }
                Next::Body(range) => {
                    let count = range.len().min(piece).min(rest.len());
                    frame[range][..count].copy_from_slice(&rest[..count]);
                    count
                }
                Next::Frame(header) => {
                    log.complete += 1;
                    log.body_sum += frame[7..header.len()]
                        .iter()
                        .copied()
                        .map(u32::from)
                        .sum::<u32>();
                    continue;
                }
            };
            if count == 0 {
                assert!(framer.is_between_frames());
                return Ok(log);
            }
            rest = &rest[count..];
            if let Some(header) = framer.handle_received(count)? {
                assert_eq!(framer.tag(), Some(header.tag));
                frame[..7].copy_from_slice(framer.header_bytes().unwrap());
                log.headers[log.begun] = header.tag.get();
                log.begun += 1;
            }
        }
    }

    #[test]
    fn stream_may_be_split_at_every_byte() {
        for piece in 1..=STREAM.len() {
            let log = receive(&STREAM, piece).unwrap();
            assert_eq!(log.headers, [1, 2, 3]);
            assert_eq!(log.complete, 3);
            assert_eq!(log.body_sum, 24);
        }
    }

    fn check_header_size(size: u32, passes: bool) {
        let mut framer = Framer::new(Msize::MIN);
        let Next::Header(room) = framer.poll_next() else {
            panic!("a stream begins with a header");
        };
        room.fill(0);
        room[..4].copy_from_slice(&size.to_le_bytes());
        let header = framer.handle_received(HEADER_SIZE);
        if passes {
            assert_eq!(header.unwrap().unwrap().size, size);
        } else {
            assert_eq!(header, Err(DecodeError::BadSize { size }));
        }
    }

    #[test]
    fn size_outside_of_its_bounds_ends_the_stream() {
        for size in [0, 1, 6, 4097, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
            check_header_size(size, false);
        }
        for size in [7, 8, 4095, 4096] {
            check_header_size(size, true);
        }
    }

    #[test]
    fn limit_may_rise_between_frames() {
        let mut framer = Framer::new(Msize::MIN);
        framer.set_msize(Msize::new(8192).unwrap());
        let Next::Header(room) = framer.poll_next() else {
            panic!("a stream begins with a header");
        };
        room[..4].copy_from_slice(&8192_u32.to_le_bytes());
        assert!(framer.handle_received(HEADER_SIZE).unwrap().is_some());
        assert_eq!(framer.poll_next(), Next::Body(7..8192));
    }

    #[test]
    fn more_than_there_was_room_for_is_refused() {
        let mut framer = Framer::new(Msize::MIN);
        assert_eq!(
            framer.handle_received(HEADER_SIZE + 1),
            Err(DecodeError::TrailingData)
        );
        assert_eq!(
            framer.handle_received(usize::MAX),
            Err(DecodeError::TrailingData)
        );
        assert_eq!(framer.handle_received(3), Ok(None));
        assert_eq!(framer.handle_received(5), Err(DecodeError::TrailingData));
    }

    #[test]
    fn end_inside_of_a_frame_is_seen() {
        let mut framer = Framer::new(Msize::MIN);
        assert!(framer.is_between_frames());
        framer.handle_received(1).unwrap();
        assert!(!framer.is_between_frames());
        assert_eq!(framer.header_bytes(), None);
        assert_eq!(framer.tag(), None);
    }
}
