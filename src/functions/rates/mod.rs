//! Shares and rates with their uncertainty. A share of few people is a guess: these functions say how wide.

mod age;
mod bayes;
mod caseload;
mod direct;
mod expectancy;
mod funnel;
pub(super) mod gamma;
mod indirect;
pub(super) mod limits;
mod newcombe;
pub(super) mod normal;
mod poisson;
pub(super) mod pool;
pub(super) mod random;
mod ranks;
mod rate;
mod ratio;
mod recurrence;
mod shrink;
mod wilson;

pub(super) use self::{
    funnel::shares,
    newcombe::mover,
    ratio::{Pair, ratio},
};
use super::def::{Definition, Example, Twin};

/// The family.
pub(super) static ALL: &[&Definition] = &[
    &caseload::CASELOAD,
    &recurrence::RECURRENCE_KM,
    &recurrence::RECURRENCE_RATE,
    &wilson::CI_WILSON,
    &poisson::CI_POISSON,
    &rate::RATE_CI,
    &newcombe::PROP_DIFF_CI,
    &ratio::RATE_RATIO_CI,
    &ratio::RISK_RATIO_CI,
    &direct::STD_DIRECT,
    &direct::STD_DIRECT_WEIGHTED,
    &indirect::STD_INDIRECT,
    &expectancy::LIFE_EXPECTANCY,
    &pool::POOL_RATE,
    &bayes::EB_GLOBAL,
    &bayes::EB_LOCAL,
    &shrink::SHRINK_LOGIT,
    &funnel::FUNNEL_LIMITS,
    &funnel::FUNNEL,
    &ranks::RANK_INTERVALS,
];

/// One field of a struct under its own name.
const fn twin(
    name: &'static str,
    field: usize,
    reading: &'static str,
    range: &'static str,
    sql: &'static str,
    result: &'static str,
) -> Twin {
    Twin {
        name,
        field,
        reading,
        range,
        example: Example { sql, result },
    }
}
