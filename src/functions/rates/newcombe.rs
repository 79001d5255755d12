//! The difference of two shares.

use super::{
    limits::{self, Limits},
    twin,
};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Law, Outcome, Params, Scalar},
    value::{Output, Value},
};

/// The difference and both ends.
pub(super) static PROP_DIFF_CI: Definition = Definition {
    name: "prop_diff_ci",
    family: Family::Rates,
    formula: "d = p1 − p2; lo = d − √((p1 − l1)² + (u2 − p2)²), hi = d + √((u1 − p1)² + (p2 − l2)²), l and u Wilson's limits",
    reading: "struct with value, lo and hi: the difference of two independent shares; 0 outside means they differ",
    range: "−1 to 1",
    null_when: "an argument is NULL, or a total is 0",
    source: "Newcombe 1998, method 10, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I",
    example: Example {
        sql: "SELECT round(prop_diff_ci(56, 70, 48, 80)['lo'], 4)",
        result: "0.0524",
    },
    laws: &[Law::Within(-1.0, 1.0)],
    twins: &[
        twin(
            "prop_diff_value",
            0,
            "difference of two shares",
            "−1 to 1",
            "SELECT round(prop_diff_value(56, 70, 48, 80), 4)",
            "0.2",
        ),
        twin(
            "prop_diff_lo",
            1,
            "smallest difference that the counts do not contradict",
            "−1 to 1",
            "SELECT round(prop_diff_lo(9, 10, 3, 10), 4)",
            "0.1705",
        ),
        twin(
            "prop_diff_hi",
            2,
            "largest difference that the counts do not contradict",
            "−1 to 1",
            "SELECT round(prop_diff_hi(56, 70, 48, 80), 4)",
            "0.3339",
        ),
    ],
    body: Body::Scalar(Scalar {
        takes: &[
            Argument::count("x1"),
            Argument::total("n1"),
            Argument::count("x2"),
            Argument::total("n2"),
            Argument::option("conf", 0.95),
        ],
        gives: Output::Struct(&[
            ("value", Output::Number),
            ("lo", Output::Number),
            ("hi", Output::Number),
        ]),
        kernel: difference,
    }),
};

/// Returns the limits of the difference of two independent estimates from their own limits (MOVER).
pub(in crate::functions) fn mover(first: (f64, Limits), second: (f64, Limits)) -> Limits {
    let ((p1, of1), (p2, of2)) = (first, second);
    Limits {
        lo: p1 - p2 - (p1 - of1.lo).hypot(of2.hi - p2),
        hi: p1 - p2 + (of1.hi - p1).hypot(p2 - of2.lo),
    }
}

fn difference(of: &Params) -> Outcome {
    let (x1, n1, x2, n2) = (of.number(0), of.number(1), of.number(2), of.number(3));
    let z = limits::z("prop_diff_ci", of.number(4))?;
    if n1 <= 0.0 || n2 <= 0.0 {
        return Ok(Value::Null);
    }
    let limits = mover(
        (x1 / n1, limits::wilson(x1, n1, z)),
        (x2 / n2, limits::wilson(x2, n2, z)),
    );
    Ok(Value::Struct(vec![
        (x1 / n1 - x2 / n2).into(),
        limits.lo.max(-1.0).into(),
        limits.hi.min(1.0).into(),
    ]))
}
