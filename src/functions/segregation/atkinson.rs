//! The Atkinson index of segregation, and the generalised entropy family.

use super::{areas::both, hutchens::square_root};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Law, Outcome, Params},
        table::Wide,
        value::Value,
    },
};

/// A(b).
pub(super) static SEG_ATKINSON: Definition = Definition {
    name: "seg_atkinson",
    family: Family::Segregation,
    formula: "1 − P/(1 − P) |Σ t(1 − p)^(1−b) p^b / (P T)|^(1/(1−b)) = 1 − (Σ (x/X)^b (y/Y)^(1−b))^(1/(1−b))",
    reading: "evenness with a choice: below b = 0.5 areas where the group is rare weigh more, above it areas where it is common",
    range: "0 (even) to 1 (apart)",
    null_when: "a count is NULL, or one of the two groups has nobody",
    source: "Atkinson 1970, doi:10.1016/0022-0531(70)90039-6; Massey & Denton 1988, doi:10.1093/sf/67.2.281",
    example: Example {
        sql: "SELECT round(seg_atkinson(area, x, t, 0.5), 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "0.75",
    },
    laws: &[
        Law::Within(0.0, 1.0),
        Law::Scale,
        Law::Division,
        Law::ZeroWhenEven,
        Law::OneWhenApart,
        Law::Exchange,
    ],
    twins: &[],
    body: Body::Aggregate(&[
        Form::wide(atkinson).takes(&[
            Argument::key("area"),
            Argument::count("x"),
            Argument::total("t"),
            Argument::option("b", 0.5),
        ]),
        Form::one_of(atkinson).takes(&[
            Argument::key("area"),
            Argument::key("group"),
            Argument::count("n"),
            Argument::name("group"),
            Argument::option("b", 0.5),
        ]),
        Form::two_of(atkinson).takes(&[
            Argument::key("area"),
            Argument::key("group"),
            Argument::count("n"),
            Argument::name("group"),
            Argument::name("other group"),
            Argument::option("b", 0.5),
        ]),
    ]),
};

/// GE(c).
pub(super) static SEG_GENERALISED_ENTROPY: Definition = Definition {
    name: "seg_generalised_entropy",
    family: Family::Segregation,
    formula: "(Σ (x/X)^c (y/Y)^(1−c) − 1) / (c(c − 1)); c = 1: Σ (x/X) ln(x/X ÷ y/Y); c = 0: the same with x and y changed",
    reading: "how far the group's distribution over areas is from the other's: c = 0.5 is four times Hutchens' index, \
              c = 1 Theil's, c = 2 half the squared coefficient of variation",
    range: "0 (even) and upwards; for c between 0 and 1 at most 1 / (c(1 − c))",
    null_when: "a count is NULL, one of the two groups has nobody, or c ≥ 1 and an area has none of the rest (it would be \
                infinite), or c ≤ 0 and an area has none of the group",
    source: "Gradín 2010 (Stata dicseg); Alonso-Villar & Del Río 2010, Mathematical Social Sciences 60:30; Hutchens 2004, \
             International Economic Review 45(2)",
    example: Example {
        sql: "SELECT round(seg_generalised_entropy(area, x, t, 2), 6) FROM (VALUES ('A', 10, 30), ('B', 0, 10), ('C', 10, 20)) AS v(area, x, t)",
        result: "0.25",
    },
    laws: &[
        Law::Within(0.0, 4.0),
        Law::Scale,
        Law::Division,
        Law::ZeroWhenEven,
        Law::GroupSymmetry,
        Law::Exchange,
    ],
    twins: &[],
    body: Body::Aggregate(&[
        Form::wide(entropy).takes(&[
            Argument::key("area"),
            Argument::count("x"),
            Argument::total("t"),
            Argument::option("c", 0.5),
        ]),
        Form::one_of(entropy).takes(&[
            Argument::key("area"),
            Argument::key("group"),
            Argument::count("n"),
            Argument::name("group"),
            Argument::option("c", 0.5),
        ]),
        Form::two_of(entropy).takes(&[
            Argument::key("area"),
            Argument::key("group"),
            Argument::count("n"),
            Argument::name("group"),
            Argument::name("other group"),
            Argument::option("c", 0.5),
        ]),
    ]),
};

/// Whether a parameter is a half, where both families are functions of Hutchens' index.
fn is_half(of: f64) -> bool {
    (of - 0.5).abs() < f64::EPSILON
}

/// Returns Σ (x/X)^c (y/Y)^(1−c).
fn powers(areas: &Wide, c: f64) -> Option<f64> {
    let (x, y) = both(areas)?;
    let of = areas.units.iter().filter(|of| of.x + of.y > 0.0);
    Some(of.map(|of| (of.x / x).powf(c) * (of.y / y).powf(1.0 - c)).sum())
}

pub(super) fn atkinson(areas: &Wide, params: &Params) -> Outcome {
    let b = params.number(0);
    if !(b > 0.0 && b < 1.0) {
        return Err(Error::invalid(6005, "`seg_atkinson` takes a `b` between 0 and 1")
            .hint("0.5 weighs areas where the group is rare and where it is common alike"));
    }
    let index = if is_half(b) {
        square_root(areas).map(|o| o * (2.0 - o))
    } else {
        powers(areas, b).map(|sum| 1.0 - sum.powf(1.0 / (1.0 - b)))
    };
    Ok(index.map_or(Value::Null, |index| index.clamp(0.0, 1.0).into()))
}

pub(super) fn entropy(areas: &Wide, params: &Params) -> Outcome {
    let c = params.number(0);
    if is_half(c) {
        return Ok(square_root(areas).map_or(Value::Null, |o| (4.0 * o).into()));
    }
    let Some((x, y)) = both(areas) else {
        return Ok(Value::Null);
    };
    let alone = |group: f64, other: f64| group > 0.0 && other <= 0.0;
    if areas
        .units
        .iter()
        .any(|of| (c >= 1.0 && alone(of.x, of.y)) || (c <= 0.0 && alone(of.y, of.x)))
    {
        return Ok(Value::Null);
    }
    let theil = |n: f64, all: f64, other: f64, other_all: f64| {
        if n > 0.0 {
            n / all * ((n * other_all) / (other * all)).ln()
        } else {
            0.0
        }
    };
    let near = |to: f64| (c - to).abs() < f64::EPSILON;
    let index: f64 = if near(1.0) {
        areas.units.iter().map(|of| theil(of.x, x, of.y, y)).sum()
    } else if near(0.0) {
        areas.units.iter().map(|of| theil(of.y, y, of.x, x)).sum()
    } else {
        powers(areas, c).map_or(f64::NAN, |sum| (sum - 1.0) / (c * (c - 1.0)))
    };
    Ok(index.clamp(0.0, f64::INFINITY).into())
}
