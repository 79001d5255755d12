//! Local segregation: what each area adds to M.

use super::information::cell;
use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Outcome, Params},
    table::Long,
    value::{Output, Value},
};

const AREA: Output = Output::Struct(&[
    ("area", Output::Text),
    ("n", Output::Number),
    ("share", Output::Number),
    ("value", Output::Number),
]);

/// ls, by area.
pub(super) static SEG_LOCAL: Definition = Definition {
    name: "seg_local",
    family: Family::Segregation,
    formula: "by area: Σ p_k ln(p_k/P_k), beside n = t and share = t/T; Σ share · value = M",
    reading: "list of areas with how much each one's mix differs from the whole's, in nats; for UNNEST",
    range: "value from 0 (as the whole) upwards",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "Theil & Finizza 1971, doi:10.1080/0022250X.1971.9989795; Alonso-Villar & Del Río 2010, doi:10.1016/j.mathsocsci.2010.02.001",
    example: Example {
        sql: "SELECT round(seg_local(area, grp, n)[1]['value'], 6) FROM (VALUES ('A', 'x', 10), ('A', 'y', 10), ('B', 'y', 20)) AS v(area, grp, n)",
        result: "0.143841",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::long(local).gives(Output::List(&AREA))]),
};

fn local(cells: &Long<'_>, _: &Params) -> Outcome {
    if cells.groups.len() < 2 {
        return Ok(Value::Null);
    }
    let mut told = vec![0.0; cells.areas.len()];
    for (area, group, n) in cells.cells() {
        told[area] += cell(n, cells.areas[area], cells.groups[group], cells.total);
    }
    let areas = cells.areas.iter().zip(told).enumerate().map(|(at, (n, told))| {
        Value::Struct(vec![
            Value::Text(cells.table.text(0, at).to_owned()),
            Value::Number(*n),
            Value::Number(n / cells.total),
            Value::Number((told / n).max(0.0)),
        ])
    });
    Ok(Value::List(areas.collect()))
}
