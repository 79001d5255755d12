//! The shell of area-keyed aggregates: types, parameters, GROUP BY, windows and FILTER are handled here and in
//! [`super::store`]; a kernel sees summed areas.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, BooleanArray, Float64Array},
    datatypes::{DataType, FieldRef, Schema},
    record_batch::RecordBatch,
};
use datafusion::{
    common::{Result, ScalarValue},
    logical_expr::{
        Accumulator, AggregateUDFImpl, ColumnarValue, EmitTo, GroupsAccumulator, Signature, Volatility,
        function::{AccumulatorArgs, StateFieldsArgs},
    },
};

use super::{
    def::{Definition, Form},
    store::{Store, state_fields},
};
use crate::error::Error;

/// An aggregate, known by its name alone; a plan carries it so.
#[derive(Debug)]
pub(super) struct AreaShell {
    definition: &'static Definition,
    forms: &'static [Form],
    signature: Signature,
}

impl PartialEq for AreaShell {
    fn eq(&self, other: &Self) -> bool {
        self.definition.name == other.definition.name
    }
}

impl Eq for AreaShell {}

impl std::hash::Hash for AreaShell {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.definition.name.hash(state);
    }
}

fn is_text(of: &DataType) -> bool {
    match of {
        DataType::Dictionary(_, of) => is_text(of),
        of => of.is_string(),
    }
}

impl AreaShell {
    pub(super) fn new(definition: &'static Definition, forms: &'static [Form]) -> Self {
        Self {
            definition,
            forms,
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }

    fn wrong(&self, what: &str) -> Error {
        Error::invalid(6001, format!("`{}` {what}", self.definition.name))
            .hint(format!("write `{}`", self.definition.signatures.join("` or `")))
    }

    /// Returns the form that the types of the arguments ask for.
    fn form(&self, types: &[DataType]) -> Result<Form> {
        let text = types.get(1).is_some_and(is_text);
        let found = self.forms.iter().find(|form| match form {
            Form::Wide { counts, .. } => !text && types.len() == 1 + counts,
            Form::Long { names, .. } => text && types.len() == 3 + names,
        });
        Ok(*found.ok_or_else(|| self.wrong("has no form with these arguments"))?)
    }

    fn parts(&self, args: &AccumulatorArgs<'_>) -> Result<(Form, Vec<String>, bool)> {
        if args.is_distinct {
            return Err(Error::invalid(
                6008,
                format!(
                    "`{}` refuses DISTINCT: two rows with equal counts are two lots of people",
                    self.definition.name
                ),
            )
            .hint("leave DISTINCT out; rows of one area are summed")
            .into());
        }
        let types: Vec<DataType> = args.expr_fields.iter().map(|field| field.data_type().clone()).collect();
        let form = self.form(&types)?;
        let mut names = Vec::new();
        if let Form::Long { names: count, .. } = form {
            for expr in args.exprs.iter().skip(3).take(count) {
                let empty = RecordBatch::new_empty(Arc::new(Schema::empty()));
                let literal = match expr.evaluate(&empty) {
                    Ok(ColumnarValue::Scalar(value)) => value.try_as_str().flatten().map(str::to_owned),
                    _ => None,
                };
                names.push(literal.ok_or_else(|| self.wrong("takes the name of a group as a literal text"))?);
            }
        }
        let float = types.contains(&DataType::Float64);
        Ok((form, names, float))
    }
}

impl AggregateUDFImpl for AreaShell {
    fn name(&self) -> &str {
        self.definition.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let form = self.form(types)?;
        let key = |of: &DataType| -> Result<DataType> {
            match of {
                DataType::Utf8View => Ok(DataType::Utf8View),
                of if is_text(of) || of.is_integer() || of.is_null() => Ok(DataType::Utf8),
                _ => Err(self.wrong("takes an area as text").into()),
            }
        };
        let counts = match form {
            Form::Wide { .. } => 1..types.len(),
            Form::Long { .. } => 2..3,
        };
        if types[counts.clone()]
            .iter()
            .any(|of| !(of.is_numeric() || of.is_null()))
        {
            return Err(self.wrong("takes counts as numbers").into());
        }
        let whole = types[counts.clone()].iter().all(|of| of.is_integer() || of.is_null());
        let count = if whole { DataType::Int64 } else { DataType::Float64 };
        types
            .iter()
            .enumerate()
            .map(|(at, of)| {
                if counts.contains(&at) {
                    Ok(count.clone())
                } else {
                    key(of)
                }
            })
            .collect()
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let float = args
            .input_fields
            .iter()
            .any(|field| field.data_type() == &DataType::Float64);
        Ok(state_fields(args.name, float))
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let (form, names, float) = self.parts(&args)?;
        let name = self.definition.name;
        Ok(match form {
            Form::Wide { counts: 3, .. } => Box::new(One::new(Store::<3>::new(name, form, names, float))),
            Form::Wide { .. } => Box::new(One::new(Store::<2>::new(name, form, names, float))),
            Form::Long { .. } => Box::new(One::new(Store::<1>::new(name, form, names, float))),
        })
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        let (form, names, float) = self.parts(&args)?;
        let name = self.definition.name;
        Ok(match form {
            Form::Wide { counts: 3, .. } => Box::new(Many(Store::<3>::new(name, form, names, float))),
            Form::Wide { .. } => Box::new(Many(Store::<2>::new(name, form, names, float))),
            Form::Long { .. } => Box::new(Many(Store::<1>::new(name, form, names, float))),
        })
    }
}

/// One group: plain aggregates and windows.
#[derive(Debug)]
struct One<const W: usize>(Store<W>);

impl<const W: usize> One<W> {
    fn new(mut store: Store<W>) -> Self {
        store.grow(1);
        Self(store)
    }
}

impl<const W: usize> Accumulator for One<W> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.rows(values, |_| 0, None, true)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64(self.0.value(0)?))
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0
            .copy()?
            .iter()
            .map(|column| ScalarValue::try_from_array(column, 0))
            .collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.merge(states, |_| 0)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.rows(values, |_| 0, None, false)
    }

    fn supports_retract_batch(&self) -> bool {
        !self.0.float()
    }
}

/// Many groups at once.
#[derive(Debug)]
struct Many<const W: usize>(Store<W>);

impl<const W: usize> Many<W> {
    fn count(&self, emit: EmitTo) -> usize {
        match emit {
            EmitTo::All => self.0.groups(),
            EmitTo::First(count) => count,
        }
    }
}

impl<const W: usize> GroupsAccumulator for Many<W> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.0.grow(total);
        self.0.rows(values, |row| groups[row], filter, true)
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let count = self.count(emit);
        let values = (0..count).map(|at| self.0.value(at)).collect::<Result<Vec<_>>>()?;
        self.0.forget(count);
        Ok(Arc::new(Float64Array::from(values)))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let count = self.count(emit);
        self.0.take(count)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.0.grow(total);
        self.0.merge(values, |row| groups[row])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let rows = values[0].len();
        let mut store = self.0.fresh();
        store.grow(rows);
        store.rows(values, |row| row, filter, true)?;
        store.take(rows)
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}
