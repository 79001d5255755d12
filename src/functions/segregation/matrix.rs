//! Who meets whom: exposure of every group to every group.

use crate::{
    error::Error,
    functions::{
        def::{Body, Definition, Example, Family, Form, Outcome, Params},
        table::Long,
        value::{Output, Value},
    },
};

/// Groups whose matrix is still a list that somebody wants.
const MOST: usize = 2_000;

const PAIR: Output = Output::Struct(&[
    ("group", Output::Text),
    ("other", Output::Text),
    ("value", Output::Number),
    ("even", Output::Number),
]);

/// The K×K matrix.
pub(super) static SEG_EXPOSURE_MATRIX: Definition = Definition {
    name: "seg_exposure_matrix",
    family: Family::Segregation,
    formula: "for every two groups k, m: Σ (n_k/N_k)(n_m/t), beside even = N_m/T; over m it sums to 1",
    reading: "list for UNNEST: the other group's share in the area of the average member of the group, and what it would be \
              if every area had the same mix; k = m is isolation",
    range: "value from 0 to 1",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "Bell 1954, doi:10.2307/2574118; Lieberson 1981",
    example: Example {
        sql: "SELECT seg_exposure_matrix(area, grp, n)[2]['value'] FROM (VALUES ('A', 'x', 10), ('A', 'y', 10), ('B', 'y', 10), ('C', 'x', 10)) AS v(area, grp, n)",
        result: "0.25",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::long(matrix).gives(Output::List(&PAIR))]),
};

fn matrix(cells: &Long<'_>, _: &Params) -> Outcome {
    let count = cells.groups.len();
    if count < 2 {
        return Ok(Value::Null);
    }
    if count > MOST {
        return Err(Error::exhausted(
            6010,
            format!("`seg_exposure_matrix` got more than {MOST} groups, which makes too many pairs"),
        )
        .hint("sum small groups up, or ask for one pair with `seg_exposure(area, group, n, 'group', 'other group')`"));
    }
    let mut met = vec![0.0; count * count];
    let all: Vec<(usize, usize, f64)> = cells.cells().collect();
    for area in all.chunk_by(|left, right| left.0 == right.0) {
        for (at, group, n) in area {
            for (_, other, m) in area {
                met[group * count + other] += n * m / cells.areas[*at];
            }
        }
    }
    let name = |group: usize| Value::Text(cells.table.text(1, group).to_owned());
    let pairs = met.into_iter().enumerate().map(|(at, met)| {
        let (group, other) = (at / count, at % count);
        Value::Struct(vec![
            name(group),
            name(other),
            (met / cells.groups[group]).into(),
            (cells.groups[other] / cells.total).into(),
        ])
    });
    Ok(Value::List(pairs.collect()))
}
