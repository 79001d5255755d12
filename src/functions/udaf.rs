//! The shell of aggregates: types, literals, GROUP BY, windows and FILTER are handled here and in [`super::store`]; a
//! kernel sees summed cells.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, BooleanArray},
    datatypes::{DataType, Field, FieldRef, Schema},
    record_batch::RecordBatch,
};
use datafusion::{
    common::{Result, ScalarValue},
    logical_expr::{
        Accumulator, AggregateUDFImpl, ColumnarValue, EmitTo, GroupsAccumulator, ReversedUDAF, Signature, Volatility,
        function::{AccumulatorArgs, StateFieldsArgs},
        utils::{AggregateOrderSensitivity, format_state_name},
    },
};

use super::{
    call,
    def::{Body, Definition, Form},
    store::Store,
    value::{Output, Value},
};
use crate::error::Error;

/// An aggregate, known by its name alone; a plan carries it so.
#[derive(Debug)]
pub(super) struct AggregateShell {
    definition: &'static Definition,
    /// The definition that has the forms, and which field of its struct to give.
    base: &'static Definition,
    field: Option<usize>,
    signature: Signature,
}

impl PartialEq for AggregateShell {
    fn eq(&self, other: &Self) -> bool {
        self.definition.name == other.definition.name
    }
}

impl Eq for AggregateShell {}

impl std::hash::Hash for AggregateShell {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.definition.name.hash(state);
    }
}

impl AggregateShell {
    pub(super) fn new(definition: &'static Definition) -> Self {
        let (base, field) = match definition.body {
            Body::Field(base, field) => (base, Some(field)),
            _ => (definition, None),
        };
        Self {
            definition,
            base,
            field,
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }

    fn form(&self, types: &[DataType]) -> Result<&'static Form> {
        let at = call::form(self.definition, types)?;
        match self.base.body {
            Body::Aggregate(forms) => Ok(&forms[at]),
            _ => Err(Error::bug(9604, format!("`{}` is no aggregate", self.definition.name)).into()),
        }
    }

    fn gives(&self, form: &Form) -> Output {
        self.field.map_or(form.gives, |field| form.gives.field(field))
    }

    fn state(&self, args: &AccumulatorArgs<'_>, window: bool) -> Result<State> {
        let name = self.definition.name;
        if args.is_distinct {
            return Err(Error::invalid(
                6008,
                format!("`{name}` refuses DISTINCT: two rows with equal counts are two lots of people"),
            )
            .hint(format!(
                "write `{}` without DISTINCT; rows of one area are summed",
                self.definition.signatures().join("` or `")
            ))
            .into());
        }
        let types: Vec<DataType> = args.expr_fields.iter().map(|field| field.data_type().clone()).collect();
        let form = self.form(&types)?;
        let literal = |at: usize| {
            let empty = RecordBatch::new_empty(Arc::new(Schema::empty()));
            match args.exprs.get(at)?.evaluate(&empty) {
                Ok(ColumnarValue::Scalar(value)) => Some(value),
                _ => None,
            }
        };
        let params = call::literals(self.definition, form.takes, literal, args.exprs.len())?;
        Ok(State {
            store: Store::new(self.definition, form, params, window),
            gives: self.gives(form),
            field: self.field,
        })
    }
}

impl AggregateUDFImpl for AggregateShell {
    fn name(&self) -> &str {
        self.definition.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(self.gives(self.form(types)?).data_type())
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        // an error here would lose its code: the planner asks for the return type next, and keeps that one's
        Ok(self
            .form(types)
            .map_or_else(|_| types.to_vec(), |form| call::cast(form.takes, types)))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(
            format_state_name(args.name, "cells"),
            DataType::LargeBinary,
            true,
        ))])
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(One::new(self.state(&args, false)?)))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(One::new(self.state(&args, true)?)))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(self.state(&args, false)?))
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }
}

/// The state of many groups.
#[derive(Debug)]
struct State {
    store: Store,
    gives: Output,
    field: Option<usize>,
}

impl State {
    fn results(&mut self, groups: usize) -> Result<ArrayRef> {
        let mut values = self.store.values(groups)?;
        if let Some(field) = self.field {
            values = values.into_iter().map(|value| Value::field(value, field)).collect();
        }
        Ok(self.gives.array(values)?)
    }

    fn count(&self, emit: EmitTo) -> usize {
        match emit {
            EmitTo::All => self.store.groups(),
            EmitTo::First(count) => count.min(self.store.groups()),
        }
    }
}

impl GroupsAccumulator for State {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.store.grow(total);
        self.store.rows(values, Some(groups), filter, false)
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let count = self.count(emit);
        let results = self.results(count)?;
        self.store.forget(count)?;
        Ok(results)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let count = self.count(emit);
        let states = self.store.states(count)?;
        self.store.forget(count)?;
        Ok(vec![states])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.store.grow(total);
        self.store.merge(&values[0], Some(groups))
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let rows = values[0].len();
        let mut store = self.store.fresh();
        store.grow(rows);
        let groups: Vec<usize> = (0..rows).collect();
        store.rows(values, Some(&groups), filter, false)?;
        Ok(vec![store.states(rows)?])
    }

    fn size(&self) -> usize {
        self.store.size()
    }
}

/// One group: aggregates without GROUP BY, and windows.
#[derive(Debug)]
struct One {
    state: State,
    /// The result, while no rows come or go: peers of a window ask for it again and again.
    result: Option<ScalarValue>,
}

impl One {
    fn new(mut state: State) -> Self {
        state.store.grow(1);
        Self { state, result: None }
    }
}

impl Accumulator for One {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.result = None;
        self.state.store.rows(values, None, None, false)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if let Some(result) = &self.result {
            return Ok(result.clone());
        }
        let result = ScalarValue::try_from_array(&self.state.results(1)?, 0)?;
        self.result = Some(result.clone());
        Ok(result)
    }

    fn size(&self) -> usize {
        self.state.store.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let states = self.state.store.states(1)?;
        Ok(vec![ScalarValue::try_from_array(&states, 0)?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.result = None;
        self.state.store.merge(&states[0], None)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.result = None;
        self.state.store.rows(values, None, None, true)
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }
}
