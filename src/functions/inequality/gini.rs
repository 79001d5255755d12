//! The Gini coefficient of a value that every unit has, weighted by people.

use super::values::{OF_ROWS, OF_UNITS, Spread};
use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Law, Outcome, Params},
    table::Table,
    value::Value,
};

/// G of values.
pub(super) static INEQ_GINI: Definition = Definition {
    name: "ineq_gini",
    family: Family::Inequality,
    formula: "ΣΣ w_i w_j |v_i − v_j| / (2 W² μ), μ = Σ w v / W",
    reading: "half the mean difference between two people, as a share of the mean; over areas it is between-area inequality",
    range: "0 (equal) to 1",
    null_when: "a value or weight is NULL, nobody has weight, or the mean is 0",
    source: "Gini 1912; Lerman & Yitzhaki 1989, doi:10.1016/0304-4076(89)90074-2 (weights)",
    example: Example {
        sql: "SELECT ineq_gini(area, v, w) FROM (VALUES ('A', 1.0, 1), ('B', 3.0, 1)) AS v(area, v, w)",
        result: "0.25",
    },
    laws: &[Law::Within(0.0, 1.0), Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(OF_UNITS, gini), Form::table(OF_ROWS, gini)]),
};

fn gini(table: &Table<'_>, _: &Params) -> Outcome {
    let Some(spread) = Spread::new("ineq_gini", table)? else {
        return Ok(Value::Null);
    };
    let (mut below, mut people, mut sum) = (0.0, 0.0, 0.0);
    for (value, weight) in &spread.values {
        // everybody below differs from these by their value less the sum below
        below += weight * (value * people - sum);
        people += weight;
        sum += weight * value;
    }
    if sum <= 0.0 {
        return Ok(Value::Null);
    }
    Ok((below / (people * sum)).clamp(0.0, 1.0).into())
}
