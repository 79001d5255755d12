//! The coefficient of variation, of people and between areas.

use super::values::{OF_ROWS, OF_UNITS, Spread};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Law, Outcome, Params},
    table::Table,
    value::Value,
};

const OF_AREAS: &[Argument] = &[
    Argument::key("area"),
    Argument::number("value"),
    Argument::count("weight"),
];

/// Of units or people.
pub(super) static INEQ_COV: Definition = Definition {
    name: "ineq_cov",
    family: Family::Inequality,
    formula: "√(Σ w(v − μ)²/W)/μ, μ = Σ w v / W",
    reading: "standard deviation as a share of the mean, weighted by people; times 100 it is in per cent",
    range: "0 (equal) upwards",
    null_when: "a value or weight is NULL, nobody has weight, or the mean is 0",
    source: "Pearson 1896, doi:10.1098/rsta.1896.0007",
    example: Example {
        sql: "SELECT ineq_cov(area, v, w) FROM (VALUES ('A', 1.0, 1), ('B', 3.0, 1)) AS v(area, v, w)",
        result: "0.5",
    },
    laws: &[Law::Within(0.0, f64::MAX), Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(OF_UNITS, of_units), Form::table(OF_ROWS, of_units)]),
};

/// Of areas' means.
pub(super) static INEQ_COV_BETWEEN_AREA: Definition = Definition {
    name: "ineq_cov_between_area",
    family: Family::Inequality,
    formula: "√(Σ w(v − μ)²/W)/μ, v an area's mean, w its people, μ = Σ w v / W",
    reading: "standard deviation between areas as a share of the mean, weighted by people; it says nothing of differences within areas",
    range: "0 (equal) upwards",
    null_when: "a value or weight is NULL, nobody has weight, or the mean is 0",
    source: "Williamson 1965, doi:10.1086/450136",
    example: Example {
        sql: "SELECT ineq_cov_between_area(area, v, w) FROM (VALUES ('A', 1.0, 1), ('B', 3.0, 1)) AS v(area, v, w)",
        result: "0.5",
    },
    laws: &[Law::Within(0.0, f64::MAX), Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(OF_AREAS, of_areas)]),
};

fn variation(function: &str, table: &Table<'_>) -> Outcome {
    let Some(of) = Spread::new(function, table)?.filter(|of| of.sum > 0.0) else {
        return Ok(Value::Null);
    };
    let mean = of.mean();
    let squares = of
        .values
        .iter()
        .map(|(value, weight)| weight * (value - mean) * (value - mean));
    Ok(((squares.sum::<f64>() / of.people).sqrt() / mean).into())
}

fn of_units(table: &Table<'_>, _: &Params) -> Outcome {
    variation("ineq_cov", table)
}

fn of_areas(table: &Table<'_>, _: &Params) -> Outcome {
    variation("ineq_cov_between_area", table)
}
