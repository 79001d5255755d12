//! How much a unit's amount hangs on its weight.

use super::{
    allocate::{Shares, TAKES},
    filling::Vessel,
};
use crate::{
    error::Error,
    functions::{
        def::{Body, Definition, Example, Family, Form, Outcome, Params},
        table::Table,
        value::{Output, Value},
    },
};

/// How much a weight is moved.
const MOVED: f64 = 0.1;
/// Most units: the budget is divided twice for each.
const MOST: usize = 5_000;

/// The sensitivity of a division.
pub(super) static ALLOCATE_SENSITIVITY: Definition = Definition {
    name: "allocate_sensitivity",
    family: Family::Forecast,
    formula: "amount as allocate gives it, and what it would be were the unit's own weight 0.9 or 1.1 times as large and all others as they are",
    reading: "list with unit, amount, amount_lower (weight 10 per cent lower), amount_higher (10 per cent higher) and width between the two in per cent of amount, for UNNEST; a wide unit's weight must be well founded; 0 means that a floor or cap decides",
    range: "amount_lower ≤ amount ≤ amount_higher, but for a step of rounding",
    null_when: "an argument is NULL, or no unit has weight; width where amount is 0",
    source: "Saltelli et al. 2008, Global sensitivity analysis: the primer, doi:10.1002/9780470725184 (one factor at a time)",
    example: Example {
        sql: "SELECT allocate_sensitivity(unit, weight, 1000)[1]['amount_higher'] FROM (VALUES ('A', 50), ('B', 50)) AS v(unit, weight)",
        result: "524.0",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(TAKES[0], sensitivity)
            .gives(Output::List(&ITEM))
            .sees_empty(),
        Form::table(TAKES[1], sensitivity)
            .gives(Output::List(&ITEM))
            .sees_empty(),
    ]),
};

const ITEM: Output = Output::Struct(&[
    ("unit", Output::Text),
    ("amount", Output::Number),
    ("amount_lower", Output::Number),
    ("amount_higher", Output::Number),
    ("width", Output::Number),
]);

fn sensitivity(table: &Table<'_>, params: &Params) -> Outcome {
    const NAME: &str = "allocate_sensitivity";
    let Some(shares) = Shares::new(NAME, table, params)? else {
        return Ok(Value::Null);
    };
    if shares.vessels.len() > MOST {
        return Err(Error::exhausted(6077, format!("`{NAME}` got more than {MOST} units"))
            .hint("divide among districts first, or look at the largest units with FILTER"));
    }
    let amounts = shares.divide(NAME, &shares.vessels)?;
    let mut vessels = shares.vessels.clone();
    let mut items = Vec::with_capacity(amounts.len());
    for (cell, amount) in amounts.iter().enumerate() {
        let Vessel { weight, .. } = vessels[cell];
        let mut with = |times: f64| {
            vessels[cell].weight = weight * times;
            let divided = shares.divide(NAME, &vessels).map(|of| of[cell]);
            vessels[cell].weight = weight;
            divided
        };
        let (lower, higher) = (with(1.0 - MOVED)?, with(1.0 + MOVED)?);
        items.push(Value::Struct(vec![
            Value::Text(table.text(0, table.key(0)[cell] as usize).to_owned()),
            shares.money(*amount).into(),
            shares.money(lower).into(),
            shares.money(higher).into(),
            if *amount > 0.0 {
                Value::Number(100.0 * (higher - lower) / amount)
            } else {
                Value::Null
            },
        ]));
    }
    Ok(Value::List(items))
}
