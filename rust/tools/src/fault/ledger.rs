// SPDX-License-Identifier: GPL-2.0

//! Which tags are in use, and what the client does against the protocol.
//!
//! A tag is in use from its request to the reply, or, if a Tflush names it, to the Rflush.

use p9proto::{
    message::AnyT,
    types::{
        FidNum,
        Tag, //
    },
};
use std::collections::HashMap;

/// A request that is not answered.
struct Open {
    name: &'static str,
    fid: Option<FidNum>,
    /// Whether the request itself is answered, and only its flush is not.
    replied: bool,
    /// The tag of a Tflush that names it.
    flush: Option<Tag>,
    /// Whether the Rflush is to follow the reply.
    deferred: bool,
    /// The tag that a Tflush names.
    oldtag: Option<Tag>,
}

/// The tags of a session.
#[derive(Default)]
pub struct Ledger {
    open: HashMap<u16, Open>,
}

impl Ledger {
    /// Enters a request; says what is wrong with it.
    pub fn request(
        &mut self,
        tag: Tag,
        name: &'static str,
        fid: Option<FidNum>,
        request: &AnyT<'_>,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        if let Some(open) = self.open.get(&tag.get()) {
            let until = match open.flush {
                Some(_) => "flush",
                None => "request",
            };
            wrong.push(format!(
                "{name} takes tag {} of a {} whose {until} is not answered",
                tag.get(),
                open.name
            ));
        }
        if let AnyT::Tclunk(clunk) = request {
            let unanswered = self
                .open
                .values()
                .find(|open| open.fid == Some(clunk.fid) && !open.replied && open.name != "Tclunk");
            if let Some(open) = unanswered {
                wrong.push(format!(
                    "Tclunk of fid {} while its {} is not answered",
                    clunk.fid.get(),
                    open.name
                ));
            }
        }
        let mut oldtag = None;
        if let AnyT::Tflush(flush) = request {
            oldtag = Some(flush.oldtag);
            if let Some(open) = self.open.get_mut(&flush.oldtag.get()) {
                open.flush = Some(tag);
            }
        }
        self.open.insert(
            tag.get(),
            Open {
                name,
                fid,
                replied: false,
                flush: None,
                deferred: false,
                oldtag,
            },
        );
        wrong
    }

    /// Notes that a request is answered. Returns the flush whose answer is to follow.
    pub fn reply(&mut self, tag: Tag) -> Option<Tag> {
        let open = self.open.get_mut(&tag.get())?;
        if open.flush.is_some() {
            open.replied = true;
            return open.flush.filter(|_| open.deferred);
        }
        let oldtag = self.open.remove(&tag.get())?.oldtag;
        if let Some(oldtag) = oldtag {
            if self
                .open
                .get(&oldtag.get())
                .is_some_and(|old| old.flush == Some(tag))
            {
                self.open.remove(&oldtag.get());
            }
        }
        None
    }

    /// Lets the answer to the Tflush under `tag` follow the one to `oldtag`. Says whether it does: not
    /// if that is answered, or was cancelled.
    pub fn defer(&mut self, tag: Tag, oldtag: Tag) -> bool {
        match self.open.get_mut(&oldtag.get()) {
            Some(open) if !open.replied && open.flush == Some(tag) => {
                open.deferred = true;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ledger;
    use p9proto::{
        message::{
            AnyT,
            Tclunk,
            Tflush,
            Tread, //
        },
        types::{
            FidNum,
            Tag, //
        },
    };

    const FID: FidNum = FidNum::new(7);

    fn read(ledger: &mut Ledger, tag: u16) -> usize {
        let request = AnyT::Tread(Tread {
            fid: FID,
            offset: 0,
            count: 1,
        });
        let wrong = ledger.request(Tag::new(tag), "Tread", Some(FID), &request);
        wrong.len()
    }

    fn flush(ledger: &mut Ledger, tag: u16, oldtag: u16) -> usize {
        let request = AnyT::Tflush(Tflush {
            oldtag: Tag::new(oldtag),
        });
        let wrong = ledger.request(Tag::new(tag), "Tflush", None, &request);
        wrong.len()
    }

    #[test]
    fn a_tag_is_free_after_the_reply() {
        let mut ledger = Ledger::default();
        assert_eq!(read(&mut ledger, 1), 0);
        assert_eq!(read(&mut ledger, 1), 1);
        ledger.reply(Tag::new(1));
        assert_eq!(read(&mut ledger, 1), 0);
    }

    #[test]
    fn a_flushed_tag_is_free_after_the_rflush_only() {
        let mut ledger = Ledger::default();
        read(&mut ledger, 1);
        flush(&mut ledger, 2, 1);
        assert_eq!(ledger.reply(Tag::new(1)), None);
        assert_eq!(read(&mut ledger, 1), 1);

        let mut ledger = Ledger::default();
        read(&mut ledger, 1);
        flush(&mut ledger, 2, 1);
        ledger.reply(Tag::new(2));
        assert_eq!(read(&mut ledger, 1), 0);
    }

    #[test]
    fn a_deferred_rflush_follows_the_reply() {
        let mut ledger = Ledger::default();
        read(&mut ledger, 1);
        flush(&mut ledger, 2, 1);
        assert!(ledger.defer(Tag::new(2), Tag::new(1)));
        assert_eq!(ledger.reply(Tag::new(1)), Some(Tag::new(2)));
        assert_eq!(ledger.reply(Tag::new(2)), None);
        assert_eq!(read(&mut ledger, 1), 0);
    }

    #[test]
    fn a_clunk_comes_after_the_answers_to_its_fid() {
        let mut ledger = Ledger::default();
        let clunk = AnyT::Tclunk(Tclunk { fid: FID });
        read(&mut ledger, 1);
        let wrong = ledger.request(Tag::new(2), "Tclunk", Some(FID), &clunk);
        assert_eq!(wrong.len(), 1);
        ledger.reply(Tag::new(2));
        ledger.reply(Tag::new(1));
        assert!(ledger
            .request(Tag::new(2), "Tclunk", Some(FID), &clunk)
            .is_empty());
    }
}
