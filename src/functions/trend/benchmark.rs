//! A value against a benchmark, in words.

use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Outcome, Params, Scalar},
        rates::limits::unknown,
        value::{Output, Value},
    },
};

/// The comparison.
pub(super) static COMPARE_BENCHMARK: Definition = Definition {
    name: "compare_benchmark",
    family: Family::Trend,
    formula: "lo > benchmark: higher; hi < benchmark: lower; else similar; 'high_good' and 'low_good' turn higher and lower into better and worse",
    reading: "text: 'similar' when the interval of the area holds the benchmark, which is taken as exact; polarity 'none' (no judgement), 'high_good' or 'low_good'",
    range: "'better', 'similar', 'worse', 'higher' or 'lower'",
    null_when: "an argument is NULL",
    source: "OHID 2023, Fingertips technical guidance: comparison with a benchmark value",
    example: Example {
        sql: "SELECT compare_benchmark(21.0, 25.0, 18.5, 'low_good')",
        result: "worse",
    },
    laws: &[],
    twins: &[],
    body: Body::Scalar(Scalar {
        takes: &[
            Argument::number("lo"),
            Argument::number("hi"),
            Argument::number("benchmark"),
            Argument::choice("polarity", "none"),
        ],
        gives: Output::Text,
        kernel: compare,
    }),
};

fn compare(of: &Params) -> Outcome {
    let (lo, hi, benchmark) = (of.number(0), of.number(1), of.number(2));
    let [above, below] = match of.text(0) {
        "none" => ["higher", "lower"],
        "high_good" => ["better", "worse"],
        "low_good" => ["worse", "better"],
        _ => {
            return Err(unknown(
                "compare_benchmark",
                "polarity",
                "'none', 'high_good', 'low_good'",
            ));
        }
    };
    if lo > hi {
        return Err(
            Error::invalid(6040, "`compare_benchmark` got an interval whose lo is above its hi")
                .hint("the order is (lo, hi, benchmark, polarity)"),
        );
    }
    Ok(Value::Text(
        if lo > benchmark {
            above
        } else if hi < benchmark {
            below
        } else {
            "similar"
        }
        .to_owned(),
    ))
}
