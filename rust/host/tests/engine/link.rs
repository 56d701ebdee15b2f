// SPDX-License-Identifier: GPL-2.0

//! The transport: a queue of what is not sent, and a device with few places.
//!
//! Follows `transport/virtio.rs`. What the device has is in [`crate::server::Server::jobs`].

use std::collections::VecDeque;
use std::rc::Rc;

use crate::client::{
    Ending,
    Status, //
};
use crate::parts::{
    Outcome,
    Request, //
};
use crate::world::World;

#[derive(Default)]
pub struct Link {
    flushes: VecDeque<Rc<Request>>,
    unsent: VecDeque<Rc<Request>>,
    /// Nothing is sent any more.
    pub dead: bool,
    /// There is nobody left to be told.
    pub closed: bool,
}

impl Link {
    /// Requests that the device has not got.
    pub fn queued(&self) -> impl Iterator<Item = &Rc<Request>> {
        self.flushes.iter().chain(&self.unsent)
    }

    fn queue(&mut self, request: &Request) -> &mut VecDeque<Rc<Request>> {
        if request.message.is_flush() {
            &mut self.flushes
        } else {
            &mut self.unsent
        }
    }
}

impl World {
    /// `Transport::request`.
    pub fn link_request(&mut self, request: Rc<Request>) {
        if self.link.closed {
            return;
        }
        if self.link.dead {
            self.failing.push(Ending::new(request, Outcome::Nothing));
            return;
        }
        self.link.queue(&request).push_back(request);
        self.link_send();
    }

    /// `Transport::cancel`.
    pub fn link_cancel(&mut self, request: &Request) -> bool {
        let queue = self.link.queue(request);
        let found = queue.iter().position(|queued| queued.id == request.id);
        found.is_some_and(|at| queue.remove(at).is_some())
    }

    /// Sends what is queued, as far as there is room.
    pub fn link_send(&mut self) {
        while !self.link.dead && self.server.jobs.len() < self.setup.places {
            let normal = self.server.normal_jobs();
            let next = if let Some(flush) = self.link.flushes.pop_front() {
                flush
            } else if normal + 1 >= self.setup.places {
                // One place is kept for a Tflush.
                return;
            } else if let Some(request) = self.link.unsent.pop_front() {
                request
            } else {
                return;
            };
            if self.no_memory() {
                // Tried again later.
                self.link.queue(&next).push_front(next);
                return;
            }
            self.server_receive(next);
        }
    }

    /// An answer, or a buffer without one, comes back from the device.
    pub fn link_answered(&mut self, request: Rc<Request>, outcome: Outcome) {
        if self.link.closed {
            return;
        }
        self.irq.push_back(Ending::new(request, outcome));
        self.link_send();
    }

    /// The device goes away, or the connection is closed: nothing comes back any more.
    pub fn link_die(&mut self) {
        if self.link.dead {
            return;
        }
        self.link.dead = true;
        self.advance_status(Status::Disconnected);
        let link = &mut self.link;
        let unsent = link.flushes.drain(..).chain(link.unsent.drain(..));
        let sent = self.server.jobs.iter().map(|job| job.request.clone());
        self.failing.extend(
            unsent
                .chain(sent)
                .map(|request| Ending::new(request, Outcome::Nothing)),
        );
    }
}
