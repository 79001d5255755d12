//! Hutchens' square root index, of several groups the symmetric Atkinson index.

use super::areas::both;
use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Law, Outcome, Params},
    table::{Long, Wide},
    value::Value,
};

/// O.
pub(super) static SEG_HUTCHENS: Definition = Definition {
    name: "seg_hutchens",
    family: Family::Segregation,
    formula: "1 − Σ √(x/X · y/Y); several groups: 1 − Σ (Π n_k/N_k)^(1/K), the symmetric Atkinson index",
    reading: "how far the groups' distributions over areas are from each other; parts of the map add up",
    range: "0 (even) to 1 (apart; of several groups: no area has all of them)",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "Hutchens 2001, Mathematical Social Sciences 42(1); Hutchens 2004, International Economic Review 45(2); \
             Frankel & Volij 2011, doi:10.1016/j.jet.2010.10.008 (several groups)",
    example: Example {
        sql: "SELECT round(seg_hutchens(area, x, t), 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "0.5",
    },
    laws: &[
        Law::Within(0.0, 1.0),
        Law::Scale,
        Law::Division,
        Law::ZeroWhenEven,
        Law::OneWhenApart,
        Law::GroupSymmetry,
        Law::Exchange,
    ],
    twins: &[],
    body: Body::Aggregate(&[
        Form::wide(wide),
        Form::long(long),
        Form::one_of(wide),
        Form::two_of(wide),
    ]),
};

/// Returns O as half the sum of squares (√(x/X) − √(y/Y))², which loses nothing where groups are nearly even.
pub(super) fn square_root(areas: &Wide) -> Option<f64> {
    let (x, y) = both(areas)?;
    let apart: f64 = areas
        .units
        .iter()
        .map(|of| ((of.x / x).sqrt() - (of.y / y).sqrt()).powi(2))
        .sum();
    Some((apart / 2.0).clamp(0.0, 1.0))
}

pub(super) fn wide(areas: &Wide, _: &Params) -> Outcome {
    Ok(square_root(areas).map_or(Value::Null, Value::from))
}

fn long(cells: &Long<'_>, _: &Params) -> Outcome {
    let groups = cells.groups.len();
    if groups < 2 {
        return Ok(Value::Null);
    }
    // sum of logarithms and number of groups, by area
    let mut of = vec![(0.0, 0_usize); cells.areas.len()];
    for (area, group, n) in cells.cells() {
        of[area].0 += (n / cells.groups[group]).ln();
        of[area].1 += 1;
    }
    let common: f64 = of
        .into_iter()
        .filter(|(_, present)| *present == groups)
        .map(|(logarithms, _): (f64, usize)| (logarithms / groups as f64).exp())
        .sum();
    Ok((1.0 - common).clamp(0.0, 1.0).into())
}
