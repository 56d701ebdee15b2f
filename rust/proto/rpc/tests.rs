// SPDX-License-Identifier: GPL-2.0

//! What the tag table promises, state by state.
//!
//! The whole engine around it is tried out with random events by `host/tests/engine`.

#[cfg_attr(CONFIG_KUNIT = "y", kernel::macros::kunit_tests(p9_rpc))]
mod cases {
    use super::super::super::types::NOTAG;
    use super::super::*;
    #[cfg(test)]
    use std::{
        rc::Rc,
        vec::Vec, //
    };

    #[cfg(not(test))]
    use super::super::super::kunit::Vec;

    /// A request: its key, and a number to know it by.
    type Request = (Key, u32);

    struct Storage<R>(Vec<Slot<R>>);

    impl<R> Storage<R> {
        fn grow(&mut self, count: usize) {
            self.0.extend((0..count).map(|_| Slot::new()));
        }
    }

    impl<R> Slots<R> for Storage<R> {
        fn capacity(&self) -> usize {
            self.0.len()
        }

        fn slot(&self, index: usize) -> Option<&Slot<R>> {
            self.0.get(index)
        }

        fn slot_mut(&mut self, index: usize) -> Option<&mut Slot<R>> {
            self.0.get_mut(index)
        }
    }

    /// A table with room for `slots` requests.
    fn table<R>(slots: usize) -> Table<R, Storage<R>> {
        let mut table = Table::new(Storage(Vec::new()));
        table.slots_mut().grow(slots);
        table
    }

    /// Enters request number `number` of the task `owner`.
    fn send(table: &mut Table<Request, Storage<Request>>, owner: Owner, number: u32) -> Key {
        let request = table.insert(owner, number, |key, number| (key, number));
        let (key, made) = request.unwrap();
        assert_eq!(made, number);
        key
    }

    /// Why there is no tag for another request.
    fn refusal(table: &mut Table<Request, Storage<Request>>) -> NoTag {
        let refused = table.insert(7, "parts", |key, _| (key, 0));
        let (why, parts) = refused.unwrap_err();
        assert_eq!(parts, "parts");
        why
    }

    /// Whom a frame with the tag, and one with the tag of its Tflush, would belong to.
    fn lookup_both(
        table: &Table<Request, Storage<Request>>,
        key: Key,
    ) -> (Option<u32>, Option<u32>) {
        let number = |tag| table.lookup(tag).map(|request| request.1);
        (number(key.tag()), number(key.flush_tag()))
    }

    /// The request that [`Case::reach`] has entered is to be undone.
    fn undo(key: Key, released: bool) -> Reply<Request> {
        let request = (key, 1000);
        Reply::Undo { request, released }
    }

    /// The states in which a request is under way.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Case {
        Waiting,
        Abandoned,
        Answered,
        Refused,
        ToUndo,
        ToUndoOnly,
    }

    impl Case {
        const ALL: [Self; 6] = [
            Self::Waiting,
            Self::Abandoned,
            Self::Answered,
            Self::Refused,
            Self::ToUndo,
            Self::ToUndoOnly,
        ];

        /// Enters a request and brings it there.
        fn reach(self, table: &mut Table<Request, Storage<Request>>, owner: Owner) -> Key {
            let key = send(table, owner, 1000);
            if self == Self::Waiting {
                return key;
            }
            assert_eq!(table.handle_signal(key), Signal::Flush);
            match self {
                Self::Answered => assert_eq!(table.handle_reply(key, false), undo(key, false)),
                Self::Refused => assert_eq!(table.handle_rflush(key, false), Rflush::Refused),
                Self::ToUndo => assert_eq!(table.handle_reply(key, true), undo(key, false)),
                Self::ToUndoOnly => {
                    assert_eq!(table.handle_reply(key, true), undo(key, false));
                    assert_eq!(table.handle_rflush(key, true), Rflush::Refused);
                }
                Self::Waiting | Self::Abandoned => {}
            }
            key
        }
    }

    #[test]
    fn reply_frees_the_tag() {
        let mut table = table(1);
        let key = send(&mut table, 1, 10);
        assert_eq!(refusal(&mut table), NoTag::Grow);
        assert_eq!(table.handle_reply(key, false), Reply::Deliver((key, 10)));
        assert_eq!(table.used(), 0);
        assert_eq!(send(&mut table, 1, 11).tag(), key.tag());
    }

    #[test]
    fn tag_is_not_reused_before_rflush() {
        for replied in [false, true] {
            let mut table = table(1);
            let key = send(&mut table, 1, 10);
            assert_eq!(table.handle_signal(key), Signal::Flush);
            assert_eq!(refusal(&mut table), NoTag::Grow);
            if replied {
                let reply = table.handle_reply(key, false);
                assert!(matches!(reply, Reply::Undo { .. }));
                assert_eq!(refusal(&mut table), NoTag::Grow);
            }
            let request = (key, 10);
            let ended = Rflush::Ended { request, replied };
            assert_eq!(table.handle_rflush(key, true), ended);
            assert_eq!(send(&mut table, 1, 11).tag(), key.tag());
        }
    }

    #[test]
    fn reply_before_rflush_is_honoured_once() {
        let mut table = table(4);
        let key = Case::Abandoned.reach(&mut table, 1);
        assert_eq!(table.handle_reply(key, false), undo(key, false));
        assert_eq!(table.handle_reply(key, false), Reply::Stale);
        let (request, replied) = ((key, 1000), true);
        let ended = Rflush::Ended { request, replied };
        assert_eq!(table.handle_rflush(key, true), ended);
        assert_eq!(table.handle_reply(key, false), Reply::Stale);
    }

    #[test]
    fn l2_late_reply_after_rflush_is_stale() {
        let mut table = table(1);
        let key = Case::Abandoned.reach(&mut table, 1);
        let ended = table.handle_rflush(key, true);
        assert!(matches!(ended, Rflush::Ended { replied: false, .. }));
        assert_eq!(table.handle_reply(key, false), Reply::Stale);
        // Nor does it end who has the tag now.
        let next = send(&mut table, 1, 11);
        assert_eq!(next.tag(), key.tag());
        assert_eq!(table.handle_reply(key, false), Reply::Stale);
        assert_eq!(table.handle_reply(next, false), Reply::Deliver((next, 11)));
    }

    #[test]
    fn garbled_reply_does_not_free_the_tag() {
        for accepted in [false, true] {
            let mut table = table(1);
            let key = send(&mut table, 1, 10);
            assert!(table.handle_garbled(key));
            assert_eq!(refusal(&mut table), NoTag::Grow);
            assert!(table.is_flushing(1));
            assert_eq!(table.handle_reply(key, false), Reply::Stale);
            let (request, replied) = ((key, 10), true);
            let ended = Rflush::Ended { request, replied };
            assert_eq!(table.handle_rflush(key, accepted), ended);
            assert!(!table.is_flushing(1));
            assert_eq!(send(&mut table, 1, 11).tag(), key.tag());
            assert!(!table.handle_garbled(key));
        }
    }

    #[test]
    fn garbled_reply_changes_nothing_if_nobody_waits() {
        for case in Case::ALL {
            let mut table = table(1);
            let key = case.reach(&mut table, 1);
            let flush_is_looked_up = lookup_both(&table, key).1.is_some();
            assert_eq!(table.handle_garbled(key), case == Case::Waiting);
            if case != Case::Waiting {
                assert_eq!(lookup_both(&table, key).1.is_some(), flush_is_looked_up);
            }
            assert_eq!(table.used(), 1);
        }
    }

    #[test]
    fn refused_flush_waits_for_the_reply() {
        let mut table = table(1);
        let key = Case::Refused.reach(&mut table, 1);
        assert_eq!(refusal(&mut table), NoTag::Grow);
        assert!(table.is_flushing(1));
        assert_eq!(table.handle_rflush(key, true), Rflush::Stale);
        assert_eq!(table.handle_rflush(key, false), Rflush::Stale);
        assert_eq!(table.handle_reply(key, false), undo(key, true));
        assert!(!table.is_flushing(1));
        assert_eq!(send(&mut table, 1, 11).tag(), key.tag());
    }

    #[test]
    fn refused_flush_after_the_reply_ends_the_request() {
        let mut table = table(1);
        let key = Case::Answered.reach(&mut table, 1);
        let (request, replied) = ((key, 1000), true);
        let ended = Rflush::Ended { request, replied };
        assert_eq!(table.handle_rflush(key, false), ended);
        assert_eq!(table.used(), 0);
    }

    #[test]
    fn request_to_undo_goes_on_until_it_is_undone() {
        let mut table = table(1);
        let key = Case::ToUndoOnly.reach(&mut table, 1);
        assert!(table.is_flushing(1));
        assert_eq!(refusal(&mut table), NoTag::Grow);
        assert_eq!(table.handle_reply(key, false), Reply::Stale);
        assert_eq!(table.handle_reply(key, true), Reply::Stale);
        assert_eq!(table.handle_rflush(key, true), Rflush::Stale);
        assert_eq!(table.handle_undone(key), Some((key, 1000)));
        assert!(!table.is_flushing(1));
        assert_eq!(send(&mut table, 1, 11).tag(), key.tag());
    }

    #[test]
    fn undone_request_waits_for_rflush() {
        for accepted in [false, true] {
            let mut table = table(1);
            let key = Case::ToUndo.reach(&mut table, 1);
            assert_eq!(table.handle_undone(key), None);
            assert_eq!(table.handle_undone(key), None);
            assert_eq!(refusal(&mut table), NoTag::Grow);
            let (request, replied) = ((key, 1000), true);
            let ended = Rflush::Ended { request, replied };
            assert_eq!(table.handle_rflush(key, accepted), ended);
            assert_eq!(table.used(), 0);
        }
    }

    #[test]
    fn refused_flush_does_not_hide_that_something_is_to_be_undone() {
        let mut table = table(1);
        let key = Case::Refused.reach(&mut table, 1);
        assert_eq!(table.handle_reply(key, true), undo(key, false));
        assert!(table.is_flushing(1));
        assert_eq!(refusal(&mut table), NoTag::Grow);
        assert_eq!(table.handle_undone(key), Some((key, 1000)));
        assert_eq!((table.used(), table.flushing()), (0, 0));
    }

    #[test]
    fn reply_that_somebody_waits_for_is_never_to_undo() {
        let mut table = table(1);
        let key = send(&mut table, 1, 10);
        assert_eq!(table.handle_reply(key, true), Reply::Deliver((key, 10)));
        assert_eq!(table.handle_undone(key), None);
        assert_eq!(table.used(), 0);
    }

    #[test]
    fn only_what_is_to_undo_can_be_undone() {
        for case in Case::ALL {
            let mut table = table(1);
            let key = case.reach(&mut table, 1);
            let ended = case == Case::ToUndoOnly;
            assert_eq!((case, table.handle_undone(key).is_some()), (case, ended));
            assert_eq!(table.used(), usize::from(!ended));
        }
    }

    #[test]
    fn signal_after_the_reply_is_too_late() {
        let mut table = table(1);
        let key = send(&mut table, 1, 10);
        assert_eq!(table.handle_reply(key, false), Reply::Deliver((key, 10)));
        assert_eq!(table.handle_signal(key), Signal::Delivered);
        assert_eq!((table.used(), table.flushing()), (0, 0));
    }

    #[test]
    fn request_is_flushed_once() {
        for case in Case::ALL {
            let mut table = table(1);
            let key = case.reach(&mut table, 1);
            if case == Case::Waiting {
                assert_eq!(table.handle_signal(key), Signal::Flush);
            }
            assert_eq!(table.handle_signal(key), Signal::Delivered);
            assert_eq!(table.flushing(), 1);
        }
    }

    #[test]
    fn rflush_without_flush_is_stale() {
        for accepted in [false, true] {
            let mut table = table(1);
            let key = send(&mut table, 1, 10);
            assert_eq!(table.handle_rflush(key, accepted), Rflush::Stale);
            assert_eq!(table.used(), 1);
            assert_eq!(table.handle_reply(key, false), Reply::Deliver((key, 10)));
            assert_eq!(table.handle_rflush(key, accepted), Rflush::Stale);
        }
    }

    #[test]
    fn only_the_flushing_owner_is_flushing() {
        let mut table = table(4);
        let (mine, other) = (send(&mut table, 1, 10), send(&mut table, 2, 20));
        assert!(!table.is_flushing(1));
        assert_eq!(table.handle_signal(mine), Signal::Flush);
        assert!(table.is_flushing(1));
        assert!(!table.is_flushing(2));
        // An ordinary reply of another task changes nothing.
        assert_eq!(
            table.handle_reply(other, false),
            Reply::Deliver((other, 20))
        );
        assert!(table.is_flushing(1));
        let ended = table.handle_rflush(mine, true);
        assert!(matches!(ended, Rflush::Ended { .. }));
        assert!(!table.is_flushing(1));
        assert_eq!(table.flushing(), 0);
    }

    #[test]
    fn owner_is_flushing_until_its_last_flush_is_answered_in_any_order() {
        // Each permutation of four.
        for order in 0..24 {
            let mut table = table(4);
            let mut left: Vec<_> = [0, 0, 1, 1]
                .into_iter()
                .map(|owner| (owner, Case::Abandoned.reach(&mut table, owner)))
                .collect();
            let mut order = order;
            while !left.is_empty() {
                let (_, key) = left.remove(order % left.len());
                order /= left.len() + 1;
                let ended = table.handle_rflush(key, true);
                assert!(matches!(ended, Rflush::Ended { .. }));
                assert_eq!(table.flushing(), left.len());
                for owner in [0, 1] {
                    let expected = left.iter().any(|(other, _)| *other == owner);
                    assert_eq!(table.is_flushing(owner), expected);
                }
            }
        }
    }

    #[test]
    fn cancelled_request_frees_its_tag() {
        for case in Case::ALL {
            let mut table = table(1);
            let key = case.reach(&mut table, 1);
            assert_eq!(table.handle_cancelled(key), Some((key, 1000)));
            assert_eq!((table.used(), table.flushing()), (0, 0));
            assert!(!table.is_flushing(1));
            assert_eq!(table.handle_cancelled(key), None);
            assert_eq!(send(&mut table, 1, 11).tag(), key.tag());
        }
    }

    #[test]
    fn s11_stale_key_changes_nothing() {
        for case in Case::ALL {
            let mut table = table(1);
            let stale = send(&mut table, 1, 10);
            assert!(matches!(
                table.handle_reply(stale, false),
                Reply::Deliver(_)
            ));
            let key = case.reach(&mut table, 2);
            assert_eq!(key.tag(), stale.tag());
            let before = (
                table.used(),
                table.flushing(),
                table.is_flushing(2),
                lookup_both(&table, key),
            );
            assert_eq!(table.handle_reply(stale, false), Reply::Stale);
            assert_eq!(table.handle_signal(stale), Signal::Delivered);
            assert_eq!(table.handle_rflush(stale, true), Rflush::Stale);
            assert_eq!(table.handle_rflush(stale, false), Rflush::Stale);
            assert_eq!(table.handle_cancelled(stale), None);
            assert_eq!(table.handle_reply(stale, true), Reply::Stale);
            assert_eq!(table.handle_undone(stale), None);
            let after = (
                table.used(),
                table.flushing(),
                table.is_flushing(2),
                lookup_both(&table, key),
            );
            assert_eq!(before, after);
            assert_eq!(table.handle_disconnect(), Some((key, 1000)));
        }
    }

    #[test]
    fn frames_are_looked_up_by_what_they_answer() {
        let expected = [
            (Case::Waiting, (Some(1000), None)),
            (Case::Abandoned, (Some(1000), Some(1000))),
            (Case::Answered, (None, Some(1000))),
            (Case::Refused, (Some(1000), None)),
            (Case::ToUndo, (None, Some(1000))),
            (Case::ToUndoOnly, (None, None)),
        ];
        for (case, found) in expected {
            let mut table = table(3);
            send(&mut table, 1, 10);
            let key = case.reach(&mut table, 1);
            assert_eq!((case, lookup_both(&table, key)), (case, found));
            assert!(table.handle_cancelled(key).is_some());
            assert_eq!(lookup_both(&table, key), (None, None));
        }
    }

    #[test]
    fn s11_tags_of_nobody_are_not_found() {
        let mut table = table(0x8000);
        let key = send(&mut table, 1, 10);
        for tag in 0..=u16::MAX {
            let found = table.lookup(Tag::new(tag)).is_some();
            assert_eq!(found, Tag::new(tag) == key.tag());
        }
    }

    #[test]
    fn table_grows_before_it_is_full() {
        let mut table = table(0);
        let mut keys = Vec::new();
        for number in 0..100 {
            assert_eq!(refusal(&mut table), NoTag::Grow);
            table.slots_mut().grow(1);
            keys.push(send(&mut table, 1, number));
        }
        // Room that was there before is used first.
        let key = keys[50];
        assert!(matches!(table.handle_reply(key, false), Reply::Deliver(_)));
        table.slots_mut().grow(1);
        assert_eq!(send(&mut table, 1, 200).tag(), key.tag());
    }

    #[test]
    fn notag_is_never_given_out() {
        // More slots than there are tags.
        let mut table = table(MAX_REQUESTS + 2);
        let mut seen: Vec<_> = (0..0x1_0000).map(|_| false).collect();
        for _ in 0..MAX_REQUESTS {
            let (key, _) = table.insert(1, (), |key, ()| (key, 0)).unwrap();
            for tag in [key.tag(), key.flush_tag()] {
                assert_ne!(tag, NOTAG);
                // Nor is any tag given out twice.
                assert!(!core::mem::replace(&mut seen[usize::from(tag.get())], true));
            }
        }
        assert_eq!(refusal(&mut table), NoTag::Full);
        assert_eq!(table.used(), MAX_REQUESTS);
    }

    #[test]
    fn l8_full_table_still_flushes() {
        let mut table = table(MAX_REQUESTS);
        let mut keys = Vec::new();
        for number in 0..MAX_REQUESTS {
            let number = u32::try_from(number).unwrap();
            let make = |key, number| (key, number);
            keys.push(table.insert(1, number, make).unwrap().0);
        }
        for key in keys.iter() {
            assert_eq!(table.handle_signal(*key), Signal::Flush);
        }
        assert_eq!(refusal(&mut table), NoTag::Full);
        for key in keys.iter() {
            let ended = table.handle_rflush(*key, true);
            assert!(matches!(ended, Rflush::Ended { replied: false, .. }));
            let next = send(&mut table, 2, 0);
            assert_eq!(next.tag(), key.tag());
            assert_eq!(table.used(), MAX_REQUESTS);
            assert!(matches!(table.handle_reply(next, false), Reply::Deliver(_)));
            send(&mut table, 2, 0);
        }
    }

    #[test]
    fn disconnect_ends_every_request_once() {
        // Free slots at both ends and between.
        let mut table = table(16);
        let mut keys = Vec::new();
        for number in 0..9 {
            keys.push(send(&mut table, 1, number));
        }
        for key in [keys[0], keys[4], keys[8]] {
            assert!(matches!(table.handle_reply(key, false), Reply::Deliver(_)));
        }
        for key in [keys[2], keys[3], keys[5], keys[6]] {
            assert_eq!(table.handle_signal(key), Signal::Flush);
        }
        assert!(matches!(
            table.handle_reply(keys[3], false),
            Reply::Undo { .. }
        ));
        assert_eq!(table.handle_rflush(keys[5], false), Rflush::Refused);

        let ended: Vec<_> = core::iter::from_fn(|| table.handle_disconnect()).collect();
        let left = [1, 2, 3, 5, 6, 7].map(|i| (keys[i], u32::try_from(i).unwrap()));
        assert_eq!(ended.len(), left.len());
        assert!(left.iter().all(|request| ended.contains(request)));
        assert_eq!(table.handle_disconnect(), None);
        assert_eq!((table.used(), table.flushing()), (0, 0));
        assert!(!table.is_flushing(1));

        // As new, but for the keys that are known already.
        for number in 0..16 {
            let key = send(&mut table, 2, number);
            assert_eq!(u32::from(key.tag().get()), number);
            assert!(!keys.contains(&key));
        }
        assert_eq!(refusal(&mut table), NoTag::Grow);
        for key in keys.iter() {
            assert_eq!(table.handle_reply(*key, false), Reply::Stale);
        }
    }

    #[test]
    fn request_that_comes_between_two_steps_of_a_disconnect_is_ended_too() {
        let mut table = table(4);
        for number in 0..4 {
            send(&mut table, 1, number);
        }
        assert!(table.handle_disconnect().is_some());
        send(&mut table, 1, 10);
        assert_eq!(core::iter::from_fn(|| table.handle_disconnect()).count(), 4);
        assert_eq!(table.used(), 0);
    }

    #[test]
    fn abandoned_requests_are_visited_with_their_owners() {
        let mut table = table(8);
        let keys = Case::ALL.map(|case| case.reach(&mut table, 5));
        let mut seen = Vec::new();
        let found = table.any_abandoned(|owner, request| {
            assert_eq!(owner, 5);
            seen.push(request.0);
            false
        });
        assert!(!found);
        assert_eq!(seen.len(), keys.len() - 1);
        assert!(keys[1..].iter().all(|key| seen.contains(key)));
        assert!(table.any_abandoned(|_, request| request.0 == keys[3]));
        assert!(!table.any_abandoned(|_, request| request.0 == keys[0]));
    }

    #[test]
    fn owners_of_one_group_are_told_apart() {
        // Each request is abandoned, then ended in an order in which the first, the last and one
        // in the middle of a list leave it.
        let owners = [7, 7 + 64, 7 + 128, 8];
        assert_eq!(group_of(owners[0]), group_of(owners[2]));
        let mut table = table(4);
        let keys = owners.map(|owner| send(&mut table, owner, 0));
        for (key, owner) in keys.iter().zip(owners) {
            assert!(!table.is_flushing(owner));
            assert_eq!(table.handle_signal(*key), Signal::Flush);
            assert!(table.is_flushing(owner));
        }
        for (ended, at) in [1, 0, 2, 3].into_iter().enumerate() {
            let rflush = table.handle_rflush(keys[at], true);
            assert!(matches!(rflush, Rflush::Ended { replied: false, .. }));
            assert!(!table.is_flushing(owners[at]));
            let left = owners.iter().filter(|owner| table.is_flushing(**owner));
            assert_eq!(left.count(), owners.len() - 1 - ended);
        }
    }

    #[test]
    fn only_requests_with_a_waiter_are_visited() {
        let mut table = table(8);
        for case in Case::ALL {
            let key = case.reach(&mut table, 1);
            let mut seen = 0;
            table.for_each_waiting(|request| seen += usize::from(request.0 == key));
            assert_eq!(seen, usize::from(case == Case::Waiting));
            assert!(table.handle_cancelled(key).is_some());
        }
    }

    #[cfg(test)]
    #[test]
    fn free_slot_keeps_no_reference() {
        // Each way to free a tag.
        type End = fn(&mut Table<Rc<Key>, Storage<Rc<Key>>>, Key);
        let ends: [End; 6] = [
            |table, key| drop(table.handle_reply(key, false)),
            |table, key| drop(table.handle_cancelled(key)),
            |table, _| drop(table.handle_disconnect()),
            |table, key| {
                assert_eq!(table.handle_signal(key), Signal::Flush);
                drop(table.handle_rflush(key, true));
            },
            |table, key| {
                assert_eq!(table.handle_signal(key), Signal::Flush);
                drop(table.handle_rflush(key, false));
                drop(table.handle_reply(key, false));
            },
            |table, key| {
                assert_eq!(table.handle_signal(key), Signal::Flush);
                drop(table.handle_reply(key, true));
                drop(table.handle_rflush(key, true));
                drop(table.handle_undone(key));
            },
        ];
        for end in ends {
            let mut table = table(2);
            let request = table.insert(1, (), |key, ()| Rc::new(key)).unwrap();
            assert_eq!(Rc::strong_count(&request), 2);
            end(&mut table, *request);
            assert_eq!(Rc::strong_count(&request), 1);
            assert_eq!(table.used(), 0);
        }
    }

    #[cfg(test)]
    #[test]
    fn answered_request_is_kept_until_rflush() {
        let mut table = table(1);
        let request = table.insert(1, (), |key, ()| Rc::new(key)).unwrap();
        assert_eq!(table.handle_signal(*request), Signal::Flush);
        assert!(matches!(
            table.handle_reply(*request, false),
            Reply::Undo { .. }
        ));
        assert_eq!(Rc::strong_count(&request), 2);
    }
}
