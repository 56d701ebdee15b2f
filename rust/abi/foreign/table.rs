// SPDX-License-Identifier: GPL-2.0

//! Objects by their tags on the wire.

use crate::proto::types::Tag;
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
use pin_init::init_array_from_fn;

/// Places that are allocated together, and chunks that there can be.
///
/// Neither more nor fewer: their product is the number of tags, and a chunk and the list of all
/// chunks are 2 KiB each.
const CHUNK: usize = 256;

type Chunk<T> = [Option<ARef<T>>; CHUNK];

/// The place of `tag`: its chunk, and the place there.
///
/// A Tflush, whose tag has the uppermost bit set, comes right behind the request that it flushes,
/// and so never needs a new chunk. `NOTAG` is at 1.
fn place(tag: Tag) -> (usize, usize) {
    let index = usize::from(tag.get().rotate_left(1).wrapping_add(2));
    (index / CHUNK, index % CHUNK)
}

/// Objects by their tags on the wire, with a reference of each.
///
/// Its lock is taken in hard interrupt context. No other lock is taken under it, and no reference
/// is dropped.
#[pin_data]
pub(super) struct Table<T: AlwaysRefCounted> {
    #[pin]
    chunks: SpinLockIrq<KVec<Option<KBox<Chunk<T>>>>>,
}

impl<T: AlwaysRefCounted> Table<T> {
    /// An empty table that takes nothing.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            chunks <- new_spinlock_irq!(KVec::new(), "foreign::Table"),
        })
    }

    /// Lets the table take objects. Context: process context, may sleep.
    ///
    /// # Errors
    ///
    /// - `ENOMEM` if there is no memory.
    pub(super) fn open(&self) -> Result {
        let mut chunks = KVec::with_capacity(CHUNK, GFP_KERNEL)?;
        for _ in 0..CHUNK {
            chunks.push(None, GFP_KERNEL)?;
        }
        // What was there before is dropped with the lock given up.
        let _old = core::mem::replace(&mut *self.chunks.lock(), chunks);
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
        let (chunk, at) = place(tag);
        let mut new = None;
        loop {
            let mut chunks = self.chunks.lock();
            let place = chunks.get_mut(chunk).ok_or(EIO)?;
            if place.is_none() {
                *place = new.take();
            }
            if let Some(chunk) = place {
                let place = chunk.get_mut(at).ok_or(EIO)?;
                if place.is_some() {
                    return Err(EBUSY);
                }
                *place = Some(object);
                return Ok(());
            }
            drop(chunks);
            new = Some(KBox::init(
                init_array_from_fn(|_| Ok::<_, Error>(None)),
                GFP_KERNEL,
            )?);
        }
    }

    /// What has the tag `tag`. Context: any.
    pub(super) fn get(&self, tag: Tag) -> Option<ARef<T>> {
        let (chunk, at) = place(tag);
        let chunks = self.chunks.lock();
        chunks.get(chunk)?.as_ref()?.get(at)?.clone()
    }

    /// Removes `object` if it has the tag `tag`. Context: any.
    pub(super) fn remove(&self, tag: Tag, object: &T) -> Option<ARef<T>> {
        let (chunk, at) = place(tag);
        let mut chunks = self.chunks.lock();
        let place = chunks.get_mut(chunk)?.as_mut()?.get_mut(at)?;
        place.take_if(|there| core::ptr::eq(&**there, object))
    }

    /// Removes everything, and calls `f` with each object. Nothing can be entered afterwards.
    ///
    /// Context: process context.
    pub(super) fn close(&self, mut f: impl FnMut(ARef<T>)) {
        let chunks = core::mem::replace(&mut *self.chunks.lock(), KVec::new());
        for mut chunk in chunks.into_iter().flatten() {
            chunk.iter_mut().filter_map(Option::take).for_each(&mut f);
        }
    }
}
