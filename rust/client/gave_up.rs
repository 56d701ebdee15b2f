// SPDX-License-Identifier: GPL-2.0

//! Which exiting tasks have waited in vain for the server.
//!
//! A task that exits gives back its files one by one, and each may have dirty pages. It is to wait
//! for a server that hangs once, not once for each of them.

use crate::{
    proto::rpc::Owner,
    sys::gfp::GFP_NOFS, //
};
use kernel::prelude::*;

/// Tasks remembered at most: 32 KiB. More than that are hardly ever exiting at the same time.
const MAX_TASKS: usize = 4096;

/// The last tasks that have waited for all of `exit_timeout`. Most of them are gone; no later task
/// has the same name.
pub(crate) struct GaveUp {
    tasks: KVec<Owner>,
    /// Where the one noted longest ago is, once no more fit.
    oldest: usize,
}

impl GaveUp {
    /// No tasks. Nothing is allocated.
    pub(super) fn new() -> Self {
        Self {
            tasks: KVec::new(),
            oldest: 0,
        }
    }

    /// Whether `task` has waited already.
    pub(super) fn contains(&self, task: Owner) -> bool {
        self.tasks.contains(&task)
    }

    /// Notes that `task` has waited. Returns `true` if it had not before.
    ///
    /// May sleep for memory. Without memory another task is forgotten, or `task` not noted: then
    /// the next wait of one of them is a whole one again.
    pub(super) fn insert(&mut self, task: Owner) -> bool {
        if self.contains(task) {
            return false;
        }
        if self.tasks.len() < MAX_TASKS && self.tasks.push(task, GFP_NOFS).is_ok() {
            return true;
        }
        if let Some(slot) = self.tasks.get_mut(self.oldest) {
            *slot = task;
            // OVERFLOW: `oldest` is less than the length of the list.
            self.oldest = (self.oldest + 1) % self.tasks.len();
        }
        true
    }
}
