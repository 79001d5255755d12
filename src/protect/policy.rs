//! Policies: what is sensitive and what an attacker is taken to know, as data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Whether cells with zero are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Zeros {
    /// Zero is published: nobody is there.
    #[default]
    Published,
    /// Zero is as sensitive as a small count.
    Protected,
}

/// How sums of cells with one person are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Singletons {
    /// No sum of cells with one person may be derivable: hidden cells are not empty, so a sum of k that is k would tell
    /// each of them.
    #[default]
    AnySum,
    /// No special treatment.
    None,
}

/// How closely a hidden cell may be known.
///
/// From published cells, totals above all, a reader computes between which whole numbers a hidden cell must lie. The
/// interval of every unsafe cell, and of every protected difference, gets at least this width: the largest value less
/// the least. Where it would be narrower, more cells are hidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntervalRule {
    /// Least width.
    #[serde(default)]
    pub range_min: u64,
    /// Least width in per cent of the cell's own count; the larger of the two holds.
    #[serde(default)]
    pub range_percent: u64,
    /// Least width for every hidden cell against a reader who knows the rule, and so that no hidden cell is empty when
    /// zeros are published. 1, the default, means that he can compute none exactly; 0 leaves him out.
    #[serde(default = "one")]
    pub rule_aware: u64,
}

fn one() -> u64 {
    1
}

impl IntervalRule {
    /// The width that the interval of a cell with so many persons must have.
    pub(super) fn width(&self, count: u64) -> u64 {
        let percent = u128::from(count) * u128::from(self.range_percent);
        self.range_min
            .max(u64::try_from(percent.div_ceil(100)).unwrap_or(u64::MAX))
    }
}

/// A disclosure policy for counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// A count n is unsafe when 0 < n < threshold.
    pub threshold: u64,
    /// Whether zeros are shown.
    #[serde(default)]
    pub zeros: Zeros,
    /// Whether N − n is as sensitive as n, where n of the same N are published, in whatever tables of the population.
    #[serde(default = "yes")]
    pub complements: bool,
    /// How sums of ones are treated.
    #[serde(default)]
    pub singletons: Singletons,
    /// How closely a hidden cell may be known; left out: not exactly, and no more is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<IntervalRule>,
}

fn yes() -> bool {
    true
}

impl Policy {
    /// The named policies: `three`, `standard`, `strict`.
    pub fn presets() -> Vec<Self> {
        let preset = |name: &str, threshold, description: &str| Self {
            name: name.to_owned(),
            description: description.to_owned(),
            threshold,
            zeros: Zeros::Published,
            complements: true,
            singletons: Singletons::AnySum,
            interval: None,
        };
        vec![
            preset(
                "three",
                3,
                "counts of 1 and 2 are unsafe; for attributes that are not sensitive",
            ),
            preset("standard", 5, "counts of 1 to 4 are unsafe"),
            preset("strict", 10, "counts of 1 to 9 are unsafe; for sensitive attributes"),
        ]
    }

    /// Checks the policy.
    ///
    /// # Errors
    /// SAMSYN-5007 for a threshold below 2, which would protect nobody; 5045 for an interval of no width.
    pub fn check(&self) -> Result<()> {
        if self.threshold < 2 {
            return Err(Error::invalid(
                5007,
                format!("the threshold of the policy `{}` protects nobody", self.name),
            )
            .hint("a count is unsafe when 0 < n < threshold; give at least 2"));
        }
        if let Some(rule) = &self.interval
            && rule.range_min == 0
            && rule.range_percent == 0
            && rule.rule_aware == 0
        {
            return Err(Error::invalid(
                5045,
                format!("`interval` of the policy `{}` asks for nothing", self.name),
            )
            .hint("give `range_min`, such as the threshold, or `range_percent`; or leave `interval` out"));
        }
        Ok(())
    }

    /// The named policy, if there is one.
    pub fn preset(name: &str) -> Option<Self> {
        Self::presets().into_iter().find(|policy| policy.name == name)
    }
}
