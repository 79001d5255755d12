//! The gamma distribution: its logarithm of Γ, its distribution function and quantiles, about 14 digits.

/// Coefficients of Lanczos's approximation with g = 607/128 (Godfrey 2001).
const LANCZOS: [f64; 14] = [
    57.156_235_665_862_92,
    -59.597_960_355_475_49,
    14.136_097_974_741_746,
    -0.491_913_816_097_620_2,
    0.339_946_499_848_118_9e-4,
    0.465_236_289_270_485_8e-4,
    -0.983_744_753_048_795_6e-4,
    0.158_088_703_224_912_5e-3,
    -0.210_264_441_724_104_9e-3,
    0.217_439_618_115_212_6e-3,
    -0.164_318_106_536_763_9e-3,
    0.844_182_239_838_527_4e-4,
    -0.261_908_384_015_814_1e-4,
    0.368_991_826_595_316_2e-5,
];

/// Returns ln Γ(x) for x > 0.
fn ln_gamma(x: f64) -> f64 {
    let t = x + 5.242_187_5;
    let t = (x + 0.5) * t.ln() - t;
    let mut at = x;
    let mut sum = 0.999_999_999_999_997_1;
    for coefficient in LANCZOS {
        at += 1.0;
        sum += coefficient / at;
    }
    t + (2.506_628_274_631_000_5 * sum / x).ln()
}

/// Returns P(X ≤ x) for a gamma variable of this shape and scale 1.
pub(in crate::functions) fn below(shape: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let density = (shape * x.ln() - x - ln_gamma(shape)).exp();
    if x < shape + 1.0 {
        let (mut term, mut sum, mut at) = (1.0 / shape, 1.0 / shape, shape);
        while term > sum * 1e-17 {
            at += 1.0;
            term *= x / at;
            sum += term;
        }
        return (sum * density).min(1.0);
    }
    // Legendre's continued fraction by Lentz's method
    let mut b = x + 1.0 - shape;
    let mut c = 1e300;
    let mut d = 1.0 / b;
    let mut fraction = d;
    for step in 1..1_000_000 {
        let step = f64::from(step);
        let a = step * (shape - step);
        b += 2.0;
        d = 1.0 / away(a * d + b);
        c = away(b + a / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    (1.0 - fraction * density).max(0.0)
}

fn away(from_zero: f64) -> f64 {
    if from_zero.abs() < 1e-300 { 1e-300 } else { from_zero }
}

/// Returns the x with P(X ≤ x) = p, for 0 < p < 1.
pub(in crate::functions) fn quantile(shape: f64, p: f64) -> f64 {
    let (mut lo, mut hi) = (0.0, shape + 10.0);
    while below(shape, hi) < p {
        hi *= 2.0;
    }
    let ln_gamma = ln_gamma(shape);
    let mut x = f64::midpoint(lo, hi);
    for _ in 0..200 {
        let miss = below(shape, x) - p;
        if miss > 0.0 {
            hi = x;
        } else {
            lo = x;
        }
        let slope = ((shape - 1.0) * x.ln() - x - ln_gamma).exp();
        let newton = x - miss / slope;
        let next = if newton > lo && newton < hi {
            newton
        } else {
            f64::midpoint(lo, hi)
        };
        if (next - x).abs() <= 1e-15 * x {
            return next;
        }
        x = next;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::{below, ln_gamma, quantile};

    #[test]
    fn known_values() {
        for (x, expected) in [
            (1.0, 0.0),
            (0.5, 0.572_364_942_924_700_1),
            (10.0, 12.801_827_480_081_469),
            (1e-3, 6.907_178_885_383_853),
        ] {
            assert!(
                (ln_gamma(x) - expected).abs() < 1e-13 * expected.max(1.0),
                "{x}: {}",
                ln_gamma(x)
            );
        }
        // exponential
        assert!((below(1.0, 2.0) - (1.0 - (-2.0_f64).exp())).abs() < 1e-15);
        // twice a gamma variable of shape ½ is χ² with one degree of freedom: the trend test's critical value
        assert!((2.0 * quantile(0.5, 0.998) - 9.549_535_706_083_24).abs() < 1e-11);
        assert!((quantile(1.0, 0.5) - 2.0_f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn quantiles_turn_the_distribution_round() {
        for shape in [0.3, 1.0, 7.5, 120.0, 1e4] {
            for p in [1e-6, 0.025, 0.5, 0.975, 0.999_999] {
                assert!((below(shape, quantile(shape, p)) - p).abs() < 1e-12, "{shape} {p}");
            }
        }
    }
}
