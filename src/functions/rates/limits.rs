//! Limits that several functions share: of a count, of a share, and what a confidence means.

use super::{gamma, normal::quantile};
use crate::error::Error;

/// Two ends.
#[derive(Debug, Clone, Copy)]
pub(in crate::functions) struct Limits {
    pub(in crate::functions) lo: f64,
    pub(in crate::functions) hi: f64,
}

/// Returns the normal quantile of (1 + conf)/2, or the error of a confidence that is none.
pub(in crate::functions) fn z(function: &str, conf: f64) -> Result<f64, Error> {
    if conf <= 0.0 || conf >= 1.0 {
        return Err(Error::invalid(6005, "a confidence must lie between 0 and 1")
            .hint(format!("write 95 per cent as `{function}(…, 0.95)`")));
    }
    Ok(quantile(f64::midpoint(1.0, conf)))
}

/// Returns the error of a text argument that names nothing known.
pub(in crate::functions) fn unknown(function: &str, argument: &str, known: &str) -> Error {
    Error::invalid(6012, format!("`{function}` does not know this `{argument}`")).hint(format!("it is one of {known}"))
}

/// Returns the exact Poisson limits of a count, from the χ² distribution.
pub(in crate::functions) fn exact(x: f64, conf: f64) -> Limits {
    let tail = (1.0 - conf) / 2.0;
    Limits {
        lo: if x <= 0.0 { 0.0 } else { gamma::quantile(x, tail) },
        hi: gamma::quantile(x + 1.0, 1.0 - tail),
    }
}

/// Returns Byar's limits of a count.
pub(in crate::functions) fn byar(x: f64, z: f64) -> Limits {
    let lo = if x <= 0.0 {
        0.0
    } else {
        x * (1.0 - 1.0 / (9.0 * x) - z / (3.0 * x.sqrt())).max(0.0).powi(3)
    };
    let next = x + 1.0;
    Limits {
        lo,
        hi: next * (1.0 - 1.0 / (9.0 * next) + z / (3.0 * next.sqrt())).powi(3),
    }
}

/// Returns the limits of a count, exact below ten and Byar's from there, and which they are.
pub(in crate::functions) fn count(function: &str, x: f64, conf: f64) -> Result<(Limits, &'static str), Error> {
    let z = z(function, conf)?;
    Ok(if x < 10.0 {
        (exact(x, conf), "exact")
    } else {
        (byar(x, z), "byar")
    })
}

/// Returns Wilson's limits of a share; n is above 0.
pub(in crate::functions) fn wilson(x: f64, n: f64, z: f64) -> Limits {
    let middle = x + z * z / 2.0;
    let half = z * (x * (n - x) / n + z * z / 4.0).sqrt();
    // at the edges the formula gives exactly 0 and 1, rounding aside
    let lo = if x <= 0.0 {
        0.0
    } else {
        ((middle - half) / (n + z * z)).max(0.0)
    };
    let hi = if x >= n {
        1.0
    } else {
        ((middle + half) / (n + z * z)).min(1.0)
    };
    Limits { lo, hi }
}
