//! The attacker on one published table, in one query.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        table::Table,
        value::{Output, Value},
    },
    protect::audit::{Finding, Shown, audit_table},
};

const N: Argument = Argument::count("n");
const TOTAL: Argument = Argument::choice("total", "Total");
const TOLERANCE: Argument = Argument::option("tolerance", 0.0);

const CELL_1: Output = Output::Struct(&[("dim1", Output::Text), ("finding", Output::Text)]);
const CELL_2: Output = Output::Struct(&[
    ("dim1", Output::Text),
    ("dim2", Output::Text),
    ("finding", Output::Text),
]);
const CELL_3: Output = Output::Struct(&[
    ("dim1", Output::Text),
    ("dim2", Output::Text),
    ("dim3", Output::Text),
    ("finding", Output::Text),
]);
const CELL_4: Output = Output::Struct(&[
    ("dim1", Output::Text),
    ("dim2", Output::Text),
    ("dim3", Output::Text),
    ("dim4", Output::Text),
    ("finding", Output::Text),
]);

/// An audit.
pub(super) static SDC_AUDIT: Definition = Definition {
    name: "sdc_audit",
    family: Family::Disclosure,
    formula: "a hidden cell is derivable when it is a linear combination of shown cells over the combinations of codes, \
              a shown 0 telling that all its parts are 0",
    reading: "list with dim1 … and finding for UNNEST: each hidden cell (NULL) is 'derivable', exactly, by who sees the \
              table, or 'protected' from that; a total that differs from its parts by no more than the tolerance is \
              'not_additive'. Rows are the table as published, its totals under the code total. A combination without a \
              row is empty when the table has rows without totals. 'protected' says nothing of how wide the range of \
              possible values is, nor of other tables",
    range: "'derivable', 'protected', 'not_additive'",
    null_when: "there are no rows",
    source: "Hundepool et al. 2012, Statistical Disclosure Control, doi:10.1002/9781118348239",
    example: Example {
        sql: "SELECT sdc_audit(area, n)[1]['finding'] FROM (VALUES ('A', NULL), ('B', 6), ('Total', 9)) AS v(area, n)",
        result: "derivable",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(FORMS),
};

const FORMS: &[Form] = &[
    Form::table(&[Argument::key("dim1"), N, TOTAL, TOLERANCE], audit)
        .sees_nulls()
        .sees_empty()
        .gives(Output::List(&CELL_1)),
    Form::table(
        &[Argument::key("dim1"), Argument::key("dim2"), N, TOTAL, TOLERANCE],
        audit,
    )
    .sees_nulls()
    .sees_empty()
    .gives(Output::List(&CELL_2)),
    Form::table(
        &[
            Argument::key("dim1"),
            Argument::key("dim2"),
            Argument::key("dim3"),
            N,
            TOTAL,
            TOLERANCE,
        ],
        audit,
    )
    .sees_nulls()
    .sees_empty()
    .gives(Output::List(&CELL_3)),
    Form::table(
        &[
            Argument::key("dim1"),
            Argument::key("dim2"),
            Argument::key("dim3"),
            Argument::key("dim4"),
            N,
            TOTAL,
            TOLERANCE,
        ],
        audit,
    )
    .sees_nulls()
    .sees_empty()
    .gives(Output::List(&CELL_4)),
];

fn audit(table: &Table<'_>, params: &Params) -> Outcome {
    let dimensions = table.cells.cells.len();
    if table.key(0).is_empty() {
        return Ok(Value::Null);
    }
    let tolerance = params.number(0);
    if tolerance < 0.0 {
        return Err(Error::invalid(6005, "`sdc_audit` got a tolerance below 0").hint("leave it out, or give 0 or more"));
    }
    // rows that a window has taken back stand here with their times
    let mut times: BTreeMap<&[u32], i64> = BTreeMap::new();
    for row in table.unknown {
        *times.entry(&row.keys[..dimensions]).or_default() += row.times;
    }
    let hidden: BTreeSet<&[u32]> = times
        .into_iter()
        .filter(|(_, times)| *times > 0)
        .map(|(keys, _)| keys)
        .collect();
    let cells: Vec<Shown> = (0..table.key(0).len())
        .map(|cell| {
            let local = |at: usize| table.key(at)[cell] as usize;
            let places: Vec<u32> = (0..dimensions).map(|at| table.cells.locals[at][local(at)]).collect();
            Shown {
                codes: (0..dimensions).map(|at| table.text(at, local(at)).to_owned()).collect(),
                figure: (!hidden.contains(places.as_slice())).then_some(table.count(0)[cell]),
            }
        })
        .collect();
    let findings = audit_table(&cells, params.text(0), tolerance)?;
    let rows = cells.into_iter().zip(findings).filter_map(|(cell, finding)| {
        let word = match finding {
            Finding::Open => return None,
            Finding::Protected => "protected",
            Finding::Derivable => "derivable",
            Finding::NotAdditive => "not_additive",
        };
        let mut row: Vec<Value> = cell.codes.into_iter().map(Value::Text).collect();
        row.push(Value::Text(word.to_owned()));
        Some(Value::Struct(row))
    });
    Ok(Value::List(rows.collect()))
}
