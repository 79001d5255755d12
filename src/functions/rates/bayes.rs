//! Empirical Bayes: rates of small areas drawn towards the mean of all or of the neighbours, the more the fewer people.

use super::limits;
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
    table::Table,
    value::{Output, Value},
};

/// An area's rate as counted and as drawn towards the mean.
pub(super) const AREA: Output = Output::Struct(&[
    ("area", Output::Text),
    ("x", Output::Number),
    ("n", Output::Number),
    ("raw", Output::Number),
    ("value", Output::Number),
    ("weight", Output::Number),
]);

/// Towards the mean of all.
pub(super) static EB_GLOBAL: Definition = Definition {
    name: "eb_global",
    family: Family::Rates,
    formula: "b + w(r − b), w = a/(a + b/n), b = Σx/Σn, a = max(Σ n(r − b)²/Σn − b/n̄, 0); 'binomial': w = a/(a + (b(1 − b) − a)/n), a = max((n̄ Σ n(r − b)²/Σn − b(1 − b))/(n̄ − 1), 0)",
    reading: "list of areas with x, n, raw, value and weight (of an area's own rate) for UNNEST: what to map instead of raw rates when areas are small; 'binomial' for shares that are not rare",
    range: "between the raw rate and the mean",
    null_when: "a count is NULL, or nobody is in any area; raw and value of an area with events but nobody",
    source: "Marshall 1991, doi:10.2307/2347593; Martuzzi & Elliott 1996, doi:10.1002/(SICI)1097-0258(19960915)15:17<1867::AID-SIM398>3.0.CO;2-2",
    example: Example {
        sql: "SELECT round(eb_global(area, x, n)[1]['weight'], 4) FROM (VALUES ('A', 0, 100), ('B', 30, 300), ('C', 4, 100)) AS v(area, x, n)",
        result: "0.6545",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("area"),
            Argument::count("x"),
            Argument::total("n"),
            Argument::choice("model", "poisson"),
            Argument::option("per", 1.0),
        ],
        global,
    )
    .gives(Output::List(&AREA))]),
};

/// Towards the mean of the neighbours.
pub(super) static EB_LOCAL: Definition = Definition {
    name: "eb_local",
    family: Family::Rates,
    formula: "as eb_global, with b, a and n̄ of an area's neighbourhood, itself included",
    reading: "list of areas as of eb_global; one row a pair of area and neighbour with the neighbour's x and n, and one of each area with itself",
    range: "between the raw rate and the neighbourhood's mean",
    null_when: "a count is NULL, or nobody is in any area; raw and value of an area without a row of itself",
    source: "Marshall 1991, doi:10.2307/2347593",
    example: Example {
        sql: "SELECT eb_local(area, neighbour, x, n)[1]['value'] FROM (VALUES ('A', 'A', 1, 100), ('A', 'B', 3, 100)) AS v(area, neighbour, x, n)",
        result: "0.02",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("area"),
            Argument::key("neighbour"),
            Argument::count("x"),
            Argument::total("n"),
            Argument::choice("model", "poisson"),
            Argument::option("per", 1.0),
        ],
        local,
    )
    .gives(Output::List(&AREA))]),
};

/// Mean and spread of true rates.
#[derive(Debug, Clone, Copy)]
struct Prior {
    mean: f64,
    spread: f64,
    binomial: bool,
}

impl Prior {
    fn new(areas: &[(f64, f64)], binomial: bool) -> Option<Self> {
        let people: f64 = areas.iter().map(|(_, n)| n).sum();
        if people <= 0.0 {
            return None;
        }
        let mean = areas.iter().map(|(x, _)| x).sum::<f64>() / people;
        let populated = areas.iter().filter(|(_, n)| *n > 0.0);
        let size = people / populated.clone().count() as f64;
        let seen = populated.map(|(x, n)| n * (x / n - mean) * (x / n - mean)).sum::<f64>() / people;
        let spread = if binomial && size > 1.0 {
            (size * seen - mean * (1.0 - mean)) / (size - 1.0)
        } else {
            seen - mean / size
        };
        Some(Self {
            mean,
            spread: spread.max(0.0),
            binomial,
        })
    }

    /// The weight of an area's own rate.
    fn weight(&self, n: f64) -> f64 {
        let chance = if self.binomial {
            (self.mean * (1.0 - self.mean) - self.spread).max(0.0)
        } else {
            self.mean
        };
        let all = self.spread + chance / n;
        if all > 0.0 { self.spread / all } else { 0.0 }
    }
}

fn binomial(function: &str, params: &Params) -> Result<bool, crate::error::Error> {
    match params.text(0) {
        "poisson" => Ok(false),
        "binomial" => Ok(true),
        _ => Err(limits::unknown(function, "model", "'poisson', 'binomial'")),
    }
}

fn area(name: &str, x: f64, n: f64, prior: Option<Prior>, per: f64) -> Value {
    let mut fields = vec![Value::Text(name.to_owned()), x.into(), n.into()];
    match prior {
        Some(prior) if n > 0.0 => {
            let weight = prior.weight(n);
            let value = prior.mean + weight * (x / n - prior.mean);
            fields.extend([(per * x / n).into(), (per * value).into(), weight.into()]);
        }
        _ => fields.extend([Value::Null, Value::Null, Value::Null]),
    }
    Value::Struct(fields)
}

fn global(table: &Table<'_>, params: &Params) -> Outcome {
    let binomial = binomial("eb_global", params)?;
    let areas: Vec<(f64, f64)> = table
        .count(0)
        .iter()
        .copied()
        .zip(table.count(1).iter().copied())
        .collect();
    let Some(prior) = Prior::new(&areas, binomial) else {
        return Ok(Value::Null);
    };
    let list = areas
        .iter()
        .enumerate()
        .map(|(at, (x, n))| area(table.text(0, at), *x, *n, Some(prior), params.number(0)));
    Ok(Value::List(list.collect()))
}

fn local(table: &Table<'_>, params: &Params) -> Outcome {
    let binomial = binomial("eb_local", params)?;
    let (of, near) = (table.key(0), table.key(1));
    let (x, n) = (table.count(0), table.count(1));
    if n.iter().sum::<f64>() <= 0.0 {
        return Ok(Value::Null);
    }
    let mut list = Vec::with_capacity(table.distinct(0));
    let mut at = 0;
    // cells are ordered by area
    for pairs in of.chunk_by(|left, right| left == right) {
        let here = at..at + pairs.len();
        at = here.end;
        let name = table.text(0, pairs[0] as usize);
        let own = here.clone().find(|cell| table.text(1, near[*cell] as usize) == name);
        let around: Vec<(f64, f64)> = here.map(|cell| (x[cell], n[cell])).collect();
        list.push(match own {
            Some(own) => area(name, x[own], n[own], Prior::new(&around, binomial), params.number(0)),
            None => {
                let mut fields = vec![Value::Null; 6];
                fields[0] = Value::Text(name.to_owned());
                Value::Struct(fields)
            }
        });
    }
    Ok(Value::List(list))
}
