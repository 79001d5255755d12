//! The index of dissimilarity, of one group against the rest or of several groups.

use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Law, Outcome, Params},
    table::{Long, Wide},
    value::Value,
};

/// D.
pub(super) static SEG_DISSIMILARITY: Definition = Definition {
    name: "seg_dissimilarity",
    family: Family::Segregation,
    formula: "½ Σ|x/X − y/Y| with y = t − x; several groups: ΣΣ t|p_k − P_k| / (2 T Σ P_k(1 − P_k))",
    reading: "share of the group that would have to move for every area to have the same mix",
    range: "0 (even) to 1 (apart)",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "Duncan & Duncan 1955, doi:10.2307/2088328; Reardon & Firebaugh 2002, doi:10.1111/1467-9531.00110",
    example: Example {
        sql: "SELECT seg_dissimilarity(area, x, t) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
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

/// Returns D of two groups; nothing when one of them has nobody.
pub(in crate::functions) fn two(areas: &Wide) -> Option<f64> {
    let all = areas.all;
    if all.x <= 0.0 || all.y <= 0.0 {
        return None;
    }
    let apart: f64 = areas.units.iter().map(|of| (of.x * all.y - of.y * all.x).abs()).sum();
    Some((apart / (2.0 * all.x * all.y)).clamp(0.0, 1.0))
}

/// Returns ΣΣ|n T − t N| over areas and groups, and Σ N (T − N): D is the first divided by twice the second.
pub(super) fn several(cells: &Long<'_>) -> Option<(f64, f64)> {
    if cells.groups.len() < 2 {
        return None;
    }
    // a cell that is not there has |0·T − t·N| = t·N: per group, N times everybody in areas without the group
    let mut present = vec![0.0; cells.groups.len()];
    let mut apart = vec![0.0; cells.groups.len()];
    for (area, group, n) in cells.cells() {
        let t = cells.areas[area];
        apart[group] += (n * cells.total - t * cells.groups[group]).abs();
        present[group] += t;
    }
    let mut over = 0.0;
    let mut under = 0.0;
    for ((n, present), apart) in cells.groups.iter().zip(present).zip(apart) {
        over += apart + n * (cells.total - present);
        under += n * (cells.total - n);
    }
    Some((over, under))
}

fn wide(areas: &Wide, _: &Params) -> Outcome {
    Ok(two(areas).map_or(Value::Null, Value::from))
}

pub(super) fn long(cells: &Long<'_>, _: &Params) -> Outcome {
    let d = |(over, under): (f64, f64)| (over / (2.0 * under)).clamp(0.0, 1.0);
    Ok(several(cells).map_or(Value::Null, |of| d(of).into()))
}
