// SPDX-License-Identifier: GPL-2.0

//! Properties that hold for any bytes a peer may send.

use p9proto::message::{
    Rclunk,
    Rreaddir,
    Rversion,
    NAMES, //
};
use p9proto::reply::{
    open_bulk_reply,
    open_reply, //
};
use p9proto::types::{
    Dialect,
    Msize, //
};
use p9proto::version::{
    negotiate,
    Session, //
};
use p9proto::wire::{
    check_header,
    split_frame,
    DecodeError, //
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

#[path = "../fuzz/checks.rs"]
mod checks;
#[path = "../../proto/message/layouts.rs"]
mod layouts;
#[path = "../fuzz/ops.rs"]
mod ops;

use checks::recode;

fn dialect() -> impl Strategy<Value = Dialect> {
    select(&Dialect::ALL[..])
}

/// The body of a message as its layout says, with its type.
fn layout_body() -> impl Strategy<Value = (Dialect, u8, Vec<u8>)> {
    let row = 0..layouts::LAYOUTS.len();
    (dialect(), row, any::<u64>()).prop_map(|(dialect, row, seed)| {
        let mut state = seed;
        let mut choose = |n: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            usize::try_from(state >> 33).unwrap() % n
        };
        let mut body = vec![0; 8192];
        let builder = layouts::Builder::new(&mut body, 300, &mut choose);
        let len = builder.build(layouts::LAYOUTS[row].1, dialect.has_numeric_ids());
        body.truncate(len);
        (dialect, NAMES[row].0, body)
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2048,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_bytes_decode_to_a_stable_value(input in vec(any::<u8>(), 0..300)) {
        checks::check_decode(&input);
    }

    #[test]
    fn bodies_of_the_layout_are_kept((dialect, ty, body) in layout_body()) {
        prop_assert_eq!(recode(dialect, ty, &body), Ok(body));
    }

    #[test]
    fn changed_bodies_decode_to_a_stable_value(
        (dialect, ty, mut body) in layout_body(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        other in dialect(),
    ) {
        for (index, byte) in changes {
            if !body.is_empty() {
                let at = index.index(body.len());
                body[at] = byte;
            }
        }
        let _ = recode(dialect, ty, &body);
        let _ = recode(other, ty, &body);
    }

    #[test]
    fn cut_and_lengthened_bodies_are_refused(
        (dialect, ty, mut body) in layout_body(),
        cut in any::<prop::sample::Index>(),
        extra in vec(any::<u8>(), 1..20),
    ) {
        if !body.is_empty() {
            let error = recode(dialect, ty, &body[..cut.index(body.len())]);
            // Cut inside its data, a body has fewer bytes than it counts.
            let short = matches!(
                error,
                Err(DecodeError::Truncated | DecodeError::BadCount { .. })
            );
            prop_assert!(short, "{error:?}");
        }
        body.extend(extra);
        prop_assert_eq!(recode(dialect, ty, &body), Err(DecodeError::TrailingData));
    }

    #[test]
    fn errors_of_replies_have_safe_numbers(
        dialect in 0_u8..3,
        ty in prop_oneof![any::<u8>(), Just(7), Just(107)],
        body in vec(any::<u8>(), 0..64),
    ) {
        let size = u32::try_from(body.len() + 7).unwrap();
        let mut input = vec![dialect];
        input.extend(size.to_le_bytes());
        input.extend([ty, 1, 0]);
        input.extend(&body);
        checks::check_reply(&input);
        checks::check_reply(&body);
    }

    #[test]
    fn rlerror_never_succeeds(ecode in any::<u32>()) {
        let mut frame = vec![11, 0, 0, 0, 7, 1, 0];
        frame.extend(ecode.to_le_bytes());
        prop_assert!(open_reply::<Rclunk>(Dialect::P2000L, &frame).is_err());
    }

    #[test]
    fn data_elsewhere_is_never_more_than_asked_or_received(
        size in any::<u32>(),
        count in any::<u32>(),
        asked in any::<u32>(),
        received in 0_usize..10_000,
        honest in any::<[bool; 2]>(),
    ) {
        let size = if honest[0] { u32::try_from(received + 11).unwrap() } else { size };
        let count = if honest[1] { u32::try_from(received).unwrap() } else { count };
        let mut head = size.to_le_bytes().to_vec();
        head.extend([41, 1, 0]);
        head.extend(count.to_le_bytes());
        let opened = open_bulk_reply::<Rreaddir<'_>>(Dialect::P2000L, &head, received, asked);
        let fits = usize::try_from(size).unwrap() == received + 11
            && usize::try_from(count).unwrap() == received
            && count <= asked;
        prop_assert_eq!(opened.is_ok(), fits);
    }

    #[test]
    fn header_passes_only_what_was_received(
        frame in vec(any::<u8>(), 0..20),
        received in 0_usize..40,
        capacity in 0_usize..40,
    ) {
        if let Ok(header) = check_header(&frame, received, capacity) {
            prop_assert!(header.len() >= 7);
            prop_assert!(header.len() == received);
            prop_assert!(header.len() <= capacity);
        }
        if let Ok((header, body)) = split_frame(&frame) {
            prop_assert_eq!(header.len(), frame.len());
            prop_assert_eq!(body.len() + 7, frame.len());
        }
    }

    #[test]
    fn stream_gives_its_frames_however_it_is_split(
        bodies in vec(vec(any::<u8>(), 0..100), 0..10),
        tail in vec(any::<u8>(), 0..7),
        pieces in vec(1_u8..50, 1..10),
    ) {
        let mut frames = Vec::new();
        for body in bodies {
            let mut frame = u32::try_from(body.len() + 7).unwrap().to_le_bytes().to_vec();
            frame.extend([1, 2, 3]);
            frame.extend(body);
            frames.push(frame);
        }
        let mut stream = frames.concat();
        stream.extend(&tail);
        let (received, at_end) = checks::receive(&stream, &pieces);
        prop_assert_eq!(received, frames);
        prop_assert_eq!(at_end, tail.is_empty());
    }

    #[test]
    fn any_stream_gives_whole_frames_or_ends(
        pieces in vec(1_u8..50, 1..10),
        stream in vec(prop_oneof![any::<u8>(), Just(0), Just(8)], 0..300),
    ) {
        let mut input = vec![u8::try_from(pieces.len()).unwrap()];
        input.extend(pieces);
        input.extend(stream);
        checks::check_frame(&input);
    }

    #[test]
    fn directory_entries_have_file_names(data in vec(any::<u8>(), 0..400)) {
        checks::check_dirents(&data);
    }

    #[test]
    fn table_does_what_a_list_would_do(
        room in 0_u8..4,
        operations in vec((0_u8..16, prop_oneof![0_u8..4, any::<u8>()]), 0..200),
    ) {
        let mut input = vec![14, room];
        input.extend(operations.into_iter().flat_map(|(operation, about)| [operation, about]));
        ops::check(&input);
    }

    #[test]
    fn session_is_never_more_than_asked(
        asked in dialect(),
        asked_msize in 4096_u32..=0x7fff_ffff,
        msize in any::<u32>(),
        version in prop_oneof![
            dialect().prop_map(|d| d.name().to_vec()),
            vec(any::<u8>(), 0..12),
        ],
    ) {
        let asked = Session { dialect: asked, msize: Msize::new(asked_msize).unwrap() };
        if let Ok(session) = negotiate(asked, &Rversion { msize, version: &version }) {
            prop_assert!(session.dialect <= asked.dialect);
            prop_assert!(session.msize <= asked.msize);
            prop_assert!(session.msize.get() <= msize);
            prop_assert_eq!(session.dialect.name(), &version[..]);
        }
    }
}
