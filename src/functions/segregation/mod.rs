//! Segregation indices over areas. Each file is one index: its formula as a kernel and its definition.
//!
//! A kernel gets areas that are summed, checked and ordered by key (see [`super::table`]), so it has only its formula
//! to get wrong. Where a difference of two products decides (D), the products are formed before dividing: they are
//! exact for counts, hence one unit gives 0 and not a rounding error. What rounding puts outside the range is brought
//! back by `clamp`, never by `min` or `max`: those make a number of NaN, which the shell must see to refuse it.

mod areas;
mod atkinson;
mod bounds;
mod change;
mod change_units;
mod concentration_profile;
mod coverage;
mod curve;
mod decompose;
pub(super) mod dissimilarity;
mod exact;
mod exposure;
mod gini;
mod gorard;
mod hutchens;
mod ice;
mod inference;
mod information;
mod karmel_maclachlan;
mod lexis;
mod local;
mod local_dissimilarity;
mod local_entropy;
mod matrix;
mod min_max;
mod ordinal;
mod quotient;
mod quotients;
mod rank_order;
mod ranks;
mod small_units;
mod variance;

use super::def::Definition;

/// The family.
pub(super) static ALL: &[&Definition] = &[
    &atkinson::SEG_ATKINSON,
    &atkinson::SEG_GENERALISED_ENTROPY,
    &bounds::SEG_ATKINSON_BOUNDS,
    &bounds::SEG_CONCENTRATION_PROFILE_BOUNDS,
    &bounds::SEG_DISSIMILARITY_BOUNDS,
    &bounds::SEG_EXPOSURE_BOUNDS,
    &bounds::SEG_GENERALISED_ENTROPY_BOUNDS,
    &bounds::SEG_GINI_BOUNDS,
    &bounds::SEG_GORARD_BOUNDS,
    &bounds::SEG_HUTCHENS_BOUNDS,
    &bounds::SEG_INFORMATION_THEORY_BOUNDS,
    &bounds::SEG_ISOLATION_BOUNDS,
    &bounds::SEG_KARMEL_MACLACHLAN_BOUNDS,
    &bounds::SEG_MIN_MAX_BOUNDS,
    &bounds::SEG_MUTUAL_INFORMATION_BOUNDS,
    &bounds::SEG_NORMALISED_EXPOSURE_BOUNDS,
    &bounds::SEG_RELATIVE_DIVERSITY_BOUNDS,
    &bounds::SEG_SQUARED_VARIATION_BOUNDS,
    &bounds::SEG_VARIANCE_RATIO_BOUNDS,
    &change::SEG_CHANGE,
    &change_units::SEG_CHANGE_UNITS,
    &concentration_profile::SEG_CONCENTRATION_CURVE,
    &concentration_profile::SEG_CONCENTRATION_PROFILE,
    &coverage::SEG_COVERAGE,
    &curve::SEG_CURVE,
    &decompose::SEG_MUTUAL_INFORMATION_DECOMPOSE,
    &decompose::SEG_MUTUAL_INFORMATION_PARTS,
    &dissimilarity::SEG_DISSIMILARITY,
    &exact::SEG_EXPOSURE_EXACT,
    &exact::SEG_ISOLATION_EXACT,
    &exposure::SEG_EXPOSURE,
    &exposure::SEG_ISOLATION,
    &gini::SEG_GINI,
    &gorard::SEG_GORARD,
    &hutchens::SEG_HUTCHENS,
    &ice::SEG_ICE,
    &inference::SEG_BOOTSTRAP,
    &inference::SEG_CONTRIBUTION,
    &inference::SEG_COUNTERFACTUAL,
    &inference::SEG_DIFFERENCE_TEST,
    &inference::SEG_SCENARIO,
    &inference::SEG_SCENARIO_AREAS,
    &inference::SEG_TEST,
    &information::SEG_INFORMATION_THEORY,
    &information::SEG_MUTUAL_INFORMATION,
    &karmel_maclachlan::SEG_KARMEL_MACLACHLAN,
    &lexis::SEG_LOCAL_EXPOSURE,
    &lexis::SEG_LOCAL_ISOLATION,
    &local::SEG_LOCAL,
    &local_dissimilarity::SEG_LOCAL_DISSIMILARITY,
    &local_entropy::SEG_LOCAL_ENTROPY,
    &matrix::SEG_EXPOSURE_MATRIX,
    &min_max::SEG_MIN_MAX,
    &ordinal::SEG_ORDINAL,
    &ordinal::SEG_RANK_PROFILE,
    &quotient::SEG_LOCATION_QUOTIENT,
    &quotients::SEG_LOCATION_QUOTIENTS,
    &rank_order::SEG_RANK_ORDER,
    &small_units::SEG_DISSIMILARITY_RANDOM,
    &small_units::SEG_MUTUAL_INFORMATION_BIAS,
    &variance::SEG_NORMALISED_EXPOSURE,
    &variance::SEG_RELATIVE_DIVERSITY,
    &variance::SEG_SQUARED_VARIATION,
    &variance::SEG_VARIANCE_RATIO,
];
