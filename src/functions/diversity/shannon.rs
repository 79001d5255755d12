//! Entropy of a mix.

use super::{TAKES, shares};
use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Law, Outcome, Params},
    table::Table,
    value::Value,
};

/// E.
pub(super) static DIV_SHANNON: Definition = Definition {
    name: "div_shannon",
    family: Family::Diversity,
    formula: "E = −Σ p ln p, natural logarithm",
    reading: "how uncertain the group of a random person is, in nats; divide by ln(2) for bits",
    range: "0 (one group) to ln(number of groups)",
    null_when: "a count is NULL, or there is nobody",
    source: "Shannon 1948, doi:10.1002/j.1538-7305.1948.tb01338.x",
    example: Example {
        sql: "SELECT round(div_shannon(grp, n), 6) FROM (VALUES ('x', 10), ('y', 10)) AS v(grp, n)",
        result: "0.693147",
    },
    laws: &[Law::Within(0.0, f64::INFINITY), Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TAKES, shannon)]),
};

/// E / ln K.
pub(super) static DIV_EVENNESS: Definition = Definition {
    name: "div_evenness",
    family: Family::Diversity,
    formula: "E / ln K, K groups that have anybody",
    reading: "entropy as a share of what equally large groups would have; also Pielou's evenness, scaled entropy",
    range: "0 to 1 (groups of one size)",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "Pielou 1966, doi:10.1016/0022-5193(66)90013-0",
    example: Example {
        sql: "SELECT round(div_evenness(grp, n), 6) FROM (VALUES ('x', 30), ('y', 10)) AS v(grp, n)",
        result: "0.811278",
    },
    laws: &[Law::Within(0.0, 1.0), Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TAKES, evenness)]),
};

/// Returns −Σ p ln p.
pub(super) fn entropy(shares: &[f64]) -> f64 {
    shares.iter().filter(|p| **p > 0.0).map(|p| p * (1.0 / p).ln()).sum()
}

fn shannon(table: &Table<'_>, _: &Params) -> Outcome {
    let shares = shares(table);
    if shares.is_empty() {
        return Ok(Value::Null);
    }
    Ok(entropy(&shares).into())
}

fn evenness(table: &Table<'_>, _: &Params) -> Outcome {
    let shares = shares(table);
    if shares.len() < 2 {
        return Ok(Value::Null);
    }
    Ok((entropy(&shares) / (shares.len() as f64).ln()).clamp(0.0, 1.0).into())
}
