//! The chance that two random people are of one group, and what is made of it.

use super::{TAKES, shares};
use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Law, Outcome, Params},
    table::Table,
    value::Value,
};

/// Σp².
pub(super) static DIV_CONCENTRATION: Definition = Definition {
    name: "div_concentration",
    family: Family::Diversity,
    formula: "Σ p²",
    reading: "chance that two random people are of one group; also the Herfindahl–Hirschman index, Simpson's concentration",
    range: "1 / number of groups (equally large) to 1 (one group)",
    null_when: "a count is NULL, or there is nobody",
    source: "Simpson 1949, doi:10.1038/163688a0; Hirschman 1964",
    example: Example {
        sql: "SELECT div_concentration(grp, n) FROM (VALUES ('x', 30), ('y', 10)) AS v(grp, n)",
        result: "0.625",
    },
    laws: &[Law::Within(0.0, 1.0), Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TAKES, concentration)]),
};

/// 1 − Σp².
pub(super) static DIV_SIMPSON: Definition = Definition {
    name: "div_simpson",
    family: Family::Diversity,
    formula: "1 − Σ p² = Σ p(1 − p)",
    reading: "chance that two random people are of different groups; also Gini–Simpson, Blau, Simpson's interaction index I",
    range: "0 (one group) to 1 − 1/number of groups",
    null_when: "a count is NULL, or there is nobody",
    source: "Simpson 1949, doi:10.1038/163688a0; Lieberson 1969; Blau 1977",
    example: Example {
        sql: "SELECT div_simpson(grp, n) FROM (VALUES ('x', 30), ('y', 10)) AS v(grp, n)",
        result: "0.375",
    },
    laws: &[Law::Within(0.0, 1.0), Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TAKES, simpson)]),
};

/// 1 / Σp².
pub(super) static DIV_INVERSE: Definition = Definition {
    name: "div_inverse",
    family: Family::Diversity,
    formula: "1 / Σ p²",
    reading: "how many equally large groups would be as diverse; also the inverse Simpson index, the effective number",
    range: "1 (one group) to the number of groups",
    null_when: "a count is NULL, or there is nobody",
    source: "Simpson 1949, doi:10.1038/163688a0; Laakso & Taagepera 1979",
    example: Example {
        sql: "SELECT div_inverse(grp, n) FROM (VALUES ('x', 30), ('y', 10)) AS v(grp, n)",
        result: "1.6",
    },
    laws: &[Law::Within(1.0, f64::INFINITY), Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TAKES, inverse)]),
};

/// Returns Σp².
fn same(table: &Table<'_>) -> Option<f64> {
    let shares = shares(table);
    let sum: f64 = shares.iter().map(|p| p * p).sum();
    (!shares.is_empty()).then_some(sum.clamp(0.0, 1.0))
}

fn concentration(table: &Table<'_>, _: &Params) -> Outcome {
    Ok(same(table).map_or(Value::Null, Value::from))
}

fn simpson(table: &Table<'_>, _: &Params) -> Outcome {
    // a sum of parts, not a difference: exactly 0 for one group, and precise for a rare second one
    let shares = shares(table);
    if shares.is_empty() {
        return Ok(Value::Null);
    }
    let other: f64 = shares.iter().map(|p| p * (1.0 - p)).sum();
    Ok(other.into())
}

fn inverse(table: &Table<'_>, _: &Params) -> Outcome {
    Ok(same(table).map_or(Value::Null, |same| (1.0 / same).into()))
}
