//! Exponential smoothing with additive errors in its state-space form: level, trend, damped trend.
//!
//! ŷ = l + φb, l ← l + φb + αe, b ← φb + βe. Given α, β and φ the errors are linear in the first level and the first
//! trend, so those two come from least squares, and only the smoothing parameters are searched for.

use super::simplex::minimum;

/// Limits of α and, below α, of β.
const SMOOTHING: (f64, f64) = (1e-4, 0.9999);
/// Limits of φ.
const DAMPING: (f64, f64) = (0.8, 0.98);

/// What the model has besides a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trend {
    None,
    Straight,
    Damped,
}

impl Trend {
    /// Returns how many numbers are estimated, without the variance.
    pub(super) fn parameters(self) -> usize {
        match self {
            Self::None => 2,
            Self::Straight => 4,
            Self::Damped => 5,
        }
    }
}

/// Smoothing parameters.
#[derive(Debug, Clone, Copy)]
struct Smoothing {
    alpha: f64,
    beta: f64,
    phi: f64,
    trend: bool,
}

/// A fitted model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fit {
    smoothing: Smoothing,
    level: f64,
    slope: f64,
    /// Sum of the squares of the errors.
    pub(super) squares: f64,
}

impl Smoothing {
    /// Returns the errors of values from a first level and trend, and the last level and trend.
    fn errors(self, values: impl Iterator<Item = f64>, level: f64, slope: f64) -> (Vec<f64>, f64, f64) {
        let (mut level, mut slope) = (level, slope);
        let errors = values
            .map(|value| {
                let next = level + self.phi * slope;
                let error = value - next;
                level = next + self.alpha * error;
                slope = self.phi * slope + self.beta * error;
                error
            })
            .collect();
        (errors, level, slope)
    }

    fn fit(self, values: &[f64]) -> Fit {
        let nothing = || std::iter::repeat_n(0.0, values.len());
        let (zero, ..) = self.errors(values.iter().copied(), 0.0, 0.0);
        let (first, ..) = self.errors(nothing(), 1.0, 0.0);
        // errors are zero + level·first + slope·second; the part of `second` that `first` has not is turned out first
        let length = dot(&first, &first);
        let (mut level, mut slope) = (-dot(&zero, &first) / length, 0.0);
        if self.trend {
            let (second, ..) = self.errors(nothing(), 0.0, 1.0);
            let shared = dot(&first, &second) / length;
            let apart: Vec<f64> = second.iter().zip(&first).map(|(s, f)| s - shared * f).collect();
            let own = dot(&apart, &apart);
            if own > 1e-18 * dot(&second, &second) {
                slope = -dot(&zero, &apart) / own;
                level -= slope * shared;
            }
        }
        let (errors, last, trend) = self.errors(values.iter().copied(), level, slope);
        Fit {
            smoothing: self,
            level: last,
            slope: trend,
            squares: dot(&errors, &errors),
        }
    }
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

impl Fit {
    /// Returns the model with the smallest squared errors.
    pub(super) fn new(values: &[f64], trend: Trend) -> Self {
        let alpha = |at: f64| SMOOTHING.0 + (SMOOTHING.1 - SMOOTHING.0) * at;
        let straight = |at: [f64; 2], phi: f64| {
            let alpha = alpha(at[0]);
            let beta = SMOOTHING.0 + (alpha - SMOOTHING.0) * at[1];
            Smoothing {
                alpha,
                beta,
                phi,
                trend: true,
            }
        };
        match trend {
            Trend::None => {
                let of = |[at]: [f64; 1]| Smoothing {
                    alpha: alpha(at),
                    beta: 0.0,
                    phi: 1.0,
                    trend: false,
                };
                of(minimum([41], |at| of(at).fit(values).squares)).fit(values)
            }
            Trend::Straight => {
                let of = |at: [f64; 2]| straight(at, 1.0);
                of(minimum([13, 9], |at| of(at).fit(values).squares)).fit(values)
            }
            Trend::Damped => {
                let of = |[x, y, z]: [f64; 3]| straight([x, y], DAMPING.0 + (DAMPING.1 - DAMPING.0) * z);
                of(minimum([11, 7, 4], |at| of(at).fit(values).squares)).fit(values)
            }
        }
    }

    /// Returns mean and, in units of the errors' variance, variance of the coming periods: 1 + Σ(α + β(φ + … + φʲ))².
    pub(super) fn ahead(&self, h: usize) -> Vec<(f64, f64)> {
        let Smoothing { alpha, beta, phi, .. } = self.smoothing;
        let (mut power, mut sum, mut variance) = (1.0, 0.0, 1.0);
        (0..h)
            .map(|_| {
                power *= phi;
                sum += power;
                let here = (
                    self.level + if self.smoothing.trend { sum * self.slope } else { 0.0 },
                    variance,
                );
                variance += (alpha + beta * sum).powi(2);
                here
            })
            .collect()
    }
}
