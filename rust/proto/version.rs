// SPDX-License-Identifier: GPL-2.0

//! Agreeing on a dialect and a frame size: what an Rversion means.
//!
//! A pure function of what was asked and what was answered. Names are compared as a whole, and a
//! server may lower what the client asked for but never raise it.

use super::errno::Errno;
use super::message::{
    Rversion,
    Tversion, //
};
use super::types::{
    Dialect,
    Msize, //
};

/// What client and server agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Dialect that both speak.
    pub dialect: Dialect,
    /// Size of the largest frame, for both directions.
    pub msize: Msize,
}

/// Why there is no agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionError {
    /// The server names no dialect that is known here; "unknown" is its way to say no.
    UnknownDialect,
    /// The server names a richer dialect than it was asked for.
    HigherDialect(Dialect),
    /// The server's frame size is too small to work with, or no size at all.
    BadMsize(u32),
}

impl From<VersionError> for Errno {
    fn from(_: VersionError) -> Self {
        Self::REMOTEIO
    }
}

/// The Tversion that asks for a session.
pub const fn ask(asked: Session) -> Tversion<'static> {
    Tversion {
        msize: asked.msize.get(),
        version: asked.dialect.name(),
    }
}

/// Draws the session from what was asked and what the server answered.
///
/// A larger `msize` than asked for is against version(5), but some servers answer with their own
/// limit whatever the client says. It does no harm: the smaller one of both is taken.
///
/// # Errors
///
/// - [`VersionError::UnknownDialect`] if the name is not exactly that of a dialect.
/// - [`VersionError::HigherDialect`] if that dialect is richer than the one asked for.
/// - [`VersionError::BadMsize`] if `msize` is outside of [`Msize::MIN`]..=[`Msize::MAX`].
pub fn negotiate(asked: Session, reply: &Rversion<'_>) -> Result<Session, VersionError> {
    let dialect = Dialect::from_name(reply.version).ok_or(VersionError::UnknownDialect)?;
    if dialect > asked.dialect {
        return Err(VersionError::HigherDialect(dialect));
    }
    let offered = Msize::new(reply.msize).ok_or(VersionError::BadMsize(reply.msize))?;
    Ok(Session {
        dialect,
        msize: offered.min(asked.msize),
    })
}

#[cfg_attr(CONFIG_KUNIT = "y", kernel::macros::kunit_tests(p9_version))]
#[cfg(any(test, CONFIG_KUNIT = "y"))]
mod tests {
    use super::*;

    fn session(dialect: Dialect, msize: u32) -> Session {
        Session {
            dialect,
            msize: Msize::new(msize).unwrap(),
        }
    }

    fn check_answer(version: &[u8], msize: u32, expected: Result<Session, VersionError>) {
        let asked = session(Dialect::P2000L, 131_072);
        assert_eq!(negotiate(asked, &Rversion { msize, version }), expected);
    }

    #[test]
    fn what_was_asked_is_taken() {
        for dialect in Dialect::ALL {
            let asked = session(dialect, 8192);
            let Tversion { msize, version } = ask(asked);
            assert_eq!(negotiate(asked, &Rversion { msize, version }), Ok(asked));
        }
    }

    #[test]
    fn lower_dialect_is_taken() {
        check_answer(b"9P2000.u", 8192, Ok(session(Dialect::P2000u, 8192)));
        check_answer(b"9P2000", 8192, Ok(session(Dialect::P2000, 8192)));
    }

    #[test]
    fn higher_dialect_is_refused() {
        for (asked, answered) in [
            (Dialect::P2000, Dialect::P2000u),
            (Dialect::P2000, Dialect::P2000L),
            (Dialect::P2000u, Dialect::P2000L),
        ] {
            let reply = Rversion {
                msize: 8192,
                version: answered.name(),
            };
            assert_eq!(
                negotiate(session(asked, 8192), &reply),
                Err(VersionError::HigherDialect(answered))
            );
        }
    }

    #[test]
    fn names_are_compared_as_a_whole() {
        for version in [
            &b""[..],
            b"unknown",
            b"9P2000.Lx",
            b"9P2000.L\0",
            b"9P2000.",
            b"9P2000.ux",
            b"9P2000.W",
            b"9P20",
            b"9p2000.L",
            &[b'9'; 65_535],
        ] {
            check_answer(version, 8192, Err(VersionError::UnknownDialect));
        }
    }

    #[test]
    fn small_and_negative_msize_are_refused() {
        for msize in [0, 1, 7, 4095, 0x8000_0000, u32::MAX] {
            check_answer(b"9P2000.L", msize, Err(VersionError::BadMsize(msize)));
        }
    }

    #[test]
    fn msize_is_the_smaller_of_both() {
        for (msize, expected) in [
            (4096, 4096),
            (131_071, 131_071),
            (131_072, 131_072),
            (131_073, 131_072),
            (0x7fff_ffff, 131_072),
        ] {
            check_answer(b"9P2000.L", msize, Ok(session(Dialect::P2000L, expected)));
        }
    }

    #[test]
    fn disagreement_is_remote_io() {
        assert_eq!(Errno::from(VersionError::UnknownDialect), Errno::REMOTEIO);
    }
}
