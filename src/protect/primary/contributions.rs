//! What each contributor gives to a cell of a magnitude table: the ground of all concentration rules.

use std::collections::BTreeMap;

/// Figures that differ by less than this share of the cell's total count as equal, so that a rule's boundary is the
/// decimal one and not that of the last binary digit.
const CLOSE: f64 = 1e-9;

/// The contributions to one cell, by contributor, largest first.
///
/// Rows of one contributor are summed before they are ranked, and absolute values are taken after summing: a firm with
/// +80 and −80 gives nothing. The total is that of the absolute values, so that for figures of both signs a share never
/// exceeds one. A contributor that is removed (`övriga`, imputed values) counts neither among the largest nor in the
/// total: no attacker knows it as one unit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Contributions {
    /// Absolute contributions, falling, no zeros.
    ranked: Vec<f64>,
    total: f64,
    count: u64,
}

impl Contributions {
    /// From rows of contributor and value, in any order: the same rows give the same figures.
    pub fn of<K: Ord>(rows: impl IntoIterator<Item = (K, f64)>, removed: impl Fn(&K) -> bool) -> Self {
        let mut by_contributor: BTreeMap<K, Vec<f64>> = BTreeMap::new();
        for (contributor, value) in rows {
            if !removed(&contributor) {
                by_contributor.entry(contributor).or_default().push(value);
            }
        }
        let mut ranked: Vec<f64> = by_contributor
            .into_values()
            .map(|values| sum(values).abs())
            .filter(|value| *value > 0.0)
            .collect();
        ranked.sort_unstable_by(|a, b| b.total_cmp(a));
        Self {
            total: sum(ranked.clone()),
            count: ranked.len() as u64,
            ranked,
        }
    }

    /// From what a tabulated file tells: the total, the largest contributions and the number of contributors.
    pub fn tabulated(total: f64, mut largest: Vec<f64>, count: u64) -> Self {
        largest.retain(|value| *value > 0.0);
        largest.sort_unstable_by(|a, b| b.total_cmp(a));
        Self {
            ranked: largest,
            total: total.abs(),
            count,
        }
    }

    /// How many contributors give something.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The sum of the absolute contributions, X.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// The largest contribution, x₁; 0 when there is none.
    pub fn largest(&self) -> f64 {
        self.ranked.first().copied().unwrap_or_default()
    }

    /// x₁ + … + xₙ.
    pub fn top(&self, n: usize) -> f64 {
        sum(self.ranked.iter().take(n).copied().collect())
    }

    /// Whether `a` is more than `b` by more than what counts as equal.
    pub(super) fn more(&self, a: f64, b: f64) -> bool {
        a - b > CLOSE * self.total
    }
}

/// A sum that does not depend on the order, with the rounding carried along.
pub(in crate::protect) fn sum(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(|a, b| b.abs().total_cmp(&a.abs()).then(b.total_cmp(a)));
    let (mut sum, mut carry) = (0.0_f64, 0.0);
    for value in values {
        let next = sum + value;
        carry += if sum.abs() >= value.abs() {
            (sum - next) + value
        } else {
            (value - next) + sum
        };
        sum = next;
    }
    sum + carry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contributors_are_summed_before_they_are_ranked() {
        let rows = [
            ("a", 3.0),
            ("b", 4.0),
            ("a", 3.0),
            ("c", -80.0),
            ("c", 80.0),
            ("x", 50.0),
            ("d", -1.0),
        ];
        let all = Contributions::of(rows, |name| *name == "x");
        assert_eq!(
            (all.count(), all.largest(), all.total(), all.top(2)),
            (3, 6.0, 11.0, 10.0)
        );
        let mut turned = rows;
        turned.reverse();
        assert_eq!(Contributions::of(turned, |name| *name == "x"), all);
        assert_eq!(Contributions::of([("a", 0.0)], |_| false), Contributions::default());
    }
}
