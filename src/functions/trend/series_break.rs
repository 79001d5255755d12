//! Whether a series jumps: where nobody said so, and where a break was announced.

use nalgebra::{DMatrix, DVector};
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::series::{Point, series};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
    table::Table,
    value::{Output, Value},
};

/// The test of a break.
pub(super) static SERIES_BREAK: Definition = Definition {
    name: "series_break",
    family: Family::Trend,
    formula: "(period, value): Pettitt's test, K = max|Σ_{i≤k} Σ_{j>k} sgn(v_j − v_i)|, p = min(1, 2·e^(−6K²/(n³ + n²))), before and after = means up to k and from k + 1; (period, value, break): least squares v = a + b·time + c·(from the break on), p of c by Student's t with n − 3 degrees, before and after = the line at the break without and with c; change = after − before",
    reading: "struct with period (the first after the break), before, after, change, p, n and reason; without the third argument the likeliest place is looked for, and a steady trend looks like a break too: see trend_mk; with it, break is above 0 in the first period of a new definition, the latest counts, and change is what the new definition moved beside the trend",
    range: "p 0 to 1",
    null_when: "an argument is NULL, or there are no rows; all but n and reason with fewer than four periods, without any movement, or without an announced break that has a period before it",
    source: "Pettitt 1979, doi:10.2307/2346729; Wagner et al. 2002, doi:10.1046/j.1365-2710.2002.00430.x (segmented regression)",
    example: Example {
        sql: "SELECT series_break(year, v)['period'] FROM (VALUES (2015, 10.0), (2016, 11.0), (2017, 10.5), (2018, 15.0), (2019, 15.5), (2020, 15.2)) AS s(year, v)",
        result: "2018",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(&[Argument::key("period"), Argument::number("value")], searched).gives(GIVES),
        Form::table(
            &[
                Argument::key("period"),
                Argument::number("value"),
                Argument::number("break"),
            ],
            announced,
        )
        .gives(GIVES),
    ]),
};

const GIVES: Output = Output::Struct(&[
    ("period", Output::Text),
    ("before", Output::Number),
    ("after", Output::Number),
    ("change", Output::Number),
    ("p", Output::Number),
    ("n", Output::Count),
    ("reason", Output::Text),
]);
const FEW: &str = "fewer than four periods";

/// A break.
struct Break {
    /// Place of the first point after it.
    at: usize,
    before: f64,
    after: f64,
    p: f64,
}

fn say(table: &Table<'_>, points: &[Point], found: Result<Break, &str>) -> Value {
    let n = Value::count(points.len());
    match found {
        Ok(found) => Value::Struct(vec![
            Value::Text(table.text(0, table.key(0)[points[found.at].cell] as usize).to_owned()),
            found.before.into(),
            found.after.into(),
            (found.after - found.before).into(),
            found.p.into(),
            n,
            Value::Null,
        ]),
        Err(reason) => Value::Struct(vec![
            Value::Null,
            Value::Null,
            Value::Null,
            Value::Null,
            Value::Null,
            n,
            Value::Text(reason.to_owned()),
        ]),
    }
}

fn searched(table: &Table<'_>, _: &Params) -> Outcome {
    let points = series("series_break", table, 1)?;
    if points.is_empty() {
        return Ok(Value::Null);
    }
    let values: Vec<f64> = points.iter().map(|point| point.numbers[0]).collect();
    Ok(say(table, &points, pettitt(&values)))
}

fn pettitt(values: &[f64]) -> Result<Break, &'static str> {
    let n = values.len();
    if n < 4 {
        return Err(FEW);
    }
    let sign = |from: f64, to: f64| f64::from(i8::from(to > from) - i8::from(to < from));
    // a period that moves from after to before changes the sum by its signs against all others
    let (mut sum, mut largest, mut at) = (0.0_f64, 0.0, 0);
    for (place, value) in values.iter().enumerate().take(n - 1) {
        sum += values.iter().map(|other| sign(*value, *other)).sum::<f64>();
        if sum.abs() > largest {
            (largest, at) = (sum.abs(), place + 1);
        }
    }
    if at == 0 {
        return Err("no movement at all");
    }
    let count = n as f64;
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
    Ok(Break {
        at,
        before: mean(&values[..at]),
        after: mean(&values[at..]),
        p: (2.0 * (-6.0 * largest * largest / (count.powi(3) + count.powi(2))).exp()).min(1.0),
    })
}

fn announced(table: &Table<'_>, _: &Params) -> Outcome {
    let points = series("series_break", table, 2)?;
    if points.is_empty() {
        return Ok(Value::Null);
    }
    Ok(say(table, &points, step(&points)))
}

fn step(points: &[Point]) -> Result<Break, &'static str> {
    let n = points.len();
    if n < 4 {
        return Err(FEW);
    }
    let Some(at) = (1..n).rev().find(|at| points[*at].numbers[1] > 0.0) else {
        return Err("no announced break with a period before it");
    };
    let (zero, width) = (points[at].at, points[n - 1].at - points[0].at);
    let design = DMatrix::from_fn(n, 3, |row, column| match column {
        0 => 1.0,
        1 => (points[row].at - zero) / width,
        _ => f64::from(u8::from(row >= at)),
    });
    let values = DVector::from_iterator(n, points.iter().map(|point| point.numbers[0]));
    let information = design.transpose() * &design;
    let Some(solver) = information.cholesky() else {
        return Err("the break cannot be told from the trend");
    };
    let line = solver.solve(&(design.transpose() * &values));
    let squares = (&values - &design * &line).norm_squared();
    let freedom = (n - 3) as f64;
    let se = (squares / freedom * solver.inverse()[(2, 2)]).sqrt();
    let least = 1e-12 * values.amax();
    let p = match StudentsT::new(0.0, 1.0, freedom) {
        Ok(t) if se > least => 2.0 * t.sf((line[2] / se).abs()),
        // a perfect fit: the step is there, or it is not
        _ if line[2].abs() > least => 0.0,
        _ => 1.0,
    };
    Ok(Break {
        at,
        before: line[0],
        after: line[0] + line[2],
        p,
    })
}
