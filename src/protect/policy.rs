//! Policies: what is sensitive and what an attacker is taken to know, as data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::perturb::{NoiseRule, check_base};
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

/// How counts are protected.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Unsafe counts are hidden, and as many others as are needed to keep them hidden.
    #[default]
    Suppress,
    /// Every count gets a little noise, the same wherever the same records are counted. Tables do not add up.
    CellKey(CellKeyRule),
    /// Few counts of the finest combinations become 0 or the base, until no published count lies between; all others follow
    /// by adding up, so tables add up and agree.
    Round(RoundRule),
}

impl Method {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The rounding of small counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoundRule {
    /// b: no published count from 1 to b − 1 is left.
    #[serde(default = "base")]
    pub base: u64,
}

impl Default for RoundRule {
    fn default() -> Self {
        Self { base: base() }
    }
}

fn base() -> u64 {
    5
}

/// The noise of the cell key method.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CellKeyRule {
    /// D: no count changes by more; 1 to 100.
    #[serde(rename = "D", default = "five")]
    pub widest: u32,
    /// V: the variance of the noise, at most.
    #[serde(rename = "V", default = "three")]
    pub variance: f64,
    /// js: no count from 1 to this comes out; less than D.
    #[serde(rename = "js", default = "two")]
    pub blocked: u32,
    /// pstay: the smallest probability that a count stays as it is, where it may.
    #[serde(rename = "pstay", default)]
    pub stay: f64,
}

impl CellKeyRule {
    /// The rule of the noise.
    pub fn noise(&self) -> NoiseRule {
        NoiseRule {
            widest: self.widest,
            variance: self.variance,
            blocked: self.blocked,
            stay: self.stay,
        }
    }
}

impl Default for CellKeyRule {
    fn default() -> Self {
        Self {
            widest: five(),
            variance: three(),
            blocked: two(),
            stay: 0.0,
        }
    }
}

fn five() -> u32 {
    5
}

fn three() -> f64 {
    3.0
}

fn two() -> u32 {
    2
}

/// A disclosure policy for counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// A count n is unsafe when 0 < n < threshold. With cell keys, a perturbed count is hidden when 0 < n < threshold; 0 or 1 hides none.
    /// Rounding hides none.
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
    /// How counts are protected: `suppress`, `{cell_key: {D, V, js, pstay}}` or `{round: {base}}`.
    #[serde(default, skip_serializing_if = "Method::is_default")]
    pub method: Method,
}

fn yes() -> bool {
    true
}

impl Policy {
    /// The named policies: `three`, `standard`, `strict`, `cell_key`.
    pub fn presets() -> Vec<Self> {
        let preset = |name: &str, threshold, description: &str| Self {
            name: name.to_owned(),
            description: description.to_owned(),
            threshold,
            zeros: Zeros::Published,
            complements: true,
            singletons: Singletons::AnySum,
            method: Method::Suppress,
        };
        vec![
            preset(
                "three",
                3,
                "counts of 1 and 2 are unsafe; for attributes that are not sensitive",
            ),
            preset("standard", 5, "counts of 1 to 4 are unsafe"),
            preset("strict", 10, "counts of 1 to 9 are unsafe; for sensitive attributes"),
            Self {
                method: Method::CellKey(CellKeyRule::default()),
                ..preset(
                    "cell_key",
                    0,
                    "every count gets noise of mean 0, variance 3 and at most 5, none of 1 or 2 comes out; tables do not add up",
                )
            },
        ]
    }

    /// Checks the policy.
    ///
    /// # Errors
    /// SAMSYN-5007 for a threshold below 2, which would protect nobody; with cell keys 5050 for noise that cannot be had, with
    /// rounding 5055 for a base that is none, and 5057 for what the method does not do.
    pub fn check(&self) -> Result<()> {
        if self.method != Method::Suppress && self.zeros == Zeros::Protected {
            return Err(Error::invalid(
                5057,
                format!(
                    "the policy `{}` protects zeros, which its method leaves as they are",
                    self.name
                ),
            )
            .hint("publish zeros, or protect by suppression"));
        }
        match &self.method {
            Method::Suppress => {}
            Method::CellKey(rule) => return rule.noise().check(),
            Method::Round(rule) => return check_base(rule.base),
        }
        if self.threshold < 2 {
            return Err(Error::invalid(
                5007,
                format!("the threshold of the policy `{}` protects nobody", self.name),
            )
            .hint("a count is unsafe when 0 < n < threshold; give at least 2"));
        }
        Ok(())
    }

    /// The named policy, if there is one.
    pub fn preset(name: &str) -> Option<Self> {
        Self::presets().into_iter().find(|policy| policy.name == name)
    }
}
