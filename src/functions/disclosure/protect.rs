//! One table of counts protected and published in one query.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray},
    datatypes::Int64Type,
};

use super::cells::whole;
use crate::{
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        table::Table,
        value::{Output, Value},
    },
    protect::{CountTable, Dimension, Level, Policy, Population, Protected, protect_counts},
};

const PERSONS: Argument = Argument::count("persons");
const K: Argument = Argument::option("k", 5.0);
const TOTAL: Argument = Argument::choice("total", "Total");

const CELL_1: Output = Output::Struct(&[
    ("dim1", Output::Text),
    ("value", Output::Count),
    ("status", Output::Text),
]);
const CELL_2: Output = Output::Struct(&[
    ("dim1", Output::Text),
    ("dim2", Output::Text),
    ("value", Output::Count),
    ("status", Output::Text),
]);
const CELL_3: Output = Output::Struct(&[
    ("dim1", Output::Text),
    ("dim2", Output::Text),
    ("dim3", Output::Text),
    ("value", Output::Count),
    ("status", Output::Text),
]);
const CELL_4: Output = Output::Struct(&[
    ("dim1", Output::Text),
    ("dim2", Output::Text),
    ("dim3", Output::Text),
    ("dim4", Output::Text),
    ("value", Output::Count),
    ("status", Output::Text),
]);

/// A protected table.
pub(super) static SDC_PROTECT: Definition = Definition {
    name: "sdc_protect",
    family: Family::Disclosure,
    formula: "primary: 0 < n < k, and N − n for every n of a published N; secondary: Gaussian elimination over the cells \
              and all their totals, largest first; audited by an independent rank test",
    reading: "list with dim1 …, value (NULL where hidden) and status (C, F) for UNNEST: the table broken down by one to \
              four dimensions with every total, none of whose hidden cells can be computed exactly from the shown ones. \
              Rows are counts without totals; equal keys are summed; a combination without a row is empty, and so shown \
              to be. It protects this table by itself: tables that share persons are protected together by the pipeline",
    range: "the counts",
    null_when: "a count is NULL, or there are no rows",
    source: "Langsrud 2024, doi:10.1007/978-3-031-69651-0_6; Hundepool et al. 2012, doi:10.1002/9781118348239",
    example: Example {
        sql: "SELECT sdc_protect(area, n)[2]['status'] FROM (VALUES ('A', 3), ('B', 6), ('C', 40)) AS v(area, n)",
        result: "C",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(FORMS),
};

const FORMS: &[Form] = &[
    Form::table(&[Argument::key("dim1"), PERSONS, K, TOTAL], protect)
        .sees_empty()
        .gives(Output::List(&CELL_1)),
    Form::table(
        &[Argument::key("dim1"), Argument::key("dim2"), PERSONS, K, TOTAL],
        protect,
    )
    .sees_empty()
    .gives(Output::List(&CELL_2)),
    Form::table(
        &[
            Argument::key("dim1"),
            Argument::key("dim2"),
            Argument::key("dim3"),
            PERSONS,
            K,
            TOTAL,
        ],
        protect,
    )
    .sees_empty()
    .gives(Output::List(&CELL_3)),
    Form::table(
        &[
            Argument::key("dim1"),
            Argument::key("dim2"),
            Argument::key("dim3"),
            Argument::key("dim4"),
            PERSONS,
            K,
            TOTAL,
        ],
        protect,
    )
    .sees_empty()
    .gives(Output::List(&CELL_4)),
];

fn protect(table: &Table<'_>, params: &Params) -> Outcome {
    let cells = table.key(0).len();
    if cells == 0 {
        return Ok(Value::Null);
    }
    let names: Vec<String> = (0..table.cells.cells.len())
        .map(|at| format!("dim{}", at + 1))
        .collect();
    let mut columns: Vec<(&str, ArrayRef)> = Vec::with_capacity(names.len() + 1);
    for (at, name) in names.iter().enumerate() {
        let codes = table.key(at).iter().map(|code| table.text(at, *code as usize));
        columns.push((name, Arc::new(StringArray::from_iter_values(codes))));
    }
    let counts = table.count(0).iter().map(|count| {
        let count = whole("sdc_protect", "persons", *count)?;
        Ok(i64::try_from(count).unwrap_or(i64::MAX))
    });
    let counts: Int64Array = counts.collect::<Result<Vec<_>, crate::error::Error>>()?.into();
    columns.push(("persons", Arc::new(counts)));
    let base = [RecordBatch::try_from_iter(columns)?];
    let population = Population {
        name: "sdc_protect",
        base: &base,
        count: "persons",
    };
    let policy = Policy {
        name: "sdc_protect".into(),
        threshold: whole("sdc_protect", "k", params.number(0))?,
        ..Policy::default()
    };
    let published = CountTable {
        table: "pub.sdc_protect".parse()?,
        dimensions: names
            .iter()
            .map(|name| Dimension {
                name: name.clone(),
                levels: vec![Level {
                    name: name.clone(),
                    column: name.clone(),
                }],
                total: Some(params.text(0).to_owned()),
                level_column: None,
            })
            .collect(),
        measure: "value".into(),
        filters: Vec::new(),
    };
    let outcome = protect_counts(&population, &[published], &policy)?;
    let batches = outcome.tables.iter().flat_map(Protected::batches);
    let mut rows = Vec::new();
    for batch in batches {
        let text = |at: usize, row: usize| Value::Text(batch.column(at).as_string::<i32>().value(row).to_owned());
        let figures = batch.column(names.len()).as_primitive::<Int64Type>();
        let status = batch.num_columns() - 1;
        for row in 0..batch.num_rows() {
            let mut cell: Vec<Value> = (0..names.len()).map(|at| text(at, row)).collect();
            cell.push(if figures.is_valid(row) {
                Value::Count(figures.value(row))
            } else {
                Value::Null
            });
            cell.push(text(status, row));
            rows.push(Value::Struct(cell));
        }
    }
    Ok(Value::List(rows))
}
