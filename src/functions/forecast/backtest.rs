//! What a method would have said, had it been asked before: forecasts from every earlier point in time.

use super::{
    limits,
    methods::Method,
    number,
    series::{ahead, step, whole},
    text,
};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        table::Table,
        trend::series::{Point, series},
        value::{Output, Value},
    },
};

/// Fewest periods before the first forecast.
const LEAST: usize = 5;

/// The arguments, also of the accuracy.
pub(super) const TAKES: &[Argument] = &[
    Argument::key("period"),
    Argument::number("value"),
    Argument::option("h", 1.0),
    Argument::choice("method", "auto"),
    Argument::option("window", 0.0),
];

/// The back-test.
pub(super) static FC_BACKTEST: Definition = Definition {
    name: "fc_backtest",
    family: Family::Forecast,
    formula: "for every origin from the fifth period on, forecasts as fc_forecast gives them of the periods up to the origin (with window: of the last so many), one to h ahead, beside what came; error = actual − mean",
    reading: "list with origin, period, horizon, mean, lo80, hi80, lo95, hi95, actual, error and method, for UNNEST: how the method would have done; a method that cannot beat 'naive' here should not be used",
    range: "any number",
    null_when: "a value is NULL, there are no rows, or the periods are not equally far apart; the list is empty when no origin has five periods before it or what came after it",
    source: "Tashman 2000, doi:10.1016/S0169-2070(00)00065-0; Hyndman & Athanasopoulos 2021, Forecasting: principles and practice, 3rd edition",
    example: Example {
        sql: "SELECT fc_backtest(year, v, 1, 'naive')[1]['error'] FROM (VALUES (2018, 20.0), (2019, 21.0), (2020, 23.0), (2021, 24.0), (2022, 26.0), (2023, 29.0)) AS s(year, v)",
        result: "3.0",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TAKES, backtest).gives(Output::List(&ITEM))]),
};

const ITEM: Output = Output::Struct(&[
    ("origin", Output::Text),
    ("period", Output::Text),
    ("horizon", Output::Count),
    ("mean", Output::Number),
    ("lo80", Output::Number),
    ("hi80", Output::Number),
    ("lo95", Output::Number),
    ("hi95", Output::Number),
    ("actual", Output::Number),
    ("error", Output::Number),
    ("method", Output::Text),
]);

/// One forecast of a period that is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Try {
    /// Place of the last period that was used.
    pub(super) origin: usize,
    /// How many periods ahead.
    pub(super) horizon: usize,
    pub(super) mean: f64,
    /// lo80, hi80, lo95 and hi95.
    pub(super) limits: [Option<f64>; 4],
    pub(super) actual: f64,
    /// The last value before: what the naive method says.
    pub(super) last: f64,
    /// Mean absolute change of the periods that were used.
    pub(super) scale: f64,
    pub(super) method: Method,
}

/// The points and the tries; nothing instead of tries when the periods are not equally far apart.
pub(super) type Tries = (Vec<Point>, Option<Vec<Try>>);

/// Returns the forecasts of a call, by origin and horizon.
pub(super) fn tries(function: &str, table: &Table<'_>, params: &Params) -> Result<Tries, Error> {
    let h = ahead(function, params.number(0))?;
    let method = Method::new(function, params.text(0))?;
    let window = whole(params.number(1), 0.0, 1e6)
        .filter(|window| !(1..LEAST).contains(window))
        .ok_or_else(|| {
            Error::invalid(
                6005,
                format!("`{function}` takes `window` as a whole number from {LEAST}, or 0 for all periods"),
            )
            .hint("window is how many of the latest periods a forecast is made from")
        })?;
    let points = series(function, table, 1)?;
    if step(&points).is_none() {
        return Ok((points, None));
    }
    let values: Vec<f64> = points.iter().map(|point| point.numbers[0]).collect();
    let mut tries = Vec::new();
    for origin in window.max(LEAST) - 1..values.len().saturating_sub(1) {
        let from = if window > 0 { origin + 1 - window } else { 0 };
        let known = &values[from..=origin];
        let changes = known.windows(2).map(|two| (two[1] - two[0]).abs());
        let scale = changes.sum::<f64>() / (known.len() - 1) as f64;
        let h = h.min(values.len() - 1 - origin);
        let forecasts = method.forecasts(known, h);
        for (at, of) in forecasts.steps.iter().enumerate() {
            tries.push(Try {
                origin,
                horizon: at + 1,
                mean: of.mean,
                limits: limits(of.mean, of.sd),
                actual: values[origin + at + 1],
                last: values[origin],
                scale,
                method: forecasts.method,
            });
        }
    }
    Ok((points, Some(tries)))
}

fn backtest(table: &Table<'_>, params: &Params) -> Outcome {
    let (points, tries) = tries("fc_backtest", table, params)?;
    let (Some(tries), false) = (tries, points.is_empty()) else {
        return Ok(Value::Null);
    };
    let name = |at: usize| text(Some(table.text(0, table.key(0)[points[at].cell] as usize)));
    let items = tries.iter().map(|of| {
        let [lo80, hi80, lo95, hi95] = of.limits.map(number);
        Value::Struct(vec![
            name(of.origin),
            name(of.origin + of.horizon),
            Value::count(of.horizon),
            of.mean.into(),
            lo80,
            hi80,
            lo95,
            hi95,
            of.actual.into(),
            (of.actual - of.mean).into(),
            text(Some(of.method.name())),
        ])
    });
    Ok(Value::List(items.collect()))
}
