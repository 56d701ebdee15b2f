// SPDX-License-Identifier: GPL-2.0

//! Values by their tags on the wire.

use crate::{
    proto::types::Tag,
    sys::gfp::GFP_NOFS, //
};
use kernel::prelude::*;
use pin_init::init_array_from_fn;

/// Places that are allocated together.
///
/// Not more: what a transport keeps for 128 requests is less than a page. Not fewer: the list of all
/// chunks, one for each 128 of the 65,536 tags, is a page.
const CHUNK: usize = 128;

/// How many chunks there can be.
const CHUNKS: usize = (u16::MAX as usize + 1) / CHUNK;

/// Places that are allocated together.
pub(crate) struct Chunk<V>(KBox<[Option<V>; CHUNK]>);

impl<V> Chunk<V> {
    /// Places without values. May sleep. Starts no file system I/O.
    ///
    /// # Errors
    ///
    /// - `ENOMEM` if there is no memory.
    pub(crate) fn new() -> Result<Self> {
        let places = init_array_from_fn(|_| Ok::<_, Error>(None));
        Ok(Self(KBox::init(places, GFP_NOFS)?))
    }
}

/// The place of `tag`: its chunk, and the place there.
///
/// A Tflush, whose tag has the uppermost bit set, comes right behind the request that it flushes,
/// and so never needs a new chunk. `NOTAG` is at 1.
fn place(tag: Tag) -> (usize, usize) {
    let index = usize::from(tag.get().rotate_left(1).wrapping_add(2));
    (index / CHUNK, index % CHUNK)
}

/// Why a tag has no place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// [`ByTag::add`] makes one.
    Yet,
    /// The list is closed.
    EverAgain,
}

/// Values by their tags on the wire, one for each tag.
pub(crate) struct ByTag<V>(KVec<Option<Chunk<V>>>);

impl<V> ByTag<V> {
    /// A list that has, and gets, no places.
    pub(crate) const fn closed() -> Self {
        Self(KVec::new())
    }

    /// A list without values.
    ///
    /// # Errors
    ///
    /// - `ENOMEM` if there is no memory.
    pub(crate) fn new() -> Result<Self> {
        let mut chunks = KVec::with_capacity(CHUNKS, GFP_KERNEL)?;
        for _ in 0..CHUNKS {
            chunks.push(None, GFP_KERNEL)?;
        }
        Ok(Self(chunks))
    }

    /// The place of `tag`. Once there, it stays.
    ///
    /// # Errors
    ///
    /// See [`NoPlace`].
    pub(crate) fn place(&mut self, tag: Tag) -> Result<&mut Option<V>, NoPlace> {
        let (chunk, at) = place(tag);
        let chunk = self.0.get_mut(chunk).ok_or(NoPlace::EverAgain)?;
        let chunk = chunk.as_mut().ok_or(NoPlace::Yet)?;
        chunk.0.get_mut(at).ok_or(NoPlace::EverAgain)
    }

    /// Makes a place for `tag`. A chunk too many is given back.
    pub(crate) fn add(&mut self, tag: Tag, chunk: Chunk<V>) -> Option<Chunk<V>> {
        match self.0.get_mut(place(tag).0) {
            Some(place @ None) => {
                *place = Some(chunk);
                None
            }
            _ => Some(chunk),
        }
    }

    /// Takes what has the tag `tag`, if `wanted` accepts it.
    pub(crate) fn take_if(&mut self, tag: Tag, wanted: impl FnOnce(&V) -> bool) -> Option<V> {
        self.place(tag).ok()?.take_if(|there| wanted(there))
    }

    /// Calls `f` with each value.
    pub(crate) fn for_each(self, mut f: impl FnMut(V)) {
        for mut chunk in self.0.into_iter().flatten() {
            chunk.0.iter_mut().filter_map(Option::take).for_each(&mut f);
        }
    }
}
