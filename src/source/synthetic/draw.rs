//! Reproducible draws: one ChaCha stream per thing that is generated.
//!
//! A draw depends on the seed, the domain and the number of the thing only, never on what was drawn before for another
//! thing, so any part can be made alone, in any order and on any thread. No function of the system's mathematics
//! library is used (their last digit differs between platforms); everything is exact arithmetic on IEEE numbers.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};

/// What a stream is about; different domains never share draws.
#[derive(Debug, Clone, Copy)]
pub(super) enum Domain {
    Area = 1,
    Property = 2,
    Lineage = 3,
}

/// A stream of draws.
pub(super) struct Draw(ChaCha8Rng);

impl Draw {
    /// The stream of thing number `number` in `domain`.
    pub(super) fn new(seed: u64, domain: Domain, number: u64) -> Self {
        let mut bytes = [0_u8; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8] = domain as u8;
        bytes[16..22].copy_from_slice(b"samsyn");
        let mut stream = ChaCha8Rng::from_seed(bytes);
        stream.set_stream(number);
        Self(stream)
    }

    /// Uniform in 0 ≤ x < 1, in steps of 2⁻³².
    pub(super) fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    /// True with probability `p`.
    pub(super) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Uniform in 0 ≤ n < `bound`; 0 when `bound` is 0.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        high((u64::from(self.0.next_u32())) * u64::from(bound))
    }

    /// Uniform in `low` ≤ n ≤ `high`, for ages.
    pub(super) fn between(&mut self, low: u8, high: u8) -> u8 {
        let width = u32::from(high.saturating_sub(low)) + 1;
        low.saturating_add(u8::try_from(self.below(width)).unwrap_or(0))
    }

    /// Bell-shaped in 0 < x < 1 with mean ½ and standard deviation 0.144 (mean of four uniforms).
    pub(super) fn bell(&mut self) -> f64 {
        (self.unit() + self.unit() + self.unit() + self.unit()) / 4.0
    }

    /// The index in `cumulative` (rising sums of weights) where a uniform draw falls.
    pub(super) fn pick(&mut self, cumulative: &[u32]) -> usize {
        let total = cumulative.last().copied().unwrap_or(0);
        let at = self.below(total);
        cumulative.partition_point(|sum| *sum <= at)
    }
}

/// The upper half of a 64-bit number.
fn high(product: u64) -> u32 {
    u32::try_from(product >> 32).unwrap_or(u32::MAX)
}

/// A pseudonym of `number`: a bijection on 64 bits, so no two numbers share one. It is no cipher; the persons are
/// fictional.
pub(super) fn pseudonym(key: u64, number: u64) -> u64 {
    let mut x = number ^ key;
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Rounds to the nearest whole number; 0 for negative and missing values.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped to the range of u32 first"
)]
pub(super) fn round(value: f64) -> u32 {
    (value + 0.5).clamp(0.0, f64::from(u32::MAX)) as u32
}

/// eˣ to about 1 % for |x| ≤ 2, from multiplications only: (1 + x/64)⁶⁴.
pub(super) fn exp(x: f64) -> f64 {
    let mut power = 1.0 + x / 64.0;
    for _ in 0..6 {
        power *= power;
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_independent_of_order_and_of_each_other() {
        let first = |domain, number| Draw::new(7, domain, number).unit().to_bits();
        let forward: Vec<_> = (0..50).map(|n| first(Domain::Lineage, n)).collect();
        let mut backward: Vec<_> = (0..50).rev().map(|n| first(Domain::Lineage, n)).collect();
        backward.reverse();
        assert_eq!(forward, backward);
        assert_ne!(first(Domain::Area, 3), first(Domain::Property, 3));
        assert_ne!(first(Domain::Area, 3), first(Domain::Area, 4));
    }

    #[test]
    fn picks_follow_the_weights_and_never_a_zero_weight() {
        let mut draw = Draw::new(1, Domain::Area, 0);
        let mut hits = [0; 3];
        for _ in 0..4000 {
            hits[draw.pick(&[10, 10, 40])] += 1;
        }
        assert_eq!(hits[1], 0);
        assert!((800..1200).contains(&hits[0]), "{hits:?}");
    }

    #[test]
    fn rounding_is_safe_at_the_ends() {
        assert_eq!(
            (round(-3.0), round(f64::NAN), round(2.5), round(1e20)),
            (0, 0, 3, u32::MAX)
        );
    }
}
