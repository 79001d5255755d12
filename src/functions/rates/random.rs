//! Draws by number: the stream of a thing depends on the seed and its number alone, so that neither the order of rows
//! nor the number of threads changes a draw.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};

use super::normal::quantile;

/// The stream of one thing.
#[derive(Debug)]
pub(in crate::functions) struct Draws(ChaCha8Rng);

impl Draws {
    /// Returns the stream of the thing with this number. A seed is any finite number; equal seeds give equal draws.
    pub(in crate::functions) fn new(seed: f64, thing: usize) -> Self {
        let mut stream = ChaCha8Rng::seed_from_u64((seed + 0.0).to_bits());
        stream.set_stream(thing as u64);
        Self(stream)
    }

    /// Returns a number between 0 and 1, neither of which it is.
    pub(in crate::functions) fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
    }

    /// Returns a standard normal number.
    pub(in crate::functions) fn normal(&mut self) -> f64 {
        quantile(self.uniform())
    }

    /// Returns a gamma number of this shape and scale 1 (Marsaglia & Tsang 2000, doi:10.1145/358407.358414).
    pub(in crate::functions) fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let more = self.gamma(shape + 1.0);
            return more * self.uniform().powf(1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && self.uniform().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }
}

/// Returns the p-quantile of sorted numbers, between neighbours (type 7), or nothing when there are none.
pub(in crate::functions) fn of_sorted(values: &[f64], p: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let at = p * last as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to the last place"
    )]
    let below = (at.floor().max(0.0) as usize).min(last);
    let above = (below + 1).min(last);
    Some(values[below] + (at - below as f64) * (values[above] - values[below]))
}

/// Returns how many draws a call asks for.
pub(in crate::functions) fn times(function: &str, draws: f64) -> Result<usize, crate::error::Error> {
    if !(100.0..=100_000.0).contains(&draws) {
        return Err(
            crate::error::Error::invalid(6005, format!("`{function}` makes from 100 to 100000 draws"))
                .hint("a thousand is enough for two digits of a limit"),
        );
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    Ok(draws as usize)
}

#[cfg(test)]
mod tests {
    use super::{Draws, of_sorted};

    #[test]
    fn a_thing_draws_the_same_whatever_others_draw() {
        let first = Draws::new(7.0, 3).uniform();
        Draws::new(7.0, 2).normal();
        assert_eq!(Draws::new(7.0, 3).uniform().to_bits(), first.to_bits());
        assert_ne!(Draws::new(8.0, 3).uniform().to_bits(), first.to_bits());
        assert_ne!(Draws::new(7.0, 4).uniform().to_bits(), first.to_bits());
    }

    #[test]
    fn moments_of_gamma_numbers() {
        for shape in [0.5, 3.0, 40.0] {
            let mut draws = Draws::new(1.0, 0);
            let values: Vec<f64> = (0..20_000).map(|_| draws.gamma(shape)).collect();
            let mean = values.iter().sum::<f64>() / 20_000.0;
            let variance = values.iter().map(|of| (of - mean).powi(2)).sum::<f64>() / 20_000.0;
            assert!((mean / shape - 1.0).abs() < 0.05, "{shape}: {mean}");
            assert!((variance / shape - 1.0).abs() < 0.1, "{shape}: {variance}");
        }
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        assert_eq!(of_sorted(&[1.0, 2.0, 4.0], 0.75), Some(3.0));
        assert_eq!(of_sorted(&[], 0.5), None);
    }
}
