//! The rules beside the threshold that a policy may name, several at once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Contributions, Dominance, GroupDisclosure, PPercent, PriorPosterior};
use crate::error::Result;

/// A further rule. A cell that any rule finds unsafe is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Rule {
    /// Amounts: the n largest contributors give more than k per cent.
    Dominance(Dominance),
    /// Amounts: others can estimate the largest contribution to within p per cent.
    PPercent(PPercent),
    /// Amounts: the same for who can estimate to within q per cent from before.
    Pq(PriorPosterior),
    /// Counts: all, or all but few, of a group are in one part.
    Group(GroupDisclosure),
}

impl Rule {
    /// Its name in a policy.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Dominance(_) => "dominance",
            Self::PPercent(_) => "p_percent",
            Self::Pq(_) => "pq",
            Self::Group(_) => "group",
        }
    }

    /// Refuses parameters that protect nothing.
    ///
    /// # Errors
    /// SAMSYN-5060.
    pub fn check(&self, policy: &str) -> Result<()> {
        match self {
            Self::Dominance(rule) => rule.check(policy),
            Self::PPercent(rule) => rule.check(policy),
            Self::Pq(rule) => rule.check(policy),
            Self::Group(_) => Ok(()),
        }
    }

    /// Whether it is about amounts and their contributors, not about counts.
    pub fn is_of_amounts(&self) -> bool {
        !matches!(self, Self::Group(_))
    }

    /// Whether it finds an amount unsafe; a rule of counts finds none.
    pub fn is_unsafe(&self, cell: &Contributions) -> bool {
        match self {
            Self::Dominance(rule) => rule.is_unsafe(cell),
            Self::PPercent(rule) => rule.is_unsafe(cell),
            Self::Pq(rule) => rule.is_unsafe(cell),
            Self::Group(_) => false,
        }
    }

    /// How far above an amount an attacker's upper bound must be, and as far below its lower bound.
    pub fn upper_level(&self, cell: &Contributions) -> f64 {
        match self {
            Self::Dominance(rule) => rule.upper_level(cell),
            Self::PPercent(rule) => rule.upper_level(cell),
            Self::Pq(rule) => rule.upper_level(cell),
            Self::Group(_) => 0.0,
        }
    }

    /// The rule in words, with its exact boundary.
    pub fn in_words(&self) -> String {
        match self {
            Self::Dominance(Dominance { n, k, at_least }) => format!(
                "an amount is unsafe when its {n} largest contributors give {} {k} % of it",
                if *at_least { "at least" } else { "more than" }
            ),
            Self::PPercent(PPercent { p, coalition }) => format!(
                "an amount is unsafe when {coalition} of its contributors can estimate the largest other one closer than {p} %"
            ),
            Self::Pq(PriorPosterior { p, q, coalition }) => format!(
                "an amount is unsafe when {coalition} of its contributors, who could estimate to {q} % before, can \
                 estimate the largest other one closer than {p} %"
            ),
            Self::Group(GroupDisclosure { coalition, largest }) => format!(
                "the rest of a group is protected when a part of it, not empty{}, leaves at most {coalition} of it",
                largest.map(|most| format!(" and at most {most}")).unwrap_or_default()
            ),
        }
    }
}
