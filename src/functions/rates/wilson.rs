//! Wilson's score interval of a share.

use super::normal::quantile;
use crate::{
    error::Error,
    functions::def::{Body, Definition, Example, Family, Output, Scalar, Value},
};

const FORMULA: &str =
    "(x + z²/2 ∓ z √(x(n − x)/n + z²/4)) / (n + z²), z the normal quantile of (1 + conf)/2, conf 0.95";
const NULL_WHEN: &str = "an argument is NULL, or n is 0";
const SOURCE: &str = "Wilson 1927, doi:10.1080/01621459.1927.10502953";

/// Both ends.
pub(in crate::functions) const CI_WILSON: Definition = Definition {
    name: "ci_wilson",
    family: Family::Rates,
    signatures: &["ci_wilson(x, n)", "ci_wilson(x, n, conf)"],
    formula: FORMULA,
    reading: "struct with lo and hi: the shares that x of n does not contradict",
    range: "lo and hi from 0 to 1",
    null_when: NULL_WHEN,
    source: SOURCE,
    example: Example {
        sql: "SELECT round(ci_wilson(7, 40)['lo'], 7)",
        result: "0.0874541",
    },
    body: Body::Scalar(Scalar {
        least: 2,
        most: 3,
        output: Output::Interval,
        kernel: both,
    }),
};

/// Lower end.
pub(in crate::functions) const CI_WILSON_LO: Definition = Definition {
    name: "ci_wilson_lo",
    family: Family::Rates,
    signatures: &["ci_wilson_lo(x, n)", "ci_wilson_lo(x, n, conf)"],
    formula: FORMULA,
    reading: "smallest share that x of n does not contradict",
    range: "0 to 1",
    null_when: NULL_WHEN,
    source: SOURCE,
    example: Example {
        sql: "SELECT round(ci_wilson_lo(11, 17), 7)",
        result: "0.4130036",
    },
    body: Body::Scalar(Scalar {
        least: 2,
        most: 3,
        output: Output::Number,
        kernel: lo,
    }),
};

/// Upper end.
pub(in crate::functions) const CI_WILSON_HI: Definition = Definition {
    name: "ci_wilson_hi",
    family: Family::Rates,
    signatures: &["ci_wilson_hi(x, n)", "ci_wilson_hi(x, n, conf)"],
    formula: FORMULA,
    reading: "largest share that x of n does not contradict",
    range: "0 to 1",
    null_when: NULL_WHEN,
    source: SOURCE,
    example: Example {
        sql: "SELECT round(ci_wilson_hi(11, 17), 7)",
        result: "0.8269028",
    },
    body: Body::Scalar(Scalar {
        least: 2,
        most: 3,
        output: Output::Number,
        kernel: hi,
    }),
};

fn ends(args: &[f64]) -> Result<Option<(f64, f64)>, Error> {
    let (x, n) = (args[0], args[1]);
    let conf = args.get(2).copied().unwrap_or(0.95);
    if x < 0.0 || n < 0.0 {
        return Err(Error::invalid(6003, "a Wilson interval got a negative count").hint("give counts from 0 upwards"));
    }
    if x > n {
        return Err(Error::invalid(6004, "a Wilson interval got more cases than people")
            .hint("the order is `ci_wilson(x, n)` with x ≤ n"));
    }
    if conf <= 0.0 || conf >= 1.0 {
        return Err(Error::invalid(6005, "a confidence must lie between 0 and 1")
            .hint("write 95 per cent as `ci_wilson(x, n, 0.95)`"));
    }
    if n <= 0.0 {
        return Ok(None);
    }
    let z = quantile(f64::midpoint(1.0, conf));
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
    Ok(Some((lo, hi)))
}

fn both(args: &[f64]) -> Result<Value, Error> {
    Ok(ends(args)?.map_or(Value::Null, |(lo, hi)| Value::Interval(lo, hi)))
}

fn lo(args: &[f64]) -> Result<Value, Error> {
    Ok(ends(args)?.map_or(Value::Null, |(lo, _)| Value::Number(lo)))
}

fn hi(args: &[f64]) -> Result<Value, Error> {
    Ok(ends(args)?.map_or(Value::Null, |(_, hi)| Value::Number(hi)))
}
