//! The interval of a count of events.

use super::{limits, twin};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Law, Outcome, Params, Scalar},
    value::{Output, Value},
};

/// Both ends, and how they were found.
pub(super) static CI_POISSON: Definition = Definition {
    name: "ci_poisson",
    family: Family::Rates,
    formula: "exact: ½χ²((1−conf)/2; 2x), ½χ²((1+conf)/2; 2x+2); Byar: x(1 − 1/9x − z/3√x)³, (x+1)(1 − 1/9(x+1) + z/3√(x+1))³; 'auto' is exact below 10 events, Byar from there",
    reading: "struct with lo, hi and method: the expected counts that x events do not contradict; divide by person-years for a rate",
    range: "lo and hi from 0 upwards",
    null_when: "an argument is NULL",
    source: "Garwood 1936, doi:10.1093/biomet/28.3-4.437; Breslow & Day 1987 (Byar), IARC 82",
    example: Example {
        sql: "SELECT round(ci_poisson(3)['hi'], 6)",
        result: "8.767273",
    },
    laws: &[Law::Within(0.0, f64::INFINITY)],
    twins: &[
        twin(
            "ci_poisson_lo",
            0,
            "smallest expected count that x does not contradict",
            "0 upwards",
            "SELECT round(ci_poisson_lo(82), 6)",
            "65.214912",
        ),
        twin(
            "ci_poisson_hi",
            1,
            "largest expected count that x does not contradict",
            "0 upwards",
            "SELECT round(ci_poisson_hi(0), 6)",
            "3.688879",
        ),
    ],
    body: Body::Scalar(Scalar {
        takes: &[
            Argument::count("x"),
            Argument::option("conf", 0.95),
            Argument::choice("method", "auto"),
        ],
        gives: Output::Struct(&[("lo", Output::Number), ("hi", Output::Number), ("method", Output::Text)]),
        kernel: poisson,
    }),
};

fn poisson(of: &Params) -> Outcome {
    let (x, conf) = (of.number(0), of.number(1));
    let z = limits::z("ci_poisson", conf)?;
    let (limits, method) = match of.text(0) {
        "auto" => limits::count("ci_poisson", x, conf)?,
        "exact" => (limits::exact(x, conf), "exact"),
        "byar" => (limits::byar(x, z), "byar"),
        _ => return Err(limits::unknown("ci_poisson", "method", "'auto', 'exact', 'byar'")),
    };
    Ok(Value::Struct(vec![
        limits.lo.into(),
        limits.hi.into(),
        Value::Text(method.to_owned()),
    ]))
}
