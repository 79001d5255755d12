//! The location quotient.

use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Law, Outcome, Params, Scalar},
    value::{Output, Value},
};

/// LQ.
pub(super) static SEG_LOCATION_QUOTIENT: Definition = Definition {
    name: "seg_location_quotient",
    family: Family::Segregation,
    formula: "(x/t) / (X/T)",
    reading: "how many times the group's share in the area is its share of the whole; 1 is as in the whole",
    range: "0 and upwards",
    null_when: "an argument is NULL, or t, x_total or t_total is 0",
    source: "Isard 1960, Methods of Regional Analysis, MIT Press",
    example: Example {
        sql: "SELECT seg_location_quotient(30, 100, 200, 1000)",
        result: "1.5",
    },
    laws: &[Law::Within(0.0, f64::INFINITY), Law::Scale],
    twins: &[],
    body: Body::Scalar(Scalar {
        takes: &[
            Argument::count("x"),
            Argument::total("t"),
            Argument::count("x_total"),
            Argument::total("t_total"),
        ],
        gives: Output::Number,
        kernel: quotient,
    }),
};

fn quotient(of: &Params) -> Outcome {
    let (x, t, x_all, t_all) = (of.number(0), of.number(1), of.number(2), of.number(3));
    if t <= 0.0 || x_all <= 0.0 || t_all <= 0.0 {
        return Ok(Value::Null);
    }
    // products first: they are exact for counts
    Ok(((x * t_all) / (t * x_all)).into())
}
