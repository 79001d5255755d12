//! Isolation and exposure: whom a member of a group meets in the own area.

use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Law, Outcome, Params},
    table::Wide,
    value::Value,
};

/// xPx.
pub(super) static SEG_ISOLATION: Definition = Definition {
    name: "seg_isolation",
    family: Family::Segregation,
    formula: "Σ (x/X)(x/t)",
    reading: "the group's share in the area of its average member",
    range: "the group's share of all (even) to 1 (apart)",
    null_when: "a count is NULL, or the group or the rest has nobody",
    source: "Bell 1954, doi:10.2307/2574118; Lieberson 1981",
    example: Example {
        sql: "SELECT seg_isolation(area, x, t) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "0.75",
    },
    laws: &[Law::Within(0.0, 1.0), Law::Scale, Law::Division, Law::Exchange],
    twins: &[],
    body: Body::Aggregate(&[Form::wide(isolation), Form::one_of(isolation)]),
};

/// xPy.
pub(super) static SEG_EXPOSURE: Definition = Definition {
    name: "seg_exposure",
    family: Family::Segregation,
    formula: "Σ (x/X)(y/t)",
    reading: "the other group's share in the area of the first group's average member",
    range: "0 (never meet) to 1",
    null_when: "a count is NULL, or one of the two groups has nobody",
    source: "Bell 1954, doi:10.2307/2574118; Lieberson 1981",
    example: Example {
        sql: "SELECT seg_exposure(area, x, t - x, t) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "0.25",
    },
    laws: &[Law::Within(0.0, 1.0), Law::Scale, Law::Division],
    twins: &[],
    body: Body::Aggregate(&[Form::two(exposure), Form::two_of(exposure)]),
};

pub(super) fn isolation(areas: &Wide, _: &Params) -> Outcome {
    let all = areas.all;
    if all.x <= 0.0 || all.y <= 0.0 {
        return Ok(Value::Null);
    }
    let met: f64 = areas.units.iter().map(|of| of.x * of.x / of.t).sum();
    Ok((met / all.x).clamp(0.0, 1.0).into())
}

pub(super) fn exposure(areas: &Wide, _: &Params) -> Outcome {
    let all = areas.all;
    if all.x <= 0.0 || all.y <= 0.0 {
        return Ok(Value::Null);
    }
    let met: f64 = areas.units.iter().map(|of| of.x * of.y / of.t).sum();
    Ok((met / all.x).clamp(0.0, 1.0).into())
}
