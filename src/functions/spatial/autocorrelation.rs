//! What the statistics of neighbours share: values at areas with edges, islands, permutations and the false discovery
//! rate.

use super::{
    network::Network,
    places::{choice, whole},
    random::Stream,
};
use crate::{
    error::{Error, Result},
    functions::{
        def::{Argument, Params, Role},
        table::Table,
    },
};

pub(super) const AREA: Argument = Argument::key("area");
pub(super) const NEIGHBOUR: Argument = Argument::key("neighbour");
pub(super) const VALUE: Argument = Argument::number("value");
pub(super) const WEIGHT: Argument = Argument::count("w");
pub(super) const PERMUTATIONS: Argument = Argument::option("permutations", 999.0);
pub(super) const SEED: Argument = Argument::option("seed", 1.0);
pub(super) const STANDARDISE: Argument = Argument {
    name: "standardise",
    role: Role::Choice("row"),
};
pub(super) const ISLANDS: Argument = Argument {
    name: "islands",
    role: Role::Choice("drop"),
};

/// Areas with neighbours.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) network: Network,
    /// Areas that have no neighbour.
    pub(super) islands: usize,
    pub(super) permutations: usize,
    pub(super) seed: usize,
}

impl Field {
    /// Reads `area, neighbour, …, w` with permutations, seed, standardise if there is such a choice, and islands; nothing
    /// when something is NULL.
    pub(super) fn new(table: &Table<'_>, params: &Params, function: &str, weight: usize) -> Result<Option<Self>> {
        let permutations = whole(params, 0, function, "permutations", 1_000_000)?;
        let seed = whole(params, 1, function, "seed", u32::MAX)?;
        let last = params.texts.len() - 1;
        let row = last > 0 && choice(params, 0, function, "standardise", &["row", "none"])? == 0;
        let policy = choice(params, last, function, "islands", &["drop", "zero", "refuse"])?;
        let Some(mut network) = Network::new(table, function, weight)? else {
            return Ok(None);
        };
        let gone = network.islands();
        let islands = gone.iter().filter(|gone| **gone).count();
        if islands > 0 && policy == 2 {
            return Err(
                Error::invalid(6031, format!("`{function}` got {islands} areas without a neighbour"))
                    .hint("check that both keys are written alike; or choose 'drop' or 'zero' for `islands`"),
            );
        }
        if policy == 0 && islands > 0 {
            network.drop(&gone);
        }
        if row {
            network.weights.standardise();
        }
        Ok(Some(Self {
            network,
            islands,
            permutations,
            seed,
        }))
    }

    /// Returns pseudo p values of local statistics: how often, with the other areas' values dealt anew to the
    /// neighbours, the lag is at least as far out on the side where it is less often.
    ///
    /// Every area and permutation has its own stream of random numbers.
    pub(super) fn local_p(&self, values: &[f64], lags: &[f64]) -> Vec<Option<f64>> {
        let weights = &self.network.weights;
        let most = values.iter().map(|value| value.abs()).fold(0.0, f64::max);
        let mut pool: Vec<usize> = (0..values.len()).collect();
        let mut swaps = Vec::new();
        (0..values.len())
            .map(|unit| {
                let degree = weights.degree(unit);
                if degree == 0 || self.permutations == 0 {
                    return None;
                }
                let last = pool.len() - 1;
                pool.swap(unit, last);
                let (mut above, mut below) = (0, 0);
                // sums of the same values in another order are the same
                let same = 1e-12 * weights.of(unit).map(|(_, weight)| weight).sum::<f64>() * most;
                for permutation in 0..self.permutations {
                    let mut stream = Stream::new(self.seed, unit, permutation);
                    stream.shuffle(&mut pool[..last], degree, |left, right| swaps.push((left, right)));
                    let lag: f64 = weights
                        .of(unit)
                        .zip(&pool)
                        .map(|((_, weight), other)| weight * values[*other])
                        .sum();
                    above += usize::from(lag >= lags[unit] - same);
                    below += usize::from(lag <= lags[unit] + same);
                    for (left, right) in swaps.drain(..).rev() {
                        pool.swap(left, right);
                    }
                }
                pool.swap(unit, last);
                Some(self.folded(above, below))
            })
            .collect()
    }

    /// Returns the pseudo p value of the rarer side, from how many permutations are at least as high and as low. Ties
    /// count on both sides: else low values would look rare where there are only a few different ones.
    pub(super) fn folded(&self, above: usize, below: usize) -> f64 {
        (above.min(below) + 1) as f64 / (self.permutations + 1) as f64
    }
}

/// Returns values less their mean, and their mean square; nothing when all are equal.
pub(super) fn centred(values: &[f64]) -> Option<(Vec<f64>, f64)> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let centred: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let square = centred.iter().map(|value| value * value).sum::<f64>() / count;
    let size = values.iter().map(|value| value.abs()).fold(0.0, f64::max);
    (square.sqrt() > 1e-13 * size).then_some((centred, square))
}

/// Returns p values adjusted for the false discovery rate (Benjamini & Hochberg 1995).
pub(super) fn adjusted(of: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut order: Vec<(f64, usize)> = of.iter().enumerate().filter_map(|(at, p)| p.map(|p| (p, at))).collect();
    order.sort_by(|left, right| left.0.total_cmp(&right.0));
    let count = order.len() as f64;
    let mut adjusted = vec![None; of.len()];
    let mut least = 1.0_f64;
    for (rank, (p, at)) in order.iter().enumerate().rev() {
        least = least.min(p * count / (rank + 1) as f64);
        adjusted[*at] = Some(least);
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::adjusted;

    #[test]
    fn the_false_discovery_rate_of_a_textbook() {
        // p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.8), "BH") of R
        let got = adjusted(&[Some(0.01), Some(0.04), None, Some(0.03), Some(0.005), Some(0.8)]);
        let expected = [Some(0.025), Some(0.05), None, Some(0.05), Some(0.025), Some(0.8)];
        for (got, expected) in got.iter().zip(expected) {
            assert!(
                got.zip(expected)
                    .is_none_or(|(got, expected): (f64, f64)| (got - expected).abs() < 1e-15)
            );
            assert_eq!(got.is_some(), expected.is_some());
        }
    }
}
