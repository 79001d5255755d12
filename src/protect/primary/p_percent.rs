//! p % and pq: how closely a contributor can estimate the largest one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Contributions, out_of};
use crate::error::Result;

/// The p % rule: a cell is unsafe when its contributors from the second on, who know what they gave themselves, can
/// estimate the largest to within `p` per cent: X − x₁ − x₂ < p/100·x₁.
///
/// A coalition of c contributors takes x₂ + … + x_{c+1} away instead of x₂. In words: with p = 10, x₁ = 100 and a
/// remainder of 9.9 the cell is unsafe, with a remainder of 10 it is safe. A cell with one or two contributors (c + 1
/// of them for a coalition) is always unsafe; one without any is safe. Keep p secret.
///
/// Source: Hundepool et al. (2012), Statistical Disclosure Control, Wiley, doi:10.1002/9781118348239, §4.2.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PPercent {
    /// Per cent of the largest contribution.
    pub p: f64,
    /// How many contributors put together what they know.
    #[serde(default = "one")]
    pub coalition: u32,
}

/// The pq rule: everybody can estimate a contribution to within `q` per cent from before, and the cell must not make
/// it closer than `p` per cent: X − x₁ − x₂ < p/q·x₁ is unsafe. With q = 100 it is the p % rule.
///
/// Source: Hundepool et al. (2012), Statistical Disclosure Control, Wiley, doi:10.1002/9781118348239, §4.2.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriorPosterior {
    /// Per cent that an estimate may be close.
    pub p: f64,
    /// Per cent that it can be close without the table.
    pub q: f64,
    /// How many contributors put together what they know.
    #[serde(default = "one")]
    pub coalition: u32,
}

fn one() -> u32 {
    1
}

/// X − x₁ − … − x_{coalition+1}.
fn remainder(cell: &Contributions, coalition: u32) -> f64 {
    cell.total() - cell.top(coalition as usize + 1)
}

impl PPercent {
    /// Refuses parameters that protect nothing.
    ///
    /// # Errors
    /// SAMSYN-5060 for p that is not above 0 or a coalition of nobody.
    pub fn check(&self, policy: &str) -> Result<()> {
        if !(self.p > 0.0 && self.p.is_finite()) {
            return Err(out_of(policy, "p_percent", "p", "a number above 0"));
        }
        if self.coalition == 0 {
            return Err(out_of(policy, "p_percent", "coalition", "a whole number from 1"));
        }
        Ok(())
    }

    /// Whether the cell is unsafe.
    pub fn is_unsafe(&self, cell: &Contributions) -> bool {
        cell.more(self.p / 100.0 * cell.largest(), remainder(cell, self.coalition))
    }

    /// How far above the cell an attacker's upper bound must be: p/100·x₁ − (X − x₁ − x₂), at least 0.
    pub fn upper_level(&self, cell: &Contributions) -> f64 {
        (self.p / 100.0 * cell.largest() - remainder(cell, self.coalition)).max(0.0)
    }
}

impl PriorPosterior {
    /// Refuses parameters that protect nothing.
    ///
    /// # Errors
    /// SAMSYN-5060 for p or q that is not above 0, p above q, or a coalition of nobody.
    pub fn check(&self, policy: &str) -> Result<()> {
        if !(self.p > 0.0 && self.p.is_finite()) {
            return Err(out_of(policy, "pq", "p", "a number above 0"));
        }
        if !(self.q >= self.p && self.q.is_finite()) {
            return Err(out_of(policy, "pq", "q", "a number that is at least p"));
        }
        self.as_p().check(policy)
    }

    /// The p % rule that says the same.
    fn as_p(self) -> PPercent {
        PPercent {
            p: 100.0 * self.p / self.q,
            coalition: self.coalition,
        }
    }

    /// Whether the cell is unsafe.
    pub fn is_unsafe(&self, cell: &Contributions) -> bool {
        self.as_p().is_unsafe(cell)
    }

    /// How far above the cell an attacker's upper bound must be: p/q·x₁ − (X − x₁ − x₂), at least 0.
    pub fn upper_level(&self, cell: &Contributions) -> f64 {
        self.as_p().upper_level(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundary_is_safe() {
        let cell = |rest: f64| Contributions::of([("a", 100.0), ("b", 50.0), ("c", rest)], |_| false);
        let rule = PPercent { p: 10.0, coalition: 1 };
        assert_eq!(
            [9.9, 10.0, 10.1].map(|rest| rule.is_unsafe(&cell(rest))),
            [true, false, false]
        );
        let two = PPercent { p: 10.0, coalition: 2 };
        assert!(two.is_unsafe(&cell(40.0)), "two know all but the largest");
        let prior = PriorPosterior {
            p: 5.0,
            q: 50.0,
            coalition: 1,
        };
        assert_eq!([9.9, 10.0].map(|rest| prior.is_unsafe(&cell(rest))), [true, false]);
        assert!((prior.upper_level(&cell(4.0)) - 6.0).abs() < 1e-12);
        let few = |rows: &[(&'static str, f64)]| rule.is_unsafe(&Contributions::of(rows.iter().copied(), |_| false));
        assert_eq!(
            [few(&[]), few(&[("a", 1.0)]), few(&[("a", 1.0), ("b", 1.0)])],
            [false, true, true]
        );
    }

    #[test]
    fn parameters_that_protect_nothing_are_refused() {
        assert_eq!(PPercent { p: 0.0, coalition: 1 }.check("p").unwrap_err().code(), 5060);
        assert_eq!(PPercent { p: 5.0, coalition: 0 }.check("p").unwrap_err().code(), 5060);
        assert_eq!(
            PriorPosterior {
                p: 9.0,
                q: 5.0,
                coalition: 1
            }
            .check("p")
            .unwrap_err()
            .code(),
            5060
        );
    }
}
