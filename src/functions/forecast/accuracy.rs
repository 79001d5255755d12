//! How good a method is on a series, in a few numbers.

use super::{
    backtest::{TAKES, Try, tries},
    number,
    series::GAP,
    text,
};
use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Outcome, Params, Twin},
    table::Table,
    value::{Output, Value},
};

const FEW: &str = "fewer than six periods leave nothing to test on";

/// The accuracy.
pub(super) static FC_ACCURACY: Definition = Definition {
    name: "fc_accuracy",
    family: Family::Forecast,
    formula: "over the forecasts of fc_backtest, e = actual − mean: mae = mean|e|, rmse = √mean e², mase = mean(|e|/mean absolute change of the periods that the forecast was made from), bias = mean e, coverage = share of actual values within the limits, mae_naive = mean|actual − last value|",
    reading: "struct with mae, rmse, mase, bias (above 0: forecasts were too low), coverage80 and coverage95 (should be near 0.8 and 0.95), n forecasts, mae_naive and reason; a method is worth using when mae is below mae_naive",
    range: "mae, rmse, mase, mae_naive 0 upwards; coverage 0 to 1; bias any number",
    null_when: "a value is NULL, or there are no rows; all but n and reason with fewer than six periods or unequal steps; mase when a series did not move before an origin",
    source: "Hyndman & Koehler 2006, doi:10.1016/j.ijforecast.2006.03.001; Tashman 2000, doi:10.1016/S0169-2070(00)00065-0",
    example: Example {
        sql: "SELECT fc_accuracy(year, v, 1, 'naive')['mae'] FROM (VALUES (2017, 19.0), (2018, 20.0), (2019, 21.0), (2020, 23.0), (2021, 24.0), (2022, 26.0), (2023, 29.0)) AS s(year, v)",
        result: "2.5",
    },
    laws: &[],
    twins: &[Twin {
        name: "fc_accuracy_mase",
        field: 2,
        reading: "mean absolute scaled error: below 1 is better than the last value",
        range: "0 upwards",
        example: Example {
            sql: "SELECT fc_accuracy_mase(year, v, 1, 'naive') FROM (VALUES (2018, 20.0), (2019, 21.0), (2020, 22.0), (2021, 23.0), (2022, 24.0), (2023, 27.0)) AS s(year, v)",
            result: "3.0",
        },
    }],
    body: Body::Aggregate(&[Form::table(TAKES, accuracy).gives(Output::Struct(&[
        ("mae", Output::Number),
        ("rmse", Output::Number),
        ("mase", Output::Number),
        ("bias", Output::Number),
        ("coverage80", Output::Number),
        ("coverage95", Output::Number),
        ("n", Output::Count),
        ("mae_naive", Output::Number),
        ("reason", Output::Text),
    ]))]),
};

/// Returns the mean of a number of every try; nothing without tries.
fn mean(tries: &[Try], of: impl Fn(&Try) -> f64) -> Option<f64> {
    (!tries.is_empty()).then(|| tries.iter().map(of).sum::<f64>() / tries.len() as f64)
}

/// Returns the share of tries whose limits, by the place of the lower one, hold the actual value.
fn coverage(tries: &[Try], lower: usize) -> Option<f64> {
    mean(tries, |of| match (of.limits[lower], of.limits[lower + 1]) {
        (Some(lo), Some(hi)) if lo <= of.actual && of.actual <= hi => 1.0,
        _ => 0.0,
    })
}

fn accuracy(table: &Table<'_>, params: &Params) -> Outcome {
    let (points, tries) = tries("fc_accuracy", table, params)?;
    if points.is_empty() {
        return Ok(Value::Null);
    }
    let (tries, reason) = match tries {
        None => (Vec::new(), Some(GAP)),
        Some(tries) if tries.is_empty() => (tries, Some(FEW)),
        Some(tries) => (tries, None),
    };
    let error = |of: &Try| of.actual - of.mean;
    let moved = tries.iter().all(|of| of.scale > 0.0);
    Ok(Value::Struct(vec![
        number(mean(&tries, |of| error(of).abs())),
        number(mean(&tries, |of| error(of).powi(2)).map(f64::sqrt)),
        number(mean(&tries, |of| error(of).abs() / of.scale).filter(|_| moved)),
        number(mean(&tries, error)),
        number(coverage(&tries, 0)),
        number(coverage(&tries, 2)),
        Value::count(tries.len()),
        number(mean(&tries, |of| (of.actual - of.last).abs())),
        text(reason),
    ]))
}
