//! Sums over published figures: a sum of which a part is hidden is not known, and is NULL.
//!
//! SQL leaves NULL out of a sum, so that a total over hidden figures would look like a total and be too small. Where what is
//! summed is a figure of a published table, `sum` and `avg` become `sum_whole` and `avg_whole`, which are NULL as soon as one
//! figure is missing. Who wants the sum of what is shown says so: `FILTER (WHERE conf_status = 'F')`, or `coalesce`.
//!
//! What is followed: columns, casts, arithmetic, rounding, CASE, subqueries, joins (not from the side that an outer join fills
//! up), unions, sums of sums, windows. Anything else is summed as SQL does.

use std::{any::Any, sync::Arc};

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray},
        datatypes::{DataType, Field, FieldRef, Int64Type},
    },
    common::{Result, ScalarValue, internal_err, tree_node::Transformed},
    config::ConfigOptions,
    functions_aggregate::{average::avg_udaf, sum::sum_udaf},
    logical_expr::{
        Accumulator, Aggregate, AggregateUDF, AggregateUDFImpl, Expr, JoinType, LogicalPlan, Operator, Signature,
        Window, WindowFunctionDefinition,
        function::{AccumulatorArgs, StateFieldsArgs},
    },
    optimizer::AnalyzerRule,
};

use crate::model::Layer;

/// Functions that are NULL when their argument is, and say something of it otherwise.
const STRICT: &[&str] = &[
    "abs", "ceil", "floor", "ln", "log", "log10", "log2", "round", "sqrt", "trunc",
];

/// The functions, to be registered.
pub(super) fn functions() -> [Arc<AggregateUDF>; 2] {
    [
        Arc::new(AggregateUDF::from(Whole {
            name: "sum_whole",
            inner: sum_udaf(),
        })),
        Arc::new(AggregateUDF::from(Whole {
            name: "avg_whole",
            inner: avg_udaf(),
        })),
    ]
}

/// An aggregate that is NULL when one of its values is.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Whole {
    name: &'static str,
    inner: Arc<AggregateUDF>,
}

impl AggregateUDFImpl for Whole {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(types)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(NoNulls {
            of: args.return_field.data_type().clone(),
            inner: self.inner.accumulator(args)?,
            nulls: 0,
        }))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(NoNulls {
            of: args.return_field.data_type().clone(),
            inner: self.inner.create_sliding_accumulator(args)?,
            nulls: 0,
        }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let mut fields = self.inner.state_fields(args)?;
        fields.push(Arc::new(Field::new("nulls", DataType::Int64, false)));
        Ok(fields)
    }
}

#[derive(Debug)]
struct NoNulls {
    of: DataType,
    inner: Box<dyn Accumulator>,
    /// How many values are missing.
    nulls: i64,
}

fn nulls(values: &[ArrayRef]) -> i64 {
    let count = values.first().map_or(0, Array::logical_null_count);
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl Accumulator for NoNulls {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.nulls += nulls(values);
        self.inner.update_batch(values)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.nulls -= nulls(values);
        self.inner.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let mut state = self.inner.state()?;
        state.push(self.nulls.into());
        Ok(state)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some((more, states)) = states.split_last() else {
            return internal_err!("a sum without a state");
        };
        self.nulls += more.as_primitive::<Int64Type>().values().iter().sum::<i64>();
        self.inner.merge_batch(states)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.nulls > 0 {
            return ScalarValue::try_from(&self.of);
        }
        self.inner.evaluate()
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.inner.size()
    }
}

/// The rule that puts them in the place of `sum` and `avg`.
#[derive(Debug)]
pub(super) struct WholeSums {
    sum: Arc<AggregateUDF>,
    avg: Arc<AggregateUDF>,
}

impl WholeSums {
    pub(super) fn new() -> Self {
        let [sum, avg] = functions();
        Self { sum, avg }
    }

    /// What takes the place of a function; nothing when it may stay.
    fn whole(&self, function: &AggregateUDF) -> Option<Arc<AggregateUDF>> {
        match function.name() {
            "sum" => Some(Arc::clone(&self.sum)),
            "avg" => Some(Arc::clone(&self.avg)),
            _ => None,
        }
    }

    fn aggregate(&self, aggregate: Aggregate) -> Result<Transformed<LogicalPlan>> {
        let mut changed = false;
        let mut expressions = Vec::with_capacity(aggregate.aggr_expr.len());
        for expression in aggregate.aggr_expr {
            let name = expression.schema_name().to_string();
            let mut bare = unaliased(&expression).clone();
            if let Expr::AggregateFunction(call) = &mut bare
                && !call.params.distinct
                && let Some(function) = self.whole(&call.func)
                && let Some(argument) = call.params.args.first()
            {
                let alone = alternative(argument).filter(|_| call.params.filter.is_none());
                if let Some((condition, value)) = alone
                    && may_be_hidden(value, &aggregate.input)
                {
                    call.params.filter = Some(Box::new(condition.clone()));
                    call.params.args = vec![value.clone()];
                    call.func = function;
                    expressions.push(bare.alias(name));
                    changed = true;
                    continue;
                }
                if may_be_hidden(argument, &aggregate.input) {
                    call.func = function;
                    expressions.push(bare.alias(name));
                    changed = true;
                    continue;
                }
            }
            expressions.push(expression);
        }
        let plan = LogicalPlan::Aggregate(Aggregate::try_new(aggregate.input, aggregate.group_expr, expressions)?);
        Ok(Transformed::new_transformed(plan, changed))
    }

    fn window(&self, window: Window) -> Result<Transformed<LogicalPlan>> {
        let mut changed = false;
        let mut expressions = Vec::with_capacity(window.window_expr.len());
        for expression in window.window_expr {
            let name = expression.schema_name().to_string();
            let mut bare = unaliased(&expression).clone();
            if let Expr::WindowFunction(call) = &mut bare
                && let WindowFunctionDefinition::AggregateUDF(function) = &call.fun
                && let Some(function) = self.whole(function)
                && !call.params.distinct
                && call
                    .params
                    .args
                    .first()
                    .is_some_and(|argument| may_be_hidden(argument, &window.input))
            {
                call.fun = WindowFunctionDefinition::AggregateUDF(function);
                expressions.push(bare.alias(name));
                changed = true;
                continue;
            }
            expressions.push(expression);
        }
        let plan = LogicalPlan::Window(Window::try_new(expressions, window.input)?);
        Ok(Transformed::new_transformed(plan, changed))
    }
}

impl AnalyzerRule for WholeSums {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let plan = plan.transform_up_with_subqueries(|node| match node {
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate),
            LogicalPlan::Window(window) => self.window(window),
            other => Ok(Transformed::no(other)),
        })?;
        Ok(plan.data)
    }

    fn name(&self) -> &'static str {
        "whole_sums"
    }
}

fn unaliased(expression: &Expr) -> &Expr {
    match expression {
        Expr::Alias(alias) => unaliased(&alias.expr),
        other => other,
    }
}

/// `CASE WHEN condition THEN value END`, whose other rows are NULL for another reason: condition and value.
fn alternative(expression: &Expr) -> Option<(&Expr, &Expr)> {
    let case = match unaliased(expression) {
        Expr::Case(case) => case,
        Expr::Cast(cast) => return alternative(&cast.expr),
        _ => return None,
    };
    let nothing = case.else_expr.as_deref().is_none_or(is_null);
    match case.when_then_expr.as_slice() {
        [(condition, value)] if case.expr.is_none() && nothing => Some((condition, value)),
        _ => None,
    }
}

fn is_null(expression: &Expr) -> bool {
    match expression {
        Expr::Literal(value, _) => value.is_null(),
        Expr::Cast(cast) => is_null(&cast.expr),
        _ => false,
    }
}

/// Whether an expression over a plan is NULL where a published figure is hidden, and for no other reason.
fn may_be_hidden(expression: &Expr, input: &LogicalPlan) -> bool {
    match expression {
        Expr::Alias(alias) => may_be_hidden(&alias.expr, input),
        Expr::Column(column) => input
            .schema()
            .maybe_index_of_column(column)
            .is_some_and(|at| is_figure(input, at)),
        Expr::Cast(cast) => may_be_hidden(&cast.expr, input),
        Expr::Negative(inner) => may_be_hidden(inner, input),
        Expr::BinaryExpr(binary) => {
            let arithmetic = matches!(
                binary.op,
                Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide | Operator::Modulo
            );
            arithmetic && (may_be_hidden(&binary.left, input) || may_be_hidden(&binary.right, input))
        }
        Expr::ScalarFunction(call) => {
            STRICT.contains(&call.func.name()) && call.args.iter().any(|argument| may_be_hidden(argument, input))
        }
        Expr::Case(case) => {
            let whole = case.else_expr.as_deref().is_some_and(|otherwise| !is_null(otherwise));
            let values = case.when_then_expr.iter().map(|(_, value)| value.as_ref());
            whole
                && values
                    .chain(case.else_expr.as_deref())
                    .any(|value| may_be_hidden(value, input))
        }
        _ => false,
    }
}

/// Whether a column of a plan is a figure of a published table.
fn is_figure(plan: &LogicalPlan, at: usize) -> bool {
    match plan {
        LogicalPlan::TableScan(scan) => {
            let field = scan.projected_schema.field(at);
            scan.table_name.schema() == Some(Layer::Pub.name())
                && scan.source.schema().field_with_name("conf_status").is_ok()
                && field.data_type().is_numeric()
        }
        LogicalPlan::SubqueryAlias(alias) => is_figure(&alias.input, at),
        LogicalPlan::Filter(filter) => is_figure(&filter.input, at),
        LogicalPlan::Sort(sort) => is_figure(&sort.input, at),
        LogicalPlan::Limit(limit) => is_figure(&limit.input, at),
        LogicalPlan::Distinct(distinct) => is_figure(distinct.input(), at),
        LogicalPlan::Projection(projection) => {
            let expression = projection.expr.get(at);
            expression.is_some_and(|expression| may_be_hidden(expression, &projection.input))
        }
        LogicalPlan::Aggregate(aggregate) => match at.checked_sub(aggregate.group_expr.len()) {
            None => may_be_hidden(&aggregate.group_expr[at], &aggregate.input),
            Some(place) => aggregate.aggr_expr.get(place).is_some_and(is_whole),
        },
        LogicalPlan::Window(window) => match at.checked_sub(window.input.schema().fields().len()) {
            None => is_figure(&window.input, at),
            Some(place) => window.window_expr.get(place).is_some_and(is_whole),
        },
        LogicalPlan::Join(join) => {
            let left = join.left.schema().fields().len();
            match join.join_type {
                JoinType::Inner if at < left => is_figure(&join.left, at),
                JoinType::Inner => is_figure(&join.right, at - left),
                JoinType::Left if at < left => is_figure(&join.left, at),
                JoinType::LeftSemi | JoinType::LeftAnti => is_figure(&join.left, at),
                JoinType::Right if at >= left => is_figure(&join.right, at - left),
                JoinType::RightSemi | JoinType::RightAnti => is_figure(&join.right, at),
                _ => false,
            }
        }
        LogicalPlan::Union(union) => union.inputs.iter().any(|input| is_figure(input, at)),
        _ => false,
    }
}

/// Whether it is one of the functions of this module.
fn is_whole(expression: &Expr) -> bool {
    let function = match unaliased(expression) {
        Expr::AggregateFunction(call) => &call.func,
        Expr::WindowFunction(call) => match &call.fun {
            WindowFunctionDefinition::AggregateUDF(function) => function,
            WindowFunctionDefinition::WindowUDF(_) => return false,
        },
        _ => return false,
    };
    let inner: &dyn Any = function.inner().as_ref();
    inner.is::<Whole>()
}
