//! Inequality of a value between people or between areas. Each file is one measure.

mod gini;

use super::def::Definition;

/// The family.
pub(super) static ALL: &[&Definition] = &[&gini::INEQ_GINI];
