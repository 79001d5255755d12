//! The shell of functions of one row's values: types, NULL, columns and literals are handled here.

use arrow::{
    array::{Array, ArrayRef, AsArray},
    datatypes::{DataType, Float64Type},
};
use datafusion::{
    common::Result,
    logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility},
    scalar::ScalarValue,
};

use super::{
    call,
    def::{Argument, Body, Definition, Params, Role, Scalar},
    disclosure::RecordKeys,
    store::refused,
    value::{Output, Value},
};
use crate::error::Error;

/// A scalar function, known by its name alone; a plan carries it so.
#[derive(Debug)]
pub(super) struct ScalarShell {
    definition: &'static Definition,
    scalar: Scalar,
    field: Option<usize>,
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

impl ScalarShell {
    /// Returns the shell of a scalar function, or of a field of one.
    pub(super) fn new(definition: &'static Definition) -> Option<Self> {
        let (body, field) = match definition.body {
            Body::Field(base, field) => (base.body, Some(field)),
            body => (body, None),
        };
        let Body::Scalar(scalar) = body else {
            return None;
        };
        Some(Self {
            definition,
            scalar,
            field,
            signature: Signature::user_defined(Volatility::Immutable),
        })
    }

    fn gives(&self) -> Output {
        self.field
            .map_or(self.scalar.gives, |field| self.scalar.gives.field(field))
    }

    fn value(&self, columns: &[Column<'_>], at: usize, params: &mut Params) -> Result<Value, Error> {
        params.numbers.clear();
        let mut texts = 0;
        let mut parts = 0.0_f64;
        for column in columns {
            match column {
                Column::Numbers(argument, column) => {
                    if column.is_null(at) {
                        return Ok(Value::Null);
                    }
                    let value = column.value(at);
                    let count = matches!(argument.role, Role::Count | Role::Total);
                    if !value.is_finite() || (count && value < 0.0) {
                        return Err(refused(self.definition.name, argument, !value.is_finite()));
                    }
                    match argument.role {
                        Role::Count => parts = parts.max(value),
                        Role::Total if parts > value => {
                            return Err(Error::invalid(
                                6004,
                                format!(
                                    "`{}` got a part that is larger than its `{}`",
                                    self.definition.name, argument.name
                                ),
                            )
                            .hint(format!(
                                "the order is `{}`",
                                self.definition.signatures().join("` or `")
                            )));
                        }
                        Role::Total => parts = 0.0,
                        _ => {}
                    }
                    params.numbers.push(value);
                }
                Column::Texts(column) => {
                    if column.is_null(at) {
                        return Ok(Value::Null);
                    }
                    params.texts.resize(params.texts.len().max(texts + 1), String::new());
                    params.texts[texts].clear();
                    params.texts[texts].push_str(column.value(at));
                    texts += 1;
                }
                Column::Number(default) => params.numbers.push(*default),
                Column::Text(default) => {
                    params.texts.resize(params.texts.len().max(texts + 1), String::new());
                    (*default).clone_into(&mut params.texts[texts]);
                    texts += 1;
                }
            }
        }
        let value = (self.scalar.kernel)(params)?;
        Ok(self.field.map_or(value.clone(), |field| value.field(field)))
    }
}

/// Where an argument's values come from.
enum Column<'a> {
    Numbers(&'static Argument, &'a arrow::array::Float64Array),
    Texts(&'a arrow::array::StringArray),
    Number(f64),
    Text(&'static str),
}

impl ScalarUDFImpl for ScalarShell {
    fn name(&self) -> &str {
        self.definition.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        call::form(self.definition, types)?;
        Ok(self.gives().data_type())
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        // an error here would lose its code: the planner asks for the return type next, and keeps that one's
        if call::form(self.definition, types).is_err() {
            return Ok(types.to_vec());
        }
        let plain = |of| if of == DataType::Float64 { of } else { DataType::Utf8 };
        Ok(call::cast(self.scalar.takes, types).into_iter().map(plain).collect())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let literal = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if literal { 1 } else { args.number_rows };
        let arrays: Vec<ArrayRef> = args
            .args
            .into_iter()
            .map(|arg| arg.into_array(rows))
            .collect::<Result<_>>()?;
        let columns: Vec<Column<'_>> = self
            .scalar
            .takes
            .iter()
            .enumerate()
            .map(|(at, argument)| match (arrays.get(at), argument.role) {
                (Some(array), Role::Key | Role::Name | Role::Choice(_)) => Column::Texts(array.as_string()),
                (Some(array), _) => Column::Numbers(argument, array.as_primitive::<Float64Type>()),
                (None, Role::Choice(default)) => Column::Text(default),
                (None, Role::Option(default)) => Column::Number(default),
                (None, _) => Column::Number(f64::NAN),
            })
            .collect();
        let mut params = Params {
            keys: args.config_options.extensions.get::<RecordKeys>().cloned(),
            ..Params::default()
        };
        let values = (0..rows)
            .map(|at| self.value(&columns, at, &mut params))
            .collect::<Result<Vec<_>, _>>()?;
        let array = self.gives().array(values)?;
        if literal {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }
}
