//! Inequality of a value between people or between areas. Each file is one measure or a tight family of them.

mod atkinson;
mod entropy;
mod gini;
mod shares;
mod values;
mod variation;

use super::def::Definition;

/// The family.
pub(super) static ALL: &[&Definition] = &[
    &atkinson::INEQ_ATKINSON,
    &variation::INEQ_COV,
    &variation::INEQ_COV_BETWEEN_AREA,
    &gini::INEQ_GINI,
    &entropy::INEQ_MLD,
    &entropy::INEQ_MLD_DECOMPOSE,
    &shares::INEQ_P90P10,
    &shares::INEQ_PALMA,
    &shares::INEQ_S80S20,
    &entropy::INEQ_THEIL_DECOMPOSE,
    &entropy::INEQ_THEIL_T,
    &shares::LORENZ,
    &shares::WQUANTILE,
];
