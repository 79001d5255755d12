//! What an index stands on: how many areas there are, and how many of them say nothing.

use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params, Twin},
    table::Table,
    value::{Output, Value},
};

/// Counts of areas.
pub(super) static SEG_COVERAGE: Definition = Definition {
    name: "seg_coverage",
    family: Family::Segregation,
    formula: "n_units areas in all, of which n_empty have nobody and n_suppressed have a NULL count",
    reading: "struct to stand beside an index: with suppressed areas the index is NULL, with few areas it is mostly chance",
    range: "0 and upwards",
    null_when: "never: it says why others are NULL",
    source: "Cowgill & Cowgill 1951, American Sociological Review 16:825 (areas matter); conventions of this library, 2026",
    example: Example {
        sql: "SELECT seg_coverage(area, x, t)['n_suppressed'] FROM (VALUES ('A', 10, 20), ('B', NULL, 10), ('C', 0, 0)) AS v(area, x, t)",
        result: "1",
    },
    laws: &[],
    twins: &[
        Twin {
            name: "seg_n_units",
            field: 0,
            reading: "areas in all",
            range: "0 and upwards",
            example: Example {
                sql: "SELECT seg_n_units(area, x, t) FROM (VALUES ('A', 10, 20), ('B', NULL, 10), ('C', 0, 0)) AS v(area, x, t)",
                result: "3",
            },
        },
        Twin {
            name: "seg_n_suppressed",
            field: 2,
            reading: "areas with a NULL count",
            range: "0 and upwards",
            example: Example {
                sql: "SELECT seg_n_suppressed(area, grp, n) FROM (VALUES ('A', 'x', 10), ('A', 'y', NULL), ('A', 'z', NULL), ('B', 'x', 1)) AS v(area, grp, n)",
                result: "1",
            },
        },
    ],
    body: Body::Aggregate(&[
        Form::table(WIDE, coverage).gives(GIVES).sees_nulls(),
        Form::table(LONG, coverage).gives(GIVES).sees_nulls(),
    ]),
};

const WIDE: &[Argument] = &[Argument::key("area"), Argument::count("x"), Argument::total("t")];
const LONG: &[Argument] = &[Argument::key("area"), Argument::key("group"), Argument::count("n")];
const GIVES: Output = Output::Struct(&[
    ("n_units", Output::Count),
    ("n_empty", Output::Count),
    ("n_suppressed", Output::Count),
]);

fn coverage(table: &Table<'_>, _: &Params) -> Outcome {
    let suppressed = table.suppressed();
    let people = table.distinct(0);
    // an area of which nothing is known but that something is missing is not empty
    let unknown = suppressed.iter().filter(|area| !table.has(0, **area)).count();
    Ok(Value::Struct(vec![
        Value::count(people + table.empty),
        Value::count(table.empty.saturating_sub(unknown)),
        Value::count(suppressed.len()),
    ]))
}
