//! Area summaries: the socioeconomic index and the five area types cut from it.
//!
//! Mean and standard deviation are arguments: which areas and which year they are taken over (the country, the same
//! year) is the caller's statement in SQL, and a wrong choice shows there.

use crate::{
    error::Error,
    functions::def::{Body, Definition, Example, Family, Output, Scalar, Value},
};

/// The index.
pub(super) const SOCIOECONOMIC_INDEX: Definition = Definition {
    name: "socioeconomic_index",
    family: Family::Area,
    signatures: &["socioeconomic_index(low_standard, short_education, out_of_work)"],
    formula: "(v1 + v2 + v3) / 3",
    reading: "mean of three shares in per cent; higher is weaker",
    range: "that of its parts, 0 to 100 for percentages",
    null_when: "a part is NULL",
    source: "Statistics Sweden, area types for segregation, 2022",
    example: Example {
        sql: "SELECT socioeconomic_index(12.0, 9.0, 6.0)",
        result: "9.0",
    },
    body: Body::Scalar(Scalar {
        least: 3,
        most: 3,
        output: Output::Number,
        kernel: index,
    }),
};

/// The five types.
pub(super) const AREA_TYPE: Definition = Definition {
    name: "area_type",
    family: Family::Area,
    signatures: &["area_type(index, mean, sd)"],
    formula: "index ≥ mean+2sd → 1; ≥ mean+1sd → 2; ≥ mean → 3; ≥ mean−1sd → 4; else 5",
    reading: "1 great socioeconomic challenges … 5 very good socioeconomic conditions",
    range: "1 to 5",
    null_when: "an argument is NULL",
    source: "Statistics Sweden, area types for segregation, 2022",
    example: Example {
        sql: "SELECT area_type(14.56, 9.10, 5.47)",
        result: "3",
    },
    body: Body::Scalar(Scalar {
        least: 3,
        most: 3,
        output: Output::Class,
        kernel: class,
    }),
};

fn index(args: &[f64]) -> Result<Value, Error> {
    Ok(Value::Number(args.iter().sum::<f64>() / 3.0))
}

fn class(args: &[f64]) -> Result<Value, Error> {
    let [index, mean, sd] = *args else {
        return Ok(Value::Null);
    };
    if sd < 0.0 {
        return Err(Error::invalid(6003, "`area_type` got a negative standard deviation")
            .hint("the order is `area_type(index, mean, sd)`"));
    }
    Ok(Value::Class(if index >= mean + 2.0 * sd {
        1
    } else if index >= mean + sd {
        2
    } else if index >= mean {
        3
    } else if index >= mean - sd {
        4
    } else {
        5
    }))
}
