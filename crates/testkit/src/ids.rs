//! Ids that come out the same in every run.

use std::sync::Mutex;

use updraft_kernel::Ids;

/// A small generator (SplitMix64) with a fixed seed.
pub struct SeededIds(Mutex<u64>);

impl SeededIds {
    /// Ids drawn from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }

    fn next(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Ids for SeededIds {
    fn fill(&self, out: &mut [u8]) {
        let mut state = self.0.lock().expect("drawing ids cannot panic");
        for chunk in out.chunks_mut(8) {
            let bytes = Self::next(&mut state).to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}
