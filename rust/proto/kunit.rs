// SPDX-License-Identifier: GPL-2.0

//! What the tests need of `std`, where they run under KUnit.

use core::ops::{
    Deref,
    DerefMut, //
};
use kernel::prelude::*;

/// As the one of `std`; a test panics for want of memory.
pub(super) struct Vec<T>(KVec<T>);

impl<T> Vec<T> {
    pub(super) const fn new() -> Self {
        Self(KVec::new())
    }

    pub(super) fn push(&mut self, item: T) {
        assert!(self.0.push(item, GFP_KERNEL).is_ok());
    }

    pub(super) fn remove(&mut self, index: usize) -> T {
        self.0.remove(index).unwrap()
    }
}

impl<T> Deref for Vec<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for Vec<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T> Extend<T> for Vec<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.push(item));
    }
}

impl<T> FromIterator<T> for Vec<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut vec = Self::new();
        vec.extend(items);
        vec
    }
}
