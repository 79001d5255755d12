//! The shell of functions of numbers: types, NULL, columns and literals are handled here, the kernel sees one row.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Float64Builder, Int32Builder, StructArray},
    buffer::NullBuffer,
    datatypes::{DataType, Field, Fields, Float64Type},
};
use datafusion::{
    common::Result,
    logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility},
};

use super::def::{Definition, Output, Scalar, Value};
use crate::error::Error;

/// A scalar function, known by its name alone; a plan carries it so.
#[derive(Debug)]
pub(super) struct ScalarShell {
    definition: &'static Definition,
    scalar: Scalar,
    signature: Signature,
}

impl PartialEq for ScalarShell {
    fn eq(&self, other: &Self) -> bool {
        self.definition.name == other.definition.name
    }
}

impl Eq for ScalarShell {}

impl std::hash::Hash for ScalarShell {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.definition.name.hash(state);
    }
}

fn ends() -> Fields {
    Fields::from(vec![
        Field::new("lo", DataType::Float64, true),
        Field::new("hi", DataType::Float64, true),
    ])
}

impl ScalarShell {
    pub(super) fn new(definition: &'static Definition, scalar: Scalar) -> Self {
        Self {
            definition,
            scalar,
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for ScalarShell {
    fn name(&self) -> &str {
        self.definition.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.scalar.output {
            Output::Number => DataType::Float64,
            Output::Class => DataType::Int32,
            Output::Interval => DataType::Struct(ends()),
        })
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let wrong = || {
            Error::invalid(
                6001,
                format!("`{}` takes numbers in another form", self.definition.name),
            )
            .hint(format!("write `{}`", self.definition.signatures.join("` or `")))
        };
        if !(self.scalar.least..=self.scalar.most).contains(&types.len())
            || types.iter().any(|of| !(of.is_numeric() || of.is_null()))
        {
            return Err(wrong().into());
        }
        Ok(vec![DataType::Float64; types.len()])
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let literal = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if literal { 1 } else { args.number_rows };
        let arrays: Vec<ArrayRef> = args
            .args
            .into_iter()
            .map(|arg| arg.into_array(rows))
            .collect::<Result<_>>()?;
        let columns: Vec<_> = arrays.iter().map(AsArray::as_primitive::<Float64Type>).collect();
        let mut row = vec![0.0; columns.len()];
        let values = (0..rows).map(|at| {
            if columns.iter().any(|column| column.is_null(at)) {
                return Ok(Value::Null);
            }
            for (value, column) in row.iter_mut().zip(&columns) {
                *value = column.value(at);
            }
            if row.iter().any(|value| !value.is_finite()) {
                return Err(Error::invalid(
                    6002,
                    format!("`{}` got a number that is not finite", self.definition.name),
                )
                .hint("NaN and infinity mean a division by zero before; use `nullif(divisor, 0)`"));
            }
            (self.scalar.kernel)(&row)
        });
        let array = collect(self.scalar.output, rows, values)?;
        if literal {
            return Ok(ColumnarValue::Scalar(datafusion::scalar::ScalarValue::try_from_array(
                &array, 0,
            )?));
        }
        Ok(ColumnarValue::Array(array))
    }
}

fn collect(
    output: Output,
    rows: usize,
    values: impl Iterator<Item = std::result::Result<Value, Error>>,
) -> Result<ArrayRef> {
    let mut lo = Float64Builder::with_capacity(rows);
    let mut hi = Float64Builder::with_capacity(rows);
    let mut class = Int32Builder::with_capacity(rows);
    for value in values {
        let (first, second, of) = match value? {
            Value::Null => (None, None, None),
            Value::Number(value) => (Some(value), None, None),
            Value::Class(value) => (None, None, Some(value)),
            Value::Interval(from, to) => (Some(from), Some(to), None),
        };
        lo.append_option(first);
        hi.append_option(second);
        class.append_option(of);
    }
    Ok(match output {
        Output::Number => Arc::new(lo.finish()),
        Output::Class => Arc::new(class.finish()),
        Output::Interval => {
            let (lo, hi) = (lo.finish(), hi.finish());
            let nulls: Option<NullBuffer> = lo.nulls().cloned();
            Arc::new(StructArray::try_new(ends(), vec![Arc::new(lo), Arc::new(hi)], nulls)?)
        }
    })
}
