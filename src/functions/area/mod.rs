//! Area summaries: the socioeconomic index, the five area types cut from it and moves between them, composite indices,
//! the national index of inequality, areas that are alike.
//!
//! Mean and standard deviation are arguments: which areas and which year they are taken over (the country, the same
//! year) is the caller's statement in SQL, and a wrong choice shows there.

mod components;
mod compose;
mod ojamlikhetsindex;
mod similar;
mod transitions;
mod voice;

use super::{
    def::{Argument, Body, Definition, Example, Family, Law, Outcome, Params, Scalar},
    value::{Output, Value},
};

/// The family.
pub(super) static ALL: &[&Definition] = &[
    &transitions::AREA_TRANSITIONS,
    &AREA_TYPE,
    &compose::IDX_COMPOSE,
    &ojamlikhetsindex::OJAMLIKHETSINDEX,
    &similar::SIMILAR_AREAS,
    &voice::VOICE_GAP,
    &SOCIOECONOMIC_INDEX,
];

/// The index.
static SOCIOECONOMIC_INDEX: Definition = Definition {
    name: "socioeconomic_index",
    family: Family::Area,
    formula: "(v1 + v2 + v3) / 3",
    reading: "mean of three shares in per cent; higher is weaker",
    range: "that of its parts, 0 to 100 for percentages",
    null_when: "a part is NULL: never the mean of two",
    source: "Statistics Sweden, area types for segregation, 2022",
    example: Example {
        sql: "SELECT socioeconomic_index(12.0, 9.0, 6.0)",
        result: "9.0",
    },
    laws: &[Law::Within(0.0, f64::INFINITY)],
    twins: &[],
    body: Body::Scalar(Scalar {
        takes: &[
            Argument::count("low_standard"),
            Argument::count("short_education"),
            Argument::count("out_of_work"),
        ],
        gives: Output::Number,
        kernel: index,
    }),
};

/// The five types.
static AREA_TYPE: Definition = Definition {
    name: "area_type",
    family: Family::Area,
    formula: "index ≥ mean+2sd → 1; ≥ mean+1sd → 2; ≥ mean → 3; ≥ mean−1sd → 4; else 5",
    reading: "1 great socioeconomic challenges … 5 very good socioeconomic conditions; \
              mean and sd over the areas of the whole country in the same year",
    range: "1 to 5",
    null_when: "an argument is NULL, or sd is 0: all areas are alike",
    source: "Statistics Sweden, area types for segregation, 2022",
    example: Example {
        sql: "SELECT area_type(14.56, 9.10, 5.47)",
        result: "3",
    },
    laws: &[Law::Within(1.0, 5.0)],
    twins: &[],
    body: Body::Scalar(Scalar {
        takes: &[
            Argument::number("index"),
            Argument::number("mean"),
            Argument::count("sd"),
        ],
        gives: Output::Class,
        kernel: class,
    }),
};

fn index(of: &Params) -> Outcome {
    Ok(((of.number(0) + of.number(1) + of.number(2)) / 3.0).into())
}

fn class(of: &Params) -> Outcome {
    let (index, mean, sd) = (of.number(0), of.number(1), of.number(2));
    if sd <= 0.0 {
        return Ok(Value::Null);
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
