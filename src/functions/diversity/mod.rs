//! Diversity of one mix of groups: how many there are and how alike their sizes. Each file is one way to measure it.
//!
//! The arguments are `(group, n)`: what the mix is of (an area, a school) is the caller's GROUP BY.

mod concentration;
mod renyi;
mod shannon;

use super::{
    def::{Argument, Definition},
    table::Table,
};

/// The family.
pub(super) static ALL: &[&Definition] = &[
    &concentration::DIV_CONCENTRATION,
    &concentration::DIV_INVERSE,
    &concentration::DIV_SIMPSON,
    &renyi::DIV_HILL,
    &renyi::DIV_RENYI,
    &shannon::DIV_EVENNESS,
    &shannon::DIV_SHANNON,
];

/// `(group, n)`.
const TAKES: &[Argument] = &[Argument::key("group"), Argument::count("n")];

/// Returns the groups' shares in the order of their names; none when there is nobody.
fn shares(table: &Table<'_>) -> Vec<f64> {
    let all: f64 = table.count(0).iter().sum();
    table.count(0).iter().map(|n| n / all).collect()
}
