//! Moran's I: whether neighbours are alike.

use super::autocorrelation::{
    AREA, Field, ISLANDS, NEIGHBOUR, PERMUTATIONS, SEED, STANDARDISE, VALUE, WEIGHT, centred,
};
use super::random::Stream;
use crate::{
    error::{Error, Result},
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params, Twin},
        table::Table,
        value::{Output, Value},
    },
};

const GIVES: Output = Output::Struct(&[
    ("value", Output::Number),
    ("expected", Output::Number),
    ("sd", Output::Number),
    ("z", Output::Number),
    ("p", Output::Number),
    ("n_units", Output::Count),
    ("n_islands", Output::Count),
    ("n_edges", Output::Count),
]);
const NULL_WHEN: &str =
    "the value of an area or a weight is NULL, fewer than two areas have neighbours, or all values are equal";
const READING: &str = "struct: value I; expected and sd when values are dealt at random (randomisation), z; p the share of permutations at least as far out on the rarer side, as PySAL and GeoDa print it (ties count on both sides); areas, areas without neighbours ('drop' leaves them out, 'zero' keeps them, 'refuse' stops), edges";

/// Moran's I.
pub(super) static MORAN: Definition = Definition {
    name: "moran",
    family: Family::Spatial,
    formula: "(n/S₀) ΣΣ w zᵢ zⱼ / Σ z², z the value less the mean, S₀ = ΣΣ w; rows of w divided by their sums first unless 'none'; rows where neighbour is the area itself bring the value, all others are directed edges with w",
    reading: READING,
    range: "about −1 (neighbours differ) through −1/(n − 1) (chance) to 1 (neighbours are alike)",
    null_when: NULL_WHEN,
    source: "Moran 1950, doi:10.1093/biomet/37.1-2.17; Cliff & Ord 1981, Spatial Processes, Pion",
    example: Example {
        sql: "SELECT round(moran(area, neighbour, value, w)['value'], 6) FROM (VALUES ('A', 'A', 3.0, 0), ('B', 'B', 2.0, 0), ('C', 'C', 0.0, 0), ('A', 'B', NULL, 1), ('B', 'A', NULL, 1), ('B', 'C', NULL, 1), ('C', 'B', NULL, 1)) AS v(area, neighbour, value, w)",
        result: "-0.035714",
    },
    laws: &[],
    twins: &[
        Twin {
            name: "moran_i",
            field: 0,
            reading: "Moran's I alone",
            range: "about −1 to 1",
            example: Example {
                sql: "SELECT round(moran_i(area, neighbour, value, w), 6) FROM (VALUES ('A', 'A', 3.0, 0), ('B', 'B', 2.0, 0), ('C', 'C', 0.0, 0), ('A', 'B', NULL, 1), ('B', 'A', NULL, 1), ('B', 'C', NULL, 1), ('C', 'B', NULL, 1)) AS v(area, neighbour, value, w)",
                result: "-0.035714",
            },
        },
        Twin {
            name: "moran_p",
            field: 4,
            reading: "the pseudo p value of Moran's I alone",
            range: "1/(permutations + 1) to about one half",
            example: Example {
                sql: "SELECT moran_p(area, neighbour, value, w, 9) <= 0.6 FROM (VALUES ('A', 'A', 3.0, 0), ('B', 'B', 2.0, 0), ('C', 'C', 0.0, 0), ('A', 'B', NULL, 1), ('B', 'A', NULL, 1), ('B', 'C', NULL, 1), ('C', 'B', NULL, 1)) AS v(area, neighbour, value, w)",
                result: "true",
            },
        },
    ],
    body: Body::Aggregate(&[Form::table(
        &[AREA, NEIGHBOUR, VALUE, WEIGHT, PERMUTATIONS, SEED, STANDARDISE, ISLANDS],
        moran,
    )
    .gives(GIVES)
    .sees_nulls()
    .sees_empty()]),
};

/// Moran's I of rates.
pub(super) static MORAN_EB: Definition = Definition {
    name: "moran_eb",
    family: Family::Spatial,
    formula: "Moran's I of z = (x/t − b)/√(a + b/t), b = X/T, a = max(Σ t(x/t − b)²/T − b/(T/n), 0); rows where neighbour is the area itself bring x and t",
    reading: READING,
    range: "about −1 to 1",
    null_when: "a count of an area or a weight is NULL, fewer than two areas have neighbours and people, or all rates are equal",
    source: "Assunção & Reis 1999, doi:10.1002/(SICI)1097-0258(19990830)18:16<2147::AID-SIM179>3.0.CO;2-I",
    example: Example {
        sql: "SELECT round(moran_eb(area, neighbour, x, t, w)['value'], 6) FROM (VALUES ('A', 'A', 30, 100, 0), ('B', 'B', 20, 100, 0), ('C', 'C', 1, 100, 0), ('A', 'B', NULL, NULL, 1), ('B', 'A', NULL, NULL, 1), ('B', 'C', NULL, NULL, 1), ('C', 'B', NULL, NULL, 1)) AS v(area, neighbour, x, t, w)",
        result: "-0.031106",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            AREA,
            NEIGHBOUR,
            Argument::count("x"),
            Argument::total("t"),
            WEIGHT,
            PERMUTATIONS,
            SEED,
            STANDARDISE,
            ISLANDS,
        ],
        rates,
    )
    .gives(GIVES)
    .sees_nulls()
    .sees_empty()]),
};

fn moran(table: &Table<'_>, params: &Params) -> Outcome {
    match Field::new(table, params, "moran", 0)? {
        Some(field) => statistic(&field, &field.network.numbers(table, 2)),
        None => Ok(Value::Null),
    }
}

fn rates(table: &Table<'_>, params: &Params) -> Outcome {
    let function = "moran_eb";
    let Some(field) = Field::new(table, params, function, 2)? else {
        return Ok(Value::Null);
    };
    let values = standardised(&field, table, function)?;
    statistic(&field, &values)
}

/// Returns rates less the whole's, in units of what chance and true spread give.
fn standardised(field: &Field, table: &Table<'_>, function: &str) -> Result<Vec<f64>> {
    let units = field.network.units(table, function)?;
    if units.iter().any(|of| of.t <= 0.0) {
        return Err(
            Error::invalid(6032, format!("`{function}` got an area without people: it has no rate"))
                .hint("leave such areas out with a WHERE"),
        );
    }
    let (x, t) = units.iter().fold((0.0, 0.0), |(x, t), of| (x + of.x, t + of.t));
    let rate = x / t;
    let spread = units.iter().map(|of| of.t * (of.x / of.t - rate).powi(2)).sum::<f64>() / t;
    let a = (spread - rate / (t / units.len() as f64)).max(0.0);
    Ok(units
        .iter()
        .map(|of| {
            let variance = a + rate / of.t;
            if variance > 0.0 {
                (of.x / of.t - rate) / variance.sqrt()
            } else {
                0.0
            }
        })
        .collect())
}

fn statistic(field: &Field, values: &[f64]) -> Outcome {
    let weights = &field.network.weights;
    let units = weights.units();
    let all: f64 = (0..units).map(|unit| weights.row(unit)).sum();
    let Some((z, square)) = centred(values) else {
        return Ok(Value::Null);
    };
    if units < 2 || all <= 0.0 {
        return Ok(Value::Null);
    }
    let index = |z: &[f64]| -> f64 {
        let products = weights.lag(z).into_iter().zip(z).map(|(lag, z)| lag * z).sum::<f64>();
        products / (all * square)
    };
    let value = index(&z);
    let n = units as f64;
    let expected = -1.0 / (n - 1.0);
    let sd = deviation(field, &z, square, all).map(f64::sqrt).filter(|sd| *sd > 0.0);
    let mut p = Value::Null;
    if field.permutations > 0 {
        let (mut above, mut below) = (0, 0);
        let mut dealt = z.clone();
        for permutation in 0..field.permutations {
            dealt.copy_from_slice(&z);
            Stream::new(field.seed, permutation, 0).shuffle(&mut dealt, units, |_, _| ());
            let other = index(&dealt);
            above += usize::from(other >= value - 1e-12);
            below += usize::from(other <= value + 1e-12);
        }
        p = field.folded(above, below).into();
    }
    Ok(Value::Struct(vec![
        Value::Number(value),
        Value::Number(expected),
        sd.map_or(Value::Null, Value::from),
        sd.map_or(Value::Null, |sd| ((value - expected) / sd).into()),
        p,
        Value::count(units),
        Value::count(field.islands),
        Value::count(weights.edges()),
    ]))
}

/// Returns the variance of I when values are dealt at random; it needs four areas.
fn deviation(field: &Field, z: &[f64], square: f64, all: f64) -> Option<f64> {
    let weights = &field.network.weights;
    let n = z.len() as f64;
    if n < 4.0 {
        return None;
    }
    let mut columns = vec![0.0; z.len()];
    let (mut s1, mut s2) = (0.0, 0.0);
    for unit in 0..z.len() {
        for (to, weight) in weights.of(unit) {
            columns[to] += weight;
            s1 += weight * (weight + weights.weight(to, unit));
        }
    }
    for (unit, column) in columns.iter().enumerate() {
        s2 += (weights.row(unit) + column).powi(2);
    }
    let kurtosis = z.iter().map(|z| z.powi(4)).sum::<f64>() / n / (square * square);
    let (n2, all2) = (n * n, all * all);
    let above =
        n * ((n2 - 3.0 * n + 3.0) * s1 - n * s2 + 3.0 * all2) - kurtosis * ((n2 - n) * s1 - 2.0 * n * s2 + 6.0 * all2);
    Some(above / ((n - 1.0) * (n - 2.0) * (n - 3.0) * all2) - 1.0 / ((n - 1.0) * (n - 1.0)))
        .filter(|variance| *variance > 0.0)
}
