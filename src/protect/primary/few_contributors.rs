//! Few contributors: one firm's figure is its own, and two know each other's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Contributions, out_of};
use crate::error::Result;

/// A cell is unsafe when fewer than `least` contributors, and not none, give something to it: 0 < m < least.
///
/// In words: with `least` 3, two contributors are unsafe and three are safe. A contributor counts once however many
/// rows it has; one whose rows sum to 0, and one that is removed, count not at all. A cell that nobody gives to is
/// safe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FewContributors {
    /// Smallest safe number of contributors.
    pub least: u64,
    /// Codes that stand for no contributor, such as `övriga`.
    #[serde(default)]
    pub remove: Vec<String>,
}

impl FewContributors {
    /// Refuses a minimum that protects nobody.
    ///
    /// # Errors
    /// SAMSYN-5060 for one below 2.
    pub fn check(&self, policy: &str) -> Result<()> {
        if self.least < 2 {
            return Err(out_of(policy, "contributors", "least", "a whole number from 2"));
        }
        Ok(())
    }

    /// Whether the cell is unsafe; removed contributors are left out of it already.
    pub fn is_unsafe(&self, cell: &Contributions) -> bool {
        few_contributors(cell.count(), self.least)
    }
}

/// Whether so many contributors are few: `0 < m < least`.
pub fn few_contributors(contributors: u64, least: u64) -> bool {
    contributors > 0 && contributors < least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_safe_and_so_is_the_least() {
        assert_eq!([0, 1, 2, 3].map(|m| few_contributors(m, 3)), [false, true, true, false]);
        let rule = FewContributors { least: 1, remove: Vec::new() };
        assert_eq!(rule.check("p").unwrap_err().code(), 5060);
    }
}
