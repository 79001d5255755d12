//! What every measure of inequality is computed from: the values that people have, in order, with how many have each.

use crate::{
    error::{Error, Result},
    functions::{def::Argument, table::Table},
};

/// `(unit, value, weight)`: every unit has one value.
pub(super) const OF_UNITS: &[Argument] = &[
    Argument::key("unit"),
    Argument::number("value"),
    Argument::count("weight"),
];
/// `(value, weight)`: every row is a person or some alike.
pub(super) const OF_ROWS: &[Argument] = &[Argument::number("value"), Argument::count("weight")];

/// Values from low to high, each once.
#[derive(Debug)]
pub(super) struct Spread {
    /// Value and weight.
    pub(super) values: Vec<(f64, f64)>,
    /// Sum of the weights.
    pub(super) people: f64,
    /// Sum of weight times value.
    pub(super) sum: f64,
}

impl Spread {
    /// Returns the values of a table whose last key is the value, nothing when nobody has one. Negative ones are refused.
    pub(super) fn new(function: &str, table: &Table<'_>) -> Result<Option<Self>> {
        let key = table.keys.len() - 1;
        if key == 1 {
            table.one_a_unit(function, "value")?;
        }
        Self::of_cells(function, table, key)
    }

    /// The same where a first key is a group that may have many values.
    pub(super) fn of_cells(function: &str, table: &Table<'_>, key: usize) -> Result<Option<Self>> {
        // numbers are keys, so they are in order of size already; units with the same value count as one
        let mut weights = vec![0.0; table.distinct(key)];
        for (value, weight) in table.key(key).iter().zip(table.count(0)) {
            weights[*value as usize] += weight;
        }
        if weights.is_empty() {
            return Ok(None);
        }
        if table.number(key, 0) < 0.0 {
            return Err(Error::invalid(6003, format!("`{function}` got a negative `value`"))
                .hint("measures of inequality are for values from 0 upwards; leave others out with FILTER"));
        }
        let values: Vec<(f64, f64)> = weights
            .into_iter()
            .enumerate()
            .map(|(at, weight)| (table.number(key, at), weight))
            .collect();
        Ok(Some(Self::sorted(values)))
    }

    /// Values that are in order already.
    pub(super) fn sorted(values: Vec<(f64, f64)>) -> Self {
        let people = values.iter().map(|(_, weight)| weight).sum();
        let sum = values.iter().map(|(value, weight)| weight * value).sum();
        Self { values, people, sum }
    }

    /// The mean.
    pub(super) fn mean(&self) -> f64 {
        self.sum / self.people
    }

    /// The smallest value that at least this share of the people have or lie below.
    pub(super) fn quantile(&self, q: f64) -> f64 {
        let (mut below, mut last) = (0.0, 0.0);
        for (value, weight) in &self.values {
            below += weight;
            last = *value;
            // what rounding loses must not move to the next value
            if below >= self.people * (q - 1e-12) {
                break;
            }
        }
        last
    }

    /// The share of everything that the poorest `p` of the people have; people of one value share it alike.
    pub(super) fn lorenz(&self, p: f64) -> f64 {
        let mut left = p.clamp(0.0, 1.0) * self.people;
        let mut sum = 0.0;
        for (value, weight) in &self.values {
            let taken = left.min(*weight);
            sum += taken * value;
            left -= taken;
            if left <= 0.0 {
                return sum / self.sum;
            }
        }
        1.0
    }

    /// Theil's T; the mean is above 0.
    pub(super) fn theil(&self) -> f64 {
        let mean = self.mean();
        let parts = self.values.iter().map(|(value, weight)| {
            let times = value / mean;
            if times > 0.0 { weight * times * times.ln() } else { 0.0 }
        });
        (parts.sum::<f64>() / self.people).max(0.0)
    }

    /// The mean log deviation; nothing when a value is 0: it is infinite.
    pub(super) fn mld(&self) -> Option<f64> {
        let mean = self.mean();
        let parts = self
            .values
            .iter()
            .map(|(value, weight)| (*value > 0.0).then(|| -weight * (value / mean).ln()));
        Some((parts.sum::<Option<f64>>()? / self.people).max(0.0))
    }
}
