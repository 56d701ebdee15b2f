// SPDX-License-Identifier: GPL-2.0

//! Requests that the server has not seen anything of yet.

use crate::request::Request;
use kernel::list::{
    List,
    ListArc, //
};

/// Requests in the order in which they are to be sent.
///
/// A Tflush overtakes all others but those that have been put back: it refers to a request that was
/// sent before, and must get through when all the rest is stuck.
pub(crate) struct Queue {
    urgent: List<Request, 0>,
    normal: List<Request, 0>,
}

impl Queue {
    /// A queue without requests.
    pub(crate) fn new() -> Self {
        Self {
            urgent: List::new(),
            normal: List::new(),
        }
    }

    /// Whether there are no requests.
    pub(crate) fn is_empty(&self) -> bool {
        self.urgent.is_empty() && self.normal.is_empty()
    }

    /// The list for a Tflush, or for other requests.
    fn list(&mut self, is_flush: bool) -> &mut List<Request, 0> {
        if is_flush {
            &mut self.urgent
        } else {
            &mut self.normal
        }
    }

    /// Appends a request.
    pub(crate) fn push(&mut self, item: ListArc<Request, 0>) {
        self.list(item.is_flush()).push_back(item);
    }

    /// Puts a request back before all others of its kind.
    pub(crate) fn push_front(&mut self, item: ListArc<Request, 0>) {
        self.list(item.is_flush()).push_front(item);
    }

    /// Puts a request back before all others. Somebody may have queued a Tflush for it meanwhile.
    pub(crate) fn put_back(&mut self, item: ListArc<Request, 0>) {
        self.urgent.push_front(item);
    }

    /// Takes the next Tflush, or what was put back.
    pub(crate) fn pop_urgent(&mut self) -> Option<ListArc<Request, 0>> {
        self.urgent.pop_front()
    }

    /// Takes the next request.
    pub(crate) fn pop(&mut self) -> Option<ListArc<Request, 0>> {
        self.pop_urgent().or_else(|| self.normal.pop_front())
    }

    /// Takes `req` out, if it is there.
    pub(crate) fn remove(&mut self, req: &Request) -> Option<ListArc<Request, 0>> {
        for list in [&mut self.urgent, &mut self.normal] {
            let mut cursor = list.cursor_front();
            while let Some(next) = cursor.peek_next() {
                if core::ptr::eq(&*next.arc(), req) {
                    return Some(next.remove());
                }
                cursor.move_next();
            }
        }
        None
    }

    /// Takes all requests.
    pub(crate) fn take_all(&mut self) -> List<Request, 0> {
        let mut all = List::new();
        all.push_all_back(&mut self.urgent);
        all.push_all_back(&mut self.normal);
        all
    }
}
