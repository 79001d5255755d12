//! Isolation and exposure without replacement: nobody meets oneself.

use super::areas::both;
use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Law, Outcome, Params},
    table::Wide,
    value::Value,
};

/// xPx without replacement.
pub(super) static SEG_ISOLATION_EXACT: Definition = Definition {
    name: "seg_isolation_exact",
    family: Family::Segregation,
    formula: "Σ x (x − 1)/(t − 1) / Σ x over areas with more than one person",
    reading: "chance that somebody else in the area of a random member is of the group too; differs from isolation where \
              areas are small",
    range: "0 to 1",
    null_when: "a count is NULL, the group or the rest has nobody, or every member is alone",
    source: "Bell 1954, doi:10.2307/2574118; Massey & Denton 1988, doi:10.1093/sf/67.2.281",
    example: Example {
        sql: "SELECT round(seg_isolation_exact(area, x, t), 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "0.736842",
    },
    laws: &[Law::Within(0.0, 1.0)],
    twins: &[],
    body: Body::Aggregate(&[Form::wide(isolation), Form::one_of(isolation)]),
};

/// xPy without replacement.
pub(super) static SEG_EXPOSURE_EXACT: Definition = Definition {
    name: "seg_exposure_exact",
    family: Family::Segregation,
    formula: "Σ x y/(t − 1) / Σ x over areas with more than one person",
    reading: "chance that somebody else in the area of a random member of the first group is of the other",
    range: "0 (never meet) to 1",
    null_when: "a count is NULL, one of the two groups has nobody, or every member of the first is alone",
    source: "Bell 1954, doi:10.2307/2574118; Massey & Denton 1988, doi:10.1093/sf/67.2.281",
    example: Example {
        sql: "SELECT round(seg_exposure_exact(area, x, t - x, t), 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "0.263158",
    },
    laws: &[Law::Within(0.0, 1.0)],
    twins: &[],
    body: Body::Aggregate(&[Form::two(exposure), Form::two_of(exposure)]),
};

/// Returns the mean over members who are not alone of what they meet.
fn met(areas: &Wide, others: impl Fn(f64, f64) -> f64) -> Outcome {
    if both(areas).is_none() {
        return Ok(Value::Null);
    }
    let (mut met, mut members) = (0.0, 0.0);
    for of in areas.units.iter().filter(|of| of.t > 1.0) {
        met += of.x * (others(of.x, of.y) / (of.t - 1.0)).clamp(0.0, 1.0);
        members += of.x;
    }
    if members <= 0.0 {
        return Ok(Value::Null);
    }
    Ok((met / members).into())
}

fn isolation(areas: &Wide, _: &Params) -> Outcome {
    // of a group of less than one, as after rounding or weighting, nobody else is there
    met(areas, |x, _| (x - 1.0).max(0.0))
}

fn exposure(areas: &Wide, _: &Params) -> Outcome {
    met(areas, |_, y| y)
}
