//! The coming values of one series.

use super::{limits, methods::Method, number, periods::later, text};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        table::Table,
        trend::series::{Point, series},
        value::{Output, Value},
    },
};

/// Furthest ahead.
const FURTHEST: f64 = 100.0;
/// Why a series has no forecast.
pub(super) const GAP: &str =
    "the periods are not equally far apart: add the missing ones, or start after the gap with FILTER";

/// The forecast.
pub(super) static FC_FORECAST: Definition = Definition {
    name: "fc_forecast",
    family: Family::Forecast,
    formula: "naive: ŷ = last, σ²h with σ² = mean of squared changes; drift: last + h·(last − first)/(n − 1), σ²(h + h²/(n − 1)); smoothing ŷ = l + φb, l ← l + φb + αe, b ← φb + βe: ses b = 0, holt φ = 1, damped 0.8 ≤ φ ≤ 0.98, variance σ²(1 + Σ_{j<h}(α + β(φ + … + φʲ))²), σ² = Σe²/(n − parameters); parameters and first states by least squares, 0.0001 ≤ β ≤ α ≤ 0.9999; auto: ses, holt or damped by the smallest AICc; limits: mean ± z·sd",
    reading: "list with period, mean, lo80, hi80, lo95, hi95, method that was used and reason, for UNNEST: a row each of the h periods to come, named as the last one; limits are for what will be observed, if things go on as before; they are too narrow for short series and may fall below 0: counts of people belong in fc_poisson; see fc_accuracy first",
    range: "any number",
    null_when: "a value is NULL, or there are no rows; all but reason when the periods are not equally far apart; the limits after one period",
    source: "Hyndman, Koehler, Ord & Snyder 2008, Forecasting with exponential smoothing, doi:10.1007/978-3-540-71918-2; Hyndman & Athanasopoulos 2021, Forecasting: principles and practice, 3rd edition",
    example: Example {
        sql: "SELECT round(fc_forecast(year, v, 1, 'drift')[1]['hi95'], 3) FROM (VALUES (2020, 20.0), (2021, 21.0), (2022, 23.0), (2023, 24.0)) AS s(year, v)",
        result: "26.64",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("period"),
            Argument::number("value"),
            Argument::option("h", 3.0),
            Argument::choice("method", "auto"),
        ],
        forecast,
    )
    .gives(Output::List(&ITEM))]),
};

const ITEM: Output = Output::Struct(&[
    ("period", Output::Text),
    ("mean", Output::Number),
    ("lo80", Output::Number),
    ("hi80", Output::Number),
    ("lo95", Output::Number),
    ("hi95", Output::Number),
    ("method", Output::Text),
    ("reason", Output::Text),
]);

/// Returns how many periods ahead a call asks for.
pub(super) fn ahead(function: &str, h: f64) -> Result<usize, Error> {
    whole(h, 1.0, FURTHEST).ok_or_else(|| {
        Error::invalid(
            6005,
            format!("`{function}` takes `h` as a whole number from 1 to {FURTHEST}"),
        )
        .hint("h is how many periods to look ahead; a handful is much already")
    })
}

/// Returns a number as a whole one between two.
pub(super) fn whole(of: f64, least: f64, most: f64) -> Option<usize> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
    (of.fract().abs() < f64::MIN_POSITIVE && of >= least.max(0.0) && of <= most).then_some(of as usize)
}

/// Returns how many years a period is from the next; 1 for one alone, nothing when the steps differ.
pub(super) fn step(points: &[Point]) -> Option<f64> {
    let [first, second, ..] = points else {
        return Some(1.0);
    };
    let step = second.at - first.at;
    let equal = |two: &[Point]| (two[1].at - two[0].at - step).abs() < 1e-9;
    points.windows(2).all(equal).then_some(step)
}

/// Returns the name of a period so many steps after a point.
pub(super) fn named(table: &Table<'_>, point: &Point, step: f64, ahead: usize) -> Option<String> {
    let name = table.text(0, table.key(0)[point.cell] as usize);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a hundred steps of at most thousands of years"
    )]
    later(name, (step * ahead as f64).round() as i32)
}

fn forecast(table: &Table<'_>, params: &Params) -> Outcome {
    let h = ahead("fc_forecast", params.number(0))?;
    let method = Method::new("fc_forecast", params.text(0))?;
    let points = series("fc_forecast", table, 1)?;
    let Some(last) = points.last() else {
        return Ok(Value::Null);
    };
    let Some(step) = step(&points) else {
        let mut item = vec![Value::Null; 7];
        item.push(text(Some(GAP)));
        return Ok(Value::List(vec![Value::Struct(item)]));
    };
    let values: Vec<f64> = points.iter().map(|point| point.numbers[0]).collect();
    let forecasts = method.forecasts(&values, h);
    let items = forecasts.steps.iter().enumerate().map(|(at, of)| {
        let [lo80, hi80, lo95, hi95] = limits(of.mean, of.sd).map(number);
        Value::Struct(vec![
            text(named(table, last, step, at + 1).as_deref()),
            of.mean.into(),
            lo80,
            hi80,
            lo95,
            hi95,
            text(Some(forecasts.method.name())),
            text(forecasts.reason),
        ])
    });
    Ok(Value::List(items.collect()))
}
