//! Ratios of two rates and of two shares, with limits on the scale of logarithms.

use super::{
    limits::{self, Limits},
    twin,
};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Law, Outcome, Params, Scalar},
    value::{Output, Value},
};

const RATIO: Output = Output::Struct(&[
    ("value", Output::Number),
    ("lo", Output::Number),
    ("hi", Output::Number),
]);

/// Of rates.
pub(super) static RATE_RATIO_CI: Definition = Definition {
    name: "rate_ratio_ci",
    family: Family::Rates,
    formula: "r = (x1/n1)/(x2/n2); limits r·exp(∓z √(1/x1 + 1/x2)); when a count is 0, both counts get ½ for the limits and the end that the data cannot give is 0 or NULL",
    reading: "struct with value, lo and hi: how many times the second rate the first is; 1 outside means they differ",
    range: "0 upwards",
    null_when: "an argument is NULL, or n1 or n2 is 0; value and hi also when x2 is 0",
    source: "Rothman, Greenland & Lash 2008, Modern Epidemiology (3rd ed.), ch. 14; Haldane 1956 for zeros, doi:10.1111/j.1469-1809.1955.tb01285.x",
    example: Example {
        sql: "SELECT rate_ratio_ci(30, 1000, 15, 2000)['value']",
        result: "4.0",
    },
    laws: &[Law::Within(0.0, f64::INFINITY)],
    twins: &[
        twin(
            "rate_ratio_value",
            0,
            "how many times the second rate the first is",
            "0 upwards",
            "SELECT rate_ratio_value(30, 1000, 15, 1000)",
            "2.0",
        ),
        twin(
            "rate_ratio_lo",
            1,
            "smallest ratio that the counts do not contradict",
            "0 upwards",
            "SELECT round(rate_ratio_lo(30, 1000, 15, 1000), 4)",
            "1.0761",
        ),
        twin(
            "rate_ratio_hi",
            2,
            "largest ratio that the counts do not contradict",
            "0 upwards",
            "SELECT round(rate_ratio_hi(30, 1000, 15, 1000), 4)",
            "3.7171",
        ),
    ],
    body: Body::Scalar(Scalar {
        takes: &[
            Argument::count("x1"),
            Argument::count("n1"),
            Argument::count("x2"),
            Argument::count("n2"),
            Argument::option("conf", 0.95),
        ],
        gives: RATIO,
        kernel: rates,
    }),
};

/// Of shares.
pub(super) static RISK_RATIO_CI: Definition = Definition {
    name: "risk_ratio_ci",
    family: Family::Rates,
    formula: "r = (x1/n1)/(x2/n2); limits r·exp(∓z √(1/x1 − 1/n1 + 1/x2 − 1/n2)); zeros as in rate_ratio_ci",
    reading: "struct with value, lo and hi: how many times the second share the first is; 1 outside means they differ",
    range: "0 upwards",
    null_when: "an argument is NULL, or n1 or n2 is 0; value and hi also when x2 is 0",
    source: "Katz, Baptista, Azen & Pike 1978, doi:10.2307/2530610",
    example: Example {
        sql: "SELECT risk_ratio_ci(30, 100, 15, 100)['value']",
        result: "2.0",
    },
    laws: &[],
    twins: &[
        twin(
            "risk_ratio_value",
            0,
            "how many times the second share the first is",
            "0 upwards",
            "SELECT risk_ratio_value(30, 100, 15, 100)",
            "2.0",
        ),
        twin(
            "risk_ratio_lo",
            1,
            "smallest ratio that the counts do not contradict",
            "0 upwards",
            "SELECT round(risk_ratio_lo(30, 100, 15, 100), 4)",
            "1.1489",
        ),
        twin(
            "risk_ratio_hi",
            2,
            "largest ratio that the counts do not contradict",
            "0 upwards",
            "SELECT round(risk_ratio_hi(30, 100, 15, 100), 4)",
            "3.4817",
        ),
    ],
    body: Body::Scalar(Scalar {
        takes: &[
            Argument::count("x1"),
            Argument::total("n1"),
            Argument::count("x2"),
            Argument::total("n2"),
            Argument::option("conf", 0.95),
        ],
        gives: RATIO,
        kernel: risks,
    }),
};

/// Two counts of what they are counted in.
#[derive(Debug, Clone, Copy)]
pub(in crate::functions) struct Pair {
    pub(in crate::functions) x1: f64,
    pub(in crate::functions) n1: f64,
    pub(in crate::functions) x2: f64,
    pub(in crate::functions) n2: f64,
}

/// Returns the ratio and its limits: of shares, or else of rates. Both n are above 0.
pub(in crate::functions) fn ratio(of: Pair, shares: bool, z: f64) -> (Option<f64>, Option<f64>, Option<f64>) {
    let Pair { x1, n1, x2, n2 } = of;
    let value = (x2 > 0.0).then(|| (x1 / n1) / (x2 / n2));
    // ½ more in both where a logarithm would be of 0
    let more = if x1 <= 0.0 || x2 <= 0.0 { 0.5 } else { 0.0 };
    let (x1, x2) = (x1 + more, x2 + more);
    let (all1, all2) = if shares { (n1 + more, n2 + more) } else { (n1, n2) };
    let whole = if shares { 1.0 / all1 + 1.0 / all2 } else { 0.0 };
    let error = (1.0 / x1 + 1.0 / x2 - whole).max(0.0).sqrt();
    let middle = (x1 / all1) / (x2 / all2);
    let limits = Limits {
        lo: middle * (-z * error).exp(),
        hi: middle * (z * error).exp(),
    };
    let lo = if of.x1 <= 0.0 { 0.0 } else { limits.lo };
    // so few events that the upper limit is beyond all numbers
    let hi = Some(limits.hi).filter(|hi| of.x2 > 0.0 && hi.is_finite());
    (value, Some(lo), hi)
}

fn answer(of: &Params, function: &str, shares: bool) -> Outcome {
    let z = limits::z(function, of.number(4))?;
    let pair = Pair {
        x1: of.number(0),
        n1: of.number(1),
        x2: of.number(2),
        n2: of.number(3),
    };
    if pair.n1 <= 0.0 || pair.n2 <= 0.0 {
        return Ok(Value::Null);
    }
    let (value, lo, hi) = ratio(pair, shares, z);
    let number = |of: Option<f64>| of.map_or(Value::Null, Value::Number);
    Ok(Value::Struct(vec![number(value), number(lo), number(hi)]))
}

fn rates(of: &Params) -> Outcome {
    answer(of, "rate_ratio_ci", false)
}

fn risks(of: &Params) -> Outcome {
    answer(of, "risk_ratio_ci", true)
}
