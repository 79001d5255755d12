//! Sources: from delivered bytes to typed rows, with every delivered row accounted for.
//!
//! A reader turns the bytes of one file into a [`Parcel`]: rows that keep the contract, notes that came with them, and rows that were
//! set aside with the reason. What can go wrong: a value that is read as another (a marker as zero, a code as a number), so nothing is
//! guessed that the contract does not say, and what does not fit is set aside or the whole file refused; never dropped.

mod csv;
mod geodata;
mod layout;
mod number;
mod parquet;
pub mod synthetic;
mod text;
mod wkb;

use std::sync::Arc;

use arrow::{
    array::RecordBatch,
    datatypes::{DataType, Field, Schema, SchemaRef},
};
use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    contract::{Column, Contract},
    error::{Error, Result},
};

pub use layout::{Decimal, Layout, Unpivot};

/// What kind of file a source delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// Text with delimiters, as Swedish producers write it.
    Csv,
    /// Parquet.
    Parquet,
    /// GeoParquet or GeoJSON.
    Geodata,
    /// Files that samsyn makes up.
    Synthetic,
}

/// Exactly what came.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// Name of the file.
    pub name: String,
    /// Its bytes.
    pub bytes: Bytes,
}

/// What a note is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteKind {
    /// Text before the header.
    Preamble,
    /// Text after the data.
    Footnote,
    /// The name of a column that the contract does not have; its values are not read.
    Unread,
}

impl NoteKind {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preamble => "preamble",
            Self::Footnote => "footnote",
            Self::Unread => "unread column",
        }
    }
}

/// A text that came with the data but is no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it is.
    pub kind: NoteKind,
    /// Line in the file, from 1.
    pub line: u64,
    /// The text.
    pub text: String,
}

/// A row that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// The file.
    pub file: String,
    /// Line (or record, where a format has no lines) in the file, from 1.
    pub row: u64,
    /// The column, as the contract names it.
    pub column: Option<String>,
    /// The rule that it breaks.
    pub rule: &'static str,
    /// What is wrong; never the value.
    pub reason: String,
}

/// The content of one delivered file.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// The columns: those of the contract, statuses, `_file`, `_row`.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
    /// Texts that are no rows.
    pub notes: Vec<Note>,
    /// Rows set aside.
    pub quarantined: Vec<Quarantined>,
    /// Rows delivered: landed rows before unpivoting, and those set aside.
    pub rows_delivered: u64,
}

impl Parcel {
    /// Rows landed, after unpivoting.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

/// Reads one delivered file.
///
/// # Errors
/// SAMSYN-31xx when the file as a whole cannot be read: empty, half-written, another header; nothing of it lands then.
pub fn read(kind: SourceKind, layout: &Layout, contract: Option<&Contract>, delivered: &Delivered) -> Result<Parcel> {
    if delivered.bytes.is_empty() {
        return Err(Error::invalid(3100, format!("`{}` is empty", delivered.name)).hint("fetch it again"));
    }
    let contract = contract
        .ok_or_else(|| Error::invalid(3101, "a source needs a contract").hint("write schemas/<name>.odcs.yaml"))?;
    match kind {
        SourceKind::Csv => csv::read(layout, contract, delivered),
        SourceKind::Parquet => parquet::read(contract, delivered),
        SourceKind::Geodata => geodata::read(contract, delivered),
        SourceKind::Synthetic => Err(
            Error::invalid(3102, "a synthetic source does not say what its files are")
                .hint("add `reads: csv` or `geodata`"),
        ),
    }
}

/// The columns that [`read`] will give for this contract.
///
/// # Errors
/// SAMSYN-3103 when the layout names columns that the contract does not have, 3102 as [`read`].
pub fn declared_schema(kind: SourceKind, layout: &Layout, contract: &Contract) -> Result<SchemaRef> {
    if kind == SourceKind::Synthetic {
        return Err(
            Error::invalid(3102, "a synthetic source does not say what its files are")
                .hint("add `reads: csv` or `geodata`"),
        );
    }
    layout.check(contract)?;
    Ok(schema(kind, layout, contract))
}

fn schema(kind: SourceKind, layout: &Layout, contract: &Contract) -> SchemaRef {
    let mut fields: Vec<Field> = contract.columns.iter().map(Column::arrow_field).collect();
    if kind == SourceKind::Csv {
        for (_, obs, conf) in status_columns(layout, contract) {
            fields.push(Field::new(obs, DataType::Utf8, true));
            fields.push(Field::new(conf, DataType::Utf8, true));
        }
    }
    fields.push(Field::new("_file", DataType::Utf8, true));
    fields.push(Field::new("_row", DataType::Int64, true));
    Arc::new(Schema::new(fields))
}

/// The columns that keep a status beside them, with the names of the two status columns: plain names for the unpivoted value or the only
/// column with markers, else with the column's name before them.
fn status_columns(layout: &Layout, contract: &Contract) -> Vec<(usize, String, String)> {
    let into = |number: usize, column: &Column| {
        let unpivot = layout.unpivot.as_ref();
        unpivot.is_some_and(|unpivot| unpivot.into[number] == column.name)
    };
    let marked: Vec<(usize, &Column)> = contract
        .columns
        .iter()
        .enumerate()
        .filter(|(_, column)| !column.markers.is_empty() && !into(0, column))
        .collect();
    let alone = marked.len() == 1 && layout.unpivot.is_none();
    marked
        .into_iter()
        .map(|(at, column)| {
            if alone || into(1, column) {
                (at, "obs_status".to_owned(), "conf_status".to_owned())
            } else {
                let name = &column.name;
                (at, format!("{name}_obs_status"), format!("{name}_conf_status"))
            }
        })
        .collect()
}

/// The error of a file in which no row keeps the contract: then it is the file, and landing nothing of it would hide what was there before.
fn none_kept(contract: &Contract, file: &str, rows: u64, first: &Quarantined) -> Error {
    let column = first.column.as_ref().map(|column| format!(", column `{column}`"));
    Error::invalid(
        3113,
        format!(
            "none of the {rows} rows of `{file}` keeps the contract `{}`; the first, row {}{}: {}",
            contract.id,
            first.row,
            column.unwrap_or_default(),
            first.reason
        ),
    )
    .hint(format!(
        "nothing landed and the delivery before it stays; compare the file with schemas/{}.odcs.yaml",
        contract.id
    ))
}
