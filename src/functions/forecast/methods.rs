//! The forecasting methods under their names, and which of them a series is long enough for.

use super::smoothing::{Fit, Trend};
use crate::{error::Error, functions::rates::limits::unknown};

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// The last value goes on.
    Naive,
    /// The line from the first to the last value goes on.
    Drift,
    /// Exponential smoothing.
    Smoothing(Trend),
    /// The smoothing with the smallest AICc.
    Auto,
}

/// A period to come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) mean: f64,
    /// Standard deviation of what will be observed.
    pub(super) sd: Option<f64>,
}

/// What is said of the periods to come.
#[derive(Debug)]
pub(super) struct Forecasts {
    pub(super) steps: Vec<Step>,
    /// The method that was used.
    pub(super) method: Method,
    /// Why it is not the one that was asked for, or why there are no limits.
    pub(super) reason: Option<&'static str>,
}

impl Method {
    /// Reads the argument.
    pub(super) fn new(function: &str, name: &str) -> Result<Self, Error> {
        Ok(match name {
            "naive" => Self::Naive,
            "drift" => Self::Drift,
            "ses" => Self::Smoothing(Trend::None),
            "holt" => Self::Smoothing(Trend::Straight),
            "damped" => Self::Smoothing(Trend::Damped),
            "auto" => Self::Auto,
            _ => {
                return Err(unknown(
                    function,
                    "method",
                    "'auto', 'naive', 'drift', 'ses', 'holt', 'damped'",
                ));
            }
        })
    }

    /// Returns the name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Naive => "naive",
            Self::Drift => "drift",
            Self::Smoothing(Trend::None) => "ses",
            Self::Smoothing(Trend::Straight) => "holt",
            Self::Smoothing(Trend::Damped) => "damped",
            Self::Auto => "auto",
        }
    }

    /// Returns the coming periods of a series of at least one value.
    pub(super) fn forecasts(self, values: &[f64], h: usize) -> Forecasts {
        let n = values.len();
        let enough = match self {
            Self::Naive => true,
            Self::Drift => n >= 3,
            Self::Smoothing(trend) => n > trend.parameters(),
            Self::Auto => n > Trend::None.parameters() + 2,
        };
        if !enough {
            return Forecasts {
                reason: Some(if n > 1 {
                    "too few periods for the method: the last value goes on"
                } else {
                    "one period: the last value goes on, without limits"
                }),
                ..Self::Naive.forecasts(values, h)
            };
        }
        match self {
            Self::Naive => Forecasts {
                steps: naive(values, h),
                method: self,
                reason: (n == 1).then_some("one period: the last value goes on, without limits"),
            },
            Self::Drift => Forecasts {
                steps: drift(values, h),
                method: self,
                reason: None,
            },
            Self::Smoothing(trend) => smoothed(trend, &Fit::new(values, trend), n, h),
            Self::Auto => best(values, h),
        }
    }
}

fn smoothed(trend: Trend, fit: &Fit, n: usize, h: usize) -> Forecasts {
    let variance = fit.squares / (n - trend.parameters()) as f64;
    let steps = fit.ahead(h).into_iter().map(|(mean, times)| Step {
        mean,
        sd: Some((variance * times).sqrt()),
    });
    Forecasts {
        steps: steps.collect(),
        method: Method::Smoothing(trend),
        reason: None,
    }
}

/// Akaike's criterion with the correction for few values: n·ln Σe² + 2k + 2k(k + 1)/(n − k − 1), k with the variance.
fn aicc(fit: &Fit, trend: Trend, values: &[f64]) -> f64 {
    let (n, k) = (values.len() as f64, trend.parameters() as f64 + 1.0);
    // a perfect fit is one to the last digits: the model with fewer parameters wins then
    let least = 1e-24 * values.iter().map(|value| value * value).sum::<f64>() + f64::MIN_POSITIVE;
    n * fit.squares.max(least).ln() + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0)
}

fn best(values: &[f64], h: usize) -> Forecasts {
    let n = values.len();
    let mut best: Option<(f64, Trend, Fit)> = None;
    for trend in [Trend::None, Trend::Straight, Trend::Damped] {
        if n < trend.parameters() + 3 {
            continue;
        }
        let fit = Fit::new(values, trend);
        let aicc = aicc(&fit, trend, values);
        if best.is_none_or(|(smallest, ..)| aicc < smallest) {
            best = Some((aicc, trend, fit));
        }
    }
    best.map_or_else(
        || Method::Naive.forecasts(values, h),
        |(_, trend, fit)| smoothed(trend, &fit, n, h),
    )
}

fn naive(values: &[f64], h: usize) -> Vec<Step> {
    let Some(last) = values.last() else {
        return Vec::new();
    };
    let squares: f64 = values.windows(2).map(|two| (two[1] - two[0]).powi(2)).sum();
    let variance = (values.len() > 1).then(|| squares / (values.len() - 1) as f64);
    (1..=h)
        .map(|ahead| Step {
            mean: *last,
            sd: variance.map(|variance| (variance * ahead as f64).sqrt()),
        })
        .collect()
}

/// Only for three values or more.
fn drift(values: &[f64], h: usize) -> Vec<Step> {
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return Vec::new();
    };
    let m = (values.len() - 1) as f64;
    let drift = (last - first) / m;
    let squares: f64 = values.windows(2).map(|two| (two[1] - two[0] - drift).powi(2)).sum();
    let variance = squares / (m - 1.0);
    (1..=h)
        .map(|ahead| {
            let ahead = ahead as f64;
            Step {
                mean: last + ahead * drift,
                sd: Some((variance * (ahead + ahead * ahead / m)).sqrt()),
            }
        })
        .collect()
}
