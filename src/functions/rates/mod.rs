//! Shares and rates with their uncertainty. A share of few people is a guess: these functions say how wide.

mod normal;
mod wilson;

use super::def::Definition;

/// The family.
pub(super) static ALL: &[&Definition] = &[&wilson::CI_WILSON];
