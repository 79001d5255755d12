//! Dominance: a cell that is mostly a few contributors' tells what they gave.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Contributions, out_of};
use crate::error::Result;

/// The (n, k) rule: a cell is unsafe when its `n` largest contributors together give more than `k` per cent of it.
///
/// In words: with n = 1 and k = 85, 85.1 of 100 is unsafe and 85 of 100 is safe; with `at_least` 85 of 100 is unsafe
/// too. The rule with «more than» is that of the handbook and of τ-Argus, «at least» that of GaussSuppression. Keep n
/// and k secret: who knows them knows bounds of what the largest gave.
///
/// Source: Hundepool et al. (2012), Statistical Disclosure Control, Wiley, doi:10.1002/9781118348239, §4.2.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dominance {
    /// How many contributors together.
    pub n: u32,
    /// Per cent of the cell.
    pub k: f64,
    /// Whether exactly `k` per cent is unsafe too.
    #[serde(default)]
    pub at_least: bool,
}

impl Dominance {
    /// Refuses parameters that protect nothing or everything.
    ///
    /// # Errors
    /// SAMSYN-5060 for n below 1 or k that is not between 0 and 100.
    pub fn check(&self, policy: &str) -> Result<()> {
        if self.n == 0 {
            return Err(out_of(policy, "dominance", "n", "a whole number from 1"));
        }
        if !(self.k > 0.0 && self.k < 100.0) {
            return Err(out_of(policy, "dominance", "k", "a number between 0 and 100"));
        }
        Ok(())
    }

    /// Whether the cell is unsafe.
    pub fn is_unsafe(&self, cell: &Contributions) -> bool {
        let (top, limit) = (cell.top(self.n as usize), self.k / 100.0 * cell.total());
        if self.at_least {
            cell.total() > 0.0 && !cell.more(limit, top)
        } else {
            cell.more(top, limit)
        }
    }

    /// How far above the cell an attacker's upper bound must be: 100/k·(x₁ + … + xₙ) − X, at least 0.
    pub fn upper_level(&self, cell: &Contributions) -> f64 {
        (100.0 / self.k * cell.top(self.n as usize) - cell.total()).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundary_is_safe_unless_it_is_said_to_be_unsafe() {
        let cell = |largest: f64| Contributions::tabulated(100.0, vec![largest], 9);
        let rule = |at_least| Dominance {
            n: 1,
            k: 85.0,
            at_least,
        };
        assert_eq!(
            [84.9, 85.0, 85.1].map(|x| rule(false).is_unsafe(&cell(x))),
            [false, false, true]
        );
        assert_eq!(
            [84.9, 85.0, 85.1].map(|x| rule(true).is_unsafe(&cell(x))),
            [false, true, true]
        );
        // decimals that binary numbers do not have
        let tenths = Contributions::of([("a", 0.1), ("b", 0.2), ("c", 0.7)], |_| false);
        assert!(
            !Dominance {
                n: 1,
                k: 70.0,
                at_least: false
            }
            .is_unsafe(&tenths)
        );
        assert!(
            !rule(true).is_unsafe(&Contributions::default()),
            "nobody is dominant where nobody is"
        );
    }

    #[test]
    fn parameters_that_protect_nothing_are_refused() {
        for (n, k) in [(0, 85.0), (1, 0.0), (1, 100.0), (2, f64::NAN)] {
            assert_eq!(Dominance { n, k, at_least: false }.check("p").unwrap_err().code(), 5060);
        }
    }
}
