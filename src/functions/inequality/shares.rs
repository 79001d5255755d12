//! Quantiles and shares of the whole: the Lorenz curve and what is read off it.

use super::values::{OF_ROWS, OF_UNITS, Spread};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Law, Outcome, Params},
        table::Table,
        value::{Output, Value},
    },
};

const ROWS: &str = "a value or weight is NULL, or nobody has weight";

/// A quantile over people.
pub(super) static WQUANTILE: Definition = Definition {
    name: "wquantile",
    family: Family::Inequality,
    formula: "the smallest v with Σ w of values up to v ≥ q·W",
    reading: "value that the share q of the people have or lie below; q = 0.5 is the median",
    range: "a value that is there",
    null_when: ROWS,
    source: "Hyndman & Fan 1996, doi:10.2307/2684934 (type 1, with weights)",
    example: Example {
        sql: "SELECT wquantile(v, w, 0.5) FROM (VALUES (10, 1), (20, 3), (30, 1)) AS v(v, w)",
        result: "20.0",
    },
    laws: &[Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::number("value"),
            Argument::count("weight"),
            Argument::option("q", 0.5),
        ],
        quantile,
    )]),
};

/// P90/P10.
pub(super) static INEQ_P90P10: Definition = Definition {
    name: "ineq_p90p10",
    family: Family::Inequality,
    formula: "wquantile at 0.9 / wquantile at 0.1",
    reading: "how many times the income that a tenth do not reach the income is that nine tenths do not exceed",
    range: "1 (equal) upwards",
    null_when: "a value or weight is NULL, nobody has weight, or the tenth is 0",
    source: "OECD 2011, Divided We Stand, doi:10.1787/9789264119536-en",
    example: Example {
        sql: "SELECT ineq_p90p10(area, v, w) FROM (VALUES ('A', 10, 2), ('B', 20, 6), ('C', 30, 2)) AS v(area, v, w)",
        result: "3.0",
    },
    laws: &[Law::Within(1.0, f64::MAX), Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(OF_UNITS, p90p10), Form::table(OF_ROWS, p90p10)]),
};

/// S80/S20.
pub(super) static INEQ_S80S20: Definition = Definition {
    name: "ineq_s80s20",
    family: Family::Inequality,
    formula: "(1 − L(0.8))/L(0.2), L the Lorenz curve, straight between its points",
    reading: "how many times what the poorest fifth have the richest fifth have",
    range: "1 (equal) upwards",
    null_when: "a value or weight is NULL, nobody has weight, or the poorest fifth have nothing",
    source: "Eurostat, income quintile share ratio, ilc_di11; Atkinson et al. 2002, Social Indicators",
    example: Example {
        sql: "SELECT round(ineq_s80s20(area, v, w), 6) FROM (VALUES ('A', 10, 2), ('B', 20, 6), ('C', 40, 2)) AS v(area, v, w)",
        result: "4.0",
    },
    laws: &[Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(OF_UNITS, s80s20), Form::table(OF_ROWS, s80s20)]),
};

/// Palma's ratio.
pub(super) static INEQ_PALMA: Definition = Definition {
    name: "ineq_palma",
    family: Family::Inequality,
    formula: "(1 − L(0.9))/L(0.4), L the Lorenz curve, straight between its points",
    reading: "how many times what the poorest four tenths have the richest tenth have; a quarter when all are equal",
    range: "0.25 (equal) upwards",
    null_when: "a value or weight is NULL, nobody has weight, or the poorest four tenths have nothing",
    source: "Palma 2011, doi:10.1111/j.1467-7660.2011.01646.x; Cobham & Sumner 2013",
    example: Example {
        sql: "SELECT round(ineq_palma(area, v, w), 6) FROM (VALUES ('A', 10, 4), ('B', 20, 5), ('C', 80, 1)) AS v(area, v, w)",
        result: "2.0",
    },
    laws: &[Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(OF_UNITS, palma), Form::table(OF_ROWS, palma)]),
};

/// The Lorenz curve.
pub(super) static LORENZ: Definition = Definition {
    name: "lorenz",
    family: Family::Inequality,
    formula: "l(p) = what the poorest share p of the people have, as a share of everything, at p = 0, 1/points, …, 1",
    reading: "list of points with p and l for UNNEST; the further below the diagonal, the more unequal",
    range: "p and l from 0 to 1",
    null_when: "a value or weight is NULL, nobody has weight, or the mean is 0",
    source: "Lorenz 1905, doi:10.2307/2276207",
    example: Example {
        sql: "SELECT lorenz(area, v, w, 2)[2]['l'] FROM (VALUES ('A', 1.0, 1), ('B', 3.0, 1)) AS v(area, v, w)",
        result: "0.25",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(
            &[
                Argument::key("unit"),
                Argument::number("value"),
                Argument::count("weight"),
                Argument::option("points", 10.0),
            ],
            lorenz_of_units,
        )
        .gives(POINTS),
        Form::table(OF_ROWS, lorenz_of_rows).gives(POINTS),
    ]),
};

const POINTS: Output = Output::List(&Output::Struct(&[("p", Output::Number), ("l", Output::Number)]));

fn quantile(table: &Table<'_>, params: &Params) -> Outcome {
    let q = params.number(0);
    if !(0.0..=1.0).contains(&q) {
        return Err(Error::invalid(6005, "`wquantile` takes a q from 0 to 1")
            .hint("write the ninetieth percentile as `wquantile(value, weight, 0.9)`"));
    }
    // here values may be negative
    let mut weights = vec![0.0; table.distinct(0)];
    for (value, weight) in table.key(0).iter().zip(table.count(0)) {
        weights[*value as usize] += weight;
    }
    let values: Vec<(f64, f64)> = weights
        .into_iter()
        .enumerate()
        .map(|(at, weight)| (table.number(0, at), weight))
        .collect();
    if values.is_empty() {
        return Ok(Value::Null);
    }
    Ok(Spread::sorted(values).quantile(q).into())
}

/// Returns one number over another, NULL when nobody is there or the other is not above 0.
fn ratio(function: &str, table: &Table<'_>, of: impl Fn(&Spread) -> (f64, f64)) -> Outcome {
    let Some(spread) = Spread::new(function, table)?.filter(|of| of.sum > 0.0) else {
        return Ok(Value::Null);
    };
    let (over, under) = of(&spread);
    Ok(if under > 0.0 {
        (over / under).into()
    } else {
        Value::Null
    })
}

fn p90p10(table: &Table<'_>, _: &Params) -> Outcome {
    ratio("ineq_p90p10", table, |of| (of.quantile(0.9), of.quantile(0.1)))
}

fn s80s20(table: &Table<'_>, _: &Params) -> Outcome {
    ratio("ineq_s80s20", table, |of| (1.0 - of.lorenz(0.8), of.lorenz(0.2)))
}

fn palma(table: &Table<'_>, _: &Params) -> Outcome {
    ratio("ineq_palma", table, |of| (1.0 - of.lorenz(0.9), of.lorenz(0.4)))
}

fn lorenz(table: &Table<'_>, points: f64) -> Outcome {
    if !(1.0..=10_000.0).contains(&points) || points.fract().abs() > 0.0 {
        return Err(
            Error::invalid(6005, "`lorenz` takes a whole number of points from 1 to 10000")
                .hint("write tenths as `lorenz(unit, value, weight, 10)`"),
        );
    }
    let Some(of) = Spread::new("lorenz", table)?.filter(|of| of.sum > 0.0) else {
        return Ok(Value::Null);
    };
    let mut list = Vec::new();
    let mut at = 0.0;
    while at <= points {
        let p = at / points;
        list.push(Value::Struct(vec![p.into(), of.lorenz(p).into()]));
        at += 1.0;
    }
    Ok(Value::List(list))
}

fn lorenz_of_units(table: &Table<'_>, params: &Params) -> Outcome {
    lorenz(table, params.number(0))
}

fn lorenz_of_rows(table: &Table<'_>, _: &Params) -> Outcome {
    lorenz(table, 10.0)
}
