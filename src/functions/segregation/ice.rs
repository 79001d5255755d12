//! The index of concentration at the extremes.

use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Law, Outcome, Params, Scalar},
        value::{Output, Value},
    },
};

/// ICE.
pub(super) static SEG_ICE: Definition = Definition {
    name: "seg_ice",
    family: Family::Segregation,
    formula: "(a − p) / t, a people at the privileged extreme, p at the other, t all of the area",
    reading: "which extreme the area leans to and how far; of an area, not of a city",
    range: "−1 (everybody at the deprived extreme) to 1 (everybody at the privileged one)",
    null_when: "an argument is NULL, or t is 0",
    source: "Massey 2001; Krieger et al. 2016, doi:10.2105/AJPH.2015.302955",
    example: Example {
        sql: "SELECT seg_ice(10, 40, 100)",
        result: "-0.3",
    },
    laws: &[Law::Within(-1.0, 1.0), Law::Scale],
    twins: &[],
    body: Body::Scalar(Scalar {
        takes: &[
            Argument::count("privileged"),
            Argument::count("deprived"),
            Argument::total("t"),
        ],
        gives: Output::Number,
        kernel: ice,
    }),
};

fn ice(of: &Params) -> Outcome {
    let (a, p, t) = (of.number(0), of.number(1), of.number(2));
    if a + p > t {
        return Err(
            Error::invalid(6004, "`seg_ice` got two extremes that are together larger than `t`")
                .hint("nobody can be at both extremes; the order is `seg_ice(privileged, deprived, t)`"),
        );
    }
    if t <= 0.0 {
        return Ok(Value::Null);
    }
    Ok(((a - p) / t).into())
}
