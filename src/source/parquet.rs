//! Parquet: columns by the contract's names, cast to its types; rows that do not keep the contract are set aside.
//!
//! What can go wrong: a cast that changes a value (1.5 to 1, a word to NULL), so every value that does not become what the contract says
//! sets its row aside.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray},
    compute::{cast, filter_record_batch},
    datatypes::{DataType, Float64Type, SchemaRef},
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{Delivered, Layout, Note, NoteKind, Parcel, Quarantined, SourceKind, none_kept, schema};
use crate::{
    contract::{Column, Contract, Violation},
    error::{Error, Result, did_you_mean},
};

/// Reads a delivered Parquet file.
pub(super) fn read(contract: &Contract, delivered: &Delivered) -> Result<Parcel> {
    let schema = schema(SourceKind::Parquet, &Layout::default(), contract);
    let raw = batches(delivered)?;
    let names: Vec<String> = raw.first().map(names).unwrap_or_default();
    let sorted = conform(contract, delivered, &raw, &names, &schema)?;
    sorted.parcel(contract, delivered, &names, schema)
}

/// The batches of the file as they are.
pub(super) fn batches(delivered: &Delivered) -> Result<Vec<RecordBatch>> {
    let damaged = |what: &str| Error::invalid(3110, format!("`{}` {what}", delivered.name)).hint("fetch it again");
    let read = || {
        let reader = ParquetRecordBatchReaderBuilder::try_new(delivered.bytes.clone())
            .and_then(ParquetRecordBatchReaderBuilder::build)
            .map_err(|error| damaged("is no whole Parquet file; it looks half-written").with_source(error))?;
        reader
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(|error| damaged("cannot be read to its end").with_source(error))
    };
    // the decoder trusts some numbers of a damaged file and panics; the file is at fault, not the program
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(damaged("is damaged: its parts contradict each other")))
}

/// The names of the columns.
pub(super) fn names(batch: &RecordBatch) -> Vec<String> {
    batch
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect()
}

/// Rows that keep the contract and rows that do not.
#[derive(Debug)]
pub(super) struct Sorted {
    /// The rows that keep it, with `_file` and `_row` (the number of the record, from 1).
    pub(super) batches: Vec<RecordBatch>,
    /// The others.
    pub(super) quarantined: Vec<Quarantined>,
    /// All.
    pub(super) delivered: u64,
}

impl Sorted {
    /// Takes the rows with these numbers out.
    pub(super) fn set_aside(&mut self, file: &str, broken: BTreeMap<i64, Broken>) -> Result<()> {
        for batch in &mut self.batches {
            let fine: BooleanArray = row_numbers(batch)?
                .iter()
                .map(|row| row.map(|row| !broken.contains_key(&row)))
                .collect();
            *batch = filter_record_batch(batch, &fine)?;
        }
        self.quarantined
            .extend(broken.into_iter().map(|(row, broken)| Quarantined {
                file: file.to_owned(),
                row: u64::try_from(row).unwrap_or_default(),
                column: Some(broken.column),
                rule: broken.rule,
                reason: broken.reason,
            }));
        Ok(())
    }

    /// The parcel.
    ///
    /// # Errors
    /// SAMSYN-3108 when there is no row, 3113 when none of them keeps the contract.
    pub(super) fn parcel(
        mut self,
        contract: &Contract,
        delivered: &Delivered,
        names: &[String],
        schema: SchemaRef,
    ) -> Result<Parcel> {
        if self.delivered == 0 {
            return Err(Error::invalid(3108, format!("`{}` has no rows", delivered.name))
                .hint("nothing landed and the delivery before it stays; fetch it again"));
        }
        self.quarantined.sort_by_key(|row| row.row);
        self.batches.retain(|batch| batch.num_rows() > 0);
        if self.batches.is_empty()
            && let Some(first) = self.quarantined.first()
        {
            return Err(none_kept(contract, &delivered.name, self.delivered, first));
        }
        let unread = names
            .iter()
            .filter(|name| contract.columns.iter().all(|column| column.delivered_as() != *name));
        Ok(Parcel {
            schema,
            batches: self.batches,
            notes: unread
                .map(|name| Note {
                    kind: NoteKind::Unread,
                    line: 1,
                    text: name.clone(),
                })
                .collect(),
            quarantined: self.quarantined,
            rows_delivered: self.delivered,
        })
    }
}

/// Why a row is set aside.
#[derive(Debug)]
pub(super) struct Broken {
    /// The column.
    pub(super) column: String,
    /// The rule.
    pub(super) rule: &'static str,
    /// What is wrong.
    pub(super) reason: String,
}

/// The numbers of the records.
pub(super) fn row_numbers(batch: &RecordBatch) -> Result<&Int64Array> {
    batch
        .column_by_name("_row")
        .and_then(|column| column.as_any().downcast_ref())
        .ok_or_else(|| Error::bug(9040, "the row numbers are gone"))
}

/// The rows as the contract has them; `names` are all that the file calls its columns.
pub(super) fn conform(
    contract: &Contract,
    delivered: &Delivered,
    raw: &[RecordBatch],
    names: &[String],
    schema: &SchemaRef,
) -> Result<Sorted> {
    let mut sorted = Sorted {
        batches: Vec::with_capacity(raw.len()),
        quarantined: Vec::new(),
        delivered: 0,
    };
    let mut broken: BTreeMap<i64, Broken> = BTreeMap::new();
    let mut start = 1_i64;
    for batch in raw {
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
        for column in &contract.columns {
            let array = batch
                .column_by_name(column.delivered_as())
                .ok_or_else(|| missing(contract, column, delivered, names))?;
            let values = become_type(array, column, delivered, contract)?;
            for at in (0..array.len()).filter(|at| array.is_valid(*at) && values.is_null(*at)) {
                broken
                    .entry(start + i64::try_from(at).unwrap_or(i64::MAX))
                    .or_insert_with(|| Broken {
                        column: column.name.clone(),
                        rule: "type",
                        reason: format!("{} that does not become {}", array.data_type(), values.data_type()),
                    });
            }
            columns.push(values);
        }
        let rows = i64::try_from(batch.num_rows()).unwrap_or(i64::MAX);
        columns.push(Arc::new(StringArray::from(vec![
            delivered.name.as_str();
            batch.num_rows()
        ])));
        columns.push(Arc::new(Int64Array::from_iter_values(start..start + rows)));
        start += rows;
        sorted.batches.push(RecordBatch::try_new(Arc::clone(schema), columns)?);
        sorted.delivered += batch.num_rows() as u64;
    }
    sorted.set_aside(&delivered.name, broken)?;
    let broken = numbered(&sorted.batches, contract.check_rows(&sorted.batches, usize::MAX)?)?;
    sorted.set_aside(&delivered.name, broken)?;
    let broken = numbered(&sorted.batches, contract.check_keys(&sorted.batches, usize::MAX)?)?;
    sorted.set_aside(&delivered.name, broken)?;
    Ok(sorted)
}

/// The rows that break rules, by the numbers of their records.
fn numbered(batches: &[RecordBatch], violations: Vec<Violation>) -> Result<BTreeMap<i64, Broken>> {
    let mut broken = BTreeMap::new();
    if violations.is_empty() {
        return Ok(broken);
    }
    let mut numbers: Vec<i64> = Vec::new();
    for batch in batches {
        numbers.extend(row_numbers(batch)?.values());
    }
    for violation in violations {
        let (rule, reason) = match violation.rule {
            "required" => ("required", "the value is missing"),
            "range" => ("range", "outside the contract's range"),
            "codes" => ("codes", "not in the contract's code list"),
            "pattern" => ("pattern", "not of the contract's form"),
            "unique" => ("unique", "an earlier row has the same"),
            _ => ("duplicate key", "an earlier row has the same"),
        };
        for row in &violation.first_rows {
            let number = usize::try_from(*row - 1).ok().and_then(|at| numbers.get(at));
            let number = number.ok_or_else(|| Error::bug(9040, "the row numbers are gone"))?;
            broken.entry(*number).or_insert_with(|| Broken {
                column: violation.column.clone(),
                rule,
                reason: reason.to_owned(),
            });
        }
    }
    Ok(broken)
}

/// The values as the column's type, NULL where one does not become it unchanged.
fn become_type(array: &ArrayRef, column: &Column, delivered: &Delivered, contract: &Contract) -> Result<ArrayRef> {
    let target = column.logical_type.arrow();
    let foreign = || {
        Error::invalid(
            3111,
            format!(
                "column `{}` of `{}` is {} and does not become {target}",
                column.delivered_as(),
                delivered.name,
                array.data_type(),
            ),
        )
        .hint(format!("correct `logicalType` in schemas/{}.odcs.yaml", contract.id))
    };
    let fractions = array.data_type().is_floating()
        || matches!(array.data_type(), DataType::Decimal128(..) | DataType::Decimal256(..));
    if target == DataType::Int64 && fractions {
        // a cast would cut the decimals off
        let numbers = cast(array, &DataType::Float64).map_err(|_| foreign())?;
        let whole: Float64Array = numbers
            .as_primitive::<Float64Type>()
            .iter()
            .map(|value| value.filter(|value| value.fract() == 0.0))
            .collect();
        return cast(&whole, &target).map_err(|_| foreign());
    }
    let values = cast(array, &target).map_err(|_| foreign())?;
    if target != DataType::Float64 {
        return Ok(values);
    }
    let numbers = values.as_primitive::<Float64Type>();
    if numbers.iter().flatten().all(f64::is_finite) {
        return Ok(values);
    }
    let finite: Float64Array = numbers
        .iter()
        .map(|value| value.filter(|value| value.is_finite()))
        .collect();
    Ok(Arc::new(finite))
}

fn missing(contract: &Contract, column: &Column, delivered: &Delivered, names: &[String]) -> Error {
    let name = column.delivered_as();
    let error = Error::invalid(3107, format!("`{}` has no column `{name}`", delivered.name));
    let free = names
        .iter()
        .map(String::as_str)
        .filter(|have| contract.columns.iter().all(|other| other.delivered_as() != *have));
    match did_you_mean(name, free) {
        Some(near) => error.hint(format!(
            "nothing landed; is it `{near}` now? then change `header` in schemas/{}.odcs.yaml",
            contract.id
        )),
        None => error.hint(format!(
            "nothing landed; compare with schemas/{}.odcs.yaml",
            contract.id
        )),
    }
}
