//! Regression of counts with a logarithmic link: Poisson, and negative binomial with variance μ + αμ².
//!
//! The coefficients come from iteratively reweighted least squares, α from the largest likelihood. What can go wrong is
//! told by an absent result: columns that say the same, counts that run to 0 or to infinity.

use nalgebra::{DMatrix, DVector};
use statrs::function::gamma::{digamma, ln_gamma};

/// Most steps of one fit.
const STEPS: usize = 60;
/// Largest logarithm of an expected count.
const LARGEST: f64 = 60.0;
/// Limits of the logarithm of α.
const LOG_ALPHA: (f64, f64) = (-14.0, 5.0);
/// How many parts of that are looked at first.
const GRID: f64 = 12.0;
/// How often what is left between two of them is halved.
const BISECTIONS: usize = 40;
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
    /// Logarithms of what is expected, where the next fit begins.
    eta: DVector<f64>,
}

impl Fit {
    /// Returns the logarithm of what is expected at one row, and its variance, which is that of the coefficients.
    pub(super) fn at(&self, row: &DVector<f64>, offset: f64) -> (f64, f64) {
        let variance = (row.transpose() * &self.covariance * row)[(0, 0)];
        (self.coefficients.dot(row) + offset, variance.max(0.0))
    }
}

impl Data {
    /// Fits a Poisson regression.
    pub(super) fn poisson(&self) -> Option<Fit> {
        let mean = self.counts.mean();
        self.fit(0.0, self.counts.map(|count| f64::midpoint(count, mean).ln()))
    }

    /// Fits with a given α from first guesses on.
    fn fit(&self, alpha: f64, mut eta: DVector<f64>) -> Option<Fit> {
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
                    eta,
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

    /// Fits with the most likely α, from a Poisson fit on.
    pub(super) fn overdispersed(&self, poisson: &Fit) -> Option<Fit> {
        let of = |log: f64| self.fit(log.exp(), poisson.eta.clone());
        let likelihood = |log: f64| of(log).map_or(f64::NEG_INFINITY, |fit| fit.likelihood);
        let width = (LOG_ALPHA.1 - LOG_ALPHA.0) / GRID;
        let mut best = (LOG_ALPHA.0, f64::NEG_INFINITY);
        let mut log = LOG_ALPHA.0;
        while log < LOG_ALPHA.1 + width / 2.0 {
            let here = likelihood(log);
            if here > best.1 {
                best = (log, here);
            }
            log += width;
        }
        // the likelihood is flat at its top: where its slope is 0 has more digits
        let (mut lo, mut hi) = (best.0 - width, best.0 + width);
        for _ in 0..BISECTIONS {
            let middle = f64::midpoint(lo, hi);
            if of(middle).is_some_and(|fit| self.wants_more(&fit)) {
                lo = middle;
            } else {
                hi = middle;
            }
        }
        of(f64::midpoint(lo, hi))
    }

    /// Returns whether the likelihood grows with α. What the coefficients do does not matter: they are at their best.
    fn wants_more(&self, fit: &Fit) -> bool {
        let theta = fit.alpha.recip();
        let of = |(count, eta): (&f64, &f64)| {
            let whole = theta + eta.exp();
            digamma(count + theta) - digamma(theta) + (theta / whole).ln() + 1.0 - (count + theta) / whole
        };
        self.counts.iter().zip(fit.eta.iter()).map(of).sum::<f64>() < 0.0
    }

    /// Fits a negative binomial regression if the counts spread more than Poisson by the likelihood-ratio test at 5 per
    /// cent, else a Poisson one.
    pub(super) fn best(&self) -> Option<Fit> {
        let poisson = self.poisson()?;
        Some(match self.overdispersed(&poisson) {
            Some(wider) if 2.0 * (wider.likelihood - poisson.likelihood) > OVERDISPERSED => wider,
            _ => poisson,
        })
    }
}
