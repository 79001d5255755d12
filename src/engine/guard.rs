//! What a statement may do: read, from tables that its identity may read, and nothing else.

use datafusion::{
    common::tree_node::TreeNodeRecursion,
    logical_expr::LogicalPlan,
    sql::{parser::Statement as Parsed, sqlparser::ast},
};

use crate::{
    error::{Error, Result},
    model::Layer,
    policy::Identity,
};

/// Lets queries, EXPLAIN of queries and SHOW through.
pub(super) fn allow(statement: &Parsed) -> Result<()> {
    let fine = match statement {
        Parsed::Statement(statement) => matches!(
            statement.as_ref(),
            ast::Statement::Query(_)
                | ast::Statement::ShowTables { .. }
                | ast::Statement::ShowColumns { .. }
                | ast::Statement::ShowFunctions { .. }
        ),
        Parsed::Explain(explain) => !explain.options.analyze && allow(&explain.statement).is_ok(),
        _ => false,
    };
    if fine {
        return Ok(());
    }
    Err(
        Error::forbidden(2110, "only SELECT, EXPLAIN and SHOW are possible here")
            .hint("tables are written by pipelines: put the query in sql/<schema>/<table>.sql and run `samsyn run`"),
    )
}

/// Refuses a plan that writes, or scans a table above the identity's rights.
pub(super) fn check(plan: &LogicalPlan, identity: &Identity) -> Result<()> {
    let mut verdict = Ok(());
    plan.apply_with_subqueries(|node| {
        match node {
            LogicalPlan::TableScan(scan) => {
                let layer = scan.table_name.schema().and_then(|schema| schema.parse::<Layer>().ok());
                if layer.is_some_and(|layer| !identity.may_read(layer)) {
                    verdict = Err(Error::not_found(2102, format!("table `{}` not found", scan.table_name)));
                    return Ok(TreeNodeRecursion::Stop);
                }
            }
            LogicalPlan::Dml(_) | LogicalPlan::Ddl(_) | LogicalPlan::Copy(_) | LogicalPlan::Statement(_) => {
                verdict = Err(Error::forbidden(
                    2110,
                    "only SELECT, EXPLAIN and SHOW are possible here",
                ));
                return Ok(TreeNodeRecursion::Stop);
            }
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    verdict
}
