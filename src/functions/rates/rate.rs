//! A rate with its interval.

use super::{limits, twin};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Law, Outcome, Params, Scalar},
    value::{Output, Value},
};

/// The rate and both ends.
pub(super) static RATE_CI: Definition = Definition {
    name: "rate_ci",
    family: Family::Rates,
    formula: "value = per·x/n; limits per/n times those of ci_poisson(x, conf): exact below 10 events, Byar from there",
    reading: "struct with value, lo, hi and method: events per so many person-years, and what they do not contradict",
    range: "0 upwards",
    null_when: "an argument is NULL, or n is 0",
    source: "Breslow & Day 1987, IARC 82; Garwood 1936, doi:10.1093/biomet/28.3-4.437",
    example: Example {
        sql: "SELECT round(rate_ci(6, 895, 1000)['value'], 6)",
        result: "6.703911",
    },
    laws: &[Law::Within(0.0, f64::INFINITY)],
    twins: &[
        twin(
            "rate_value",
            0,
            "events per so many person-years",
            "0 upwards",
            "SELECT rate_value(5, 1000)",
            "500.0",
        ),
        twin(
            "rate_lo",
            1,
            "smallest rate that the events do not contradict",
            "0 upwards",
            "SELECT round(rate_lo(6, 895, 1000), 6)",
            "2.460217",
        ),
        twin(
            "rate_hi",
            2,
            "largest rate that the events do not contradict",
            "0 upwards",
            "SELECT round(rate_hi(6, 895, 1000), 6)",
            "14.591591",
        ),
    ],
    body: Body::Scalar(Scalar {
        takes: &[
            Argument::count("x"),
            Argument::count("n"),
            Argument::option("per", 100_000.0),
            Argument::option("conf", 0.95),
        ],
        gives: RATE,
        kernel: rate,
    }),
};

/// A rate with its interval.
pub(super) const RATE: Output = Output::Struct(&[
    ("value", Output::Number),
    ("lo", Output::Number),
    ("hi", Output::Number),
    ("method", Output::Text),
]);

fn rate(of: &Params) -> Outcome {
    let (x, n, per, conf) = (of.number(0), of.number(1), of.number(2), of.number(3));
    let (limits, method) = limits::count("rate_ci", x, conf)?;
    if n <= 0.0 {
        return Ok(Value::Null);
    }
    Ok(Value::Struct(vec![
        (per * x / n).into(),
        (per * limits.lo / n).into(),
        (per * limits.hi / n).into(),
        Value::Text(method.to_owned()),
    ]))
}
