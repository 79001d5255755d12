//! Forecasts of districts and of the city that are made apart, brought to agree.

use nalgebra::{DMatrix, DVector};

use super::{number, text, tree::Tree};
use crate::{
    error::{Error, Result},
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        rates::limits::unknown,
        table::Table,
        value::{Output, Value},
    },
};

/// Most areas with parts: each is a row and a column of a matrix.
const MOST: usize = 1_000;

/// Reconciliation.
pub(super) static FC_RECONCILE: Definition = Definition {
    name: "fc_reconcile",
    family: Family::Forecast,
    formula: "x = ŷ − W C′(C W C′)⁻¹ C ŷ, where each row of C says that an area is the sum of its parts: 'ols' W = 1, 'structural' W = districts below, 'mint' W = se²; 'bottom_up' keeps the lowest areas, 'top_down' divides the top in the proportions of the forecasts below",
    reading: "list with area, parent, base (the forecast given), value (the one to publish) and, with 'mint', its se, for UNNEST; rows are (area, parent, forecast), in a tree of any depth, the parent of the top is its own name or ''; a parent without a row is the sum of its parts; after it every area is the sum of its parts; se holds if the base forecasts err independently; values may fall below 0 where forecasts contradict each other much",
    range: "any number",
    null_when: "a forecast or se is NULL, or there are no rows; base of a parent without a row; se except with 'mint'",
    source: "Wickramasuriya, Athanasopoulos & Hyndman 2019, doi:10.1080/01621459.2018.1448825; Hyndman, Ahmed, Athanasopoulos & Shang 2011, doi:10.1016/j.csda.2011.03.006",
    example: Example {
        sql: "SELECT fc_reconcile(area, parent, f, se)[1]['value'] FROM (VALUES ('City', '', 100.0, 2.0), ('East', 'City', 50.0, 2.0), ('West', 'City', 56.0, 2.0)) AS v(area, parent, f, se)",
        result: "102.0",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(
            &[
                Argument::key("area"),
                Argument::key("parent"),
                Argument::number("forecast"),
                Argument::choice("method", "ols"),
            ],
            alone,
        )
        .gives(Output::List(&ITEM)),
        Form::table(
            &[
                Argument::key("area"),
                Argument::key("parent"),
                Argument::number("forecast"),
                Argument::number("se"),
                Argument::choice("method", "mint"),
            ],
            with_errors,
        )
        .gives(Output::List(&ITEM)),
    ]),
};

const ITEM: Output = Output::Struct(&[
    ("area", Output::Text),
    ("parent", Output::Text),
    ("base", Output::Number),
    ("value", Output::Number),
    ("se", Output::Number),
]);

fn alone(table: &Table<'_>, params: &Params) -> Outcome {
    if params.text(0) == "mint" {
        return Err(
            Error::invalid(6071, "`fc_reconcile` weighs by 'mint' only with standard errors")
                .hint("write `fc_reconcile(area, parent, forecast, se)`, or take 'structural'"),
        );
    }
    reconcile(table, params.text(0), None)
}

fn with_errors(table: &Table<'_>, params: &Params) -> Outcome {
    reconcile(table, params.text(0), Some(3))
}

fn reconcile(table: &Table<'_>, method: &str, se: Option<usize>) -> Outcome {
    table.one_a_unit("fc_reconcile", "parent`, `forecast` or `se")?;
    let cells = table.key(0).len();
    if cells == 0 {
        return Ok(Value::Null);
    }
    let key = |of: usize, cell: usize| table.text(of, table.key(of)[cell] as usize);
    let value = |of: usize, cell: usize| table.number(of, table.key(of)[cell] as usize);
    let rows: Vec<(&str, &str)> = (0..cells).map(|cell| (key(0, cell), key(1, cell))).collect();
    let tree = Tree::new("fc_reconcile", &rows)?;
    let mut base = vec![None; tree.names.len()];
    let mut errors = vec![0.0; tree.names.len()];
    for cell in 0..cells {
        let Ok(at) = tree.names.binary_search(&key(0, cell)) else {
            continue;
        };
        base[at] = Some(value(2, cell));
        if let Some(se) = se {
            errors[at] = value(se, cell);
            if errors[at] < 0.0 {
                return Err(Error::invalid(6003, "`fc_reconcile` got a negative `se`")
                    .hint("standard errors are numbers from 0 upwards; find the rows with a WHERE"));
            }
        }
    }
    let (values, ses) = match method {
        "bottom_up" => (base.iter().map(|of| of.unwrap_or_default()).collect(), None),
        "top_down" => (top_down(&tree, &base), None),
        "ols" => (weighted(&tree, &base, &vec![1.0; base.len()])?.0, None),
        "structural" => (weighted(&tree, &base, &tree.leaves())?.0, None),
        "mint" => {
            let variances: Vec<f64> = errors.iter().map(|se| se * se).collect();
            let (values, variances) = weighted(&tree, &base, &variances)?;
            (values, Some(variances))
        }
        _ => {
            return Err(unknown(
                "fc_reconcile",
                "method",
                "'ols', 'structural', 'mint', 'bottom_up', 'top_down'",
            ));
        }
    };
    let mut values: Vec<f64> = values;
    tree.sum_up(&mut values);
    let items = (0..values.len()).map(|at| {
        let variance = ses
            .as_ref()
            .and_then(|variances: &Vec<f64>| base[at].map(|_| variances[at]));
        Value::Struct(vec![
            text(Some(tree.names[at])),
            text(tree.parent[at].map(|above| tree.names[above])),
            number(base[at]),
            values[at].into(),
            number(variance.map(f64::sqrt)),
        ])
    });
    Ok(Value::List(items.collect()))
}

/// Divides every area among its parts in the proportions of their forecasts, equally where those sum to 0.
fn top_down(tree: &Tree<'_>, base: &[Option<f64>]) -> Vec<f64> {
    let mut values: Vec<f64> = base.iter().map(|of| of.unwrap_or_default()).collect();
    for at in tree.upwards.iter().rev() {
        let parts = &tree.parts[*at];
        let sum: f64 = parts.iter().map(|part| base[*part].unwrap_or_default()).sum();
        if parts.is_empty() {
            continue;
        }
        if base[*at].is_none() {
            values[*at] = sum;
        }
        for part in parts {
            values[*part] = if sum.abs() > 0.0 {
                values[*at] * (base[*part].unwrap_or_default() / sum)
            } else {
                values[*at] / parts.len() as f64
            };
        }
    }
    values
}

/// Moves forecasts as little as the sums allow, in units of their variances, and returns them with their new variances.
fn weighted(tree: &Tree<'_>, base: &[Option<f64>], variances: &[f64]) -> Result<(Vec<f64>, Vec<f64>)> {
    let given = |at: usize| base[at].unwrap_or_default();
    // a sum that has no forecast of its own says nothing about its parts
    let sums: Vec<usize> = (0..base.len())
        .filter(|at| base[*at].is_some() && !tree.parts[*at].is_empty())
        .collect();
    if sums.len() > MOST {
        return Err(
            Error::exhausted(6072, format!("`fc_reconcile` got more than {MOST} areas with parts"))
                .hint("reconcile level by level, or one branch at a time with GROUP BY"),
        );
    }
    let mut values: Vec<f64> = (0..base.len()).map(given).collect();
    if sums.is_empty() {
        return Ok((values, variances.to_vec()));
    }
    let row_of = |at: usize| sums.binary_search(&at).ok();
    let mut matrix = DMatrix::zeros(sums.len(), sums.len());
    let mut gaps = DVector::zeros(sums.len());
    for (row, at) in sums.iter().enumerate() {
        matrix[(row, row)] += variances[*at];
        gaps[row] = given(*at);
        for part in &tree.parts[*at] {
            matrix[(row, row)] += variances[*part];
            gaps[row] -= given(*part);
            if let Some(column) = row_of(*part) {
                matrix[(row, column)] -= variances[*part];
                matrix[(column, row)] -= variances[*part];
            }
        }
    }
    let Some(solver) = matrix.cholesky() else {
        return Err(Error::invalid(
            6073,
            "`fc_reconcile` got an area and parts whose standard errors are all 0",
        )
        .hint("a forecast that is certain cannot be moved: leave one of them some `se`, or take 'ols'"));
    };
    let forces = solver.solve(&gaps);
    let inverse = solver.inverse();
    let mut after = variances.to_vec();
    for at in 0..values.len() {
        // its own sum pulls it down, that of its parent up
        let own = row_of(at);
        let above = tree.parent[at].and_then(row_of);
        let force = own.map_or(0.0, |row| forces[row]) - above.map_or(0.0, |row| forces[row]);
        values[at] -= variances[at] * force;
        let square = |left: Option<usize>, right: Option<usize>| match (left, right) {
            (Some(left), Some(right)) => inverse[(left, right)],
            _ => 0.0,
        };
        let known = square(own, own) + square(above, above) - 2.0 * square(own, above);
        after[at] = (variances[at] - variances[at] * variances[at] * known).max(0.0);
    }
    Ok((values, after))
}
