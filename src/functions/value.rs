//! What kernels return, and the Arrow arrays made of it.

use std::{fmt, sync::Arc};

use arrow::{
    array::{ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, ListArray, StringArray, StructArray},
    buffer::{NullBuffer, OffsetBuffer},
    datatypes::{DataType, Field, Fields},
};

use crate::error::{Error, Result};

/// Type of a result. Struct fields and list items may be NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// A number: DOUBLE.
    Number,
    /// A class: INT.
    Class,
    /// A number of things: BIGINT.
    Count,
    /// A text.
    Text,
    /// True or false.
    Bool,
    /// A struct with fixed field names.
    Struct(&'static [(&'static str, Output)]),
    /// A list, for UNNEST.
    List(&'static Output),
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number => f.write_str("DOUBLE"),
            Self::Class => f.write_str("INT"),
            Self::Count => f.write_str("BIGINT"),
            Self::Text => f.write_str("TEXT"),
            Self::Bool => f.write_str("BOOLEAN"),
            Self::Struct(fields) => {
                f.write_str("STRUCT(")?;
                for (at, (name, output)) in fields.iter().enumerate() {
                    write!(f, "{}{name} {output}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
            Self::List(item) => write!(f, "{item}[]"),
        }
    }
}

/// One result. Numbers are finite: the shell refuses others.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Number(f64),
    Class(i32),
    Count(i64),
    Text(String),
    Bool(bool),
    Struct(Vec<Value>),
    List(Vec<Value>),
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl Value {
    /// Returns a count of things.
    pub(super) fn count(of: usize) -> Self {
        Self::Count(i64::try_from(of).unwrap_or(i64::MAX))
    }

    /// Returns one field of a struct; NULL has NULL fields.
    pub(super) fn field(self, at: usize) -> Self {
        match self {
            Self::Struct(mut fields) if at < fields.len() => fields.swap_remove(at),
            _ => Self::Null,
        }
    }
}

impl Output {
    /// Returns the Arrow type.
    pub fn data_type(self) -> DataType {
        match self {
            Self::Number => DataType::Float64,
            Self::Class => DataType::Int32,
            Self::Count => DataType::Int64,
            Self::Text => DataType::Utf8,
            Self::Bool => DataType::Boolean,
            Self::Struct(of) => DataType::Struct(fields(of)),
            Self::List(item) => DataType::List(item_field(*item)),
        }
    }

    /// Returns the type of one field of a struct.
    pub(super) fn field(self, at: usize) -> Self {
        match self {
            Self::Struct(of) => of.get(at).map_or(self, |(_, output)| *output),
            _ => self,
        }
    }

    /// Returns results as a column.
    pub(super) fn array(self, values: Vec<Value>) -> Result<ArrayRef> {
        let wrong = || Error::bug(9601, format!("a function that gives {self} gave something else"));
        macro_rules! column {
            ($array:ident, $variant:ident) => {
                Arc::new($array::from(
                    values
                        .into_iter()
                        .map(|value| match value {
                            Value::$variant(value) => Ok(Some(value)),
                            Value::Null => Ok(None),
                            _ => Err(wrong()),
                        })
                        .collect::<Result<Vec<_>>>()?,
                ))
            };
        }
        Ok(match self {
            Self::Number => {
                let numbers = values
                    .into_iter()
                    .map(|value| match value {
                        // adding zero makes of −0 a 0, which a sum of nothing may be or not be
                        Value::Number(value) if value.is_finite() => Ok(Some(value + 0.0)),
                        Value::Number(_) => {
                            Err(Error::invalid(6009, "a result is too large or too small for a number")
                                .hint("are the arguments counts, and in the order of the signature?"))
                        }
                        Value::Null => Ok(None),
                        _ => Err(wrong()),
                    })
                    .collect::<Result<Vec<_>>>()?;
                Arc::new(Float64Array::from(numbers))
            }
            Self::Class => column!(Int32Array, Class),
            Self::Count => column!(Int64Array, Count),
            Self::Text => column!(StringArray, Text),
            Self::Bool => column!(BooleanArray, Bool),
            Self::Struct(of) => {
                let mut columns = vec![Vec::with_capacity(values.len()); of.len()];
                let mut valid = Vec::with_capacity(values.len());
                for value in values {
                    valid.push(value != Value::Null);
                    match value {
                        Value::Struct(fields) if fields.len() == of.len() => {
                            for (column, field) in columns.iter_mut().zip(fields) {
                                column.push(field);
                            }
                        }
                        Value::Null => columns.iter_mut().for_each(|column| column.push(Value::Null)),
                        _ => return Err(wrong()),
                    }
                }
                let columns = of
                    .iter()
                    .zip(columns)
                    .map(|((_, output), column)| output.array(column))
                    .collect::<Result<Vec<_>>>()?;
                Arc::new(StructArray::try_new(
                    fields(of),
                    columns,
                    Some(NullBuffer::from(valid)),
                )?)
            }
            Self::List(item) => {
                let mut items = Vec::new();
                let mut lengths = Vec::with_capacity(values.len());
                let mut valid = Vec::with_capacity(values.len());
                for value in values {
                    valid.push(value != Value::Null);
                    let before = items.len();
                    match value {
                        Value::List(of) => items.extend(of),
                        Value::Null => {}
                        _ => return Err(wrong()),
                    }
                    lengths.push(items.len() - before);
                }
                Arc::new(ListArray::try_new(
                    item_field(*item),
                    OffsetBuffer::from_lengths(lengths),
                    item.array(items)?,
                    Some(NullBuffer::from(valid)),
                )?)
            }
        })
    }
}

fn fields(of: &[(&str, Output)]) -> Fields {
    of.iter()
        .map(|(name, output)| Field::new(*name, output.data_type(), true))
        .collect()
}

fn item_field(item: Output) -> Arc<Field> {
    Arc::new(Field::new_list_field(item.data_type(), true))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array as _, AsArray as _};

    use super::{Output, Value};

    const POINT: Output = Output::Struct(&[("area", Output::Text), ("value", Output::Number)]);

    #[test]
    fn lists_of_structs_keep_their_nulls() {
        let of = Output::List(&POINT);
        let point = Value::Struct(vec![Value::Text("A".into()), Value::Null]);
        let array = of
            .array(vec![
                Value::List(vec![point, Value::Null]),
                Value::Null,
                Value::List(vec![]),
            ])
            .unwrap();
        assert_eq!(array.data_type(), &of.data_type());
        let lists = array.as_list::<i32>();
        assert_eq!(
            (lists.value_length(0), lists.is_null(1), lists.value_length(2)),
            (2, true, 0)
        );
        assert!(lists.value(0).is_null(1));
        assert_eq!(of.to_string(), "STRUCT(area TEXT, value DOUBLE)[]");
    }

    #[test]
    fn no_result_is_infinite_or_of_another_type() {
        assert_eq!(
            Output::Number.array(vec![Value::Number(f64::NAN)]).unwrap_err().code(),
            6009
        );
        assert_eq!(Output::Text.array(vec![Value::Class(1)]).unwrap_err().code(), 9601);
        assert_eq!(POINT.array(vec![Value::Struct(vec![])]).unwrap_err().code(), 9601);
    }
}
