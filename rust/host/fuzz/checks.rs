// SPDX-License-Identifier: GPL-2.0

//! What must hold for any input: the bodies of the fuzz targets, and of some property tests.

use p9proto::dirent::{
    next_offset,
    Dirents, //
};
use p9proto::errno::Errno;
use p9proto::frame::{
    Framer,
    Next, //
};
use p9proto::message::{
    AnyR,
    AnyT,
    Rclunk,
    Rgetattr,
    Rmessage,
    Rread,
    Rreaddir,
    Rreadlink,
    Rstat,
    Rversion,
    Rwalk, //
};
use p9proto::reply::{
    open_bulk_reply,
    open_reply,
    ReplyError, //
};
use p9proto::stat::Stat;
use p9proto::types::{
    Dialect,
    Msize,
    Tag, //
};
use p9proto::wire::{
    split_frame,
    DecodeError, //
};

const TAG: Tag = Tag::new(7);

/// Splits the first byte off as a dialect.
fn take_dialect(input: &[u8]) -> Option<(Dialect, &[u8])> {
    let (first, rest) = input.split_first()?;
    let dialect = Dialect::ALL[usize::from(*first) % Dialect::ALL.len()];
    Some((dialect, rest))
}

/// Decodes a body; if that succeeds, the value must survive being encoded and decoded again, and so
/// must what it is encoded as.
/// Returns the body as encoded.
pub fn recode(dialect: Dialect, ty: u8, body: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut buf = vec![0; body.len() + 64];
    let mut again = buf.clone();
    let len = if ty % 2 == 0 {
        let value = AnyT::decode(dialect, ty, body)?;
        let len = value.encode(dialect, TAG, &mut buf).unwrap();
        let decoded = AnyT::decode(dialect, ty, &buf[7..len]).unwrap();
        assert_eq!(decoded, value);
        assert_eq!(decoded.encode(dialect, TAG, &mut again), Ok(len));
        len
    } else {
        let value = AnyR::decode(dialect, ty, body)?;
        let len = value.encode(dialect, TAG, &mut buf).unwrap();
        let decoded = AnyR::decode(dialect, ty, &buf[7..len]).unwrap();
        assert_eq!(decoded, value);
        assert_eq!(decoded.encode(dialect, TAG, &mut again), Ok(len));
        len
    };
    assert_eq!(buf, again);
    buf.truncate(len);
    Ok(buf.split_off(7))
}

/// Input: dialect, message type, body.
pub fn check_decode(input: &[u8]) {
    let Some((dialect, input)) = take_dialect(input) else {
        return;
    };
    let Some((ty, body)) = input.split_first() else {
        return;
    };
    if let Ok(encoded) = recode(dialect, *ty, body) {
        // Nothing was left out; only the outer size of a stat record is not kept.
        assert_eq!(encoded.len(), body.len());
    }
}

/// Any error of a reply must have a number that may leave the kernel.
fn check_error(error: ReplyError) {
    let errno = Errno::from(error);
    assert!((1..512).contains(&errno.get()) || errno == Errno::SERVERFAULT);
}

fn check_open<R: Rmessage>(dialect: Dialect, frame: &[u8]) {
    if let Err(error) = open_reply::<R>(dialect, frame) {
        check_error(error);
    } else {
        assert_eq!(frame[4], R::TYPE);
    }
}

/// Input: dialect, a frame. The frame is opened as replies of every shape.
pub fn check_reply(input: &[u8]) {
    let Some((dialect, frame)) = take_dialect(input) else {
        return;
    };
    check_open::<Rclunk>(dialect, frame);
    check_open::<Rgetattr>(dialect, frame);
    check_open::<Rread<'_>>(dialect, frame);
    check_open::<Rreadlink<'_>>(dialect, frame);
    check_open::<Rstat<'_>>(dialect, frame);
    check_open::<Rversion<'_>>(dialect, frame);
    check_open::<Rwalk<'_>>(dialect, frame);
    let (head, data) = frame.split_at(frame.len().min(11));
    for asked in [0, 5, 4096, u32::MAX] {
        match open_bulk_reply::<Rreaddir<'_>>(dialect, head, data.len(), asked) {
            Ok(count) => {
                assert!(count <= asked);
                assert_eq!(usize::try_from(count), Ok(data.len()));
            }
            Err(error) => check_error(error),
        }
    }
}

/// Input: directory entries, read as those of 9P2000.L and as stat records.
pub fn check_dirents(input: &[u8]) {
    let mut total = 0;
    for entry in Dirents::new(input).flatten() {
        assert!((1..=255).contains(&entry.name.len()));
        assert!(!entry.name.contains(&0) && !entry.name.contains(&b'/'));
        total += 13 + 8 + 1 + 2 + entry.name.len();
    }
    assert!(total <= input.len());
    if let Ok(entries) = Dirents::new(input).collect::<Result<Vec<_>, _>>() {
        assert_eq!(next_offset(input), entries.last().map(|entry| entry.offset));
    }
    for dialect in Dialect::ALL {
        let mut rest = input;
        while let Ok((stat, taken)) = Stat::decode_record(dialect, rest) {
            assert_eq!(stat.record_size(dialect), taken);
            rest = &rest[taken..];
        }
    }
}

/// Cuts a stream into frames as a socket would deliver it, in pieces of the given sizes; tells
/// whether it ended between two of them.
pub fn receive(stream: &[u8], pieces: &[u8]) -> (Vec<Vec<u8>>, bool) {
    let mut framer = Framer::new(Msize::MIN);
    let (mut frames, mut frame, mut rest) = (Vec::new(), Vec::new(), stream);
    let mut pieces = pieces.iter().cycle();
    loop {
        let piece = usize::from(*pieces.next().unwrap_or(&1)).max(1);
        let count = match framer.poll_next() {
            Next::Header(room) => {
                assert!(!room.is_empty());
                let count = room.len().min(piece).min(rest.len());
                room[..count].copy_from_slice(&rest[..count]);
                count
            }
            Next::Body(range) => {
                assert!(!range.is_empty());
                assert_eq!(range.start, frame.len());
                let count = range.len().min(piece).min(rest.len());
                frame.extend_from_slice(&rest[..count]);
                count
            }
            Next::Frame(header) => {
                assert_eq!(header.len(), frame.len());
                frames.push(std::mem::take(&mut frame));
                continue;
            }
        };
        if count == 0 {
            return (frames, framer.is_between_frames());
        }
        rest = &rest[count..];
        match framer.handle_received(count) {
            Ok(None) => {}
            Ok(Some(_)) => frame.extend_from_slice(framer.header_bytes().unwrap()),
            Err(_) => return (frames, false),
        }
    }
}

/// Input: number of piece sizes, piece sizes, a byte stream.
pub fn check_frame(input: &[u8]) {
    let Some((count, rest)) = input.split_first() else {
        return;
    };
    let (pieces, stream) = rest.split_at(rest.len().min(usize::from(*count)));
    let (frames, between) = receive(stream, pieces);
    assert!(stream.starts_with(&frames.concat()));
    for frame in &frames {
        assert!(split_frame(frame).is_ok());
        assert!(frame.len() <= 4096);
    }
    // How the stream is split makes no difference.
    assert_eq!(receive(stream, &[u8::MAX]), (frames, between));
}
