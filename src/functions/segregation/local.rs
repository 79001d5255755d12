//! Local segregation: what each area adds to M.

use super::{
    areas::{ONE_OF, TWO_OF, WIDE, both, wide},
    information::cell,
};
use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Outcome, Params},
    table::{Long, Table},
    value::{Output, Value},
};

/// One area of a list: its people, their share of all, and its value.
pub(super) const AREA: Output = Output::Struct(&[
    ("area", Output::Text),
    ("n", Output::Number),
    ("share", Output::Number),
    ("value", Output::Number),
]);

/// ls, by area.
pub(super) static SEG_LOCAL: Definition = Definition {
    name: "seg_local",
    family: Family::Segregation,
    formula: "by area: Σ p_k ln(p_k/P_k), beside n = t and share = t/T; Σ share · value = M. With area and group in each \
              other's place: by group",
    reading: "list of areas with how much each one's mix differs from the whole's, in nats; for UNNEST; also known as local \
              divergence",
    range: "value from 0 (as the whole) upwards",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "Theil & Finizza 1971, doi:10.1080/0022250X.1971.9989795; Alonso-Villar & Del Río 2010, Mathematical Social Sciences 60:30",
    example: Example {
        sql: "SELECT round(seg_local(area, grp, n)[1]['value'], 6) FROM (VALUES ('A', 'x', 10), ('A', 'y', 10), ('B', 'y', 20)) AS v(area, grp, n)",
        result: "0.143841",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::long(local).gives(Output::List(&AREA)),
        Form::table(WIDE, local_two).gives(Output::List(&AREA)),
        Form::table(ONE_OF, local_two).gives(Output::List(&AREA)),
        Form::table(TWO_OF, local_two).gives(Output::List(&AREA)),
    ]),
};

/// Returns one area of the list.
pub(super) fn area(table: &Table<'_>, at: usize, n: f64, all: f64, value: f64) -> Value {
    Value::Struct(vec![
        Value::Text(table.text(0, at).to_owned()),
        Value::Number(n),
        Value::Number(n / all),
        Value::Number(value),
    ])
}

fn local(cells: &Long<'_>, _: &Params) -> Outcome {
    if cells.groups.len() < 2 {
        return Ok(Value::Null);
    }
    let mut told = vec![0.0; cells.areas.len()];
    for (area, group, n) in cells.cells() {
        told[area] += cell(n, cells.areas[area], cells.groups[group], cells.total);
    }
    let areas = cells.areas.iter().zip(told).enumerate();
    let list = areas.map(|(at, (n, told)): (usize, (&f64, f64))| {
        area(cells.table, at, *n, cells.total, (told / n).clamp(0.0, f64::INFINITY))
    });
    Ok(Value::List(list.collect()))
}

fn local_two(table: &Table<'_>, params: &Params) -> Outcome {
    let areas = wide(table, "seg_local", params)?;
    let Some((x, y)) = both(&areas) else {
        return Ok(Value::Null);
    };
    let all = x + y;
    let list = areas
        .units
        .iter()
        .enumerate()
        .filter(|(_, of)| of.x + of.y > 0.0)
        .map(|(at, of)| {
            let n = of.x + of.y;
            let told = cell(of.x, n, x, all) + cell(of.y, n, y, all);
            area(table, at, n, all, (told / n).clamp(0.0, f64::INFINITY))
        });
    Ok(Value::List(list.collect()))
}
