//! The shape that rows take in the lake: a schema of types that Delta and every reader know, and the cast to it.
//!
//! Text is `Utf8`, moments are microseconds (UTC when they have a zone; finer parts are cut), unsigned integers become
//! the next wider signed ones, dictionaries are unfolded, lists are plain lists. All columns may be NULL: what must not
//! be is the contract's to say. Types without a counterpart are refused by name, never by value.

use std::{collections::BTreeSet, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_null_array},
    compute::{CastOptions, cast_with_options},
    datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit},
};

use crate::error::{Error, Result};

/// Returns the lake's form of `schema`.
///
/// # Errors
/// When a column has a type that Delta cannot keep, no name, or a name that differs from another only in case.
pub fn lake_schema(schema: &Schema) -> Result<SchemaRef> {
    let mut seen = BTreeSet::new();
    let mut fields = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        if field.name().trim().is_empty() {
            return Err(Error::invalid(4032, "a column has no name").hint("name every column with `AS`"));
        }
        if !seen.insert(field.name().to_lowercase()) {
            return Err(Error::invalid(
                4032,
                format!("the column `{}` is there twice (case does not count)", field.name()),
            )
            .hint("give one of them another name with `AS`"));
        }
        fields.push(lake_field(field, field.name())?);
    }
    if fields.is_empty() {
        return Err(Error::invalid(4032, "a table needs at least one column"));
    }
    Ok(Arc::new(Schema::new(fields)))
}

fn lake_field(field: &Field, path: &str) -> Result<Field> {
    Ok(Field::new(field.name(), lake_type(field.data_type(), path)?, true).with_metadata(field.metadata().clone()))
}

pub(super) fn lake_type(data_type: &DataType, path: &str) -> Result<DataType> {
    use DataType as T;
    let refused = |why: &str, hint: &str| {
        Err(Error::invalid(4032, format!("the column `{path}` has the type {data_type}, {why}")).hint(hint))
    };
    Ok(match data_type {
        T::Boolean
        | T::Int8
        | T::Int16
        | T::Int32
        | T::Int64
        | T::Float32
        | T::Float64
        | T::Utf8
        | T::Binary
        | T::Date32
        | T::Decimal128(..) => data_type.clone(),
        T::UInt8 => T::Int16,
        T::UInt16 => T::Int32,
        T::UInt32 | T::UInt64 => T::Int64,
        T::Float16 => T::Float32,
        T::LargeUtf8 | T::Utf8View => T::Utf8,
        T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) => T::Binary,
        T::Date64 => T::Date32,
        T::Timestamp(_, zone) => T::Timestamp(TimeUnit::Microsecond, zone.as_ref().map(|_| Arc::from("UTC"))),
        T::Decimal32(precision, scale) | T::Decimal64(precision, scale) => T::Decimal128(*precision, *scale),
        T::Decimal256(precision, scale) if *precision <= 38 => T::Decimal128(*precision, *scale),
        T::Dictionary(_, value) => lake_type(value, path)?,
        T::RunEndEncoded(_, value) => lake_type(value.data_type(), path)?,
        T::List(item) | T::LargeList(item) | T::ListView(item) | T::LargeListView(item) | T::FixedSizeList(item, _) => {
            let item = lake_field(item, &format!("{path}[]"))?.with_name("element");
            T::List(Arc::new(item))
        }
        T::Struct(fields) => T::Struct(
            fields
                .iter()
                .map(|field| lake_field(field, &format!("{path}.{}", field.name())))
                .collect::<Result<Fields>>()?,
        ),
        T::Null => {
            return refused(
                "so nothing says what it holds",
                "write `CAST(NULL AS type)` or leave the column out",
            );
        }
        _ => return refused("which a lake table cannot keep", "cast it to another type"),
    })
}

/// Returns `batch` in `schema`, a lake schema: columns by name, those that `batch` lacks as NULL.
///
/// # Errors
/// When a value does not fit in the column's type; the column is named, the value is not.
pub(super) fn to_lake(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = schema
        .fields()
        .iter()
        .map(|field| match batch.schema().index_of(field.name()) {
            Ok(index) => cast_column(batch.column(index), field),
            Err(_) => Ok(new_null_array(field.data_type(), batch.num_rows())),
        })
        .collect::<Result<Vec<ArrayRef>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &options,
    )?)
}

pub(super) fn cast_column(column: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    if column.data_type() == field.data_type() {
        return Ok(Arc::clone(column));
    }
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    // the cast's own message may quote the value
    cast_with_options(column, field.data_type(), &strict).map_err(|_| {
        Error::invalid(
            4038,
            format!(
                "the column `{}` cannot be kept as {}: a value of type {} does not fit",
                field.name(),
                field.data_type(),
                column.data_type()
            ),
        )
        .hint("cast the column in the query")
    })
}

/// Returns the schema of `old` with the columns that only `new` has added at the end; both are lake schemas.
///
/// # Errors
/// When a column has another type in `new` than in `old`.
pub(super) fn widened(old: &Schema, new: &Schema, table: &str) -> Result<SchemaRef> {
    let mut fields = old.fields().to_vec();
    for field in new.fields() {
        match old
            .fields()
            .iter()
            .find(|known| known.name().eq_ignore_ascii_case(field.name()))
        {
            None => fields.push(Arc::clone(field)),
            Some(known) if known.name() != field.name() => {
                return Err(Error::invalid(
                    4035,
                    format!(
                        "`{table}` has the column `{}`, the new rows have `{}`",
                        known.name(),
                        field.name()
                    ),
                )
                .hint("keep the old spelling"));
            }
            Some(known) if known.data_type() != field.data_type() => {
                return Err(Error::invalid(
                    4035,
                    format!(
                        "the column `{}` of `{table}` is {}, the new rows have {}",
                        field.name(),
                        known.data_type(),
                        field.data_type()
                    ),
                )
                .hint("cast the new rows, or land them in another table"));
            }
            Some(_) => {}
        }
    }
    Ok(Arc::new(Schema::new(fields)))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringViewArray, TimestampNanosecondArray, UInt64Array};

    use super::*;

    fn batch(name: &str, column: ArrayRef) -> RecordBatch {
        RecordBatch::try_from_iter([(name, column)]).unwrap()
    }

    #[test]
    fn types_become_those_of_the_lake() {
        let moments = TimestampNanosecondArray::from(vec![1_999]).with_timezone("+02:00");
        let rows = RecordBatch::try_from_iter([
            ("t", Arc::new(moments) as ArrayRef),
            ("s", Arc::new(StringViewArray::from(vec!["å"])) as ArrayRef),
            ("n", Arc::new(UInt64Array::from(vec![7])) as ArrayRef),
        ])
        .unwrap();
        let schema = lake_schema(&rows.schema()).unwrap();
        let types: Vec<_> = schema.fields().iter().map(|field| field.data_type().clone()).collect();
        assert_eq!(
            types,
            [
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                DataType::Utf8,
                DataType::Int64
            ]
        );
        let kept = to_lake(&rows, &schema).unwrap();
        assert_eq!(kept.column(2).as_ref(), &Int64Array::from(vec![7]) as &dyn Array);
    }

    #[test]
    fn a_number_too_large_is_refused_without_being_shown() {
        let rows = batch("n", Arc::new(UInt64Array::from(vec![u64::MAX])));
        let error = to_lake(&rows, &lake_schema(&rows.schema()).unwrap()).unwrap_err();
        assert_eq!(error.code(), 4038);
        assert!(!error.to_string().contains("18446744073709551615"), "{error}");
    }

    #[test]
    fn refuses_null_columns_and_names_that_differ_in_case() {
        let null = Schema::new(vec![Field::new("x", DataType::Null, true)]);
        let twice = Schema::new(vec![
            Field::new("Län", DataType::Utf8, true),
            Field::new("län", DataType::Utf8, true),
        ]);
        let time = Schema::new(vec![Field::new("x", DataType::Time64(TimeUnit::Microsecond), true)]);
        for wrong in [null, twice, time, Schema::empty()] {
            assert_eq!(lake_schema(&wrong).unwrap_err().code(), 4032);
        }
    }

    #[test]
    fn appending_may_widen_but_not_change() {
        let old = Schema::new(vec![Field::new("a", DataType::Int64, true)]);
        let more = Schema::new(vec![Field::new("b", DataType::Utf8, true)]);
        let other = Schema::new(vec![Field::new("a", DataType::Utf8, true)]);
        assert_eq!(widened(&old, &more, "raw.x").unwrap().fields().len(), 2);
        assert!(widened(&old, &other, "raw.x").is_err());
    }
}
