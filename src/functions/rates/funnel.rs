//! Funnel limits: how far from a target a share or rate of so many people may lie by chance.

use super::{
    gamma,
    limits::{self, Limits},
    normal,
};
use crate::{
    error::{Error, Result},
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params, Scalar},
        table::Table,
        value::{Output, Value},
    },
};

const CONFIDENCES: [f64; 2] = [0.95, 0.998];

/// For one size.
pub(super) static FUNNEL_LIMITS: Definition = Definition {
    name: "funnel_limits",
    family: Family::Rates,
    formula: "'share': Wilson's limits of n·target in n; 'rate': the counts whose exact Poisson limits just reach n·target/per, as rates; at 95 and 99.8 per cent",
    reading: "struct with lo95, hi95, lo998 and hi998: within the inner limits chance explains the difference, outside the outer ones hardly",
    range: "0 upwards",
    null_when: "an argument is NULL, or n is 0",
    source: "Spiegelhalter 2005, doi:10.1002/sim.1970",
    example: Example {
        sql: "SELECT round(funnel_limits(0.2, 100)['hi95'], 4)",
        result: "0.2888",
    },
    laws: &[],
    twins: &[],
    body: Body::Scalar(Scalar {
        takes: &[
            Argument::count("target"),
            Argument::count("n"),
            Argument::choice("kind", "share"),
            Argument::option("per", 1.0),
        ],
        gives: Output::Struct(&[
            ("lo95", Output::Number),
            ("hi95", Output::Number),
            ("lo998", Output::Number),
            ("hi998", Output::Number),
        ]),
        kernel: of_target,
    }),
};

/// Of many areas around their mean.
pub(super) static FUNNEL: Definition = Definition {
    name: "funnel",
    family: Family::Rates,
    formula: "target = Σx/Σn; limits as funnel_limits; z = 2√n(asin√p − asin√target) for shares, 2(√x − √(n·target)) for rates; phi = mean of z² with the outer tenths drawn in; z_adjusted = z/√max(phi, 1)",
    reading: "list of areas with value, target, limits, z, phi, z_adjusted and status for UNNEST; when phi is well above 1 areas differ for more reasons than chance, and status, which goes by z_adjusted, allows for it",
    range: "status 'low 99.8', 'low 95', 'as expected', 'high 95' or 'high 99.8'",
    null_when: "a count is NULL, or nobody is in any area; areas with events but nobody have no value",
    source: "Spiegelhalter 2005, doi:10.1002/sim.1970",
    example: Example {
        sql: "SELECT funnel(area, x, n)[3]['status'] FROM (VALUES ('A', 10, 100), ('B', 12, 100), ('C', 35, 100), ('D', 11, 100), ('E', 9, 100)) AS v(area, x, n)",
        result: "high 95",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("area"),
            Argument::count("x"),
            Argument::total("n"),
            Argument::choice("kind", "share"),
            Argument::option("per", 1.0),
        ],
        funnel,
    )
    .gives(Output::List(&Output::Struct(&[
        ("area", Output::Text),
        ("x", Output::Number),
        ("n", Output::Number),
        ("value", Output::Number),
        ("target", Output::Number),
        ("lo95", Output::Number),
        ("hi95", Output::Number),
        ("lo998", Output::Number),
        ("hi998", Output::Number),
        ("z", Output::Number),
        ("phi", Output::Number),
        ("z_adjusted", Output::Number),
        ("status", Output::Text),
    ])))]),
};

/// Whether a call is about shares, or else rates.
pub(in crate::functions) fn shares(function: &str, kind: &str) -> Result<bool> {
    match kind {
        "share" => Ok(true),
        "rate" => Ok(false),
        _ => Err(limits::unknown(function, "kind", "'share', 'rate'")),
    }
}

/// Returns the counts, between whole ones, whose exact limits just reach `expected`.
fn counts(expected: f64, conf: f64) -> Limits {
    let tail = (1.0 - conf) / 2.0;
    // P falls as the shape rises
    let root = |p: f64| {
        let (mut lo, mut hi) = (0.0, expected + 20.0);
        while gamma::below(hi, expected) > p {
            hi *= 2.0;
        }
        for _ in 0..200 {
            let middle = f64::midpoint(lo, hi);
            if middle <= lo || middle >= hi {
                break;
            }
            if gamma::below(middle, expected) > p {
                lo = middle;
            } else {
                hi = middle;
            }
        }
        f64::midpoint(lo, hi)
    };
    if expected <= 0.0 {
        return Limits { lo: 0.0, hi: 0.0 };
    }
    Limits {
        lo: (root(1.0 - tail) - 1.0).max(0.0),
        hi: root(tail),
    }
}

/// Returns the limits of a share or of a rate as a share.
fn around(target: f64, n: f64, shares: bool, conf: f64) -> Limits {
    if shares {
        return limits::wilson(n * target, n, normal::quantile(f64::midpoint(1.0, conf)));
    }
    let Limits { lo, hi } = counts(n * target, conf);
    Limits { lo: lo / n, hi: hi / n }
}

fn of_target(of: &Params) -> Outcome {
    let (target, n, per) = (of.number(0), of.number(1), of.number(2));
    let shares = shares("funnel_limits", of.text(0))?;
    if per <= 0.0 || (shares && target > per) {
        return Err(Error::invalid(6004, "`funnel_limits` got a target above a whole")
            .hint("a share is at most 1, or `per`; for rates write `funnel_limits(target, n, 'rate', 100000)`"));
    }
    if n <= 0.0 {
        return Ok(Value::Null);
    }
    let fields = CONFIDENCES.iter().flat_map(|conf| {
        let Limits { lo, hi } = around(target / per, n, shares, *conf);
        [Value::Number(per * lo), Value::Number(per * hi)]
    });
    Ok(Value::Struct(fields.collect()))
}

fn funnel(table: &Table<'_>, params: &Params) -> Outcome {
    let shares = shares("funnel", params.text(0))?;
    let per = params.number(0);
    let (x, n) = (table.count(0), table.count(1));
    if shares && x.iter().zip(n).any(|(x, n)| x > n) {
        return Err(
            Error::invalid(6004, "`funnel` got an area whose x is larger than its n")
                .hint("x is part of n; write 'rate' as the fourth argument for events"),
        );
    }
    let (events, people): (f64, f64) = (x.iter().sum(), n.iter().sum());
    if people <= 0.0 {
        return Ok(Value::Null);
    }
    let target = events / people;
    let z: Vec<f64> = x
        .iter()
        .zip(n)
        .map(|(x, n)| {
            if shares {
                2.0 * n.sqrt() * ((x / n).min(1.0).sqrt().asin() - target.sqrt().asin())
            } else {
                2.0 * (x.sqrt() - (n * target).sqrt())
            }
        })
        .collect();
    let mut sorted: Vec<f64> = z.iter().zip(n).filter(|(_, n)| **n > 0.0).map(|(z, _)| *z).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (low, high) = (
        super::random::of_sorted(&sorted, 0.1).unwrap_or(0.0),
        super::random::of_sorted(&sorted, 0.9).unwrap_or(0.0),
    );
    let phi = sorted.iter().map(|z| z.clamp(low, high).powi(2)).sum::<f64>() / sorted.len() as f64;
    let outer = CONFIDENCES.map(|conf| normal::quantile(f64::midpoint(1.0, conf)));
    let list = x.iter().zip(n).zip(z).enumerate().map(|(at, ((x, n), z))| {
        let mut fields = vec![Value::Text(table.text(0, at).to_owned()), (*x).into(), (*n).into()];
        if *n <= 0.0 {
            fields.resize(13, Value::Null);
            return Value::Struct(fields);
        }
        fields.extend([(per * x / n).into(), (per * target).into()]);
        for conf in CONFIDENCES {
            let Limits { lo, hi } = around(target, *n, shares, conf);
            fields.extend([(per * lo).into(), (per * hi).into()]);
        }
        let adjusted = z / phi.max(1.0).sqrt();
        let side = if adjusted > 0.0 { "high" } else { "low" };
        let status = match adjusted.abs() {
            far if far > outer[1] => format!("{side} 99.8"),
            far if far > outer[0] => format!("{side} 95"),
            _ => "as expected".to_owned(),
        };
        fields.extend([z.into(), phi.into(), adjusted.into(), Value::Text(status)]);
        Value::Struct(fields)
    });
    Ok(Value::List(list.collect()))
}
