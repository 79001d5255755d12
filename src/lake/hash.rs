//! The content hash of a table: the same rows in the same order give the same hash, however they are batched or stored.
//!
//! Each column is hashed by itself (which rows are NULL, lengths, values of those that are not), in the lake's types; so a
//! batch costs little more than a copy of it. Floats count by their bits, with one NaN and one zero. The hash protects from
//! mistakes, not from somebody who wants two tables to look the same.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Float32Array, Float64Array, RecordBatch},
    buffer::NullBuffer,
    datatypes::{DataType, Field, Float32Type, Float64Type, SchemaRef},
    row::{RowConverter, SortField},
};
use twox_hash::XxHash3_128;

use super::shape::{cast_column, lake_type};
use crate::error::{Error, Result};

/// A running hash over rows.
pub struct ContentHash {
    header: XxHash3_128,
    columns: Vec<Column>,
    rows: u64,
}

impl std::fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ContentHash({} rows)", self.rows)
    }
}

struct Column {
    /// The column in the lake's type.
    field: Field,
    valid: XxHash3_128,
    lengths: XxHash3_128,
    values: XxHash3_128,
    /// For lists and structs, which are hashed row by row.
    rows: Option<RowConverter>,
}

impl ContentHash {
    /// Starts a hash for rows of `schema`: names and types belong to the content.
    pub fn new(schema: &SchemaRef) -> Self {
        let mut header = XxHash3_128::new();
        let mut columns = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            // a type that the lake cannot keep shows itself when rows of it come
            let kept = lake_type(field.data_type(), field.name()).unwrap_or_else(|_| field.data_type().clone());
            for part in [field.name().clone(), kept.to_string()] {
                header.write(&(part.len() as u64).to_le_bytes());
                header.write(part.as_bytes());
            }
            columns.push(Column {
                field: Field::new(field.name(), kept, true),
                valid: XxHash3_128::new(),
                lengths: XxHash3_128::new(),
                values: XxHash3_128::new(),
                rows: None,
            });
        }
        Self {
            header,
            columns,
            rows: 0,
        }
    }

    /// Adds the rows of a batch.
    ///
    /// # Errors
    /// When a column has a type that the lake does not store.
    pub fn update(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        for (column, array) in self.columns.iter_mut().zip(batch.columns()) {
            column.update(array)?;
        }
        Ok(())
    }

    /// How many rows have been added.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The hash as 32 hexadecimal digits.
    pub fn finish(&self) -> String {
        let mut whole = XxHash3_128::new();
        whole.write(&self.header.finish_128().to_le_bytes());
        whole.write(&self.rows.to_le_bytes());
        for column in &self.columns {
            for part in [&column.valid, &column.lengths, &column.values] {
                whole.write(&part.finish_128().to_le_bytes());
            }
        }
        format!("{:032x}", whole.finish_128())
    }
}

/// Hashes whole batches.
///
/// # Errors
/// As [`ContentHash::update`].
pub fn hash_batches(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<String> {
    let mut hash = ContentHash::new(schema);
    for batch in batches {
        hash.update(batch)?;
    }
    Ok(hash.finish())
}

impl Column {
    fn update(&mut self, array: &ArrayRef) -> Result<()> {
        let array = canonical_floats(cast_column(array, &self.field)?);
        self.validity(array.logical_nulls().as_ref(), array.len());
        let data_type = self.field.data_type();
        match data_type {
            DataType::Boolean => {
                let bytes: Vec<u8> = array.as_boolean().iter().flatten().map(u8::from).collect();
                self.values.write(&bytes);
            }
            DataType::Utf8 => self.texts(array.as_string::<i32>().iter().flatten().map(str::as_bytes)),
            DataType::Binary => self.texts(array.as_binary::<i32>().iter().flatten()),
            _ => match data_type.primitive_width() {
                Some(width) => self.fixed(array.as_ref(), width),
                None => self.nested(array)?,
            },
        }
        Ok(())
    }

    fn validity(&mut self, nulls: Option<&NullBuffer>, len: usize) {
        const VALID: [u8; 1024] = [1; 1024];
        if let Some(nulls) = nulls {
            let bytes: Vec<u8> = nulls.iter().map(u8::from).collect();
            self.valid.write(&bytes);
            return;
        }
        let mut left = len;
        while left > 0 {
            let now = left.min(VALID.len());
            self.valid.write(&VALID[..now]);
            left -= now;
        }
    }

    fn texts<'a>(&mut self, texts: impl Iterator<Item = &'a [u8]>) {
        let mut lengths = Vec::new();
        for text in texts {
            lengths.extend_from_slice(&(text.len() as u64).to_le_bytes());
            self.values.write(text);
        }
        self.lengths.write(&lengths);
    }

    fn fixed(&mut self, array: &dyn Array, width: usize) {
        let data = array.to_data();
        let start = data.offset() * width;
        let bytes = data
            .buffers()
            .first()
            .and_then(|buffer| buffer.as_slice().get(start..start + array.len() * width))
            .unwrap_or_default();
        match array.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => self.values.write(bytes),
            Some(nulls) => {
                for (from, to) in nulls.valid_slices() {
                    self.values.write(&bytes[from * width..to * width]);
                }
            }
        }
    }

    fn nested(&mut self, array: ArrayRef) -> Result<()> {
        let failed = |error| Error::invalid(4032, "a column has a type that the lake cannot store").with_source(error);
        if self.rows.is_none() {
            let field = SortField::new(self.field.data_type().clone());
            self.rows = Some(RowConverter::new(vec![field]).map_err(failed)?);
        }
        if let Some(converter) = &self.rows {
            for row in &converter.convert_columns(&[array]).map_err(failed)? {
                let bytes = row.as_ref();
                self.lengths.write(&(bytes.len() as u64).to_le_bytes());
                self.values.write(bytes);
            }
        }
        Ok(())
    }
}

fn canonical_floats(array: ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Float64 => {
            let canonical: Float64Array = array
                .as_primitive::<Float64Type>()
                .unary(|value| if value.is_nan() { f64::NAN } else { value + 0.0 });
            Arc::new(canonical)
        }
        DataType::Float32 => {
            let canonical: Float32Array = array
                .as_primitive::<Float32Type>()
                .unary(|value| if value.is_nan() { f32::NAN } else { value + 0.0 });
            Arc::new(canonical)
        }
        _ => array,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{Float64Array, StringArray, StringViewArray},
        datatypes::{Field, Schema},
    };

    use super::*;

    fn batch(text: Vec<Option<&str>>, numbers: Vec<Option<f64>>) -> RecordBatch {
        let schema = Arc::new(Schema::new(vec![
            Field::new("a", DataType::Utf8, true),
            Field::new("b", DataType::Float64, true),
        ]));
        RecordBatch::try_new(
            schema,
            vec![Arc::new(StringArray::from(text)), Arc::new(Float64Array::from(numbers))],
        )
        .unwrap()
    }

    #[test]
    fn batching_and_layout_do_not_matter_but_rows_do() {
        let whole = batch(vec![Some("x"), None, Some("")], vec![Some(0.0), Some(1.5), None]);
        let schema = whole.schema();
        let pieces = [whole.slice(0, 1), whole.slice(1, 2)];
        assert_eq!(
            hash_batches(&schema, std::slice::from_ref(&whole)).unwrap(),
            hash_batches(&schema, &pieces).unwrap()
        );
        let views = Arc::new(Schema::new(vec![
            Field::new("a", DataType::Utf8View, true),
            Field::new("b", DataType::Float64, true),
        ]));
        let viewed = RecordBatch::try_new(
            Arc::clone(&views),
            vec![
                Arc::new(StringViewArray::from(vec![Some("x"), None, Some("")])),
                Arc::new(Float64Array::from(vec![Some(-0.0), Some(1.5), None])),
            ],
        )
        .unwrap();
        assert_eq!(
            hash_batches(&views, &[viewed]).unwrap(),
            hash_batches(&schema, std::slice::from_ref(&whole)).unwrap()
        );
        let other = batch(vec![None, Some("x"), Some("")], vec![Some(1.5), Some(0.0), None]);
        assert_ne!(
            hash_batches(&schema, &[other]).unwrap(),
            hash_batches(&schema, &[whole]).unwrap()
        );
    }

    #[test]
    fn cuts_do_not_matter_for_any_type() {
        use arrow::{
            array::{BooleanArray, Int32Array, ListArray},
            datatypes::Int32Type,
        };
        let rows = RecordBatch::try_from_iter([
            (
                "i",
                Arc::new(Int32Array::from(vec![Some(1), None, Some(3), Some(4)])) as ArrayRef,
            ),
            (
                "s",
                Arc::new(StringArray::from(vec![Some("a"), Some("bc"), None, Some("")])) as ArrayRef,
            ),
            (
                "b",
                Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), Some(true)])) as ArrayRef,
            ),
            (
                "l",
                Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
                    Some(vec![Some(1)]),
                    None,
                    Some(vec![]),
                    Some(vec![None, Some(2)]),
                ])) as ArrayRef,
            ),
        ])
        .unwrap();
        let schema = rows.schema();
        let whole = hash_batches(&schema, std::slice::from_ref(&rows)).unwrap();
        for cut in 0..=4 {
            let pieces = [rows.slice(0, cut), rows.slice(cut, 4 - cut)];
            assert_eq!(hash_batches(&schema, &pieces).unwrap(), whole, "cut at {cut}");
        }
        let turned = [rows.slice(2, 2), rows.slice(0, 2)];
        assert_ne!(hash_batches(&schema, &turned).unwrap(), whole);
    }
}
