// SPDX-License-Identifier: GPL-2.0

//! Objects by their tags on the wire.

use crate::{
    by_tag::{
        ByTag,
        Chunk,
        NoPlace, //
    },
    proto::types::Tag, //
};
use kernel::{
    new_spinlock_irq,
    prelude::*,
    sync::{
        aref::{
            ARef,
            AlwaysRefCounted, //
        },
        SpinLockIrq, //
    },
};

/// Objects by their tags on the wire, with a reference of each.
///
/// Its lock is taken in hard interrupt context. No other lock is taken under it, and no reference
/// is dropped.
#[pin_data]
pub(super) struct Table<T: AlwaysRefCounted> {
    #[pin]
    objects: SpinLockIrq<ByTag<ARef<T>>>,
}

impl<T: AlwaysRefCounted> Table<T> {
    /// An empty table that takes nothing.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            objects <- new_spinlock_irq!(ByTag::closed(), "foreign::Table"),
        })
    }

    /// Lets the table take objects. Context: process context, may sleep.
    ///
    /// # Errors
    ///
    /// - `ENOMEM` if there is no memory.
    pub(super) fn open(&self) -> Result {
        let objects = ByTag::new()?;
        // What was there before is dropped with the lock given up.
        let _old = core::mem::replace(&mut *self.objects.lock(), objects);
        Ok(())
    }

    /// Enters `object` as `tag`. Context: process context, may sleep.
    ///
    /// # Errors
    ///
    /// - `ENOMEM` if there is no memory.
    /// - `EBUSY` if the place is taken.
    /// - `EIO` if the table is closed.
    pub(super) fn insert(&self, tag: Tag, object: ARef<T>) -> Result {
        loop {
            let mut objects = self.objects.lock();
            match objects.place(tag) {
                Ok(Some(_)) => return Err(EBUSY),
                Ok(place) => {
                    *place = Some(object);
                    return Ok(());
                }
                Err(NoPlace::EverAgain) => return Err(EIO),
                Err(NoPlace::Yet) => {}
            }
            drop(objects);
            let chunk = Chunk::new()?;
            // A chunk that another task has made superfluous is freed with no lock held.
            let _surplus = self.objects.lock().add(tag, chunk);
        }
    }

    /// What has the tag `tag`. Context: any.
    pub(super) fn get(&self, tag: Tag) -> Option<ARef<T>> {
        self.objects.lock().place(tag).ok()?.clone()
    }

    /// Removes `object` if it has the tag `tag`. Context: any.
    pub(super) fn remove(&self, tag: Tag, object: &T) -> Option<ARef<T>> {
        let mut objects = self.objects.lock();
        objects.take_if(tag, |there| core::ptr::eq(&**there, object))
    }

    /// Removes everything, and calls `f` with each object. Nothing can be entered afterwards.
    ///
    /// Context: process context.
    pub(super) fn close(&self, f: impl FnMut(ARef<T>)) {
        let objects = core::mem::replace(&mut *self.objects.lock(), ByTag::closed());
        objects.for_each(f);
    }
}
