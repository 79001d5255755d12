//! What comes next and what to do about it: forecasts with intervals, back-tests, sums that hold, a budget divided.
//!
//! A forecast is worth its back-test: look at `fc_accuracy` before showing a number. Series are those of the trend
//! functions: a row a period, equally far apart. Where no forecast can be given the numbers are NULL and a reason stands
//! beside them; a method that wants more periods than there are gives way to the naive one, and says so.

mod accuracy;
mod allocate;
mod backtest;
mod counts;
mod filling;
mod methods;
mod mixture;
mod periods;
mod reconcile;
mod regression;
mod sensitivity;
mod series;
mod simplex;
mod smoothing;
mod tree;

use super::{def::Definition, rates::normal::quantile, value::Value};

/// The family.
pub(super) static ALL: &[&Definition] = &[
    &allocate::ALLOCATE,
    &sensitivity::ALLOCATE_SENSITIVITY,
    &accuracy::FC_ACCURACY,
    &backtest::FC_BACKTEST,
    &series::FC_FORECAST,
    &counts::FC_POISSON,
    &reconcile::FC_RECONCILE,
];

/// Upper tails of the limits in the order of the fields: 80 and 95 per cent.
const TAILS: [f64; 2] = [0.1, 0.025];

/// Returns a number that may not be known.
fn number(of: Option<f64>) -> Value {
    of.map_or(Value::Null, Value::Number)
}

/// Returns a text that may not be there.
fn text(of: Option<&str>) -> Value {
    of.map_or(Value::Null, |of| Value::Text(of.to_owned()))
}

/// Returns lo80, hi80, lo95 and hi95 of a normal forecast.
fn limits(mean: f64, sd: Option<f64>) -> [Option<f64>; 4] {
    let [narrow, wide] = TAILS.map(|tail| sd.map(|sd| quantile(1.0 - tail) * sd));
    [
        narrow.map(|half| mean - half),
        narrow.map(|half| mean + half),
        wide.map(|half| mean - half),
        wide.map(|half| mean + half),
    ]
}
