// SPDX-License-Identifier: GPL-2.0

//! Messages: what a request and its reply are, and the macro that reads the table of them.
//!
//! The table itself, one row for each request with its reply, is in `table.rs`. A row becomes two
//! structs with their fields in wire order, the type numbers, the sizes and both directions of
//! coding; a request names its reply as a type, so that no other reply can be decoded for it.

#[cfg(any(test, CONFIG_KUNIT = "y"))]
mod layouts;
mod table;
#[cfg(any(test, CONFIG_KUNIT = "y"))]
mod tests;

use super::field::{
    DecodeField,
    Field, //
};
use super::types::{
    Dialect,
    Tag, //
};
use super::wire::{
    DecodeError,
    EncodeError,
    Header,
    Reader,
    Writer, //
};

pub use self::table::*;

/// A message of either direction.
pub trait Message {
    /// Type number on the wire.
    const TYPE: u8;
    /// Name in the manual pages.
    const NAME: &'static str;
    /// Room for the body in a reply buffer: what a legitimate server never exceeds. The data of
    /// Rread and Rreaddir is not counted.
    const ROOM: usize;

    /// The message as decoded from bytes that live for `'a`.
    type Value<'a>: Message + Copy + PartialEq + core::fmt::Debug;

    /// Bytes of the body in the buffer; data sent from elsewhere is not counted.
    fn encoded_size(&self, dialect: Dialect) -> usize;

    /// Writes the body.
    ///
    /// # Errors
    ///
    /// - [`EncodeError::NoRoom`] if it does not fit.
    /// - [`EncodeError::TooLong`] if a string, list or count does not fit its length field.
    fn encode(&self, dialect: Dialect, writer: &mut Writer<'_>) -> Result<(), EncodeError>;

    /// Decodes a whole body.
    ///
    /// # Errors
    ///
    /// - [`DecodeError::TrailingData`] if bytes are left after the last field.
    /// - [`DecodeError::Truncated`], [`DecodeError::BadValue`] or [`DecodeError::BadSize`] as the
    ///   fields say.
    fn decode(dialect: Dialect, body: &[u8]) -> Result<Self::Value<'_>, DecodeError>;
}

/// A request.
pub trait Tmessage: Message {
    /// The reply that a server gives if it does not fail.
    type Reply: Rmessage;

    /// Room for the body of any reply to this request, an error included. The data of Rread and
    /// Rreaddir is not counted: whoever asked for it knows its size.
    fn reply_size(&self, dialect: Dialect) -> usize {
        Self::Reply::ROOM.max(error_room(dialect))
    }
}

/// A reply.
pub trait Rmessage: Message {}

/// A reply that is a count and that many bytes of data.
pub trait Rbulk: Rmessage {}

impl Rbulk for Rread<'_> {}
impl Rbulk for Rreaddir<'_> {}

/// Room for the body of an error reply.
///
/// A frame with an error string is given 1 KiB. Not less: servers put whole paths into the string,
/// and a reply that does not fit ends the connection. Not more: it is paid with each request.
pub const fn error_room(dialect: Dialect) -> usize {
    match dialect {
        Dialect::P2000L => Rlerror::ROOM,
        Dialect::P2000 | Dialect::P2000u => 1024 - super::wire::HEADER_SIZE,
    }
}

/// Writes a request or reply as a whole frame; returns the number of bytes in `buf`.
///
/// A [`super::bulk::Payload::External`] is counted in the size field, but not in what is returned.
///
/// # Errors
///
/// - [`EncodeError::NoRoom`] if `buf` is too small.
/// - [`EncodeError::TooLong`] if a string, list or the frame does not fit its length field.
pub fn encode_frame<M: Message>(
    buf: &mut [u8],
    tag: Tag,
    message: &M,
    dialect: Dialect,
) -> Result<usize, EncodeError> {
    let mut writer = Writer::new(buf);
    let header = Header {
        size: 0,
        ty: M::TYPE,
        tag,
    };
    header.encode(&mut writer)?;
    message.encode(dialect, &mut writer)?;
    writer.finish_frame()
}

/// Bytes of the whole frame in the buffer: header and body, external data not counted.
pub fn frame_size<M: Message>(message: &M, dialect: Dialect) -> usize {
    message
        .encoded_size(dialect)
        .saturating_add(super::wire::HEADER_SIZE)
}

/// The name of a message type, for logs.
pub fn message_name(ty: u8) -> Option<&'static str> {
    NAMES
        .iter()
        .find(|(number, _)| *number == ty)
        .map(|(_, name)| *name)
}

/// The type of a message with its lifetime, if it has one, replaced.
macro_rules! with_lifetime {
    ($new:lifetime, $name:ident) => { $name };
    ($new:lifetime, $name:ident $old:lifetime) => { $name<$new> };
}

/// Expands one message into its struct and its [`Message`] implementation.
macro_rules! message {
    (
        $(#[$doc:meta])*
        $name:ident $(<$life:lifetime>)? = $number:literal {
            $($(#[$field_doc:meta])* $field:ident: $ty:ty,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name $(<$life>)? {
            $($(#[$field_doc])* pub $field: $ty,)*
        }

        impl $(<$life>)? Message for $name $(<$life>)? {
            const TYPE: u8 = $number;
            const NAME: &'static str = stringify!($name);
            const ROOM: usize = 0 $(+ <$ty as Field>::ROOM)*;

            type Value<'v> = with_lifetime!('v, $name $($life)?);

            fn encoded_size(&self, _dialect: Dialect) -> usize {
                0_usize $(.saturating_add(self.$field.size(_dialect)))*
            }

            // Inlined, as `decode` is: so a client has no code for what only servers do.
            #[inline]
            fn encode(
                &self,
                _dialect: Dialect,
                _writer: &mut Writer<'_>,
            ) -> Result<(), EncodeError> {
                $(self.$field.encode(_dialect, _writer)?;)*
                Ok(())
            }

            #[inline]
            fn decode(_dialect: Dialect, body: &[u8]) -> Result<Self::Value<'_>, DecodeError> {
                // With the length known here no field is checked again.
                if true $(&& <$ty as Field>::FIXED)* && body.len() != Self::ROOM {
                    return Err(if body.len() < Self::ROOM {
                        DecodeError::Truncated
                    } else {
                        DecodeError::TrailingData
                    });
                }
                Reader::all(body, |_reader| {
                    Ok($name { $($field: DecodeField::decode(_dialect, _reader)?,)* })
                })
            }
        }
    };
}

/// Reads the table: first the replies that answer any request, then requests with their replies.
macro_rules! messages {
    (
        errors {$(
            $(#[$error_doc:meta])*
            $error:ident $(<$error_life:lifetime>)? = $error_number:literal $error_fields:tt
        )*}
        requests {$(
            $(#[$tdoc:meta])*
            $t:ident $(<$tlife:lifetime>)? = $tnumber:literal $tfields:tt
                => $(#[$rdoc:meta])*
                $r:ident $(<$rlife:lifetime>)? = $rnumber:literal $rfields:tt
        )*}
    ) => {
        $(
            message! {
                $(#[$error_doc])*
                $error $(<$error_life>)? = $error_number $error_fields
            }

            impl $(<$error_life>)? Rmessage for $error $(<$error_life>)? {}
        )*

        $(
            message! {
                $(#[$tdoc])*
                $t $(<$tlife>)? = $tnumber $tfields
            }

            message! {
                #[doc = concat!("Answers [`", stringify!($t), "`].")]
                ///
                $(#[$rdoc])*
                $r $(<$rlife>)? = $rnumber $rfields
            }

            impl $(<$tlife>)? Tmessage for $t $(<$tlife>)? {
                type Reply = with_lifetime!('static, $r $($rlife)?);
            }

            impl $(<$rlife>)? Rmessage for $r $(<$rlife>)? {}

            const _: () = assert!($tnumber + 1 == $rnumber);
        )*

        /// Type number and name of every message, in the order of the table.
        pub const NAMES: &[(u8, &str)] = &[
            $(($error_number, stringify!($error)),)*
            $(($tnumber, stringify!($t)), ($rnumber, stringify!($r)),)*
        ];

        /// Any request, as a server sees it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum AnyT<'any> {
            $(
                #[doc = concat!("A [`", stringify!($t), "`].")]
                $t(with_lifetime!('any, $t $($tlife)?)),
            )*
        }

        impl<'any> AnyT<'any> {
            /// Decodes the body of a request of type `ty`.
            ///
            /// # Errors
            ///
            /// - [`DecodeError::BadType`] if `ty` is not a request.
            ///
            /// Errors of [`Message::decode`] are propagated as-is.
            #[inline]
            pub fn decode(dialect: Dialect, ty: u8, body: &'any [u8]) -> Result<Self, DecodeError> {
                match ty {
                    $($tnumber => $t::decode(dialect, body).map(Self::$t),)*
                    found => Err(DecodeError::BadType { found }),
                }
            }

            /// Writes the request as a whole frame, see [`encode_frame`].
            #[inline]
            pub fn encode(
                &self,
                dialect: Dialect,
                tag: Tag,
                buf: &mut [u8],
            ) -> Result<usize, EncodeError> {
                match self {
                    $(Self::$t(message) => encode_frame(buf, tag, message, dialect),)*
                }
            }
        }

        /// Any reply, as a server gives it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum AnyR<'any> {
            $(
                #[doc = concat!("A [`", stringify!($error), "`].")]
                $error(with_lifetime!('any, $error $($error_life)?)),
            )*
            $(
                #[doc = concat!("A [`", stringify!($r), "`].")]
                $r(with_lifetime!('any, $r $($rlife)?)),
            )*
        }

        impl<'any> AnyR<'any> {
            /// Decodes the body of a reply of type `ty`.
            ///
            /// # Errors
            ///
            /// - [`DecodeError::BadType`] if `ty` is not a reply.
            ///
            /// Errors of [`Message::decode`] are propagated as-is.
            #[inline]
            pub fn decode(dialect: Dialect, ty: u8, body: &'any [u8]) -> Result<Self, DecodeError> {
                match ty {
                    $($error_number => $error::decode(dialect, body).map(Self::$error),)*
                    $($rnumber => $r::decode(dialect, body).map(Self::$r),)*
                    found => Err(DecodeError::BadType { found }),
                }
            }

            /// Writes the reply as a whole frame, see [`encode_frame`].
            #[inline]
            pub fn encode(
                &self,
                dialect: Dialect,
                tag: Tag,
                buf: &mut [u8],
            ) -> Result<usize, EncodeError> {
                match self {
                    $(Self::$error(message) => encode_frame(buf, tag, message, dialect),)*
                    $(Self::$r(message) => encode_frame(buf, tag, message, dialect),)*
                }
            }
        }
    };
}

use message;
use messages;
use with_lifetime;
