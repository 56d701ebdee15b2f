// SPDX-License-Identifier: GPL-2.0

//! Tests that walk the whole table of messages.

#[cfg_attr(CONFIG_KUNIT = "y", kernel::macros::kunit_tests(p9_message))]
mod cases {
    use super::super::super::bulk::Payload;
    use super::super::super::field::DotU;
    use super::super::super::list::Names;
    use super::super::super::types::{
        FidNum,
        Qid,
        QidType, //
    };
    use super::super::super::wire::{
        split_frame,
        HEADER_SIZE, //
    };
    use super::super::layouts::{
        Builder,
        LAYOUTS, //
    };
    use super::super::*;

    /// A body of each kind fits: 16 names of 5 bytes, 16 qids.
    const BODY_MAX: usize = 256;

    const TAG: Tag = Tag::new(0x0a09);

    /// Decodes a body, then encodes it as a frame into `buf`.
    fn recode(
        dialect: Dialect,
        ty: u8,
        body: &[u8],
        buf: &mut [u8],
    ) -> Result<Result<usize, EncodeError>, DecodeError> {
        if ty % 2 == 0 {
            Ok(AnyT::decode(dialect, ty, body)?.encode(dialect, TAG, buf))
        } else {
            Ok(AnyR::decode(dialect, ty, body)?.encode(dialect, TAG, buf))
        }
    }

    /// Gives `check` three bodies of every message in every dialect: with the shortest strings and
    /// lists, with the longest, and with some in between.
    fn each_body(mut check: impl FnMut(Dialect, u8, &[u8])) {
        for dialect in Dialect::ALL {
            for ((ty, _), (_, layout)) in NAMES.iter().zip(LAYOUTS) {
                let mut counter = 0_usize;
                let mut chooses: [&mut dyn FnMut(usize) -> usize; 3] =
                    [&mut |_| 0, &mut |n| n.saturating_sub(1), &mut |n| {
                        counter += 1;
                        counter.checked_rem(n).unwrap_or(0)
                    }];
                for choose in &mut chooses {
                    let mut body = [0; BODY_MAX];
                    let builder = Builder::new(&mut body, 5, choose);
                    let len = builder.build(layout, dialect.has_numeric_ids());
                    check(dialect, *ty, &body[..len]);
                }
            }
        }
    }

    #[test]
    fn every_message_has_a_layout() {
        assert_eq!(NAMES.len(), LAYOUTS.len());
        for ((_, name), (layout_name, _)) in NAMES.iter().zip(LAYOUTS) {
            assert_eq!(name, layout_name);
        }
    }

    #[test]
    fn type_numbers_name_one_message_each() {
        for (ty, name) in NAMES {
            assert_eq!(message_name(*ty), Some(*name));
            assert_eq!(name.starts_with('T'), ty % 2 == 0);
            assert_eq!(NAMES.iter().filter(|(other, _)| other == ty).count(), 1);
        }
        for ty in [0, 6, 10, 28, 99, 106, 128, 255] {
            assert_eq!(message_name(ty), None);
            assert_eq!(
                recode(Dialect::P2000L, ty, &[], &mut []),
                Err(DecodeError::BadType { found: ty })
            );
        }
    }

    #[test]
    fn messages_are_laid_out_as_in_the_manual() {
        each_body(|dialect, ty, body| {
            let mut buf = [0; HEADER_SIZE + BODY_MAX];
            let len = recode(dialect, ty, body, &mut buf).unwrap().unwrap();
            let (header, encoded) = split_frame(&buf[..len]).unwrap();
            assert_eq!((header.ty, header.tag), (ty, TAG));
            assert_eq!(encoded, body);
        });
    }

    #[test]
    fn decoded_values_survive_the_wire() {
        each_body(|dialect, ty, body| {
            let mut buf = [0; HEADER_SIZE + BODY_MAX];
            if ty % 2 == 0 {
                let value = AnyT::decode(dialect, ty, body).unwrap();
                let len = value.encode(dialect, TAG, &mut buf).unwrap();
                let again = AnyT::decode(dialect, ty, &buf[HEADER_SIZE..len]);
                assert_eq!(again, Ok(value));
            } else {
                let value = AnyR::decode(dialect, ty, body).unwrap();
                let len = value.encode(dialect, TAG, &mut buf).unwrap();
                let again = AnyR::decode(dialect, ty, &buf[HEADER_SIZE..len]);
                assert_eq!(again, Ok(value));
            }
        });
    }

    #[test]
    fn body_cut_at_any_byte_is_refused() {
        each_body(|dialect, ty, body| {
            for cut in 0..body.len() {
                let error = recode(dialect, ty, &body[..cut], &mut []).unwrap_err();
                // Cut inside its data, a body has fewer bytes than it counts.
                assert!(matches!(
                    error,
                    DecodeError::Truncated | DecodeError::BadCount { .. }
                ));
            }
        });
    }

    #[test]
    fn trailing_bytes_are_refused() {
        each_body(|dialect, ty, body| {
            for extra in 1..4 {
                let mut longer = [0; BODY_MAX + 4];
                longer[..body.len()].copy_from_slice(body);
                let error = recode(dialect, ty, &longer[..body.len() + extra], &mut []);
                assert_eq!(error, Err(DecodeError::TrailingData));
            }
        });
    }

    #[test]
    fn any_smaller_buffer_is_refused() {
        each_body(|dialect, ty, body| {
            let mut buf = [0; HEADER_SIZE + BODY_MAX];
            for room in 0..HEADER_SIZE + body.len() {
                assert_eq!(
                    recode(dialect, ty, body, &mut buf[..room]),
                    Ok(Err(EncodeError::NoRoom))
                );
            }
        });
    }

    /// Checks the size of one message against what encoding it takes.
    fn check_frame_size<M: Message>(message: &M, expected: usize) {
        let mut buf = [0; 512];
        let dialect = Dialect::P2000u;
        let len = encode_frame(&mut buf, TAG, message, dialect).unwrap();
        assert_eq!(len, expected);
        assert_eq!(frame_size(message, dialect), expected);
        assert_eq!(message.encoded_size(dialect), expected - HEADER_SIZE);
        assert_eq!(buf[4], M::TYPE);
    }

    #[test]
    fn frame_size_is_what_encoding_takes() {
        check_frame_size(&Rflush {}, 7);
        check_frame_size(
            &Tclunk {
                fid: FidNum::new(1),
            },
            11,
        );
        let names: [&[u8]; 2] = [b"usr", b"rob"];
        let message = Twalk {
            fid: FidNum::new(1),
            newfid: FidNum::new(2),
            names: Names::new(&names).unwrap(),
        };
        check_frame_size(&message, 7 + 4 + 4 + 2 + 5 + 5);
        let message = Tcreate {
            fid: FidNum::new(1),
            name: b"name",
            perm: 0,
            mode: 0,
            extension: DotU(b"ext"),
        };
        check_frame_size(&message, 7 + 4 + 6 + 4 + 1 + 5);
    }

    #[test]
    fn external_payload_is_part_of_the_frame() {
        let message = Twrite {
            fid: FidNum::new(1),
            offset: 2,
            data: Payload::External(0x0001_0000),
        };
        check_frame_size(&message, super::super::super::wire::WRITE_HEADER_SIZE);
        let mut buf = [0; 23];
        encode_frame(&mut buf, TAG, &message, Dialect::P2000L).unwrap();
        assert_eq!(buf[..4], 0x0001_0017_u32.to_le_bytes());
        assert_eq!(buf[19..], 0x0001_0000_u32.to_le_bytes());

        let message = Twrite {
            data: Payload::External(u32::MAX - 22),
            ..message
        };
        assert_eq!(
            encode_frame(&mut buf, TAG, &message, Dialect::P2000L),
            Err(EncodeError::TooLong)
        );
    }

    /// Room for the reply to a request, in 9P2000.L and in 9P2000.u.
    fn check_reply_room<T: Tmessage>(message: &T, dotl: usize, dotu: usize) {
        assert_eq!(message.reply_size(Dialect::P2000L), dotl);
        assert_eq!(message.reply_size(Dialect::P2000u), dotu);
        assert_eq!(message.reply_size(Dialect::P2000), dotu);
    }

    #[test]
    fn reply_room_holds_reply_and_error() {
        let fid = FidNum::new(1);
        check_reply_room(&Tclunk { fid }, 4, 1017);
        check_reply_room(
            &Tgetattr {
                fid,
                request_mask: 0,
            },
            153,
            1017,
        );
        check_reply_room(&Tlopen { fid, flags: 0 }, 17, 1017);
        let names = Names::new(&[]).unwrap();
        let message = Twalk {
            fid,
            newfid: fid,
            names,
        };
        check_reply_room(&message, 210, 1017);
        let message = Tread {
            fid,
            offset: 0,
            count: 4096,
        };
        check_reply_room(&message, 4, 1017);
        check_reply_room(&Treadlink { fid }, 4098, 4098);
    }

    #[test]
    fn room_of_a_fixed_reply_is_its_size() {
        each_body(|_, ty, body| {
            let rooms = [
                (Rlerror::TYPE, Rlerror::ROOM),
                (Rstatfs::TYPE, Rstatfs::ROOM),
                (Rgetattr::TYPE, Rgetattr::ROOM),
                (Rlock::TYPE, Rlock::ROOM),
                (Rattach::TYPE, Rattach::ROOM),
                (Rcreate::TYPE, Rcreate::ROOM),
            ];
            for (fixed, room) in rooms {
                assert!(ty != fixed || body.len() == room);
            }
        });
    }

    #[test]
    fn fields_of_one_width_keep_their_order() {
        let mut body = [0; 153];
        body[8] = QidType::DIR.get();
        // Numbers the fields after the qid from 1 on: three of 4 bytes, fifteen of 8.
        let ends = (21..33).step_by(4).chain((33..153).step_by(8));
        for (number, at) in (1..).zip(ends) {
            body[at] = number;
        }
        let expected = Rgetattr {
            valid: 0,
            qid: Qid {
                ty: QidType::DIR,
                version: 0,
                path: 0,
            },
            mode: 1,
            uid: 2,
            gid: 3,
            nlink: 4,
            rdev: 5,
            size: 6,
            blksize: 7,
            blocks: 8,
            atime_sec: 9,
            atime_nsec: 10,
            mtime_sec: 11,
            mtime_nsec: 12,
            ctime_sec: 13,
            ctime_nsec: 14,
            btime_sec: 15,
            btime_nsec: 16,
            gen: 17,
            data_version: 18,
        };
        assert_eq!(Rgetattr::decode(Dialect::P2000L, &body), Ok(expected));
    }

    /// Checks the bytes of a whole frame.
    fn check_bytes<M: Message>(dialect: Dialect, message: &M, expected: &[u8]) {
        let mut buf = [0; 128];
        let len = encode_frame(&mut buf, TAG, message, dialect).unwrap();
        assert_eq!(&buf[..len], expected);
    }

    #[test]
    fn frames_are_known_by_their_bytes() {
        let version = Tversion {
            msize: 0x0002_0000,
            version: b"9P2000.L",
        };
        let bytes = b"\x15\0\0\0\x64\x09\x0a\0\0\x02\0\x08\x009P2000.L";
        check_bytes(Dialect::P2000L, &version, bytes);

        let attach = Tattach {
            fid: FidNum::new(1),
            afid: super::super::super::types::NOFID,
            uname: b"rob",
            aname: b"/",
            n_uname: DotU(1000),
        };
        let with_id =
            b"\x1b\0\0\0\x68\x09\x0a\x01\0\0\0\xff\xff\xff\xff\x03\0rob\x01\0/\xe8\x03\0\0";
        check_bytes(Dialect::P2000u, &attach, with_id);
        let without = b"\x17\0\0\0\x68\x09\x0a\x01\0\0\0\xff\xff\xff\xff\x03\0rob\x01\0/";
        check_bytes(Dialect::P2000, &attach, without);

        let rename = Trenameat {
            olddirfid: FidNum::new(1),
            oldname: b"a",
            newdirfid: FidNum::new(2),
            newname: b"b",
        };
        let bytes = b"\x15\0\0\0\x4a\x09\x0a\x01\0\0\0\x01\0a\x02\0\0\0\x01\0b";
        check_bytes(Dialect::P2000L, &rename, bytes);

        let lock = Tlock {
            fid: FidNum::new(1),
            ty: 2,
            flags: 3,
            start: 4,
            length: 5,
            proc_id: 6,
            client_id: b"c",
        };
        let bytes = b"\x27\0\0\0\x34\x09\x0a\x01\0\0\0\x02\x03\0\0\0\x04\0\0\0\0\0\0\0\
            \x05\0\0\0\0\0\0\0\x06\0\0\0\x01\0c";
        check_bytes(Dialect::P2000L, &lock, bytes);

        let flush = Tflush {
            oldtag: Tag::new(0xfffe),
        };
        check_bytes(Dialect::P2000L, &flush, b"\x09\0\0\0\x6c\x09\x0a\xfe\xff");
    }
}
