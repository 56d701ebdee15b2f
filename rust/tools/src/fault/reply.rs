// SPDX-License-Identifier: GPL-2.0

//! Replies, and what can be wrong with them.

use super::mutate::set_size;
use crate::net::End;
use p9proto::{
    field::DotU,
    message::{
        encode_frame,
        frame_size,
        Message,
        Rerror,
        Rlerror, //
    },
    types::{
        Dialect,
        Tag, //
    },
    wire::HEADER_SIZE,
};
use std::io;

/// Why a request fails: a Linux error number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub u32);

impl From<io::Error> for Errno {
    fn from(err: io::Error) -> Self {
        let errno = err.raw_os_error().unwrap_or(libc::EIO);
        Self(errno.unsigned_abs())
    }
}

impl From<rustix::io::Errno> for Errno {
    fn from(err: rustix::io::Errno) -> Self {
        Self(err.raw_os_error().unsigned_abs())
    }
}

/// An error number of the C library's header files.
pub(crate) const fn errno(number: i32) -> Errno {
    Errno(number.unsigned_abs())
}

/// The result of a request.
pub type Result<T> = std::result::Result<T, Errno>;

/// Encodes a reply that is the same in all dialects.
///
/// # Errors
///
/// `EMSGSIZE` if a string does not fit its length field.
pub fn encode<M: Message>(tag: Tag, message: &M) -> Result<Vec<u8>> {
    encode_for(Dialect::P2000L, tag, message)
}

/// Encodes a reply.
///
/// # Errors
///
/// `EMSGSIZE` if a string does not fit its length field.
pub fn encode_for<M: Message>(dialect: Dialect, tag: Tag, message: &M) -> Result<Vec<u8>> {
    let mut frame = vec![0; frame_size(message, dialect)];
    encode_frame(&mut frame, tag, message, dialect).map_err(|_| errno(libc::EMSGSIZE))?;
    Ok(frame)
}

/// Encodes an error reply, with the C library's words for the error where words are wanted.
pub fn error(dialect: Dialect, tag: Tag, Errno(ecode): Errno) -> Vec<u8> {
    let frame = if dialect.is_dotl() {
        encode(tag, &Rlerror { ecode })
    } else {
        let number = i32::try_from(ecode).unwrap_or(libc::EIO);
        let text = io::Error::from_raw_os_error(number).to_string();
        let words = text
            .split_once(" (os error")
            .map_or(&*text, |(words, _)| words);
        let reply = Rerror {
            ename: words.as_bytes(),
            errno: DotU(ecode),
        };
        encode_for(dialect, tag, &reply)
    };
    frame.unwrap_or_default()
}

/// What can be wrong with a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `mute`: it waits for an order, although the request was carried out.
    Mute,
    /// `drop`: it is never sent.
    Drop,
    /// `dup`: it is sent twice.
    Dup,
    /// `swap`: it is sent after the one that follows it.
    Swap,
    /// `split`: each byte is sent by itself.
    Split,
    /// `close`, `half`, `abort`: the connection is closed instead, or only this direction of it, or
    /// it breaks.
    Close(End),
    /// `early`, only for Tflush: it is answered while its request goes on.
    Early,
    /// `wait`, only for Tflush: it is answered after its request, as QEMU does.
    Wait,
    /// `size:N`, `type:N`, `tag:N`, `count:N`: a field of the reply is N; `count` is the first four
    /// bytes of the body. The bytes stay as many as they are.
    Field(Field, u32),
    /// `body:HEX`, `body:TYPE:HEX`: the body is this, with a size that fits, and the type.
    Body(Option<u8>, Vec<u8>),
    /// `trail:N`: N zero bytes follow the body, with a size that fits.
    Trail(usize),
    /// `cut:N`: it ends after N bytes, with a size that fits.
    Cut(usize),
    /// `part:N`: N bytes are sent, and no more before an order.
    Part(usize),
}

/// A field of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Bytes in the frame.
    Size,
    /// Kind of message.
    Type,
    /// Tag of the request.
    Tag,
    /// First four bytes of the body.
    Count,
}

impl Fault {
    /// Reads the name of a fault.
    pub fn parse(word: &str) -> Option<Self> {
        let (name, value) = word.split_once(':').unwrap_or((word, ""));
        let field = |field| Some(Self::Field(field, value.parse().ok()?));
        match name {
            "size" => return field(Field::Size),
            "type" => return field(Field::Type),
            "tag" => return field(Field::Tag),
            "count" => return field(Field::Count),
            "body" => {
                let (ty, body) = match value.split_once(':') {
                    Some((ty, body)) => (Some(ty.parse().ok()?), body),
                    None => (None, value),
                };
                return Some(Self::Body(ty, parse_hex(body)?));
            }
            "trail" => return value.parse().ok().map(Self::Trail),
            "cut" => return value.parse().ok().map(Self::Cut),
            "part" => return value.parse().ok().map(Self::Part),
            _ => {}
        }
        match word {
            "mute" => Some(Self::Mute),
            "drop" => Some(Self::Drop),
            "dup" => Some(Self::Dup),
            "swap" => Some(Self::Swap),
            "split" => Some(Self::Split),
            "early" => Some(Self::Early),
            "wait" => Some(Self::Wait),
            word => word.parse().ok().map(Self::Close),
        }
    }

    /// Makes the fault in a reply, if it is one of its bytes.
    pub fn apply(&self, frame: &mut Vec<u8>) {
        match self {
            Self::Field(field, value) => {
                let value = value.to_le_bytes();
                let (place, bytes) = match field {
                    Field::Size => (0..4, &value[..]),
                    Field::Type => (4..5, &value[..1]),
                    Field::Tag => (5..7, &value[..2]),
                    Field::Count => (7..11, &value[..]),
                };
                if let Some(place) = frame.get_mut(place) {
                    place.copy_from_slice(bytes);
                }
            }
            Self::Body(ty, body) => {
                if let (Some(ty), Some(place)) = (ty, frame.get_mut(4)) {
                    *place = *ty;
                }
                frame.truncate(HEADER_SIZE);
                frame.extend_from_slice(body);
                set_size(frame);
            }
            Self::Trail(count) => {
                frame.resize(frame.len() + count, 0);
                set_size(frame);
            }
            Self::Cut(count) => {
                frame.truncate(*count);
                set_size(frame);
            }
            _ => {}
        }
    }
}

fn parse_hex(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    let bytes = digits.chunks_exact(2);
    bytes.remainder().is_empty().then_some(())?;
    bytes
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use p9proto::message::Rwrite;

    fn forged(word: &str) -> Vec<u8> {
        let mut frame = encode(Tag::new(1), &Rwrite { count: 2 }).unwrap();
        Fault::parse(word).unwrap().apply(&mut frame);
        frame
    }

    #[test]
    fn faults_change_what_they_name() {
        for (word, want) in [
            ("split", &[11, 0, 0, 0, 119, 1, 0, 2, 0, 0, 0][..]),
            (
                "count:4294967295",
                &[11, 0, 0, 0, 119, 1, 0, 255, 255, 255, 255],
            ),
            ("size:258", &[2, 1, 0, 0, 119, 1, 0, 2, 0, 0, 0]),
            ("type:7", &[11, 0, 0, 0, 7, 1, 0, 2, 0, 0, 0]),
            ("tag:65535", &[11, 0, 0, 0, 119, 255, 255, 2, 0, 0, 0]),
            ("body:0a0B", &[9, 0, 0, 0, 119, 1, 0, 10, 11]),
            ("body:7:", &[7, 0, 0, 0, 7, 1, 0]),
            ("trail:1", &[12, 0, 0, 0, 119, 1, 0, 2, 0, 0, 0, 0]),
            ("cut:8", &[8, 0, 0, 0, 119, 1, 0, 2]),
        ] {
            assert_eq!(forged(word), want, "{word}");
        }
    }

    #[test]
    fn errors_are_words_in_the_older_dialects() {
        let error = |dialect| error(dialect, Tag::new(1), errno(libc::ENOENT));
        let words = b"No such file or directory";
        assert_eq!(error(Dialect::P2000L), [11, 0, 0, 0, 7, 1, 0, 2, 0, 0, 0]);
        assert_eq!(error(Dialect::P2000)[9..], words[..]);
        assert_eq!(
            error(Dialect::P2000u)[9..],
            [&words[..], &[2, 0, 0, 0]].concat()
        );
    }

    #[test]
    fn unknown_faults_are_refused() {
        for word in [
            "",
            "nothing",
            "cut:",
            "body:0",
            "body:xy",
            "body:256:",
            "body:7",
            "tag:-1",
            "mute:1",
        ] {
            assert_eq!(Fault::parse(word), None, "{word}");
        }
    }
}
