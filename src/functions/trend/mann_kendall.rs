//! The test of Mann and Kendall: does a series rise or fall more often than chance would have it?

use super::series::series;
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params, Twin},
    rates::gamma,
    table::Table,
    value::{Output, Value},
};

/// The test and the slope that goes with it.
pub(super) static TREND_MK: Definition = Definition {
    name: "trend_mk",
    family: Family::Trend,
    formula: "S = Σ sign(vⱼ − vᵢ) over pairs i < j; var = (n(n − 1)(2n + 5) − Σ t(t − 1)(2t + 5))/18 over ties of t; z = (S ∓ 1)/√var, p = 2(1 − Φ(|z|)); tau = S/√(N(N − Σ t(t − 1)/2)), N = n(n − 1)/2 (tau-b); sen_slope the median of (vⱼ − vᵢ)/(tⱼ − tᵢ)",
    reading: "struct with tau, p, sen_slope per year, s, z and n; p is the normal approximation with continuity correction, good from about ten periods; for five periods with intervals use trend_recent",
    range: "tau −1 (always falls) to 1 (always rises), p 0 to 1",
    null_when: "a value is NULL, or there are fewer than three periods; tau alone when all values are equal",
    source: "Mann 1945, doi:10.2307/1907187; Kendall 1975, Rank Correlation Methods, Griffin; Sen 1968, doi:10.1080/01621459.1968.10480934",
    example: Example {
        sql: "SELECT trend_mk(year, v)['sen_slope'] FROM (VALUES (2016, 10.0), (2017, 12.0), (2018, 11.0), (2019, 14.0), (2021, 20.0)) AS s(year, v)",
        result: "2.0",
    },
    laws: &[],
    twins: &[
        Twin {
            name: "trend_mk_p",
            field: 1,
            reading: "how often chance alone would give as one-sided a series",
            range: "0 to 1",
            example: Example {
                sql: "SELECT round(trend_mk_p(year, v), 6) FROM (VALUES (2016, 10.0), (2017, 12.0), (2018, 11.0), (2019, 14.0), (2021, 20.0)) AS s(year, v)",
                result: "0.086411",
            },
        },
        Twin {
            name: "sen_slope",
            field: 2,
            reading: "the median change per year between two periods",
            range: "any number",
            example: Example {
                sql: "SELECT sen_slope(year, v) FROM (VALUES (2020, 1.0), (2021, 2.0), (2022, 90.0), (2023, 4.0)) AS s(year, v)",
                result: "1.0",
            },
        },
    ],
    body: Body::Aggregate(&[
        Form::table(&[Argument::key("period"), Argument::number("value")], trend).gives(Output::Struct(&[
            ("tau", Output::Number),
            ("p", Output::Number),
            ("sen_slope", Output::Number),
            ("s", Output::Number),
            ("z", Output::Number),
            ("n", Output::Count),
        ])),
    ]),
};

/// Returns P(|Z| > |z|) of a normal variable.
pub(super) fn two_sided(z: f64) -> f64 {
    1.0 - gamma::below(0.5, z * z / 2.0)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 {
        values[half]
    } else {
        f64::midpoint(values[half - 1], values[half])
    }
}

fn trend(table: &Table<'_>, _: &Params) -> Outcome {
    let points = series("trend_mk", table, 1)?;
    if points.len() < 3 {
        return Ok(Value::Null);
    }
    let n = points.len() as f64;
    let mut s = 0.0_f64;
    let mut slopes = Vec::with_capacity(points.len() * (points.len() - 1) / 2);
    for (at, later) in points.iter().enumerate() {
        for earlier in &points[..at] {
            let rise = later.numbers[0] - earlier.numbers[0];
            if rise > 0.0 {
                s += 1.0;
            } else if rise < 0.0 {
                s -= 1.0;
            }
            slopes.push(rise / (later.at - earlier.at));
        }
    }
    let mut values: Vec<f64> = points.iter().map(|point| point.numbers[0]).collect();
    values.sort_unstable_by(f64::total_cmp);
    let (mut tied_pairs, mut tied) = (0.0, 0.0);
    for equal in values.chunk_by(|left, right| (left - right).abs() <= 0.0) {
        let t = equal.len() as f64;
        tied_pairs += t * (t - 1.0) / 2.0;
        tied += t * (t - 1.0) * (2.0 * t + 5.0);
    }
    let pairs = n * (n - 1.0) / 2.0;
    let variance = (n * (n - 1.0) * (2.0 * n + 5.0) - tied) / 18.0;
    let z = if s.abs() > 0.0 {
        (s - s.signum()) / variance.sqrt()
    } else {
        0.0
    };
    let tau = if pairs > tied_pairs {
        Value::Number(s / (pairs * (pairs - tied_pairs)).sqrt())
    } else {
        Value::Null
    };
    Ok(Value::Struct(vec![
        tau,
        two_sided(z).into(),
        median(&mut slopes).into(),
        s.into(),
        z.into(),
        Value::count(points.len()),
    ]))
}
