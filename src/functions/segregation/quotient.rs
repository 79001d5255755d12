//! The location quotient.

use crate::{
    error::Error,
    functions::def::{Body, Definition, Example, Family, Output, Scalar, Value},
};

/// LQ.
pub(in crate::functions) const SEG_LOCATION_QUOTIENT: Definition = Definition {
    name: "seg_location_quotient",
    family: Family::Segregation,
    signatures: &["seg_location_quotient(x, t, x_total, t_total)"],
    formula: "(x/t) / (X/T)",
    reading: "how many times the group's share in the area is its share of the whole; 1 is as in the whole",
    range: "0 and upwards",
    null_when: "an argument is NULL, or t, x_total or t_total is 0",
    source: "Isard 1960",
    example: Example {
        sql: "SELECT seg_location_quotient(30, 100, 200, 1000)",
        result: "1.5",
    },
    body: Body::Scalar(Scalar {
        least: 4,
        most: 4,
        output: Output::Number,
        kernel: quotient,
    }),
};

fn quotient(args: &[f64]) -> Result<Value, Error> {
    let [x, t, x_all, t_all] = *args else {
        return Ok(Value::Null);
    };
    if x < 0.0 || t < 0.0 || x_all < 0.0 || t_all < 0.0 {
        return Err(
            Error::invalid(6003, "`seg_location_quotient` got a negative count").hint("give counts from 0 upwards")
        );
    }
    if x > t || x_all > t_all {
        return Err(
            Error::invalid(6004, "`seg_location_quotient` got a group larger than its total")
                .hint("the order is `seg_location_quotient(x, t, x_total, t_total)`"),
        );
    }
    if t <= 0.0 || x_all <= 0.0 || t_all <= 0.0 {
        return Ok(Value::Null);
    }
    Ok(Value::Number((x / t) / (x_all / t_all)))
}
