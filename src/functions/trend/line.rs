//! A line through the five latest points, each weighted by its precision, and whether it says anything.

use super::series::Point;

/// How many points the test takes: the latest.
pub(super) const POINTS: usize = 5;
/// The 99.8 per cent quantile of χ² with one degree of freedom, as FingertipsNext has it.
const CRITICAL: f64 = 9.549_535_706_083_24;

/// A value at a time, with its standard error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    pub(super) at: f64,
    pub(super) value: f64,
    pub(super) se: f64,
}

/// The line through the points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// Change per year.
    pub(super) slope: f64,
    /// Square of slope over its standard error.
    pub(super) chi2: f64,
    /// Height at the first point.
    pub(super) first: f64,
    /// Height at the last point.
    pub(super) last: f64,
    /// Whether χ² is above its critical value and the slope keeps its sign when any one point is left out.
    pub(super) clear: bool,
}

/// Slope, its standard error, and the middle in time and value.
fn fit(points: impl Iterator<Item = Measured> + Clone) -> (f64, f64, f64, f64) {
    let (mut weight, mut at, mut value) = (0.0, 0.0, 0.0);
    for point in points.clone() {
        let w = point.se.powi(-2);
        weight += w;
        at += w * point.at;
        value += w * point.value;
    }
    let (at, value) = (at / weight, value / weight);
    let (mut both, mut square) = (0.0, 0.0);
    for point in points {
        let w = point.se.powi(-2);
        both += w * (point.at - at) * (point.value - value);
        square += w * (point.at - at).powi(2);
    }
    (both / square, square.powf(-0.5), at, value)
}

/// Returns the line through points whose standard errors are above 0.
pub(super) fn line(points: &[Measured]) -> Option<Line> {
    let (from, to) = (points.first()?, points.last()?);
    let (slope, se, at, value) = fit(points.iter().copied());
    let agrees = (0..points.len()).all(|out| {
        let rest = points.iter().enumerate().filter(move |(here, _)| *here != out);
        let (without, ..) = fit(rest.map(|(_, point)| *point));
        (without < 0.0) == (slope < 0.0)
    });
    let chi2 = (slope / se).powi(2);
    Some(Line {
        slope,
        chi2,
        first: value + slope * (from.at - at),
        last: value + slope * (to.at - at),
        clear: agrees && chi2 > CRITICAL,
    })
}

/// Returns the five latest points as the test wants them, or why it cannot be done. `measured` gives value and standard
/// error of the numbers of a period.
pub(super) fn latest(
    points: &[Point],
    measured: impl Fn(&[f64]) -> Result<(f64, f64), &'static str>,
) -> Result<Vec<Measured>, &'static str> {
    let Some(from) = points.len().checked_sub(POINTS) else {
        return Err("fewer than five periods");
    };
    let points = &points[from..];
    if points.iter().any(|point| point.unknown) {
        return Err("a value of the five latest periods is missing");
    }
    let step = points[1].at - points[0].at;
    if points.windows(2).any(|two| (two[1].at - two[0].at - step).abs() > 1e-9) {
        return Err("the five latest periods are not equally far apart");
    }
    points
        .iter()
        .map(|point| {
            let (value, se) = measured(&point.numbers)?;
            if se > 0.0 {
                Ok(Measured {
                    at: point.at,
                    value,
                    se,
                })
            } else {
                Err("a value has no uncertainty, so that its weight is not known")
            }
        })
        .collect()
}
