//! Policies: what is sensitive and what an attacker is taken to know, as data.

use std::{collections::BTreeMap, fmt::Write as _};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    perturb::{NoiseRule, check_base},
    primary::{Dominance, GroupDisclosure, PPercent, Rule},
    select::Selector,
};
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
    /// Zero is safe by itself, but may be hidden to protect something else: that all of a group are in one part cannot
    /// be kept secret while the other parts show their zeros.
    Hideable,
}

/// How sums of cells with one person are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Singletons {
    /// No sum of cells with one person may be derivable: hidden cells are not empty, so a sum of k that is k would tell
    /// each of them. Of amounts: a contributor who is alone in cells must not find others' cells.
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

/// Who is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Entity {
    /// Persons.
    #[default]
    Person,
    /// Households.
    Household,
    /// Schools.
    School,
    /// Firms and other organisations.
    Organisation,
}

/// Which cells of amounts are worth most, and so are published first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Worth {
    /// Those with the largest absolute value.
    #[default]
    Value,
    /// Those with the most contributors.
    Contributors,
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

/// A disclosure policy for counts and amounts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Who is protected: what one row of the population, or one contributor, is.
    #[serde(default)]
    pub entity: Entity,
    /// A count n is unsafe when 0 < n < threshold, an amount when it has so few contributors. With cell keys, a
    /// perturbed count is hidden when 0 < n < threshold; 0 or 1 hides none. Rounding hides none.
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
    /// Further rules; they hold all at once.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Contributors that stand for no single one, such as `övriga`: they count neither as contributors nor in amounts
    /// that the rules look at.
    #[serde(default)]
    pub remove: Vec<String>,
    /// Which cells of amounts are published first.
    #[serde(default)]
    pub worth: Worth,
    /// Cells that are kept before others, those of the first entry first: margins that readers rely on.
    #[serde(default)]
    pub priorities: Vec<Selector>,
    /// Cells that are published in any case: where that would reveal an unsafe cell, nothing is published at all.
    #[serde(default)]
    pub force: Vec<Selector>,
    /// Cells that are unsafe whatever they hold.
    #[serde(default)]
    pub hide: Vec<Selector>,
    /// Combinations of codes, by column of the population, that cannot be (retired children): everybody knows these
    /// zeros, so they are shown and protect nothing.
    #[serde(default)]
    pub impossible: Vec<BTreeMap<String, Vec<String>>>,
    /// How counts are protected: `suppress`, `{cell_key: {D, V, js, pstay}}` or `{round: {base}}`.
    #[serde(default, skip_serializing_if = "Method::is_default")]
    pub method: Method,
    /// How closely a hidden cell may be known; left out: not exactly, and no more is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<IntervalRule>,
}

fn yes() -> bool {
    true
}

impl Default for Policy {
    /// The policy `standard`.
    fn default() -> Self {
        Self {
            name: "standard".into(),
            description: "counts of 1 to 4 are unsafe".into(),
            entity: Entity::Person,
            threshold: 5,
            zeros: Zeros::Published,
            complements: true,
            singletons: Singletons::AnySum,
            rules: Vec::new(),
            remove: Vec::new(),
            worth: Worth::Value,
            priorities: Vec::new(),
            force: Vec::new(),
            hide: Vec::new(),
            impossible: Vec::new(),
            method: Method::Suppress,
            interval: None,
        }
    }
}

impl Policy {
    /// The named policies: `three`, `standard`, `strict`, `group`, `dominance`, `p10`, `cell_key`.
    pub fn presets() -> Vec<Self> {
        let preset = |name: &str, threshold, description: &str| Self {
            name: name.to_owned(),
            description: description.to_owned(),
            threshold,
            ..Self::default()
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
                zeros: Zeros::Hideable,
                rules: vec![Rule::Group(GroupDisclosure {
                    coalition: 1,
                    largest: None,
                })],
                ..preset(
                    "group",
                    5,
                    "counts of 1 to 4 are unsafe, and so is «all of them» and «all but one»; for sensitive attributes",
                )
            },
            Self {
                entity: Entity::Organisation,
                rules: vec![
                    Rule::Dominance(Dominance {
                        n: 1,
                        k: 75.0,
                        at_least: false,
                    }),
                    Rule::Dominance(Dominance {
                        n: 2,
                        k: 90.0,
                        at_least: false,
                    }),
                ],
                ..preset(
                    "dominance",
                    3,
                    "amounts of one or two contributors, or mostly of one or two, are unsafe",
                )
            },
            Self {
                entity: Entity::Organisation,
                rules: vec![Rule::PPercent(PPercent { p: 10.0, coalition: 1 })],
                ..preset(
                    "p10",
                    3,
                    "amounts from which a contributor can estimate another one closer than 10 % are unsafe",
                )
            },
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

    /// Refuses what a method that perturbs does not heed.
    fn only_perturbs(&self) -> Result<()> {
        if self.zeros == Zeros::Protected {
            return Err(Error::invalid(
                5057,
                format!(
                    "the policy `{}` protects zeros, which its method leaves as they are",
                    self.name
                ),
            )
            .hint("publish zeros, or protect by suppression"));
        }
        let cells = [&self.priorities, &self.force, &self.hide];
        if self.interval.is_some()
            || !self.rules.is_empty()
            || !self.impossible.is_empty()
            || cells.iter().any(|cells| !cells.is_empty())
        {
            return Err(Error::invalid(
                5061,
                format!(
                    "the policy `{}` has rules or names cells, which its method does not heed",
                    self.name
                ),
            )
            .hint("leave them out, or protect by suppression"));
        }
        Ok(())
    }

    /// Checks the policy.
    ///
    /// # Errors
    /// SAMSYN-5007 for a threshold below 2, which would protect nobody, 5060 for a rule that protects nobody, 5045 for an
    /// interval of no width, 5061 for rules that cannot hold together; with cell keys 5050 for noise that cannot be had, with rounding 5055 for a base
    /// that is none, and 5057 for what the method does not do.
    pub fn check(&self) -> Result<()> {
        if self.method != Method::Suppress {
            self.only_perturbs()?;
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
        self.rules.iter().try_for_each(|rule| rule.check(&self.name))?;
        if self.zeros == Zeros::Published && self.groups().next().is_some() {
            return Err(Error::invalid(
                5061,
                format!(
                    "the rule `group` of the policy `{}` cannot hold while every zero is published",
                    self.name
                ),
            )
            .hint("write `zeros: hideable`: that all are in one part shows in the zeros of the others"));
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
        let cells = [&self.priorities, &self.force, &self.hide];
        if self.interval.is_some()
            && (self.zeros == Zeros::Hideable
                || !self.impossible.is_empty()
                || cells.iter().any(|cells| !cells.is_empty()))
        {
            return Err(Error::invalid(
                5061,
                format!(
                    "the policy `{}` asks for intervals and names cells, or lets zeros be hidden",
                    self.name
                ),
            )
            .hint("one policy does one or the other; leave `interval` out, or the named cells"));
        }
        Ok(())
    }

    /// Refuses rules that a kind of table cannot have: a rule that does nothing is taken for one that protects.
    ///
    /// # Errors
    /// SAMSYN-5061.
    pub fn is_for(&self, amounts: bool) -> Result<()> {
        let kind = if amounts { "amounts" } else { "counts" };
        let wrong = |what: &str| {
            Error::invalid(5061, format!("{what} of the policy `{}` is not for {kind}", self.name))
                .hint("use another policy for these tables")
        };
        if amounts && self.method != Method::Suppress {
            return Err(wrong("the noise"));
        }
        if let Some(rule) = self.rules.iter().find(|rule| rule.is_of_amounts() != amounts) {
            return Err(wrong(&format!("the rule `{}`", rule.name())));
        }
        if amounts && self.interval.is_some() {
            return Err(wrong("`interval`"));
        }
        if amounts && self.zeros != Zeros::Published {
            return Err(wrong("hiding zeros"));
        }
        if !amounts && !self.remove.is_empty() {
            return Err(wrong("removing contributors"));
        }
        Ok(())
    }

    /// Its rules of group disclosure.
    pub(super) fn groups(&self) -> impl Iterator<Item = &GroupDisclosure> {
        self.rules.iter().filter_map(|rule| match rule {
            Rule::Group(rule) => Some(rule),
            _ => None,
        })
    }

    /// The named policy, if there is one.
    pub fn preset(name: &str) -> Option<Self> {
        Self::presets().into_iter().find(|policy| policy.name == name)
    }

    /// What it does, in words with exact boundaries.
    pub fn in_words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Method::CellKey(rule) = &self.method {
            words.push(format!(
                "every count changes by at most {}, the same wherever the same ones are counted; variance at most {}; \
                 none of 1 to {} comes out",
                rule.widest, rule.variance, rule.blocked
            ));
            return words;
        }
        if self.rules.iter().any(Rule::is_of_amounts) {
            words.push(format!(
                "an amount with 1 to {} contributors is unsafe",
                self.threshold - 1
            ));
        } else {
            words.push(format!("a count of 1 to {} is unsafe", self.threshold - 1));
            words.push(
                match self.zeros {
                    Zeros::Published => "0 is published",
                    Zeros::Protected => "0 is unsafe",
                    Zeros::Hideable => "0 is safe, but may be hidden to protect others",
                }
                .to_owned(),
            );
            if self.complements {
                words.push(format!(
                    "so is what leaves 1 to {} of any published whole",
                    self.threshold - 1
                ));
            }
        }
        words.extend(self.rules.iter().map(Rule::in_words));
        if self.singletons == Singletons::AnySum {
            words.push("no sum of single ones can be derived, and nobody who is alone in a cell finds another".into());
        }
        words
    }

    /// The named policies as a Markdown table.
    pub fn table() -> String {
        let mut text = String::from("| policy | for | what it does |\n|---|---|---|\n");
        for policy in Self::presets() {
            let words = policy.in_words().join("; ");
            // writing to a String cannot fail
            let _ = writeln!(text, "| `{}` | {} | {words} |", policy.name, policy.description);
        }
        text
    }
}
