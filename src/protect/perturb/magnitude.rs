//! Noise for sums of amounts: in proportion to the largest contributions, by the cell's key.
//!
//! T̂ = T + Σ_{j ≤ k} |x_j| · m(x_j) · ε_j · (μ + |v_j|) · sign v_j over the k largest contributions, with v_j from a table
//! of noise (Giessing & Tent 2019; the R package cellKey). Contributions of 0 count neither among the largest nor in the
//! key, so that adding records without amounts changes nothing. Here the noise of the j-th contribution comes from the
//! cell's key mixed with j, and sums are rounded to a unit: the decimals of a proportion would tell the amount.

use super::{
    keys::{cell_key, mixed},
    noise::{Noise, NoiseRule},
};
use crate::error::{Error, Result};

/// Share of an amount that one step of noise is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Multiplier {
    /// The same for all amounts.
    Simple(f64),
    /// `small` up to the amount `from`, then falling towards `large`, the faster the larger `power`.
    Flex {
        /// Share for small amounts.
        small: f64,
        /// Share for very large amounts.
        large: f64,
        /// The amount where it begins to fall.
        from: f64,
        /// How fast.
        power: f64,
    },
}

impl Multiplier {
    /// Returns the share for an amount.
    pub fn of(&self, amount: f64) -> f64 {
        match *self {
            Self::Simple(share) => share,
            Self::Flex {
                small,
                large,
                from,
                power,
            } => {
                if amount <= from {
                    return small;
                }
                let over = (small * amount - large * from) / (large * from);
                large * (1.0 + over * (2.0 * from / (from + amount)).powf(power))
            }
        }
    }
}

/// How sums of amounts are perturbed.
#[derive(Debug, Clone, PartialEq)]
pub struct AmountNoise {
    noise: Noise,
    steps: u32,
    multiplier: Multiplier,
    /// Weights ε of the largest contributions, first the largest.
    weights: Vec<f64>,
    /// μ, in steps of D: added to the noise of cells that are unsafe.
    extra: f64,
}

impl AmountNoise {
    /// Makes the noise: `steps` values between whole numbers, `weights` for the largest contributions, and `extra` for
    /// cells that a primary rule finds unsafe.
    ///
    /// # Errors
    /// SAMSYN-5050 for a rule that cannot be kept, 5054 for shares, weights or extra noise that could make the sum of
    /// amounts above 0 negative.
    pub fn new(rule: &NoiseRule, steps: u32, multiplier: Multiplier, weights: &[f64], extra: f64) -> Result<Self> {
        let wrong = |what: &str, hint: &str| Err(Error::invalid(5054, what.to_owned()).hint(hint));
        let steps = steps.clamp(1, 100);
        if weights.is_empty() || weights.iter().any(|weight| !(*weight > 0.0 && *weight <= 1.0)) {
            return wrong(
                "a weight of the largest contributions is not above 0 and at most 1",
                "use 1, 0.5, 0.25",
            );
        }
        if !(extra.is_finite() && extra >= 0.0) {
            return wrong("the extra noise of unsafe cells is below 0", "0 means none");
        }
        let most = match multiplier {
            Multiplier::Simple(share) => share,
            Multiplier::Flex {
                small,
                large,
                from,
                power,
            } => {
                let fine = large > 0.0 && small >= large && from > 0.0 && power >= 1.0 && power.is_finite();
                if !fine {
                    return wrong(
                        "a share that falls with the amount needs 0 < large ≤ small, an amount above 0 and a power of at least 1",
                        "for example small 0.1, large 0.02, from 1000, power 2",
                    );
                }
                // between `from` and infinity the share may rise a little before it falls
                (0..=400)
                    .map(|at| multiplier.of(from * 1.05_f64.powi(at)))
                    .fold(small, f64::max)
            }
        };
        if !(most > 0.0 && most * (f64::from(rule.widest) + extra) <= 1.0 + 1e-12) {
            return wrong(
                "the largest noise is not above 0, or is more than the amount itself",
                "share · (D + extra) must be above 0 and at most 1",
            );
        }
        Ok(Self {
            noise: Noise::of_amounts(rule, steps)?.shuffled(),
            steps,
            multiplier,
            weights: weights.to_vec(),
            extra,
        })
    }

    /// Returns the noise of a sum, from the keys and amounts of its records, each once; `unsafe_cell` adds the extra.
    pub fn of(&self, records: &[(u64, f64)], unsafe_cell: bool) -> f64 {
        let key = cell_key(records.iter().filter(|(_, amount)| *amount != 0.0).map(|(key, _)| *key));
        let mut largest: Vec<(f64, u64)> = Vec::with_capacity(self.weights.len() + 1);
        for (key, amount) in records.iter().filter(|(_, amount)| *amount != 0.0) {
            let amount = (amount.abs(), *key);
            let at = largest.partition_point(|other| other.0 > amount.0 || (other.0 >= amount.0 && other.1 < amount.1));
            largest.insert(at, amount);
            largest.truncate(self.weights.len());
        }
        let mut sum = 0.0;
        for ((number, (amount, _)), weight) in (1_u64..).zip(&largest).zip(&self.weights) {
            let steps = self.noise.of(1, mixed(key, number));
            let v = f64::from(steps) / f64::from(self.steps);
            let extra = if unsafe_cell { self.extra } else { 0.0 };
            let wide = if steps < 0 {
                v - extra
            } else if steps > 0 || mixed(key, number + 1_000) >> 63 == 1 {
                v + extra
            } else {
                v - extra
            };
            sum += amount * self.multiplier.of(*amount) * weight * wide;
        }
        sum
    }
}
