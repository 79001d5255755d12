//! Segregation of ordered groups: Reardon's ordinal indices, and their profile over the ranks.

use super::ranks::{boundaries, index};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Law, Outcome, Params},
    table::Table,
    value::{Output, Value},
};

const TAKES: &[Argument] = &[
    Argument::key("area"),
    Argument::number("rank"),
    Argument::count("n"),
    Argument::choice("index", "H"),
];
const KNOWN: &str = "'H', 'R', 'S', 'A'";
const POINT: Output = Output::Struct(&[
    ("rank", Output::Number),
    ("p", Output::Number),
    ("value", Output::Number),
]);

/// H, R, S, A of ordered groups.
pub(super) static SEG_ORDINAL: Definition = Definition {
    name: "seg_ordinal",
    family: Family::Segregation,
    formula: "Σ t(v − v_i) / (T v), v = Σ f(c) over the K − 1 cumulative shares c; f of 'H': −c log₂ c − (1 − c) log₂(1 − c), \
              'R': 4c(1 − c), 'S': 2√(c(1 − c)), 'A': 1 − |2c − 1|",
    reading: "how much less spread the ranks are within areas than in all; the rank is a number, so that 10 comes after 2",
    range: "0 (even) to 1 (every area has one rank)",
    null_when: "a count or a rank is NULL, or fewer than two ranks have anybody",
    source: "Reardon 2009, Measures of ordinal segregation, Research on Economic Inequality 17, 129–155",
    example: Example {
        sql: "SELECT seg_ordinal(area, rank, n, 'R') FROM (VALUES ('A', 1, 10), ('A', 2, 10), ('B', 1, 10), ('C', 2, 10)) AS v(area, rank, n)",
        result: "0.5",
    },
    laws: &[Law::Within(0.0, 1.0)],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TAKES, ordinal)]),
};

/// The index at every boundary.
pub(super) static SEG_RANK_PROFILE: Definition = Definition {
    name: "seg_rank_profile",
    family: Family::Segregation,
    formula: "at the boundary above every rank but the last: the index of those up to it against those above it ('H' \
              information theory, 'R' variance ratio, 'S' square root), beside the share p up to it",
    reading: "list for UNNEST: whether the poor, the middle or the rich live apart",
    range: "value from 0 to 1; 'A' is 1 less the share of the smaller side that is left in the areas",
    null_when: "a count or a rank is NULL, or fewer than two ranks have anybody",
    source: "Reardon & Bischoff 2011, Income inequality and income segregation, American Journal of Sociology 116(4)",
    example: Example {
        sql: "SELECT seg_rank_profile(area, rank, n, 'R')[1]['value'] FROM (VALUES ('A', 1, 10), ('A', 2, 10), ('B', 1, 10), ('C', 2, 10)) AS v(area, rank, n)",
        result: "0.5",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TAKES, profile).gives(Output::List(&POINT))]),
};

fn ordinal(table: &Table<'_>, params: &Params) -> Outcome {
    let boundaries = boundaries(table, index(params, "seg_ordinal", KNOWN)?);
    let whole: f64 = boundaries.iter().map(|of| of.whole).sum();
    if whole <= 0.0 {
        return Ok(Value::Null);
    }
    let lost: f64 = boundaries.iter().map(|of| of.whole - of.areas).sum();
    Ok((lost / whole).clamp(0.0, 1.0).into())
}

fn profile(table: &Table<'_>, params: &Params) -> Outcome {
    let boundaries = boundaries(table, index(params, "seg_rank_profile", KNOWN)?);
    if boundaries.is_empty() {
        return Ok(Value::Null);
    }
    let points = boundaries
        .iter()
        .map(|of| Value::Struct(vec![table.number(1, of.rank).into(), of.p.into(), of.index().into()]));
    Ok(Value::List(points.collect()))
}
