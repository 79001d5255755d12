//! The min–max index.

use super::dissimilarity::two;
use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Law, Outcome, Params},
    table::Wide,
    value::Value,
};

/// MM.
pub(super) static SEG_MIN_MAX: Definition = Definition {
    name: "seg_min_max",
    family: Family::Segregation,
    formula: "1 − Σ min(x/X, y/Y) / Σ max(x/X, y/Y) = 2D / (1 + D)",
    reading: "what the two groups' distributions over areas do not have in common, as a share of what both cover",
    range: "0 (even) to 1 (apart)",
    null_when: "a count is NULL, or one of the two groups has nobody",
    source: "O'Sullivan & Wong 2007, A surface-based approach to measuring spatial segregation, Geographical Analysis 39(2)",
    example: Example {
        sql: "SELECT round(seg_min_max(area, x, t), 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "0.666667",
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
    body: Body::Aggregate(&[Form::wide(min_max), Form::one_of(min_max), Form::two_of(min_max)]),
};

pub(super) fn min_max(areas: &Wide, _: &Params) -> Outcome {
    Ok(two(areas).map_or(Value::Null, |d| (2.0 * d / (1.0 + d)).into()))
}
