//! Atkinson's index: what inequality costs in welfare.

use super::values::{OF_ROWS, Spread};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Law, Outcome, Params},
        table::Table,
        value::Value,
    },
};

/// A(ε).
pub(super) static INEQ_ATKINSON: Definition = Definition {
    name: "ineq_atkinson",
    family: Family::Inequality,
    formula: "1 − (Σ (w/W)(v/μ)^(1−ε))^(1/(1−ε)); ε = 1: 1 − exp(Σ (w/W) ln v)/μ",
    reading: "share of everything that could be given up for the rest to be equal without loss; the larger epsilon, the more the bottom counts",
    range: "0 (equal) to 1",
    null_when: "a value or weight is NULL, nobody has weight, or the mean is 0",
    source: "Atkinson 1970, doi:10.1016/0022-0531(70)90039-6",
    example: Example {
        sql: "SELECT round(ineq_atkinson(area, v, w, 0.5), 6) FROM (VALUES ('A', 1.0, 1), ('B', 3.0, 1)) AS v(area, v, w)",
        result: "0.066987",
    },
    laws: &[Law::Within(0.0, 1.0), Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(
            &[
                Argument::key("unit"),
                Argument::number("value"),
                Argument::count("weight"),
                Argument::option("epsilon", 1.0),
            ],
            of_units,
        ),
        Form::table(OF_ROWS, of_rows),
    ]),
};

fn atkinson(table: &Table<'_>, epsilon: f64) -> Outcome {
    if epsilon <= 0.0 {
        return Err(Error::invalid(6005, "`ineq_atkinson` takes an epsilon above 0")
            .hint("usual are 0.5, 1 and 2: write `ineq_atkinson(unit, value, weight, 0.5)`"));
    }
    let Some(of) = Spread::new("ineq_atkinson", table)?.filter(|of| of.sum > 0.0) else {
        return Ok(Value::Null);
    };
    let mean = of.mean();
    // with somebody at 0, no mean of this kind is above 0
    let none = of.values[0].0 <= 0.0;
    let power = 1.0 - epsilon;
    let equal = if power.abs() <= 1e-9 {
        if none {
            0.0
        } else {
            let parts = of.values.iter().map(|(value, weight)| weight * (value / mean).ln());
            (parts.sum::<f64>() / of.people).exp()
        }
    } else if none && power < 0.0 {
        0.0
    } else {
        let parts = of
            .values
            .iter()
            .map(|(value, weight)| weight * (value / mean).powf(power));
        (parts.sum::<f64>() / of.people).powf(1.0 / power)
    };
    Ok((1.0 - equal).clamp(0.0, 1.0).into())
}

fn of_units(table: &Table<'_>, params: &Params) -> Outcome {
    atkinson(table, params.number(0))
}

fn of_rows(table: &Table<'_>, _: &Params) -> Outcome {
    atkinson(table, 1.0)
}
