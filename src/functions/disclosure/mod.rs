//! Disclosure control in SQL: rules for single cells, perturbation with cell keys, rounding, and what a status means.
//!
//! The methods themselves are in `protect`; here are only their shells. A function of this family protects the figures
//! of one query. Whole publications, where totals and differences count too, are protected by the pipeline.

mod amounts;
mod audit;
mod cell_key;
mod cells;
mod contributors;
mod protect;
mod record_keys;
mod rounding;
mod status;

pub use record_keys::RecordKeys;

use super::def::Definition;

/// The family.
pub(super) static ALL: &[&Definition] = &[
    &audit::SDC_AUDIT,
    &contributors::SDC_CONTRIBUTORS,
    &contributors::SDC_DOMINANCE,
    &contributors::SDC_P_PERCENT,
    &cells::SDC_PRIMARY,
    &protect::SDC_PROTECT,
    &cells::SDC_SHARE,
    &cell_key::CKM_COUNT,
    &cell_key::CKM_KEY,
    &record_keys::CKM_RECORD_KEY,
    &amounts::CKM_SUM,
    &rounding::ROUND_RANDOM,
    &status::SDC_STATUS_LABEL,
];
