//! Local dissimilarity: what each area adds to D.

use super::{
    areas::{ONE_OF, TWO_OF, WIDE, both, wide},
    dissimilarity::several,
    local::{AREA, area},
};
use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Outcome, Params},
    table::{Long, Table},
    value::{Output, Value},
};

/// D by area.
pub(super) static SEG_LOCAL_DISSIMILARITY: Definition = Definition {
    name: "seg_local_dissimilarity",
    family: Family::Segregation,
    formula: "by area: ½|x/X − y/Y|; several groups: Σ t|p_k − P_k| / (2 T Σ P_k(1 − P_k)), beside n = t and share = t/T; \
              Σ value = D",
    reading: "list of areas with what each one adds to D; for UNNEST",
    range: "value from 0 (as the whole) to 1",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "Duncan & Duncan 1955, doi:10.2307/2088328; Reardon & Firebaugh 2002, doi:10.1111/1467-9531.00110",
    example: Example {
        sql: "SELECT seg_local_dissimilarity(area, grp, n)[2]['value'] FROM (VALUES ('A', 'x', 10), ('A', 'y', 10), ('B', 'y', 10), ('C', 'x', 10)) AS v(area, grp, n)",
        result: "0.25",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::long(long).gives(Output::List(&AREA)),
        Form::table(WIDE, two).gives(Output::List(&AREA)),
        Form::table(ONE_OF, two).gives(Output::List(&AREA)),
        Form::table(TWO_OF, two).gives(Output::List(&AREA)),
    ]),
};

fn two(table: &Table<'_>, params: &Params) -> Outcome {
    let areas = wide(table, "seg_local_dissimilarity", params)?;
    let Some((x, y)) = both(&areas) else {
        return Ok(Value::Null);
    };
    let list = areas
        .units
        .iter()
        .enumerate()
        .filter(|(_, of)| of.x + of.y > 0.0)
        .map(|(at, of)| {
            let apart = (of.x * y - of.y * x).abs() / (2.0 * x * y);
            area(table, at, of.x + of.y, x + y, apart)
        });
    Ok(Value::List(list.collect()))
}

fn long(cells: &Long<'_>, _: &Params) -> Outcome {
    let Some((_, under)) = several(cells) else {
        return Ok(Value::Null);
    };
    // groups that the area does not have add t·N each
    let mut apart = vec![0.0; cells.areas.len()];
    let mut present = vec![0.0; cells.areas.len()];
    for (area, group, n) in cells.cells() {
        let all = cells.groups[group];
        apart[area] += (n * cells.total - cells.areas[area] * all).abs();
        present[area] += all;
    }
    let areas = cells.areas.iter().zip(apart).zip(present).enumerate();
    let list = areas.map(|(at, ((t, apart), present)): (usize, ((&f64, f64), f64))| {
        let apart = apart + t * (cells.total - present).clamp(0.0, f64::INFINITY);
        area(cells.table, at, *t, cells.total, apart / (2.0 * under))
    });
    Ok(Value::List(list.collect()))
}
