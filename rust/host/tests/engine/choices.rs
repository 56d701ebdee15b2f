// SPDX-License-Identifier: GPL-2.0

//! Decisions: made at random, noted, made again from the notes, and shortened.

/// Where decisions come from.
pub struct Choices {
    state: u64,
    given: Vec<u32>,
    made: Vec<u32>,
}

impl Choices {
    /// Random decisions; the same for the same seed.
    pub fn random(seed: u64) -> Self {
        Self {
            state: seed,
            given: Vec::new(),
            made: Vec::new(),
        }
    }

    /// The decisions in `given`, then random ones.
    pub fn given(given: Vec<u32>) -> Self {
        Self {
            state: 0,
            given,
            made: Vec::new(),
        }
    }

    /// Picks a number below `n`; 0 is the most boring one.
    pub fn below(&mut self, n: usize) -> usize {
        let n = u32::try_from(n).unwrap();
        let number = match self.given.get(self.made.len()) {
            Some(number) => number % n,
            // The upper half of the product is nearly as likely to be any of the numbers.
            None => u32::try_from((u64::from(self.next()) * u64::from(n)) >> 32).unwrap(),
        };
        self.made.push(number);
        usize::try_from(number).unwrap()
    }

    /// Says yes this often.
    pub fn percent(&mut self, often: usize) -> bool {
        self.below(100) >= 100 - often
    }

    /// Picks one.
    pub fn one_of<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// What was decided so far.
    pub fn made(&self) -> &[u32] {
        &self.made
    }

    /// The next number of SplitMix64.
    fn next(&mut self) -> u32 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap()
    }
}

/// Leaves out of `list` what is not needed to make `fails` say yes, trying it at most `tries`
/// times.
pub fn shorten(mut list: Vec<u32>, mut tries: usize, fails: impl Fn(&[u32]) -> bool) -> Vec<u32> {
    let mut try_list = |list: &mut Vec<u32>, shorter: Vec<u32>| {
        if tries == 0 {
            return false;
        }
        tries -= 1;
        let better = fails(&shorter);
        if better {
            *list = shorter;
        }
        better
    };
    let mut width = list.len() / 2;
    while width > 0 {
        let mut at = 0;
        while at < list.len() {
            let end = (at + width).min(list.len());
            let mut shorter = list.clone();
            shorter.drain(at..end);
            if try_list(&mut list, shorter) {
                continue;
            }
            let mut simpler = list.clone();
            simpler[at..end].fill(0);
            if simpler != list {
                try_list(&mut list, simpler);
            }
            at = end;
        }
        width /= 2;
    }
    list
}
