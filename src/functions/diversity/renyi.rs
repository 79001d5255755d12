//! Diversity of an order: Rényi's entropy and Hill's number.

use super::{shannon::entropy, shares};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Law, Outcome, Params},
        table::Table,
        value::Value,
    },
};

const TAKES: &[Argument] = &[Argument::key("group"), Argument::count("n"), Argument::option("q", 2.0)];

/// Rényi's entropy.
pub(super) static DIV_RENYI: Definition = Definition {
    name: "div_renyi",
    family: Family::Diversity,
    formula: "ln(Σ p^q) / (1 − q); q = 1: −Σ p ln p",
    reading: "entropy with a choice: q = 0 counts groups, the higher q the less rare ones matter",
    range: "0 (one group) to ln(number of groups)",
    null_when: "a count is NULL, or there is nobody",
    source: "Rényi 1961, On measures of entropy and information",
    example: Example {
        sql: "SELECT round(div_renyi(grp, n, 2), 6) FROM (VALUES ('x', 30), ('y', 10)) AS v(grp, n)",
        result: "0.470004",
    },
    laws: &[Law::Within(0.0, f64::INFINITY), Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TAKES, renyi)]),
};

/// Hill's number.
pub(super) static DIV_HILL: Definition = Definition {
    name: "div_hill",
    family: Family::Diversity,
    formula: "(Σ p^q)^(1/(1 − q)); q = 1: exp(−Σ p ln p)",
    reading: "how many equally large groups would be as diverse: q = 0 the number of groups, q = 1 of entropy, q = 2 the \
              inverse Simpson index",
    range: "1 (one group) to the number of groups",
    null_when: "a count is NULL, or there is nobody",
    source: "Hill 1973, doi:10.2307/1934352",
    example: Example {
        sql: "SELECT round(div_hill(grp, n, 2), 6) FROM (VALUES ('x', 30), ('y', 10)) AS v(grp, n)",
        result: "1.6",
    },
    laws: &[Law::Within(1.0, f64::INFINITY), Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TAKES, hill)]),
};

/// Returns Rényi's entropy of order q.
fn order(table: &Table<'_>, params: &Params, function: &str) -> Result<Option<f64>, Error> {
    let q = params.number(0);
    if q < 0.0 {
        return Err(Error::invalid(6005, format!("`{function}` takes a `q` from 0 upwards"))
            .hint("0 counts groups, 1 is entropy, 2 the chance to meet one's own group"));
    }
    let shares = shares(table);
    let Some(largest) = shares.iter().copied().max_by(f64::total_cmp) else {
        return Ok(None);
    };
    if (q - 1.0).abs() < f64::EPSILON {
        return Ok(Some(entropy(&shares)));
    }
    // by the largest share, so that no power of a high order vanishes
    let sum: f64 = shares.iter().map(|p| (p / largest).powf(q)).sum();
    let entropy = (q * largest.ln() + sum.ln()) / (1.0 - q);
    // −0 of one group is 0
    Ok(Some(entropy.clamp(0.0, f64::INFINITY) + 0.0))
}

fn renyi(table: &Table<'_>, params: &Params) -> Outcome {
    Ok(order(table, params, "div_renyi")?.map_or(Value::Null, Value::from))
}

fn hill(table: &Table<'_>, params: &Params) -> Outcome {
    Ok(order(table, params, "div_hill")?.map_or(Value::Null, |of| of.exp().into()))
}
