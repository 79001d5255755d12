//! What functions of two groups share: are both there, and which area is which.

use crate::{
    error::Error,
    functions::{
        def::{Argument, Params},
        table::{Table, Wide},
    },
};

/// `(area, x, t)`, as a table.
pub(super) const WIDE: &[Argument] = &[Argument::key("area"), Argument::count("x"), Argument::total("t")];
/// `(area, group, n, 'group')`, as a table.
pub(super) const ONE_OF: &[Argument] = &[
    Argument::key("area"),
    Argument::key("group"),
    Argument::count("n"),
    Argument::name("group"),
];
/// `(area, group, n, 'group', 'other group')`, as a table.
pub(super) const TWO_OF: &[Argument] = &[
    Argument::key("area"),
    Argument::key("group"),
    Argument::count("n"),
    Argument::name("group"),
    Argument::name("other group"),
];

/// Returns the sums of the two groups; nothing when one of them has nobody.
pub(super) fn both(areas: &Wide) -> Option<(f64, f64)> {
    let all = areas.all;
    (all.x > 0.0 && all.y > 0.0).then_some((all.x, all.y))
}

/// Returns areas with a group and another one or the rest, from the wide form or from the long one with groups named.
/// The area at a place has the first key of that place.
pub(super) fn wide(table: &Table<'_>, function: &str, params: &Params) -> Result<Wide, Error> {
    if table.keys.len() == 1 {
        table.wide(function)
    } else {
        Ok(table.long().wide(params))
    }
}
