//! What every measure of a gap is computed from: subgroups with a value each, and how errors of the values carry over.

use crate::{
    error::{Error, Result},
    functions::{
        rates::{limits::Limits, random::Draws},
        table::Table,
        value::{Output, Value},
    },
};

/// A value with its interval.
pub(super) const ESTIMATE: Output = Output::Struct(&[
    ("value", Output::Number),
    ("lo", Output::Number),
    ("hi", Output::Number),
]);

/// Subgroups with a value and people; ordered ones from the most to the least disadvantaged.
#[derive(Debug, Default)]
pub(super) struct Subgroups {
    /// Values.
    pub(super) y: Vec<f64>,
    /// Shares of the people.
    pub(super) p: Vec<f64>,
    /// Standard errors of the values, when they are known.
    pub(super) se: Option<Vec<f64>>,
    /// Relative ranks from 0 to 1, of the middle of each subgroup; when there is an order.
    pub(super) x: Option<Vec<f64>>,
}

impl Subgroups {
    /// Returns the cells of a table as subgroups, from the keys with rank, value and standard error and the first count;
    /// nothing when nobody is there.
    pub(super) fn new(
        function: &str,
        table: &Table<'_>,
        rank: Option<usize>,
        value: usize,
        se: Option<usize>,
    ) -> Result<Option<Self>> {
        let pop = table.count(0);
        let all: f64 = pop.iter().sum();
        if all <= 0.0 {
            return Ok(None);
        }
        let numbers = |key: usize| -> Vec<f64> {
            table
                .key(key)
                .iter()
                .map(|at| table.number(key, *at as usize))
                .collect()
        };
        let se = se.map(numbers);
        if se.iter().flatten().any(|se| *se < 0.0) {
            return Err(Error::invalid(6003, format!("`{function}` got a negative `se`"))
                .hint("a standard error is a number from 0 upwards"));
        }
        let x = rank.map(|rank| midranks(table.key(rank), pop, all));
        Ok(Some(Self {
            y: numbers(value),
            p: pop.iter().map(|pop| pop / all).collect(),
            se,
            x,
        }))
    }

    /// The mean of values over people.
    pub(super) fn mean(&self, y: &[f64]) -> f64 {
        self.p.iter().zip(y).map(|(p, y)| p * y).sum()
    }

    /// The absolute concentration index, 0 without an order.
    pub(super) fn concentration(&self, y: &[f64]) -> f64 {
        let Some(x) = &self.x else {
            return 0.0;
        };
        self.p
            .iter()
            .zip(x)
            .zip(y)
            .map(|((p, x), y)| p * (2.0 * x - 1.0) * y)
            .sum()
    }

    /// Value at rank 0 and its change up to rank 1, by least squares weighted by people; nothing without two ranks.
    pub(super) fn line(&self, y: impl Fn(usize) -> f64) -> Option<(f64, f64)> {
        let x = self.x.as_ref()?;
        let (mut middle, mut mean) = (0.0, 0.0);
        for (at, (p, x)) in self.p.iter().zip(x).enumerate() {
            middle += p * x;
            mean += p * y(at);
        }
        let (mut both, mut square) = (0.0, 0.0);
        for (at, (p, x)) in self.p.iter().zip(x).enumerate() {
            both += p * (x - middle) * (y(at) - mean);
            square += p * (x - middle) * (x - middle);
        }
        if square <= 0.0 {
            return None;
        }
        let slope = both / square;
        Some((mean - slope * middle, slope))
    }

    /// Returns the standard error of a smooth function of the values, by its slopes (delta method).
    pub(super) fn delta(&self, of: impl Fn(&[f64]) -> Option<f64>) -> Option<f64> {
        let se = self.se.as_ref()?;
        let mut y = self.y.clone();
        let mut variance = 0.0;
        for (at, se) in se.iter().enumerate() {
            let here = y[at];
            let step = 1e-5 * if here.abs() > 0.0 { here.abs() } else { *se };
            if *se <= 0.0 || step <= 0.0 {
                continue;
            }
            y[at] = here + step;
            let (above, high) = (of(&y)?, y[at]);
            y[at] = here - step;
            let (below, low) = (of(&y)?, y[at]);
            y[at] = here;
            let slope = (above - below) / (high - low);
            variance += slope * slope * se * se;
        }
        Some(variance.sqrt())
    }

    /// Returns a value with its interval, symmetric about it.
    pub(super) fn plain(&self, z: f64, of: impl Fn(&[f64]) -> Option<f64>) -> (Option<f64>, Option<Limits>) {
        let Some(value) = of(&self.y) else {
            return (None, None);
        };
        let limits = self.delta(of).map(|error| Limits {
            lo: value - z * error,
            hi: value + z * error,
        });
        (Some(value), limits)
    }

    /// Returns a ratio with its interval, symmetric on the scale of logarithms.
    pub(super) fn ratio(&self, z: f64, of: impl Fn(&[f64]) -> Option<f64>) -> (Option<f64>, Option<Limits>) {
        let Some(value) = of(&self.y) else {
            return (None, None);
        };
        if value <= 0.0 {
            return (Some(value), None);
        }
        let limits = self
            .delta(|y| of(y).filter(|value| *value > 0.0).map(f64::ln))
            .map(|error| Limits {
                lo: value * (-z * error).exp(),
                hi: value * (z * error).exp(),
            })
            .filter(|limits| limits.hi.is_finite());
        (Some(value), limits)
    }

    /// Returns sets of values as they might have been: normal about the values, not below 0 when no value is.
    pub(super) fn simulate(&self, seed: f64, times: usize) -> Option<Vec<Vec<f64>>> {
        let se = self.se.as_ref()?;
        let floor = if self.y.iter().all(|y| *y >= 0.0) {
            0.0
        } else {
            f64::NEG_INFINITY
        };
        let mut sets = vec![vec![0.0; self.y.len()]; times];
        for (at, (y, se)) in self.y.iter().zip(se).enumerate() {
            let mut draws = Draws::new(seed, at);
            for set in &mut sets {
                set[at] = loop {
                    let value = y + se * draws.normal();
                    if value >= floor {
                        break value;
                    }
                };
            }
        }
        Some(sets)
    }
}

/// Returns the middle of each cell's place among the people, by rank; equal ranks stand together.
fn midranks(ranks: &[u32], pop: &[f64], all: f64) -> Vec<f64> {
    let last = ranks.iter().max().map_or(0, |last| *last as usize + 1);
    let mut people = vec![0.0; last];
    for (rank, pop) in ranks.iter().zip(pop) {
        people[*rank as usize] += pop;
    }
    let mut below = 0.0;
    let middles: Vec<f64> = people
        .iter()
        .map(|people| {
            let middle = (below + people / 2.0) / all;
            below += people;
            middle
        })
        .collect();
    ranks.iter().map(|rank| middles[*rank as usize]).collect()
}

/// Returns a number or NULL.
pub(super) fn number(of: Option<f64>) -> Value {
    of.map_or(Value::Null, Value::Number)
}

/// Returns the fields value, lo and hi.
pub(super) fn fields((value, limits): (Option<f64>, Option<Limits>)) -> Vec<Value> {
    vec![
        number(value),
        number(limits.map(|of| of.lo)),
        number(limits.map(|of| of.hi)),
    ]
}
