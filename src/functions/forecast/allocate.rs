//! A budget divided among units by weight, to the last step.

use super::filling::{Vessel, divide};
use crate::{
    error::{Error, Result},
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        table::Table,
        value::{Output, Value},
    },
};

const UNIT: Argument = Argument::key("unit");
const WEIGHT: Argument = Argument::count("weight");
const BUDGET: Argument = Argument::number("budget");

/// The arguments without and with bounds, also of the sensitivity.
pub(super) const TAKES: [&[Argument]; 2] = [
    &[UNIT, WEIGHT, BUDGET],
    &[
        UNIT,
        WEIGHT,
        BUDGET,
        Argument::number("floor"),
        Argument::number("cap"),
        Argument::option("step", 1.0),
    ],
];

/// Division of a budget.
pub(super) static ALLOCATE: Definition = Definition {
    name: "allocate",
    family: Family::Forecast,
    formula: "amount = min(cap, max(floor, λ·weight)) with the λ at which all amounts sum to the budget, then rounded down to whole steps, and the steps left over given to the largest remainders (ties: first by unit)",
    reading: "list with unit, amount, share of the budget, at_floor and at_cap, for UNNEST; amounts sum to the budget exactly; weights are summed over the rows of a unit (need index times inhabitants, say); budget, floor and cap are the same on all rows of a unit, floor 0 and cap = budget are no bounds; bounds are kept in whole steps; step 0.01 divides kronor to the öre; a unit without weight gets its floor",
    range: "amount from floor to cap",
    null_when: "an argument is NULL, or no unit has weight",
    source: "Balinski & Young 2001, Fair representation, 2nd edition (largest remainder: Hamilton's method); Cover & Thomas 2006, doi:10.1002/047174882X (water filling)",
    example: Example {
        sql: "SELECT allocate(unit, weight, 100, 10, 60)[2]['amount'] FROM (VALUES ('A', 1), ('B', 2), ('C', 17)) AS v(unit, weight)",
        result: "27.0",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(TAKES[0], allocate).gives(Output::List(&ITEM)).sees_empty(),
        Form::table(TAKES[1], allocate).gives(Output::List(&ITEM)).sees_empty(),
    ]),
};

const ITEM: Output = Output::Struct(&[
    ("unit", Output::Text),
    ("amount", Output::Number),
    ("share", Output::Number),
    ("at_floor", Output::Bool),
    ("at_cap", Output::Bool),
]);

/// A budget in steps and those who share it.
#[derive(Debug)]
pub(super) struct Shares {
    pub(super) vessels: Vec<Vessel>,
    pub(super) total: f64,
    step: f64,
}

impl Shares {
    /// Reads a call; nothing when no unit has weight.
    pub(super) fn new(function: &str, table: &Table<'_>, params: &Params) -> Result<Option<Self>> {
        table.one_a_unit(function, "budget`, `floor` or `cap")?;
        let bounded = table.keys.len() > 2;
        let step = if bounded { params.number(0) } else { 1.0 };
        if step <= 0.0 {
            return Err(Error::invalid(6005, format!("`{function}` takes a `step` above 0"))
                .hint("step is the smallest amount: 1 for kronor, 0.01 for öre, 1000 for thousands"));
        }
        let Some(budget) = table.key(1).first().map(|at| table.number(1, *at as usize)) else {
            return Ok(None);
        };
        if table.distinct(1) > 1 || budget < 0.0 {
            return Err(Error::invalid(
                6074,
                format!("`{function}` wants one `budget` from 0 upwards for all units"),
            )
            .hint("several budgets are several calls: GROUP BY what has a budget of its own"));
        }
        let total = (budget / step).round();
        if (total * step - budget).abs() > 1e-9 * budget || total > 9e15 {
            return Err(
                Error::invalid(6075, format!("`{function}` got a `budget` that is not whole steps"))
                    .hint("round the budget, or give a smaller `step`: 0.01 divides kronor to the öre"),
            );
        }
        let weights = table.count(0);
        if weights.iter().all(|weight| *weight <= 0.0) {
            return Ok(None);
        }
        let bound = |key: usize, cell: usize| table.number(key, table.key(key)[cell] as usize) / step;
        let vessels = weights.iter().enumerate().map(|(cell, weight)| {
            let (floor, cap) = if bounded {
                // whole steps within the bounds, which may be whole but for their last digits
                let (floor, cap) = (bound(2, cell), bound(3, cell));
                (
                    (floor - 1e-9 * floor.abs()).ceil().max(0.0),
                    (cap + 1e-9 * cap.abs()).floor().min(total),
                )
            } else {
                (0.0, total)
            };
            if floor > cap {
                return Err(infeasible(
                    function,
                    "the floor of a unit is above its cap or the budget",
                ));
            }
            Ok(Vessel {
                weight: *weight,
                floor,
                cap,
            })
        });
        Ok(Some(Self {
            vessels: vessels.collect::<Result<_>>()?,
            total,
            step,
        }))
    }

    /// Returns an amount of steps in money. Steps that go a whole number of times into one give the nearest number.
    pub(super) fn money(&self, steps: f64) -> f64 {
        let parts = self.step.recip().round();
        if self.step < 1.0 && (parts * self.step - 1.0).abs() < 1e-12 {
            steps / parts
        } else {
            steps * self.step
        }
    }

    /// Divides the budget, as it is or with other weights.
    pub(super) fn divide(&self, function: &str, vessels: &[Vessel]) -> Result<Vec<f64>> {
        divide(vessels, self.total)
            .ok_or_else(|| infeasible(function, "floors are more, or caps less, than the whole budget"))
    }
}

fn infeasible(function: &str, what: &str) -> Error {
    Error::invalid(6076, format!("`{function}` cannot divide the budget: {what}"))
        .hint("lower the floors, raise the caps, or change the budget; units without weight get their floor only")
}

fn allocate(table: &Table<'_>, params: &Params) -> Outcome {
    let Some(shares) = Shares::new("allocate", table, params)? else {
        return Ok(Value::Null);
    };
    let amounts = shares.divide("allocate", &shares.vessels)?;
    let items = amounts
        .iter()
        .zip(&shares.vessels)
        .enumerate()
        .map(|(cell, (amount, of))| {
            Value::Struct(vec![
                Value::Text(table.text(0, table.key(0)[cell] as usize).to_owned()),
                shares.money(*amount).into(),
                if shares.total > 0.0 {
                    Value::Number(amount / shares.total)
                } else {
                    Value::Null
                },
                Value::Bool(*amount <= of.floor && of.floor > 0.0),
                Value::Bool(*amount >= of.cap && of.cap < shares.total),
            ])
        });
    Ok(Value::List(items.collect()))
}
