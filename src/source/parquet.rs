//! Parquet: columns by the contract's names, cast to its types; a file that does not keep the contract is refused as a whole.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Int64Array, RecordBatch, StringArray},
    compute::{CastOptions, cast_with_options},
    datatypes::SchemaRef,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{Delivered, Layout, Parcel, SourceKind, schema};
use crate::{
    contract::Contract,
    error::{Error, Result, did_you_mean},
};

/// Reads a delivered Parquet file.
pub(super) fn read(contract: &Contract, delivered: &Delivered) -> Result<Parcel> {
    let schema = schema(SourceKind::Parquet, &Layout::default(), contract);
    let batches = batches(delivered)?;
    let batches = conform(contract, delivered, &batches, &schema)?;
    let rows = batches.iter().map(RecordBatch::num_rows).sum::<usize>() as u64;
    Ok(Parcel {
        schema,
        batches,
        notes: Vec::new(),
        quarantined: Vec::new(),
        rows_delivered: rows,
    })
}

/// The batches of the file as they are.
pub(super) fn batches(delivered: &Delivered) -> Result<Vec<RecordBatch>> {
    let broken = |error: parquet::errors::ParquetError| {
        Error::invalid(
            3110,
            format!("`{}` is no whole Parquet file; it looks half-written", delivered.name),
        )
        .hint("fetch it again")
        .with_source(error)
    };
    let reader = ParquetRecordBatchReaderBuilder::try_new(delivered.bytes.clone())
        .map_err(broken)?
        .build()
        .map_err(broken)?;
    reader.collect::<std::result::Result<_, _>>().map_err(|error| {
        Error::invalid(3110, format!("`{}` cannot be read to its end", delivered.name))
            .hint("fetch it again")
            .with_source(error)
    })
}

/// The rows as the contract has them, with `_file` and `_row` (the number of the record, from 1).
pub(super) fn conform(
    contract: &Contract,
    delivered: &Delivered,
    batches: &[RecordBatch],
    schema: &SchemaRef,
) -> Result<Vec<RecordBatch>> {
    let mut start = 1_i64;
    let mut all = Vec::with_capacity(batches.len());
    for batch in batches {
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
        for column in &contract.columns {
            let name = column.delivered_as();
            let array = batch.column_by_name(name).ok_or_else(|| {
                let have = batch.schema();
                let error = Error::invalid(3107, format!("`{}` has no column `{name}`", delivered.name));
                match did_you_mean(name, have.fields().iter().map(|field| field.name().as_str())) {
                    Some(near) => error.hint(format!(
                        "is it `{near}` now? then change `header` in schemas/{}.odcs.yaml",
                        contract.id
                    )),
                    None => error.hint(format!(
                        "nothing landed; compare with schemas/{}.odcs.yaml",
                        contract.id
                    )),
                }
            })?;
            let options = CastOptions {
                safe: false,
                ..Default::default()
            };
            let cast = cast_with_options(array, &column.logical_type.arrow(), &options).map_err(|_| {
                Error::invalid(
                    3111,
                    format!(
                        "column `{name}` of `{}` is {} and does not become {}",
                        delivered.name,
                        array.data_type(),
                        column.logical_type.arrow()
                    ),
                )
                .hint(format!("correct `logicalType` in schemas/{}.odcs.yaml", contract.id))
            })?;
            columns.push(cast);
        }
        let rows = i64::try_from(batch.num_rows()).unwrap_or(i64::MAX);
        columns.push(Arc::new(StringArray::from(vec![
            delivered.name.as_str();
            batch.num_rows()
        ])));
        columns.push(Arc::new(Int64Array::from_iter_values(start..start + rows)));
        start += rows;
        all.push(RecordBatch::try_new(Arc::clone(schema), columns)?);
    }
    if let Some(broken) = contract.check_batches(&all)?.first() {
        return Err(Error::invalid(
            3112,
            format!(
                "`{}` breaks the rule `{}` of `{}` in {} rows, the first being {:?}",
                delivered.name, broken.rule, broken.column, broken.rows, broken.first_rows
            ),
        )
        .hint(format!(
            "nothing landed; ask the producer, or correct schemas/{}.odcs.yaml",
            contract.id
        )));
    }
    Ok(all)
}
