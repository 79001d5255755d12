//! Regression of counts with a logarithmic link: Poisson, and negative binomial with variance μ + αμ².
//!
//! The coefficients come from iteratively reweighted least squares, α from the largest likelihood. What can go wrong is
//! told by an absent result: columns that say the same, counts that run to 0 or to infinity.

use nalgebra::{DMatrix, DVector};
use statrs::function::gamma::ln_gamma;

/// Most steps of one fit.
const STEPS: usize = 200;
/// Largest logarithm of an expected count.
const LARGEST: f64 = 60.0;
/// Limits of the logarithm of α.
const LOG_ALPHA: (f64, f64) = (-14.0, 5.0);
/// 95 per cent quantile of ½χ²₀ + ½χ²₁, which twice the gain in likelihood has when α is 0.
const OVERDISPERSED: f64 = 2.705_543_454_095_404;

/// Counts, what they are explained by, and the logarithms of exposure.
#[derive(Debug)]
pub(super) struct Data {
    /// A row an observation.
    pub(super) design: DMatrix<f64>,
    pub(super) counts: DVector<f64>,
    pub(super) offset: DVector<f64>,
}

/// A fitted regression.
#[derive(Debug)]
pub(super) struct Fit {
    pub(super) coefficients: DVector<f64>,
    /// Their covariances.
    pub(super) covariance: DMatrix<f64>,
    /// Dispersion: 0 is Poisson.
    pub(super) alpha: f64,
    likelihood: f64,
}

impl Fit {
    /// Returns the logarithm of what is expected at one row, and its variance, which is that of the coefficients.
    pub(super) fn at(&self, row: &DVector<f64>, offset: f64) -> (f64, f64) {
        let variance = (row.transpose() * &self.covariance * row)[(0, 0)];
        (self.coefficients.dot(row) + offset, variance.max(0.0))
    }
}

impl Data {
    /// Fits with a given α.
    pub(super) fn fit(&self, alpha: f64) -> Option<Fit> {
        let mean = self.counts.mean();
        let mut eta = self.counts.map(|count| f64::midpoint(count, mean).ln());
        for _ in 0..STEPS {
            let mu = eta.map(f64::exp);
            let weights = mu.map(|mu| mu / (1.0 + alpha * mu));
            let working = DVector::from_fn(mu.len(), |at, _| {
                eta[at] - self.offset[at] + (self.counts[at] - mu[at]) / mu[at]
            });
            let mut weighted = self.design.clone();
            for (mut row, weight) in weighted.row_iter_mut().zip(weights.iter()) {
                row *= *weight;
            }
            let information = weighted.transpose() * &self.design;
            let solver = information.cholesky()?;
            let coefficients = solver.solve(&(weighted.transpose() * working));
            let next = &self.design * &coefficients + &self.offset;
            if next.iter().any(|eta| !eta.is_finite() || eta.abs() > LARGEST) {
                return None;
            }
            let moved = (&next - &eta).amax();
            eta = next;
            if moved < 1e-11 {
                return Some(Fit {
                    coefficients,
                    covariance: solver.inverse(),
                    alpha,
                    likelihood: self.likelihood(&eta, alpha),
                });
            }
        }
        None
    }

    /// Returns the logarithm of the likelihood without what no parameter changes.
    fn likelihood(&self, eta: &DVector<f64>, alpha: f64) -> f64 {
        let theta = alpha.recip();
        let of = |(count, eta): (&f64, &f64)| {
            let mu = eta.exp();
            if alpha > 0.0 {
                // Γ(count + θ)/Γ(θ)/θ^count goes to 1 as θ grows
                ln_gamma(count + theta) - ln_gamma(theta) - count * theta.ln() + count * eta
                    - (count + theta) * (alpha * mu).ln_1p()
            } else {
                count * eta - mu
            }
        };
        self.counts.iter().zip(eta.iter()).map(of).sum()
    }

    /// Fits with the most likely α.
    pub(super) fn overdispersed(&self) -> Option<Fit> {
        let of = |log: f64| self.fit(log.exp());
        let likelihood = |fit: &Option<Fit>| fit.as_ref().map_or(f64::NEG_INFINITY, |fit| fit.likelihood);
        let width = (LOG_ALPHA.1 - LOG_ALPHA.0) / 38.0;
        let mut best = (LOG_ALPHA.0, f64::NEG_INFINITY);
        for at in 0..=38 {
            let log = LOG_ALPHA.0 + width * f64::from(at);
            let here = likelihood(&of(log));
            if here > best.1 {
                best = (log, here);
            }
        }
        // golden section between the neighbours
        let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
        let (mut lo, mut hi) = (best.0 - width, best.0 + width);
        let (mut left, mut right) = (hi - golden * (hi - lo), lo + golden * (hi - lo));
        let (mut of_left, mut of_right) = (likelihood(&of(left)), likelihood(&of(right)));
        while hi - lo > 1e-9 {
            if of_left >= of_right {
                (hi, right, of_right) = (right, left, of_left);
                left = hi - golden * (hi - lo);
                of_left = likelihood(&of(left));
            } else {
                (lo, left, of_left) = (left, right, of_right);
                right = lo + golden * (hi - lo);
                of_right = likelihood(&of(right));
            }
        }
        of(f64::midpoint(lo, hi))
    }

    /// Fits a negative binomial regression if the counts spread more than Poisson by the likelihood-ratio test at 5 per
    /// cent, else a Poisson one.
    pub(super) fn best(&self) -> Option<Fit> {
        let poisson = self.fit(0.0)?;
        Some(match self.overdispersed() {
            Some(wider) if 2.0 * (wider.likelihood - poisson.likelihood) > OVERDISPERSED => wider,
            _ => poisson,
        })
    }
}
