//! Rows to stdout: as a table, CSV, JSON, Parquet or Arrow.

use arrow::{array::RecordBatch, datatypes::SchemaRef, util::pretty::pretty_format_batches_with_schema};
use clap::ValueEnum;

use super::Printer;
use crate::error::{Error, Result};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for people.
    Table,
    /// CSV with a header.
    Csv,
    /// One JSON array of objects; NULLs are written.
    Json,
    /// A Parquet file.
    Parquet,
    /// An Arrow IPC stream.
    Arrow,
}

/// Writes rows.
pub(super) fn rows(printer: &Printer, format: Format, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<()> {
    let failed = |error: String| Error::unavailable(1030, format!("the rows could not be written: {error}"));
    let bytes = match format {
        Format::Table => {
            let mut text = pretty_format_batches_with_schema(SchemaRef::clone(schema), batches)?.to_string();
            text.push('\n');
            text.into_bytes()
        }
        Format::Csv => {
            let mut writer = arrow::csv::WriterBuilder::new().with_header(true).build(Vec::new());
            if batches.is_empty() {
                writer.write(&RecordBatch::new_empty(SchemaRef::clone(schema)))?;
            }
            for batch in batches {
                writer.write(batch)?;
            }
            writer.into_inner()
        }
        Format::Json => {
            let mut writer = arrow::json::WriterBuilder::new()
                .with_explicit_nulls(true)
                .build::<_, arrow::json::writer::JsonArray>(Vec::new());
            for batch in batches {
                writer.write(batch)?;
            }
            writer.finish()?;
            let mut bytes = writer.into_inner();
            if bytes.is_empty() {
                bytes.extend_from_slice(b"[]");
            }
            bytes.push(b'\n');
            bytes
        }
        Format::Parquet => {
            let mut bytes = Vec::new();
            let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, SchemaRef::clone(schema), None)
                .map_err(|e| failed(e.to_string()))?;
            for batch in batches {
                writer.write(batch).map_err(|e| failed(e.to_string()))?;
            }
            writer.close().map_err(|e| failed(e.to_string()))?;
            bytes
        }
        Format::Arrow => {
            let mut writer = arrow::ipc::writer::StreamWriter::try_new(Vec::new(), schema)?;
            for batch in batches {
                writer.write(batch)?;
            }
            writer.finish()?;
            writer.into_inner()?
        }
    };
    printer.data(&bytes)
}
