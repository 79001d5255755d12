//! A statement: planned once, bound as often as wanted, run as a stream.

use std::{collections::BTreeMap, sync::Arc};

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::{
    common::{
        ParamValues, ScalarValue, TableReference,
        tree_node::{TreeNode as _, TreeNodeRecursion},
    },
    error::DataFusionError,
    execution::SendableRecordBatchStream,
    logical_expr::{Expr, LogicalPlan},
    physical_plan::stream::RecordBatchStreamAdapter,
    prelude::DataFrame,
    sql::{parser::DFParserBuilder, sqlparser::dialect::GenericDialect},
};

use futures::TryStreamExt as _;

use super::{Session, SqlText, diagnostics, failure, guard, size};
use crate::{
    error::{Error, Result},
    model::TableId,
};

/// A planned, read-only statement of a session.
#[derive(Debug, Clone)]
pub struct Statement {
    session: Session,
    plan: LogicalPlan,
    /// The columns after analysis: `CASE WHEN a THEN 1 ELSE 2.5 END` is a whole number before and a double after.
    schema: SchemaRef,
}

impl Session {
    /// Plans one statement that a user wrote.
    ///
    /// # Errors
    /// SAMSYN-21xx with line and column: no SQL, an unknown name, more than one statement, a statement that is not a query.
    pub async fn prepare(&self, sql: &str) -> Result<Statement> {
        self.prepare_text(SqlText::query(sql)).await
    }

    /// Plans the one statement of a text.
    ///
    /// # Errors
    /// As [`Session::prepare`].
    pub async fn prepare_text(&self, text: SqlText<'_>) -> Result<Statement> {
        size::check_text(text.sql)?;
        let state = self.context.state();
        let explain = |error| diagnostics::explain(error, text, &self.table_names(), &self.function_names());
        let mut statements = DFParserBuilder::new(text.sql)
            .with_dialect(&GenericDialect {})
            .with_recursion_limit(100)
            .build()
            .and_then(|mut parser| parser.parse_statements())
            .map_err(explain)?;
        let statement = match (statements.pop_front(), statements.is_empty()) {
            (Some(statement), true) => statement,
            (None, _) => return Err(Error::invalid(2101, "there is no statement").hint("write a SELECT")),
            (Some(_), false) => {
                return Err(Error::invalid(2101, "there is more than one statement").hint("send them one by one"));
            }
        };
        guard::allow(&statement, self.identity())?;
        let plan = state.statement_to_plan(statement).await.map_err(explain)?;
        guard::check(&plan, self.identity())?;
        self.statement(plan).map_err(explain)
    }

    /// Analyses a plan: wrong types are found now, not when the first row is asked for.
    fn statement(&self, plan: LogicalPlan) -> std::result::Result<Statement, DataFusionError> {
        let state = self.context.state();
        let analysed = state
            .analyzer()
            .execute_and_check(plan.clone(), state.config_options(), |_, _| {});
        let schema = match analysed {
            Ok(analysed) => Arc::clone(analysed.schema().inner()),
            // parameters without a type may not go together with the rest until they have values
            Err(_) if plan.get_parameter_types().is_ok_and(|types| !types.is_empty()) => {
                Arc::clone(plan.schema().inner())
            }
            Err(error) => return Err(error),
        };
        Ok(Statement {
            session: self.clone(),
            plan,
            schema,
        })
    }

    fn table_names(&self) -> Vec<String> {
        self.catalogs
            .iter()
            .take(1)
            .flat_map(|(_, tables)| tables.keys().map(ToString::to_string))
            .collect()
    }
}

impl Statement {
    /// The columns of the result.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Types of the parameters `$1`, `$2`, … in order; None where the statement leaves the type open.
    ///
    /// # Errors
    /// SAMSYN-2106 when parameters have names or leave a gap.
    pub fn parameter_types(&self) -> Result<Vec<Option<DataType>>> {
        let types = self.plan.get_parameter_types()?;
        let mut numbered = BTreeMap::new();
        let sorted: BTreeMap<String, Option<DataType>> = types.into_iter().collect();
        for (name, data_type) in sorted {
            let number = name.trim_start_matches('$').parse::<usize>().map_err(|_| {
                Error::invalid(2106, format!("parameter `{name}` has a name")).hint("use `?` or `$1`, `$2`, …")
            })?;
            numbered.insert(number, data_type);
        }
        let count = numbered.len();
        if numbered.keys().copied().ne(1..=count) {
            return Err(
                Error::invalid(2106, "the parameters leave a number out").hint("number them $1, $2, … without a gap")
            );
        }
        Ok(numbered.into_values().collect())
    }

    /// The statement with its parameters given, in order.
    ///
    /// # Errors
    /// SAMSYN-2107 when the number of values is another than that of the parameters.
    pub fn bind(&self, values: &[ScalarValue]) -> Result<Self> {
        let wanted = self.parameter_types()?.len();
        if values.len() != wanted {
            return Err(Error::invalid(
                2107,
                format!("the statement has {wanted} parameters, {} were given", values.len()),
            ));
        }
        if wanted == 0 {
            return Ok(self.clone());
        }
        let values: Vec<ScalarValue> = values.to_vec();
        let plan = self.plan.clone().with_param_values(values).map_err(failure::running)?;
        self.session.statement(plan).map_err(failure::running)
    }

    /// The statement with its named parameters given.
    ///
    /// # Errors
    /// When a parameter of the statement is not among `values`.
    pub fn bind_named(&self, values: &BTreeMap<String, ScalarValue>) -> Result<Self> {
        if values.is_empty() {
            return Ok(self.clone());
        }
        let map: std::collections::HashMap<String, ScalarValue> =
            values.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        let plan = self.plan.clone().with_param_values(ParamValues::from(map))?;
        Ok(self.session.statement(plan)?)
    }

    /// Whether what the result calls `name` can only be a column that a table calls so too: nothing else was given that name on the way.
    ///
    /// # Errors
    /// When the plan cannot be walked.
    pub fn keeps_name(&self, name: &str) -> Result<bool> {
        let mut kept = true;
        self.plan.apply_with_subqueries(|node| {
            // the columns of a union have the names of its first part
            kept &= !matches!(
                node,
                LogicalPlan::Union(_) | LogicalPlan::RecursiveQuery(_) | LogicalPlan::Values(_)
            );
            node.apply_expressions(|expr| {
                expr.apply(|part| {
                    if let Expr::Alias(alias) = part
                        && alias.name == name
                    {
                        kept &= matches!(&*alias.expr, Expr::Column(column) if column.name == name);
                    }
                    Ok(TreeNodeRecursion::Continue)
                })
            })
        })?;
        Ok(kept)
    }

    /// The tables that the statement reads, sorted.
    ///
    /// # Errors
    /// When a table is in no layer of the lake.
    pub fn tables(&self) -> Result<Vec<TableId>> {
        let mut found = Vec::new();
        self.plan.apply_with_subqueries(|node| {
            if let LogicalPlan::TableScan(scan) = node
                && let TableReference::Full { schema, table, .. } | TableReference::Partial { schema, table } =
                    &scan.table_name
                && let Ok(layer) = schema.parse()
                && let Ok(id) = TableId::new(layer, table)
            {
                found.push(id);
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// Runs the statement.
    ///
    /// # Errors
    /// When the optimised plan cannot be made; errors of the data come with the stream. None holds a value of the data.
    pub async fn stream(&self) -> Result<SendableRecordBatchStream> {
        let frame = self.session.context.execute_logical_plan(self.plan.clone()).await;
        run(frame.map_err(failure::running)?).await
    }

    /// Runs the statement with its rows sorted by `columns` (nulls last), as one partition.
    ///
    /// # Errors
    /// As [`Statement::stream`].
    pub async fn sorted_stream(&self, columns: &[String]) -> Result<SendableRecordBatchStream> {
        let frame = self.session.context.execute_logical_plan(self.plan.clone()).await;
        let frame = frame.map_err(failure::running)?;
        let keys = columns
            .iter()
            .map(|name| Expr::Column(datafusion::common::Column::from_name(name)).sort(true, false))
            .collect::<Vec<_>>();
        let frame = if keys.is_empty() { frame } else { frame.sort(keys)? };
        run(frame).await
    }
}

async fn run(frame: DataFrame) -> Result<SendableRecordBatchStream> {
    let rows = frame.execute_stream().await.map_err(failure::running)?;
    let schema = rows.schema();
    let rows = rows.map_err(|error| failure::running(error).into());
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
}
