//! The concentration profile and its index.

use super::{
    areas::both,
    gini::{Placed, placed, sort},
};
use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Law, Outcome, Params},
    table::Wide,
    value::{Output, Value},
};

const POINT: Output = Output::Struct(&[("threshold", Output::Number), ("share", Output::Number)]);

/// R of the profile.
pub(super) static SEG_CONCENTRATION_PROFILE: Definition = Definition {
    name: "seg_concentration_profile",
    family: Family::Segregation,
    formula: "(P − ∫₀^P v + ∫_P^1 v) / (1 − P), v(θ) the group's share in areas with p ≥ θ; exactly Σ (x/X)|p − P| / (1 − P)",
    reading: "how far the group lives in areas where it is over- or under-represented",
    range: "0 (even) to 1 (apart)",
    null_when: "a count is NULL, or one of the two groups has nobody",
    source: "Hong & Sadahiro 2014, Measuring geographic segregation: a graph-based approach, Journal of Geographical Systems 16",
    example: Example {
        sql: "SELECT seg_concentration_profile(area, x, t) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "0.5",
    },
    laws: &[
        Law::Within(0.0, 1.0),
        Law::Scale,
        Law::Division,
        Law::ZeroWhenEven,
        Law::OneWhenApart,
    ],
    twins: &[],
    body: Body::Aggregate(&[Form::wide(profile), Form::one_of(profile), Form::two_of(profile)]),
};

/// v(θ).
pub(super) static SEG_CONCENTRATION_CURVE: Definition = Definition {
    name: "seg_concentration_curve",
    family: Family::Segregation,
    formula: "at every share θ that an area has: Σ x/X over areas with p ≥ θ",
    reading: "list of points for UNNEST: the part of the group that lives in areas where it is at least this share",
    range: "share from 0 to 1, falling; it stays the same up to the next threshold",
    null_when: "a count is NULL, or one of the two groups has nobody",
    source: "Hong & Sadahiro 2014, Journal of Geographical Systems 16; Poulsen, Johnston & Forrest 2001",
    example: Example {
        sql: "SELECT seg_concentration_curve(area, x, t)[3]['share'] FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "0.5",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::wide(curve).gives(Output::List(&POINT)),
        Form::one_of(curve).gives(Output::List(&POINT)),
        Form::two_of(curve).gives(Output::List(&POINT)),
    ]),
};

pub(super) fn profile(areas: &Wide, _: &Params) -> Outcome {
    let Some((x, y)) = both(areas) else {
        return Ok(Value::Null);
    };
    let all = x + y;
    let of = areas.units.iter().filter(|of| of.x > 0.0);
    let apart: f64 = of.map(|of| of.x * (of.x / (of.x + of.y) - x / all).abs()).sum();
    Ok((apart / x / (y / all)).clamp(0.0, 1.0).into())
}

fn curve(areas: &Wide, _: &Params) -> Outcome {
    let Some((x, _)) = both(areas) else {
        return Ok(Value::Null);
    };
    let mut order: Vec<Placed> = areas
        .units
        .iter()
        .filter(|of| of.x + of.y > 0.0)
        .map(|of| placed(of.x, of.y))
        .collect();
    sort(&mut order);
    let mut points = Vec::new();
    let mut above = 0.0;
    for same in order.chunk_by(|left, right| left.0 == right.0).rev() {
        above += same.iter().map(|(_, x, _)| x).sum::<f64>();
        points.push(Value::Struct(vec![
            f64::from_bits(same[0].0).into(),
            (above / x).clamp(0.0, 1.0).into(),
        ]));
    }
    points.reverse();
    Ok(Value::List(points))
}
