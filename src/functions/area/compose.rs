//! Composite indices: several indicators as one number that says what it is made of.

use super::components;
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        rates::limits::unknown,
        table::Table,
        value::{Output, Value},
    },
};

/// The rate of the exponential transformation of ranks in the English indices of deprivation.
const RATE: f64 = 23.0;

const METHOD: Argument = Argument::choice("method", "z");
const ITEM: Output = Output::Struct(&[
    ("area", Output::Text),
    ("value", Output::Number),
    ("rank", Output::Count),
    ("n", Output::Count),
    ("parts", Output::List(&PART)),
    ("explained", Output::Number),
]);
const PART: Output = Output::Struct(&[
    ("indicator", Output::Text),
    ("score", Output::Number),
    ("contribution", Output::Number),
]);

/// The composite index.
pub(super) static IDX_COMPOSE: Definition = Definition {
    name: "idx_compose",
    family: Family::Area,
    formula: "index = Σ w·score/Σ|w| over indicators. 'z': (v − mean)/sd over areas (sd with n); 'minmax': (v − min)/(max − min); 'rank_exp': −23·ln(1 − R(1 − e^(−100/23))), R = rank/n from below, ties share their mean rank. A negative weight turns the indicator round: −z, 1 − minmax, rank from above. 'pca': index = Σ loading·z, loadings of the first principal component of the correlations between indicators (turned by the sign of their weights, whose size does not count), their sum 0 or more",
    reading: "list with area, value, rank (1 the highest), n indicators, parts (indicator, score, contribution) for UNNEST; and explained (with 'pca' the share of all variance that the component holds); contributions sum to value; rows are (area, indicator, value), without weight all weigh the same; scores are over the areas of the call: GROUP BY what is to be compared within",
    range: "'minmax' 0 to 1, 'rank_exp' 0 to 100, 'z' and 'pca' any number with mean 0",
    null_when: "a value or weight is NULL, or there are no rows; value and rank of an area that lacks an indicator (never the mean of fewer), or whose weights are all 0; explained except with 'pca'",
    source: "OECD & JRC 2008, doi:10.1787/9789264043466-en; Noble et al. 2019, The English Indices of Deprivation 2019: technical report (exponential transformation); Jolliffe 2002, Principal component analysis, doi:10.1007/b98835",
    example: Example {
        sql: "SELECT idx_compose(area, indicator, value, weight, 'minmax')[2]['value'] FROM (VALUES ('A', 'work', 60.0, -1), ('B', 'work', 70.0, -1), ('C', 'work', 80.0, -1), ('A', 'poor', 20.0, 1), ('B', 'poor', 10.0, 1), ('C', 'poor', 0.0, 1)) AS v(area, indicator, value, weight)",
        result: "0.5",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(
            &[
                Argument::key("area"),
                Argument::key("indicator"),
                Argument::number("value"),
                METHOD,
            ],
            equal,
        )
        .gives(Output::List(&ITEM)),
        Form::table(
            &[
                Argument::key("area"),
                Argument::key("indicator"),
                Argument::number("value"),
                Argument::number("weight"),
                METHOD,
            ],
            weighted,
        )
        .gives(Output::List(&ITEM)),
    ]),
};

/// How values become scores.
#[derive(Debug, Clone, Copy)]
enum Method {
    Z,
    MinMax,
    RankExp,
    Pca,
}

impl Method {
    /// Returns scores of the values of one indicator, with those of turned ones.
    fn scores(self, values: &[f64]) -> Vec<(f64, f64)> {
        match self {
            Self::Z | Self::Pca => {
                let n = values.len() as f64;
                let mean = values.iter().sum::<f64>() / n;
                let sd = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
                let score = |value: &f64| if sd > 0.0 { (value - mean) / sd } else { 0.0 };
                values.iter().map(|value| (score(value), 0.0 - score(value))).collect()
            }
            Self::MinMax => {
                let (lo, hi) = values
                    .iter()
                    .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), value| {
                        (lo.min(*value), hi.max(*value))
                    });
                let score = |value: &f64| {
                    if hi > lo {
                        ((value - lo) / (hi - lo), (hi - value) / (hi - lo))
                    } else {
                        (0.0, 0.0)
                    }
                };
                values.iter().map(score).collect()
            }
            Self::RankExp => {
                let n = values.len() as f64;
                let mut order: Vec<f64> = values.to_vec();
                order.sort_unstable_by(f64::total_cmp);
                let score = |rank: f64| -RATE * (1.0 - rank / n * (1.0 - (-100.0 / RATE).exp())).ln();
                values
                    .iter()
                    .map(|value| {
                        let below = order.partition_point(|other| other < value) as f64;
                        let up_to = order.partition_point(|other| other <= value) as f64;
                        let rank = f64::midpoint(below + 1.0, up_to);
                        (score(rank), score(n + 1.0 - rank))
                    })
                    .collect()
            }
        }
    }
}

/// One indicator of one area.
#[derive(Debug, Clone, Copy)]
struct Part {
    indicator: usize,
    score: f64,
    weight: f64,
}

fn equal(table: &Table<'_>, params: &Params) -> Outcome {
    compose(table, params, |_| 1.0)
}

fn weighted(table: &Table<'_>, params: &Params) -> Outcome {
    compose(table, params, |cell| table.number(3, table.key(3)[cell] as usize))
}

fn compose(table: &Table<'_>, params: &Params, weight: impl Fn(usize) -> f64) -> Outcome {
    let method = match params.text(0) {
        "z" => Method::Z,
        "minmax" => Method::MinMax,
        "rank_exp" => Method::RankExp,
        "pca" => Method::Pca,
        _ => return Err(unknown("idx_compose", "method", "'z', 'minmax', 'rank_exp', 'pca'")),
    };
    let (areas, indicators) = (table.key(0), table.key(1));
    if areas.is_empty() {
        return Ok(Value::Null);
    }
    let twice = areas
        .windows(2)
        .zip(indicators.windows(2))
        .any(|(area, indicator)| area[0] == area[1] && indicator[0] == indicator[1]);
    if twice {
        return Err(Error::invalid(
            6011,
            "`idx_compose` got an area with two different values or weights of one indicator",
        )
        .hint("one row an area and indicator: choose a year with WHERE, or GROUP BY it"));
    }
    let mut cells = vec![Vec::new(); table.distinct(1)];
    for (cell, indicator) in indicators.iter().enumerate() {
        cells[*indicator as usize].push(cell);
    }
    let mut parts: Vec<Vec<Part>> = vec![Vec::new(); table.distinct(0)];
    for (indicator, cells) in cells.iter().enumerate() {
        let values: Vec<f64> = cells
            .iter()
            .map(|cell| table.number(2, table.key(2)[*cell] as usize))
            .collect();
        for (cell, (score, turned)) in cells.iter().zip(method.scores(&values)) {
            let weight = weight(*cell);
            parts[areas[*cell] as usize].push(Part {
                indicator,
                score: if weight < 0.0 { turned } else { score },
                weight: weight.abs(),
            });
        }
    }
    let explained = matches!(method, Method::Pca)
        .then(|| by_component(&mut parts, table.distinct(1)))
        .flatten();
    let size = |of: &[Part]| -> f64 {
        if matches!(method, Method::Pca) {
            // loadings are used as they are
            return if of.iter().any(|part| part.weight.abs() > 0.0) {
                1.0
            } else {
                0.0
            };
        }
        of.iter().map(|part| part.weight).sum()
    };
    let value = |of: &[Part]| -> Option<f64> {
        let all = size(of);
        (of.len() == table.distinct(1) && all > 0.0).then(|| of.iter().map(|part| part.weight * part.score / all).sum())
    };
    let values: Vec<Option<f64>> = parts.iter().map(|of| value(of)).collect();
    let mut order: Vec<f64> = values.iter().flatten().copied().collect();
    order.sort_unstable_by(|left, right| right.total_cmp(left));
    let list = parts.iter().zip(&values).enumerate().map(|(area, (of, value))| {
        let all = size(of);
        let rank = value.map(|value| order.partition_point(|other| *other > value) + 1);
        let parts = of.iter().map(|part| {
            let contribution = value.map(|_| part.weight * part.score / all);
            Value::Struct(vec![
                Value::Text(table.text(1, part.indicator).to_owned()),
                part.score.into(),
                contribution.map_or(Value::Null, Value::Number),
            ])
        });
        Value::Struct(vec![
            Value::Text(table.text(0, area).to_owned()),
            value.map_or(Value::Null, Value::Number),
            rank.map_or(Value::Null, Value::count),
            Value::count(of.len()),
            Value::List(parts.collect()),
            explained.map_or(Value::Null, Value::Number),
        ])
    });
    Ok(Value::List(list.collect()))
}

/// Replaces the weights of parts by the loadings of the first principal component over the areas that have every
/// indicator, whose scores are standardised again if others were left out, and returns its share of the variance. An
/// indicator whose weight is 0 everywhere stays out.
fn by_component(parts: &mut [Vec<Part>], indicators: usize) -> Option<f64> {
    let mut used = vec![false; indicators];
    for part in parts.iter().flatten() {
        used[part.indicator] |= part.weight > 0.0;
    }
    let complete: Vec<usize> = (0..parts.len()).filter(|at| parts[*at].len() == indicators).collect();
    let n = complete.len() as f64;
    for (indicator, used) in used.iter().enumerate() {
        let scores: Vec<f64> = complete.iter().map(|at| parts[*at][indicator].score).collect();
        let mean = scores.iter().sum::<f64>() / n;
        let sd = (scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / n).sqrt();
        for part in parts.iter_mut().flatten().filter(|part| part.indicator == indicator) {
            // what does not vary, but for its last digits, says nothing
            part.score = if *used && sd > 1e-12 {
                (part.score - mean) / sd
            } else {
                0.0
            };
        }
    }
    let scores: Vec<Vec<f64>> = complete
        .iter()
        .map(|at| parts[*at].iter().map(|part| part.score).collect())
        .collect();
    let component = components::first(&scores, indicators);
    for part in parts.iter_mut().flatten() {
        part.weight = if used[part.indicator] {
            component.loadings[part.indicator]
        } else {
            0.0
        };
    }
    component.explained
}
