//! Segregation indices over areas. Each file is one index: its formula as a kernel and its definition.
//!
//! A kernel gets areas that are summed, checked and ordered by key (see [`super::table`]), so it has only its formula
//! to get wrong. Where a difference of two products decides (D), the products are formed before dividing: they are
//! exact for counts, hence one unit gives 0 and not a rounding error.

mod coverage;
mod dissimilarity;
mod exposure;
mod information;
mod local;
mod quotient;

use super::def::Definition;

/// The family.
pub(super) static ALL: &[&Definition] = &[
    &coverage::SEG_COVERAGE,
    &dissimilarity::SEG_DISSIMILARITY,
    &exposure::SEG_EXPOSURE,
    &exposure::SEG_ISOLATION,
    &information::SEG_INFORMATION_THEORY,
    &information::SEG_MUTUAL_INFORMATION,
    &local::SEG_LOCAL,
    &quotient::SEG_LOCATION_QUOTIENT,
];
