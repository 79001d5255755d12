//! Indirect standardisation: how many events there are of those that the reference's rates by stratum would give.

use super::{limits, twin};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
    table::Table,
    value::{Output, Value},
};

/// Observed against expected.
pub(super) static STD_INDIRECT: Definition = Definition {
    name: "std_indirect",
    family: Family::Rates,
    formula: "expected = Σ n·ref_x/ref_n; ratio = Σ x/expected with the limits of ci_poisson; value = ratio·per·Σ ref_x/Σ ref_n",
    reading: "struct with value, lo, hi (rate), ratio, ratio_lo, ratio_hi, observed and expected; for areas too small for std_direct; every row brings its own reference, ratios of different areas are not comparable with each other",
    range: "0 upwards",
    null_when: "a count is NULL, nothing is expected, or a stratum has people but no reference population",
    source: "Breslow & Day 1987, IARC 82, ch. 2",
    example: Example {
        sql: "SELECT std_indirect(age, x, n, ref_x, ref_n)['ratio'] FROM (VALUES ('0-64', 6, 1000, 40, 10000), ('65+', 24, 500, 80, 2000)) AS v(age, x, n, ref_x, ref_n)",
        result: "1.25",
    },
    laws: &[],
    twins: &[
        twin(
            "std_indirect_ratio",
            3,
            "observed events as a multiple of the expected ones",
            "0 upwards",
            "SELECT std_indirect_ratio(age, x, n, ref_x, ref_n) FROM (VALUES ('0-64', 6, 1000, 40, 10000), ('65+', 24, 500, 80, 2000)) AS v(age, x, n, ref_x, ref_n)",
            "1.25",
        ),
        twin(
            "std_indirect_value",
            0,
            "rate standardised by the reference's ages",
            "0 upwards",
            "SELECT std_indirect_value(age, x, n, ref_x, ref_n) FROM (VALUES ('0-64', 6, 1000, 40, 10000), ('65+', 24, 500, 80, 2000)) AS v(age, x, n, ref_x, ref_n)",
            "1250.0",
        ),
    ],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("stratum"),
            Argument::count("x"),
            Argument::count("n"),
            Argument::count("ref_x"),
            Argument::count("ref_n"),
            Argument::option("per", 100_000.0),
            Argument::option("conf", 0.95),
        ],
        indirect,
    )
    .gives(Output::Struct(&[
        ("value", Output::Number),
        ("lo", Output::Number),
        ("hi", Output::Number),
        ("ratio", Output::Number),
        ("ratio_lo", Output::Number),
        ("ratio_hi", Output::Number),
        ("observed", Output::Number),
        ("expected", Output::Number),
    ]))]),
};

fn indirect(table: &Table<'_>, params: &Params) -> Outcome {
    let (per, conf) = (params.number(0), params.number(1));
    let (x, n, ref_x, ref_n) = (table.count(0), table.count(1), table.count(2), table.count(3));
    let observed: f64 = x.iter().sum();
    let (limits, _) = limits::count("std_indirect", observed, conf)?;
    let mut expected = 0.0;
    for ((n, ref_x), ref_n) in n.iter().zip(ref_x).zip(ref_n) {
        if *n > 0.0 {
            if *ref_n <= 0.0 {
                return Ok(Value::Null);
            }
            expected += n * ref_x / ref_n;
        }
    }
    let (cases, people): (f64, f64) = (ref_x.iter().sum(), ref_n.iter().sum());
    if expected <= 0.0 || people <= 0.0 {
        return Ok(Value::Null);
    }
    let crude = per * cases / people;
    let ratios = [observed / expected, limits.lo / expected, limits.hi / expected];
    let mut fields: Vec<Value> = ratios.iter().map(|ratio| Value::Number(ratio * crude)).collect();
    fields.extend(ratios.map(Value::Number));
    fields.extend([observed.into(), expected.into()]);
    Ok(Value::Struct(fields))
}
