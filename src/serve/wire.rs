//! What an Arrow type becomes on the wire, so that every BI client can read it.
//!
//! String and binary views, large offsets, dictionaries, unsigned integers, half floats, narrow decimals and nanoseconds
//! are turned into the plain types that ODBC, JDBC and Grafana know, nested ones too. Everything is nullable: the
//! logical and the physical plan disagree about nullability now and then, and clients compare schemas letter by letter.
//! What can go wrong: an unsigned 64-bit number above 2⁶³−1 does not fit its wire type `BIGINT`; that is an error, never a wrong figure.

use std::{collections::HashMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, RecordBatch, RecordBatchOptions},
    compute::{CastOptions, cast_with_options},
    datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit},
};

use crate::error::{Error, Result};

/// Field metadata: the type's name for people and for `xdbc_type_name`.
const TYPE_NAME: &str = "ARROW:FLIGHT:SQL:TYPE_NAME";
/// Field metadata: the column's description.
const REMARKS: &str = "ARROW:FLIGHT:SQL:REMARKS";
/// Our own field metadata: the column's description, from its contract.
const DESCRIPTION: &str = "description";

/// The schema that a result with `schema` has on the wire. Schema metadata is dropped; of field metadata the extension
/// type is kept, and type name and description are told in Flight SQL's keys.
pub(crate) fn schema(schema: &Schema) -> SchemaRef {
    Arc::new(Schema::new(schema.fields().iter().map(top_field).collect::<Fields>()))
}

fn top_field(field: &FieldRef) -> FieldRef {
    let plain = inner_field(field, true);
    let mut metadata = HashMap::new();
    for key in ["ARROW:extension:name", "ARROW:extension:metadata"] {
        if let Some(value) = field.metadata().get(key) {
            metadata.insert(key.to_owned(), value.clone());
        }
    }
    metadata.insert(
        TYPE_NAME.to_owned(),
        match field.metadata().get("ARROW:extension:name").map(String::as_str) {
            Some("geoarrow.wkb") => "GEOMETRY".to_owned(),
            Some(_) | None => type_name(plain.data_type()),
        },
    );
    if let Some(text) = field.metadata().get(DESCRIPTION).or(field.metadata().get(REMARKS)) {
        metadata.insert(REMARKS.to_owned(), text.clone());
    }
    Arc::new(plain.as_ref().clone().with_metadata(metadata))
}

fn inner_field(field: &FieldRef, nullable: bool) -> FieldRef {
    Arc::new(Field::new(field.name(), data_type(field.data_type()), nullable))
}

/// The wire type of `from`; a wire type is its own wire type.
pub(crate) fn data_type(from: &DataType) -> DataType {
    match from {
        DataType::Utf8View | DataType::LargeUtf8 | DataType::Null => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::Dictionary(_, values) => data_type(values),
        DataType::RunEndEncoded(_, values) => data_type(values.data_type()),
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 | DataType::UInt64 => DataType::Int64,
        DataType::Float16 => DataType::Float32,
        DataType::Time64(TimeUnit::Nanosecond) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Decimal256(precision, scale) if *precision <= 38 => DataType::Decimal128(*precision, *scale),
        DataType::List(item) | DataType::LargeList(item) | DataType::ListView(item) | DataType::LargeListView(item) => {
            DataType::List(inner_field(item, true))
        }
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(inner_field(item, true), *size),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(|field| inner_field(field, true)).collect()),
        // Arrow wants entries and keys of a map without nulls
        DataType::Map(entries, sorted) => match entries.data_type() {
            DataType::Struct(pair) => {
                let pair = pair
                    .iter()
                    .enumerate()
                    .map(|(i, field)| inner_field(field, i > 0))
                    .collect();
                DataType::Map(
                    Arc::new(Field::new(entries.name(), DataType::Struct(pair), false)),
                    *sorted,
                )
            }
            _ => from.clone(),
        },
        other => other.clone(),
    }
}

/// The SQL name of a wire type.
pub(crate) fn type_name(data_type: &DataType) -> String {
    let name = match data_type {
        DataType::Boolean => "BOOLEAN",
        DataType::Int8 => "TINYINT",
        DataType::Int16 => "SMALLINT",
        DataType::Int32 => "INTEGER",
        DataType::Int64 => "BIGINT",
        DataType::Float32 => "REAL",
        DataType::Float64 => "DOUBLE",
        DataType::Utf8 => "VARCHAR",
        DataType::Binary | DataType::FixedSizeBinary(_) => "VARBINARY",
        DataType::Date32 | DataType::Date64 => "DATE",
        DataType::Time32(_) | DataType::Time64(_) => "TIME",
        DataType::Timestamp(_, None) => "TIMESTAMP",
        DataType::Timestamp(_, Some(_)) => "TIMESTAMP WITH TIME ZONE",
        DataType::Duration(_) | DataType::Interval(_) => "INTERVAL",
        DataType::Decimal128(..) | DataType::Decimal256(..) => "DECIMAL",
        DataType::List(_) | DataType::FixedSizeList(..) => "ARRAY",
        DataType::Struct(_) => "STRUCT",
        DataType::Map(..) => "MAP",
        _ => "OTHER",
    };
    name.to_owned()
}

/// Returns `batch` with the wire schema `to`, column by column in order; names come from `to`.
///
/// # Errors
/// When a value does not fit its wire type, or when `batch` has another number of columns (a defect).
pub(crate) fn batch(batch: &RecordBatch, to: &SchemaRef) -> Result<RecordBatch> {
    if batch.num_columns() != to.fields().len() {
        return Err(Error::bug(
            9070,
            format!(
                "a result has {} columns, {} were announced",
                batch.num_columns(),
                to.fields().len()
            ),
        ));
    }
    let columns = batch
        .columns()
        .iter()
        .zip(to.fields())
        .map(|(column, field)| convert(column, field))
        .collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(to), columns, &options)
        .map_err(|cause| Error::bug(9071, "a result does not fit its announced schema").with_source(cause))
}

fn convert(column: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    if column.data_type() == field.data_type() {
        return Ok(Arc::clone(column));
    }
    // only a change of form is done here: a cast between other types could change a figure without a word
    if !data_type(column.data_type()).equals_datatype(field.data_type()) {
        return Err(Error::bug(
            9078,
            format!(
                "column `{}` was announced as {} and comes as {}",
                field.name(),
                field.data_type(),
                column.data_type()
            ),
        ));
    }
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(column, field.data_type(), &strict).map_err(|_| {
        // the cause would show the value
        Error::invalid(
            7030,
            format!(
                "column `{}` has a value that does not fit {} as {}",
                field.name(),
                column.data_type(),
                type_name(field.data_type())
            ),
        )
        .hint("cast the column in the query, for example to DECIMAL(20, 0) or VARCHAR")
    })
}

/// Splits `batch` into pieces of at most about `target` bytes, in order; one row is never split.
pub(crate) fn split(batch: RecordBatch, target: usize) -> Vec<RecordBatch> {
    let mut pieces = Vec::new();
    let mut open = vec![batch];
    while let Some(batch) = open.pop() {
        let rows = batch.num_rows();
        if rows <= 1 || bytes(&batch) <= target {
            pieces.push(batch);
        } else {
            open.push(batch.slice(rows / 2, rows - rows / 2));
            open.push(batch.slice(0, rows / 2));
        }
    }
    pieces
}

/// Bytes that the rows of `batch` take, without what lies outside the slice.
fn bytes(batch: &RecordBatch) -> usize {
    batch
        .columns()
        .iter()
        .map(|column| {
            let data = column.to_data();
            data.get_slice_memory_size()
                .unwrap_or_else(|_| data.get_buffer_memory_size())
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{
        DictionaryArray, Float64Array, ListBuilder, StringArray, StringViewArray, StringViewBuilder,
        TimestampNanosecondArray, UInt64Array,
    };
    use arrow::datatypes::Int32Type;

    fn send(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch> {
        let from = RecordBatch::try_from_iter(columns).unwrap();
        batch(&from, &schema(&from.schema()))
    }

    #[test]
    fn views_dictionaries_and_nanoseconds_become_plain() {
        let dictionary: DictionaryArray<Int32Type> = ["a", "b", "a"].into_iter().collect();
        let mut lists = ListBuilder::new(StringViewBuilder::new());
        for text in ["x", "y", "z"] {
            lists.values().append_value(text);
            lists.append(true);
        }
        let sent = send(vec![
            ("view", Arc::new(StringViewArray::from(vec!["å", "ä", "ö"])) as ArrayRef),
            ("dict", Arc::new(dictionary)),
            (
                "at",
                Arc::new(TimestampNanosecondArray::from(vec![1_500, 2_000, 3_000])),
            ),
            ("rank", Arc::new(UInt64Array::from(vec![1, 2, 3]))),
            ("list", Arc::new(lists.finish())),
        ])
        .unwrap();
        let types: Vec<_> = sent.schema().fields().iter().map(|f| f.data_type().clone()).collect();
        assert_eq!(
            types[..4],
            [
                DataType::Utf8,
                DataType::Utf8,
                DataType::Timestamp(TimeUnit::Microsecond, None),
                DataType::Int64
            ]
        );
        assert_eq!(types[4], DataType::new_list(DataType::Utf8, true));
        assert_eq!(
            sent.column(1).as_ref(),
            &StringArray::from(vec!["a", "b", "a"]) as &dyn Array
        );
        assert!(sent.schema().fields().iter().all(|f| f.is_nullable()));
    }

    #[test]
    fn a_wire_schema_is_its_own_wire_schema() {
        let once = schema(&Schema::new(vec![
            Field::new("g", DataType::BinaryView, false)
                .with_metadata([("ARROW:extension:name".to_owned(), "geoarrow.wkb".to_owned())].into()),
            Field::new("n", DataType::Decimal256(30, 2), false)
                .with_metadata([(DESCRIPTION.to_owned(), "number of persons".to_owned())].into()),
        ]));
        assert_eq!(once, schema(&once));
        assert_eq!(once.field(0).metadata()[TYPE_NAME], "GEOMETRY");
        assert_eq!(once.field(1).metadata()[REMARKS], "number of persons");
    }

    #[test]
    fn a_number_that_does_not_fit_is_an_error_without_the_number() {
        let error = send(vec![("hash", Arc::new(UInt64Array::from(vec![u64::MAX])) as ArrayRef)]).unwrap_err();
        assert_eq!(error.code(), 7030);
        assert!(!error.to_string().contains("1844"), "{error}");
    }

    #[test]
    fn another_type_than_announced_is_never_cast() {
        let from = RecordBatch::try_from_iter([("x", Arc::new(Float64Array::from(vec![2.5])) as ArrayRef)]).unwrap();
        let announced = schema(&Schema::new(vec![Field::new("x", DataType::Int64, true)]));
        assert_eq!(batch(&from, &announced).unwrap_err().code(), 9078);
    }

    #[test]
    fn splitting_keeps_rows_and_order() {
        let texts: Vec<_> = (0..1000).map(|i| format!("{i:0>1000}")).collect();
        let whole = RecordBatch::try_from_iter([("t", Arc::new(StringArray::from(texts)) as ArrayRef)]).unwrap();
        let pieces = split(whole.clone(), 100_000);
        assert!(pieces.len() > 9 && pieces.iter().all(|piece| bytes(piece) <= 100_000));
        assert_eq!(arrow::compute::concat_batches(&whole.schema(), &pieces).unwrap(), whole);
    }
}
