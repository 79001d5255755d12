//! The segregation curve.

use super::{
    areas,
    gini::{Placed, placed, sort},
};
use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Outcome, Params},
    table::Wide,
    value::{Output, Value},
};

const POINT: Output = Output::Struct(&[("p", Output::Number), ("x", Output::Number), ("y", Output::Number)]);

/// The curve.
pub(super) static SEG_CURVE: Definition = Definition {
    name: "seg_curve",
    family: Family::Segregation,
    formula: "areas in the order of p = x/(x + y), equal ones as one: cumulative x/X and y/Y, from (0, 0) to (1, 1)",
    reading: "list of points for UNNEST: y of the rest lives in areas where the group's share is at most p, and only x of \
              the group; the diagonal is even. A curve that lies nowhere nearer the diagonal is more segregated by every \
              index",
    range: "x ≤ y, both from 0 to 1; p is NULL at the start",
    null_when: "a count is NULL, or one of the two groups has nobody",
    source: "Duncan & Duncan 1955, doi:10.2307/2088328; Hutchens 1991, Mathematical Social Sciences 21(1)",
    example: Example {
        sql: "SELECT seg_curve(area, x, t)[3]['x'] FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
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

fn curve(of: &Wide, _: &Params) -> Outcome {
    let Some((x_all, y_all)) = areas::both(of) else {
        return Ok(Value::Null);
    };
    let mut order: Vec<Placed> = of
        .units
        .iter()
        .filter(|of| of.x + of.y > 0.0)
        .map(|of| placed(of.x, of.y))
        .collect();
    sort(&mut order);
    let point = |p: Value, x: f64, y: f64| Value::Struct(vec![p, (x / x_all).into(), (y / y_all).into()]);
    let mut points = vec![point(Value::Null, 0.0, 0.0)];
    let (mut x, mut y) = (0.0, 0.0);
    for same in order.chunk_by(|left, right| left.0 == right.0) {
        for (_, here, rest) in same {
            x += here;
            y += rest;
        }
        points.push(point(f64::from_bits(same[0].0).into(), x, y));
    }
    Ok(Value::List(points))
}
