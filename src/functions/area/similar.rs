//! The areas most like one.

use crate::{
    error::{Error, Result},
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        table::Table,
        value::{Output, Value},
    },
};

const AREA: Argument = Argument::key("area");
const TARGET: Argument = Argument::name("target");
const K: Argument = Argument::option("k", 5.0);
const V: [Argument; 5] = [
    Argument::number("v1"),
    Argument::number("v2"),
    Argument::number("v3"),
    Argument::number("v4"),
    Argument::number("v5"),
];

/// The nearest areas.
pub(super) static SIMILAR_AREAS: Definition = Definition {
    name: "similar_areas",
    family: Family::Area,
    formula: "distance = √(Σ w·(z − z of target)²/Σ w), z = (v − mean)/sd over the areas of the call (sd with n); variables that are the same everywhere say nothing",
    reading: "list with area, distance and rank of the k areas most like the target, itself left out, nearest first, for UNNEST; distance 1 is one standard deviation apart in every variable; ties in the order of names; rows are (area, v1, …, v5) or, for more variables or weights, (area, variable, value[, variable_weight]), where an area that lacks a variable is left out",
    range: "distance 0 upwards",
    null_when: "a number is NULL, there are no rows, or the target is not among the areas (or lacks a variable)",
    source: "Everitt et al. 2011, Cluster analysis, doi:10.1002/9780470977811 (standardised Euclidean distance)",
    example: Example {
        sql: "SELECT similar_areas(area, a, b, 'A')[1]['area'] FROM (VALUES ('A', 1.0, 20.0), ('B', 5.0, 80.0), ('C', 2.0, 25.0)) AS v(area, a, b)",
        result: "C",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(&[AREA, V[0], TARGET, K], wide).gives(Output::List(&ITEM)),
        Form::table(&[AREA, V[0], V[1], TARGET, K], wide).gives(Output::List(&ITEM)),
        Form::table(&[AREA, V[0], V[1], V[2], TARGET, K], wide).gives(Output::List(&ITEM)),
        Form::table(&[AREA, V[0], V[1], V[2], V[3], TARGET, K], wide).gives(Output::List(&ITEM)),
        Form::table(&[AREA, V[0], V[1], V[2], V[3], V[4], TARGET, K], wide).gives(Output::List(&ITEM)),
        Form::table(
            &[AREA, Argument::key("variable"), Argument::number("value"), TARGET, K],
            long,
        )
        .gives(Output::List(&ITEM)),
        Form::table(
            &[
                AREA,
                Argument::key("variable"),
                Argument::number("value"),
                Argument::number("variable_weight"),
                TARGET,
                K,
            ],
            long,
        )
        .gives(Output::List(&ITEM)),
    ]),
};

const ITEM: Output = Output::Struct(&[
    ("area", Output::Text),
    ("distance", Output::Number),
    ("rank", Output::Count),
]);

fn wide(table: &Table<'_>, params: &Params) -> Outcome {
    table.one_a_unit("similar_areas", "v")?;
    let rows = (0..table.key(0).len()).map(|cell| {
        let numbers = (1..table.keys.len()).map(|key| Some(table.number(key, table.key(key)[cell] as usize)));
        numbers.collect()
    });
    let weights = vec![1.0; table.keys.len() - 1];
    nearest(table, params, rows.collect(), &weights)
}

fn long(table: &Table<'_>, params: &Params) -> Outcome {
    let variables = table.distinct(1);
    let mut rows = vec![vec![None; variables]; table.distinct(0)];
    let mut weights: Vec<Option<f64>> = vec![None; variables];
    for cell in 0..table.key(0).len() {
        let (area, variable) = (table.key(0)[cell] as usize, table.key(1)[cell] as usize);
        let value = table.number(2, table.key(2)[cell] as usize);
        if rows[area][variable].replace(value).is_some() {
            return Err(twice("an area with two different values of one variable"));
        }
        let weight = if table.keys.len() > 3 {
            table.number(3, table.key(3)[cell] as usize)
        } else {
            1.0
        };
        if weight < 0.0 {
            return Err(Error::invalid(6003, "`similar_areas` got a negative `variable_weight`")
                .hint("weights are numbers from 0 upwards; find the rows with a WHERE"));
        }
        if weights[variable]
            .replace(weight)
            .is_some_and(|before| (before - weight).abs() > 0.0)
        {
            return Err(twice("a variable with two different weights"));
        }
    }
    let weights: Vec<f64> = weights.into_iter().map(|of| of.unwrap_or(1.0)).collect();
    nearest(table, params, rows, &weights)
}

fn twice(what: &str) -> Error {
    Error::invalid(6011, format!("`similar_areas` got {what}"))
        .hint("one row an area and variable: choose a year with WHERE, or GROUP BY it")
}

/// Rows are areas in the order of their names.
fn nearest(table: &Table<'_>, params: &Params, rows: Vec<Vec<Option<f64>>>, weights: &[f64]) -> Outcome {
    let k = neighbours(params.number(0))?;
    let complete: Vec<(usize, Vec<f64>)> = rows
        .into_iter()
        .enumerate()
        .filter_map(|(area, row)| Some((area, row.into_iter().collect::<Option<Vec<f64>>>()?)))
        .collect();
    let Some((_, target)) = complete.iter().find(|(area, _)| table.text(0, *area) == params.text(0)) else {
        return Ok(Value::Null);
    };
    let n = complete.len() as f64;
    let scales: Vec<f64> = (0..weights.len())
        .map(|at| {
            let mean = complete.iter().map(|(_, row)| row[at]).sum::<f64>() / n;
            let variance = complete.iter().map(|(_, row)| (row[at] - mean).powi(2)).sum::<f64>() / n;
            // what does not vary says nothing
            if variance > 0.0 { weights[at] / variance } else { 0.0 }
        })
        .collect();
    let all: f64 = weights.iter().sum();
    let distance = |row: &[f64]| {
        let sum: f64 = row
            .iter()
            .zip(target)
            .zip(&scales)
            .map(|((value, target), scale)| scale * (value - target).powi(2))
            .sum();
        if all > 0.0 { (sum / all).sqrt() } else { 0.0 }
    };
    let mut others: Vec<(f64, usize)> = complete
        .iter()
        .filter(|(area, _)| table.text(0, *area) != params.text(0))
        .map(|(area, row)| (distance(row), *area))
        .collect();
    others.sort_by(|left, right| left.0.total_cmp(&right.0));
    let items = others.into_iter().take(k).enumerate().map(|(at, (distance, area))| {
        Value::Struct(vec![
            Value::Text(table.text(0, area).to_owned()),
            distance.into(),
            Value::count(at + 1),
        ])
    });
    Ok(Value::List(items.collect()))
}

fn neighbours(k: f64) -> Result<usize> {
    if k.fract().abs() > 0.0 || !(1.0..=1e6).contains(&k) {
        return Err(
            Error::invalid(6005, "`similar_areas` takes `k` as a whole number from 1")
                .hint("k is how many areas to show: 5, say"),
        );
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    Ok(k as usize)
}
