//! Primary rules: which cells are unsafe by themselves. One rule a file.
//!
//! | rule | unsafe when | upper protection level |
//! |---|---|---|
//! | minimum frequency | 0 < n < k; n = 0 too when zeros are protected | 0 |
//! | few contributors | 0 < m < k | 0 |
//! | (n, k) dominance | x₁ + … + xₙ > k/100·X | 100/k·(x₁ + … + xₙ) − X |
//! | p % | X − x₁ − x₂ < p/100·x₁ | p/100·x₁ − (X − x₁ − x₂) |
//! | pq | X − x₁ − x₂ < p/q·x₁ | p/q·x₁ − (X − x₁ − x₂) |
//! | group disclosure | 0 < part and whole − part ≤ coalition | 0 |
//! | share | n, N − n or N unsafe | 0 |
//!
//! Lower levels equal the upper ones.

mod contributions;
mod derived_figures;
mod dominance;
mod group_disclosure;
mod min_frequency;
mod p_percent;
mod rule;

pub use contributions::Contributions;
pub(super) use contributions::sum as exact_sum;
pub use derived_figures::{small_denominator, unsafe_share, unsafe_statistic};
pub use dominance::Dominance;
pub use group_disclosure::GroupDisclosure;
pub use min_frequency::{few_contributors, min_frequency};
pub use p_percent::{PPercent, PriorPosterior};
pub use rule::Rule;

use crate::error::Error;

/// The error of a parameter that a rule cannot have.
fn out_of(policy: &str, rule: &str, parameter: &str, takes: &str) -> Error {
    Error::invalid(
        5060,
        format!("`{parameter}` of the rule `{rule}` of the policy `{policy}` protects nothing so"),
    )
    .hint(format!("give {takes}"))
}
