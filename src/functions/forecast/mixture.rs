//! Quantiles of a count whose own mean is not known: a Poisson count with a gamma-distributed mean is negative binomial.

use crate::functions::rates::gamma;

/// Means, and standard deviations of the mean, from which a count is as good as a continuous number.
const LARGE: f64 = 1e4;
/// Chances below this, of the largest one, are none.
const NOTHING: f64 = 1e-18;

/// Returns the smallest k with P(X ≤ k) ≥ p of a count with this mean and variance mean + spread·mean².
pub(super) fn quantile(p: f64, mean: f64, spread: f64) -> Option<f64> {
    if mean <= 0.0 {
        return Some(0.0);
    }
    let variance = mean + spread * mean * mean;
    if !variance.is_finite() {
        return None;
    }
    if mean >= LARGE || spread * mean >= LARGE {
        // a gamma number with the same mean and variance
        let shape = mean * mean / variance;
        return Some((gamma::quantile(shape, p) * variance / mean).ceil()).filter(|of| of.is_finite());
    }
    // chances by their ratios from the likeliest count on, so that nothing is lost to powers and factorials
    let ratio = |k: f64| (k * spread + 1.0) / (k + 1.0) * (mean / (1.0 + spread * mean));
    let mode = (mean * (1.0 - spread)).floor().max(0.0);
    let (mut below, mut first, mut least) = (0.0, mode, 1.0);
    while first > 0.0 && least > NOTHING {
        first -= 1.0;
        least /= ratio(first);
        below += least;
    }
    let (mut all, mut k, mut chance) = (below, mode, 1.0);
    while chance > NOTHING * all.max(1.0) {
        all += chance;
        chance *= ratio(k);
        k += 1.0;
    }
    // once more from the first count on, now that their sum is known
    let (mut sum, mut k, mut chance) = (0.0, first, least);
    while sum + chance < p * all && chance > 0.0 {
        sum += chance;
        chance *= ratio(k);
        k += 1.0;
    }
    Some(k)
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
                let small = quantile(p, 9_999.0, spread).unwrap();
                let large = quantile(p, 10_001.0, spread).unwrap();
                // two more are expected, and quantiles grow in proportion
                assert!(
                    (large - small * 10_001.0 / 9_999.0).abs() < 3.0,
                    "{p} {spread}: {small} {large}"
                );
            }
        }
    }
}
