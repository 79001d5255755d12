//! Work per worker.

use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Outcome, Params, Scalar},
    value::{Output, Value},
};

/// The caseload.
pub(super) static CASELOAD: Definition = Definition {
    name: "caseload",
    family: Family::Rates,
    formula: "num / fte",
    reading: "so many per full-time worker; say in the column's name what is counted: inhabitants, cases and individuals per worker may move in opposite directions in one year",
    range: "0 upwards",
    null_when: "an argument is NULL, or nobody works (fte 0)",
    source: "Rothman, Greenland & Lash 2008, Modern epidemiology, 3rd edition (ratios of counts)",
    example: Example {
        sql: "SELECT caseload(2400, 40)",
        result: "60.0",
    },
    laws: &[],
    twins: &[],
    body: Body::Scalar(Scalar {
        takes: &[Argument::count("num"), Argument::count("fte")],
        gives: Output::Number,
        kernel: caseload,
    }),
};

fn caseload(of: &Params) -> Outcome {
    let (num, fte) = (of.number(0), of.number(1));
    Ok(if fte > 0.0 {
        Value::Number(num / fte)
    } else {
        Value::Null
    })
}
