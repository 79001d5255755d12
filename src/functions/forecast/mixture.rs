//! Quantiles of a count whose own mean is not known: a Poisson count with a gamma-distributed mean is negative binomial.

use statrs::function::beta::checked_beta_reg;

use crate::functions::rates::gamma;

/// Means from which a count is as good as a continuous number.
const LARGE: f64 = 1e5;

/// Returns P(X ≤ k) of a count with this mean and variance mean + spread·mean².
fn below(k: f64, mean: f64, spread: f64) -> Option<f64> {
    // as good as Poisson: the beta function loses its digits with large arguments
    if spread * mean < 1e-7 {
        return Some(1.0 - gamma::below(k + 1.0, mean));
    }
    let r = spread.recip();
    checked_beta_reg(r, k + 1.0, r / (r + mean)).ok()
}

/// Returns the smallest k with P(X ≤ k) ≥ p.
pub(super) fn quantile(p: f64, mean: f64, spread: f64) -> Option<f64> {
    if mean <= 0.0 {
        return Some(0.0);
    }
    let variance = mean + spread * mean * mean;
    if !variance.is_finite() {
        return None;
    }
    if mean >= LARGE {
        // a gamma number with the same mean and variance
        let shape = mean * mean / variance;
        return Some((gamma::quantile(shape, p) * variance / mean).ceil()).filter(|of| of.is_finite());
    }
    let (mut low, mut high) = (-1.0, mean.ceil() + 1.0);
    while below(high, mean, spread)? < p {
        (low, high) = (high, 2.0 * high);
    }
    while high - low > 1.5 {
        let middle = f64::midpoint(low, high).floor();
        if below(middle, mean, spread)? < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use super::quantile;

    // scipy 1.17: nbinom.ppf(p, 1/a, 1/(1 + a*m)), poisson.ppf(p, m)
    #[test]
    fn quantiles_of_counts() {
        for (p, mean, spread, expected) in [
            (0.025, 12.5, 0.0, 6.0),
            (0.975, 12.5, 0.0, 20.0),
            (0.025, 12.5, 0.1, 4.0),
            (0.975, 12.5, 0.1, 24.0),
            (0.9, 0.2, 0.5, 1.0),
            (0.1, 3000.0, 0.01, 2616.0),
        ] {
            assert_eq!(quantile(p, mean, spread), Some(expected), "{p} {mean} {spread}");
        }
    }

    #[test]
    fn large_means_go_on_as_small_ones() {
        for spread in [0.0, 0.001, 0.3] {
            for p in [0.025, 0.1, 0.9, 0.975] {
                let small = quantile(p, 99_999.0, spread).unwrap();
                let large = quantile(p, 100_001.0, spread).unwrap();
                assert!((large - small).abs() < 10.0, "{p} {spread}: {small} {large}");
            }
        }
    }
}
