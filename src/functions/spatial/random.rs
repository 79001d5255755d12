//! Random numbers by counting: draw number n of stream (seed, a, b) is a function of these, so that neither the order of
//! the work nor the number of threads can matter.

/// A stream of random numbers (SplitMix64, Steele, Lea & Flood 2014, doi:10.1145/2660193.2660195).
#[derive(Debug, Clone, Copy)]
pub(in crate::functions) struct Stream(u64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(mut of: u64) -> u64 {
    of = (of ^ (of >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    of = (of ^ (of >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    of ^ (of >> 31)
}

impl Stream {
    /// The stream of a seed and two counters.
    pub(in crate::functions) fn new(seed: usize, a: usize, b: usize) -> Self {
        let add = |state: u64, of: usize| mix(state.wrapping_add(STEP) ^ mix((of as u64).wrapping_add(STEP)));
        Self(add(add(add(0, seed), a), b))
    }

    /// The stream of a seed that is any finite number, and a counter.
    pub(in crate::functions) fn seeded(seed: f64, a: usize) -> Self {
        let add = |state: u64, of: u64| mix(state.wrapping_add(STEP) ^ mix(of.wrapping_add(STEP)));
        Self(add(add(0, (seed + 0.0).to_bits()), a as u64))
    }

    /// Returns a number between 0 and 1, neither of which it is.
    pub(in crate::functions) fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
    }

    /// Returns the next 64 bits.
    pub(in crate::functions) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// Returns a number from 0 to below `end`; the bias is below `end` / 2⁶⁴.
    pub(in crate::functions) fn below(&mut self, end: usize) -> usize {
        let wide = u128::from(self.next()) * end as u128;
        #[expect(clippy::cast_possible_truncation, reason = "the high half is below `end`")]
        let high = (wide >> 64) as usize;
        high
    }

    /// Draws the first `count` of `pool` anew without replacement, by swapping; tells the swaps to undo them.
    pub(in crate::functions) fn shuffle<T>(
        &mut self,
        pool: &mut [T],
        count: usize,
        mut swapped: impl FnMut(usize, usize),
    ) {
        for at in 0..count.min(pool.len()) {
            let other = at + self.below(pool.len() - at);
            pool.swap(at, other);
            swapped(at, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stream;

    #[test]
    fn draws_are_even_and_streams_differ() {
        let mut counts = [0_u32; 5];
        for a in 0..40 {
            for b in 0..25 {
                let mut stream = Stream::new(1, a, b);
                for _ in 0..10 {
                    counts[stream.below(5)] += 1;
                }
            }
        }
        // 10,000 draws: five standard deviations are 200
        assert!(counts.iter().all(|count| count.abs_diff(2_000) < 200), "{counts:?}");
        assert_ne!(Stream::new(1, 2, 3).next(), Stream::new(1, 3, 2).next());
        assert_eq!(Stream::new(7, 2, 3).next(), Stream::new(7, 2, 3).next());
    }
}
