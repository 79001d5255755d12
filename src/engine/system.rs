//! Tables of the `system` schema: what the engine wrote of its runs, and what it knows of itself.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array};
use datafusion::datasource::MemTable;

use super::Engine;
use crate::{
    catalog::{Entry, Rows, Tables},
    error::Result,
    lake::Release,
    model::{Layer, TableId},
};

/// Tables that runs append to.
const WRITTEN: &[(&str, &str)] = &[
    ("runs", "every run: when, with what result, from which versions"),
    ("steps", "every step of every run: rows, bytes, time"),
    (
        "quarantine",
        "rows set aside: file, row, column, rule and reason; never their values",
    ),
    ("suppressions", "hidden cells and why; restricted"),
];

pub(super) async fn tables(engine: &Engine, current: Option<&Release>) -> Result<Tables> {
    let mut tables = Tables::new();
    for (name, description) in WRITTEN {
        let id = TableId::new(Layer::System, name)?;
        if let Some((_, files)) = engine.lake().newest_files(&id).await? {
            let entry = Entry {
                source: Rows::Files(Arc::new(files)),
                description: Some((*description).to_owned()),
                key: Vec::new(),
            };
            tables.insert(id, entry);
        }
    }
    tables.insert(TableId::new(Layer::System, "functions")?, functions()?);
    if let Some(release) = current {
        tables.insert(TableId::new(Layer::System, "releases")?, pins(release)?);
    }
    Ok(tables)
}

fn memory(description: &str, key: &[&str], columns: Vec<(&str, ArrayRef)>) -> Result<Entry> {
    let batch = RecordBatch::try_from_iter(columns)?;
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]])?;
    Ok(Entry {
        source: Rows::Memory(Arc::new(table)),
        description: Some(description.to_owned()),
        key: key.iter().map(|name| (*name).to_owned()).collect(),
    })
}

fn pins(release: &Release) -> Result<Entry> {
    let rows: Vec<_> = release.tables.iter().collect();
    let count = rows.len();
    memory(
        "the tables of the current release and their versions",
        &["table_name"],
        vec![
            ("release", Arc::new(UInt64Array::from(vec![release.id.0; count]))),
            (
                "created_at",
                Arc::new(
                    TimestampMicrosecondArray::from(vec![release.created_at.timestamp_micros(); count])
                        .with_timezone("UTC"),
                ),
            ),
            ("run", Arc::new(StringArray::from(vec![release.run.as_str(); count]))),
            (
                "table_name",
                Arc::new(StringArray::from_iter_values(rows.iter().map(|(id, _)| id.to_string()))),
            ),
            (
                "version",
                Arc::new(UInt64Array::from_iter_values(rows.iter().map(|(_, pin)| pin.version))),
            ),
            (
                "rows",
                Arc::new(UInt64Array::from_iter_values(rows.iter().map(|(_, pin)| pin.rows))),
            ),
            (
                "content_hash",
                Arc::new(StringArray::from_iter_values(
                    rows.iter().map(|(_, pin)| pin.content_hash.as_str()),
                )),
            ),
        ],
    )
}

fn functions() -> Result<Entry> {
    let mut columns: Vec<(&str, Vec<String>)> = Vec::new();
    for definition in crate::functions::catalogue() {
        for (at, (name, text)) in crate::functions::Card::new(definition).fields().into_iter().enumerate() {
            if columns.len() == at {
                columns.push((name, Vec::new()));
            }
            columns[at].1.push(text);
        }
    }
    let columns = columns
        .into_iter()
        .map(|(name, texts)| (name, Arc::new(StringArray::from(texts)) as ArrayRef))
        .collect();
    memory("the functions of samsyn", &["name"], columns)
}
