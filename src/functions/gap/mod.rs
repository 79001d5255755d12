//! Gaps: how far groups lie apart, and along which gradient. Absolute and relative measures often say the opposite of
//! each other (a gap in percentage points closes while the ratio grows), so there are both of everything.

mod concentration;
mod measures;
mod slope;
mod subgroups;
mod two;
mod who;

use super::def::Definition;

/// The family.
pub(super) static ALL: &[&Definition] = &[
    &concentration::ACI,
    &concentration::RCI,
    &two::GAP_ABS,
    &two::GAP_REL,
    &measures::GAP_BGSD,
    &measures::GAP_BGV,
    &measures::GAP_COV,
    &measures::GAP_IDISU,
    &measures::GAP_IDISW,
    &measures::GAP_MDBU,
    &measures::GAP_MDBW,
    &measures::GAP_MDMU,
    &measures::GAP_MDMW,
    &measures::GAP_MDRU,
    &measures::GAP_MDRW,
    &measures::GAP_PAF,
    &measures::GAP_PAR,
    &slope::RII,
    &slope::SII,
    &who::WHO_MEASURES,
];
