// SPDX-License-Identifier: GPL-2.0

//! Replies changed at random, the same for the same seed: a fuzzer for clients.

use p9proto::wire::HEADER_SIZE;

/// Of how many replies one is changed. Few enough that most sessions come further than their
/// Rversion.
const EVERY: usize = 25;

/// Values that are wrong for most fields.
const VALUES: [u32; 8] = [
    0,
    1,
    0x7f,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    u32::MAX,
];

/// Where the changes come from.
pub struct Mutator {
    state: u64,
}

impl Mutator {
    /// A sequence of its own for each seed.
    pub fn new(seed: u64) -> Self {
        // Never 0, which would stay 0.
        Self {
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        }
    }

    /// A number below `limit`, 0 if that is 0.
    fn below(&mut self, limit: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        // CAST: the remainder is below a `usize`.
        (self.state >> 11).checked_rem(limit as u64).unwrap_or(0) as usize
    }

    /// Changes some of the replies; tells what it has done. `frame` may hold several frames then,
    /// or none.
    pub fn apply(&mut self, frame: &mut Vec<u8>) -> Option<&'static str> {
        if self.below(EVERY) != 0 {
            return None;
        }
        let body = frame.len().saturating_sub(HEADER_SIZE);
        Some(match self.below(9) {
            0 => {
                let at = HEADER_SIZE + self.below(body);
                if let Some(byte) = frame.get_mut(at) {
                    *byte ^= 1 << self.below(8);
                }
                "a bit of the body"
            }
            1 => {
                let value = VALUES[self.below(VALUES.len())].to_le_bytes();
                let at = HEADER_SIZE + self.below(body);
                let width = [1, 2, 4][self.below(3)];
                if let Some(place) = frame.get_mut(at..at + width) {
                    place.copy_from_slice(&value[..width]);
                }
                "a number in the body"
            }
            2 => {
                frame.truncate(HEADER_SIZE + self.below(body));
                set_size(frame);
                "cut"
            }
            3 => {
                let more = self.below(64) + 1;
                frame.extend((0..more).map(|_| self.below(256) as u8));
                set_size(frame);
                "trailing bytes"
            }
            4 => {
                frame[4] = self.below(256) as u8;
                "the type"
            }
            5 => {
                frame[5] ^= 1 << self.below(8);
                "the tag"
            }
            6 => {
                let value = VALUES[self.below(VALUES.len())].to_le_bytes();
                frame[..4].copy_from_slice(&value);
                "the size"
            }
            7 => {
                let again = frame.clone();
                frame.extend(again);
                "twice"
            }
            _ => {
                for byte in frame.iter_mut().skip(HEADER_SIZE) {
                    *byte = self.below(256) as u8;
                }
                "noise"
            }
        })
    }
}

/// Lets the size field of a frame say how long it is.
pub(super) fn set_size(frame: &mut [u8]) {
    let size = u32::try_from(frame.len()).unwrap_or(u32::MAX);
    if let Some(place) = frame.get_mut(..4) {
        place.copy_from_slice(&size.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(seed: u64) -> Vec<(Option<&'static str>, Vec<u8>)> {
        let mut mutator = Mutator::new(seed);
        (0..2000)
            .map(|length| {
                let mut frame = vec![7; HEADER_SIZE + length % 40];
                set_size(&mut frame);
                (mutator.apply(&mut frame), frame)
            })
            .collect()
    }

    #[test]
    fn the_same_seed_makes_the_same_changes() {
        assert_eq!(changed(1), changed(1));
        assert_ne!(changed(1), changed(2));
    }

    #[test]
    fn few_replies_are_changed_in_all_ways() {
        let all = changed(3);
        let mut ways: Vec<_> = all.iter().filter_map(|(way, _)| *way).collect();
        assert!((40..160).contains(&ways.len()), "{}", ways.len());
        ways.sort_unstable();
        ways.dedup();
        assert_eq!(ways.len(), 9);
    }
}
