//! Location quotients of all areas and groups.

use crate::{
    error::Error,
    functions::{
        def::{Body, Definition, Example, Family, Form, Outcome, Params},
        table::Long,
        value::{Output, Value},
    },
};

/// Pairs of an area and a group that a list may have.
const MOST: usize = 1 << 24;

const CELL: Output = Output::Struct(&[
    ("area", Output::Text),
    ("group", Output::Text),
    ("n", Output::Number),
    ("share", Output::Number),
    ("value", Output::Number),
]);

/// LQ, of everything.
pub(super) static SEG_LOCATION_QUOTIENTS: Definition = Definition {
    name: "seg_location_quotients",
    family: Family::Segregation,
    formula: "for every area and group: (n/t) / (N/T), beside n and share = n/t",
    reading: "list for UNNEST: how many times the group's share in the area is its share of the whole; 0 where it is absent",
    range: "value from 0 upwards",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "Isard 1960, Methods of Regional Analysis, MIT Press; Sudano et al. 2013, doi:10.1016/j.healthplace.2012.09.015",
    example: Example {
        sql: "SELECT seg_location_quotients(area, grp, n)[2]['value'] FROM (VALUES ('A', 'x', 10), ('A', 'y', 30), ('B', 'x', 40)) AS v(area, grp, n)",
        result: "2.0",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::long(quotients).gives(Output::List(&CELL))]),
};

fn quotients(cells: &Long<'_>, _: &Params) -> Outcome {
    let groups = cells.groups.len();
    if groups < 2 {
        return Ok(Value::Null);
    }
    if cells.areas.len().saturating_mul(groups) > MOST {
        return Err(Error::exhausted(
            6010,
            "`seg_location_quotients` got too many areas and groups for a list of all pairs",
        )
        .hint("use `seg_location_quotient(x, t, x_total, t_total)` row by row, with totals by `sum(…) OVER (…)`"));
    }
    let mut counts = vec![0.0; cells.areas.len() * groups];
    for (area, group, n) in cells.cells() {
        counts[area * groups + group] = n;
    }
    let list = counts.into_iter().enumerate().map(|(at, n)| {
        let (area, group) = (at / groups, at % groups);
        let share = n / cells.areas[area];
        Value::Struct(vec![
            Value::Text(cells.table.text(0, area).to_owned()),
            Value::Text(cells.table.text(1, group).to_owned()),
            n.into(),
            share.into(),
            (share / (cells.groups[group] / cells.total)).into(),
        ])
    });
    Ok(Value::List(list.collect()))
}
