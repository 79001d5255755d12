//! The Gini coefficient of a value that every unit has, weighted by people.

use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Law, Outcome, Params},
        table::Table,
        value::Value,
    },
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
    body: Body::Aggregate(&[Form::table(
        &[Argument::key("unit"), Argument::number("value"), Argument::count("weight")],
        gini,
    )]),
};

fn gini(table: &Table<'_>, _: &Params) -> Outcome {
    table.one_a_unit("ineq_gini", "value")?;
    // numbers are keys, so they are in order of size already; units with the same value count as one
    let mut weights = vec![0.0; table.distinct(1)];
    for (value, weight) in table.key(1).iter().zip(table.count(0)) {
        weights[*value as usize] += weight;
    }
    if weights.is_empty() {
        return Ok(Value::Null);
    }
    if table.number(1, 0) < 0.0 {
        return Err(Error::invalid(6003, "`ineq_gini` got a negative `value`")
            .hint("the Gini coefficient is for values from 0 upwards; leave others out with FILTER"));
    }
    let (mut below, mut people, mut sum) = (0.0, 0.0, 0.0);
    for (at, weight) in weights.iter().enumerate() {
        let value = table.number(1, at);
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
