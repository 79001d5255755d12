//! Shares of small areas drawn towards their parent's on the scale of log odds.

use super::bayes::AREA;
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        table::Table,
        value::{Output, Value},
    },
};

/// Towards the parent.
pub(super) static SHRINK_LOGIT: Definition = Definition {
    name: "shrink_logit",
    family: Family::Rates,
    formula: "m = ln((x + ½)/(n − x + ½)), s² = (n + 1)(n + 2)/(n(x + 1)(n − x + 1)), M of the parent (all rows), t² = Σ(m − M)²/(k − 1); w = t²/(t² + s²); value = logistic(w·m + (1 − w)·M)",
    reading: "list of areas with x, n, raw, value and weight for UNNEST; GROUP BY the parent (municipality, RegSO): the fewer people, the nearer to the parent's share",
    range: "value from 0 to 1",
    null_when: "a count is NULL, or nobody is in any area; raw and value of an area with nobody",
    source: "Noble et al. 2019, The English Indices of Deprivation 2019: technical report, appendix D (shrinkage estimation)",
    example: Example {
        sql: "SELECT round(shrink_logit(area, x, n)[1]['value'], 4) FROM (VALUES ('A', 1, 4), ('B', 100, 1000)) AS v(area, x, n)",
        result: "0.213",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("area"),
            Argument::count("x"),
            Argument::total("n"),
            Argument::option("per", 1.0),
        ],
        shrink,
    )
    .gives(Output::List(&AREA))]),
};

fn log_odds(x: f64, n: f64) -> f64 {
    ((x + 0.5) / (n - x + 0.5)).ln()
}

fn shrink(table: &Table<'_>, params: &Params) -> Outcome {
    let per = params.number(0);
    let (x, n) = (table.count(0), table.count(1));
    if x.iter().zip(n).any(|(x, n)| x > n) {
        return Err(
            Error::invalid(6004, "`shrink_logit` got an area whose x is larger than its n")
                .hint("x is part of n; use `eb_global` for rates of events"),
        );
    }
    let (events, people): (f64, f64) = (x.iter().sum(), n.iter().sum());
    if people <= 0.0 {
        return Ok(Value::Null);
    }
    let parent = log_odds(events, people);
    let apart: f64 = x.iter().zip(n).map(|(x, n)| (log_odds(*x, *n) - parent).powi(2)).sum();
    let spread = if n.len() > 1 {
        apart / (n.len() as f64 - 1.0)
    } else {
        0.0
    };
    let list = x.iter().zip(n).enumerate().map(|(at, (x, n))| {
        let chance = (n + 1.0) * (n + 2.0) / (n * (x + 1.0) * (n - x + 1.0));
        let weight = spread / (spread + chance);
        let odds = weight * log_odds(*x, *n) + (1.0 - weight) * parent;
        Value::Struct(vec![
            Value::Text(table.text(0, at).to_owned()),
            (*x).into(),
            (*n).into(),
            (per * x / n).into(),
            (per / (1.0 + (-odds).exp())).into(),
            weight.into(),
        ])
    });
    Ok(Value::List(list.collect()))
}
