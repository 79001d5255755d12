//! Gorard's segregation index.

use super::dissimilarity::two;
use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Law, Outcome, Params},
    table::Wide,
    value::Value,
};

/// GS.
pub(super) static SEG_GORARD: Definition = Definition {
    name: "seg_gorard",
    family: Family::Segregation,
    formula: "½ Σ|x/X − t/T| = (1 − P) D with P = X/T, t = x + y",
    reading: "share of the group that would have to change places with somebody else for every area to have the same mix",
    range: "0 (even) to 1 − P (apart)",
    null_when: "a count is NULL, or one of the two groups has nobody",
    source: "Gorard & Taylor 2002, What is segregation?, Sociology 36(4), 875–895",
    example: Example {
        sql: "SELECT seg_gorard(area, x, t) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "0.25",
    },
    laws: &[
        Law::Within(0.0, 1.0),
        Law::Scale,
        Law::Division,
        Law::ZeroWhenEven,
        Law::Exchange,
    ],
    twins: &[],
    body: Body::Aggregate(&[Form::wide(gorard), Form::one_of(gorard), Form::two_of(gorard)]),
};

pub(super) fn gorard(areas: &Wide, _: &Params) -> Outcome {
    let all = areas.all;
    Ok(two(areas).map_or(Value::Null, |d| (d * (all.y / (all.x + all.y))).into()))
}
