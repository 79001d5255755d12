//! What a statement may do: read, from tables that its identity may read, and nothing else.

use datafusion::{
    common::tree_node::TreeNodeRecursion,
    logical_expr::LogicalPlan,
    sql::{parser::Statement as Parsed, sqlparser::ast},
};

use super::size;
use crate::{
    error::{Error, Result},
    model::Layer,
    policy::{Identity, Role},
};

/// Lets queries, EXPLAIN of queries, DESCRIBE and SHOW through, when they are of a reasonable size.
///
/// EXPLAIN ANALYZE runs the query and tells files, rows and times, so readers do not have it.
pub(super) fn allow(statement: &Parsed, identity: &Identity) -> Result<()> {
    match statement {
        Parsed::Statement(statement)
            if matches!(
                statement.as_ref(),
                ast::Statement::Query(_)
                    | ast::Statement::ExplainTable { .. }
                    | ast::Statement::ShowTables { .. }
                    | ast::Statement::ShowColumns { .. }
                    | ast::Statement::ShowFunctions { .. }
            ) =>
        {
            size::check_tree(statement)
        }
        Parsed::Explain(explain) if !explain.options.analyze || identity.role == Role::Engineer => {
            allow(&explain.statement, identity)
        }
        _ => Err(refusal()),
    }
}

fn refusal() -> Error {
    Error::forbidden(2110, "only SELECT, EXPLAIN, DESCRIBE and SHOW are possible here")
        .hint("tables are written by pipelines: put the query in sql/<schema>/<table>.sql and run `samsyn run`")
}

/// Refuses a plan that writes, is too large, or scans a table above the identity's rights.
///
/// Tables that the identity may not read are not in its catalogs, so the last never happens unless the catalogs are wrong.
pub(super) fn check(plan: &LogicalPlan, identity: &Identity) -> Result<()> {
    size::check_plan(plan)?;
    if identity.role == Role::Reader {
        size::check_amounts(plan)?;
    }
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
                verdict = Err(refusal());
                return Ok(TreeNodeRecursion::Stop);
            }
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    verdict
}
