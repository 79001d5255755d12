//! Wilson's score interval of a share.

use super::limits;
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Law, Outcome, Params, Scalar, Twin},
    value::{Output, Value},
};

/// Both ends.
pub(super) static CI_WILSON: Definition = Definition {
    name: "ci_wilson",
    family: Family::Rates,
    formula: "(x + z²/2 ∓ z √(x(n − x)/n + z²/4)) / (n + z²), z the normal quantile of (1 + conf)/2",
    reading: "struct with lo and hi: the shares that x of n does not contradict",
    range: "lo and hi from 0 to 1",
    null_when: "an argument is NULL, or n is 0",
    source: "Wilson 1927, doi:10.1080/01621459.1927.10502953",
    example: Example {
        sql: "SELECT round(ci_wilson(7, 40)['lo'], 7)",
        result: "0.0874541",
    },
    laws: &[Law::Within(0.0, 1.0)],
    twins: &[
        Twin {
            name: "ci_wilson_lo",
            field: 0,
            reading: "smallest share that x of n does not contradict",
            range: "0 to 1",
            example: Example {
                sql: "SELECT round(ci_wilson_lo(11, 17), 7)",
                result: "0.4130036",
            },
        },
        Twin {
            name: "ci_wilson_hi",
            field: 1,
            reading: "largest share that x of n does not contradict",
            range: "0 to 1",
            example: Example {
                sql: "SELECT round(ci_wilson_hi(11, 17), 7)",
                result: "0.8269028",
            },
        },
    ],
    body: Body::Scalar(Scalar {
        takes: &[
            Argument::count("x"),
            Argument::total("n"),
            Argument::option("conf", 0.95),
        ],
        gives: Output::Struct(&[("lo", Output::Number), ("hi", Output::Number)]),
        kernel: wilson,
    }),
};

fn wilson(of: &Params) -> Outcome {
    let (x, n, conf) = (of.number(0), of.number(1), of.number(2));
    let z = limits::z("ci_wilson", conf)?;
    if n <= 0.0 {
        return Ok(Value::Null);
    }
    let limits = limits::wilson(x, n, z);
    Ok(Value::Struct(vec![limits.lo.into(), limits.hi.into()]))
}
