//! The test of Cochran and Armitage: does a share rise or fall along the periods?

use super::{mann_kendall::two_sided, series::series};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params, Twin},
        table::Table,
        value::{Output, Value},
    },
};

/// The test.
pub(super) static TREND_COCHRAN_ARMITAGE: Definition = Definition {
    name: "trend_cochran_armitage",
    family: Family::Trend,
    formula: "p̄ = Σx/Σn, T = Σ s(x − n·p̄), V = Σn·s² − (Σn·s)²/Σn, s the time; slope = T/V, chi2 = T²/(p̄(1 − p̄)V), p of χ² with one degree of freedom",
    reading: "struct with slope of the share per year, chi2, z, p and n periods; x of n people have it; people are counted anew each period",
    range: "p 0 to 1, chi2 0 upwards",
    null_when: "a count is NULL, people are in fewer than two periods, or nobody or everybody has it",
    source: "Armitage 1955, doi:10.2307/3001775; Cochran 1954, doi:10.2307/3001616",
    example: Example {
        sql: "SELECT round(trend_cochran_armitage(year, x, n)['chi2'], 4) FROM (VALUES (2019, 83, 86), (2020, 90, 93), (2021, 129, 136), (2022, 70, 82)) AS s(year, x, n)",
        result: "8.2249",
    },
    laws: &[],
    twins: &[Twin {
        name: "trend_cochran_armitage_p",
        field: 3,
        reading: "how often chance alone would give as clear a trend",
        range: "0 to 1",
        example: Example {
            sql: "SELECT round(trend_cochran_armitage_p(year, x, n), 6) FROM (VALUES (2019, 83, 86), (2020, 90, 93), (2021, 129, 136), (2022, 70, 82)) AS s(year, x, n)",
            result: "0.004132",
        },
    }],
    body: Body::Aggregate(&[Form::table(
        &[Argument::key("period"), Argument::count("x"), Argument::total("n")],
        trend,
    )
    .gives(Output::Struct(&[
        ("slope", Output::Number),
        ("chi2", Output::Number),
        ("z", Output::Number),
        ("p", Output::Number),
        ("n", Output::Count),
    ]))]),
};

fn trend(table: &Table<'_>, _: &Params) -> Outcome {
    let points = series("trend_cochran_armitage", table, 0)?;
    let (x, n) = (table.count(0), table.count(1));
    if x.iter().zip(n).any(|(x, n)| x > n) {
        return Err(Error::invalid(
            6004,
            "`trend_cochran_armitage` got a period whose x is larger than its n",
        )
        .hint("x is part of n; the order is (period, x, n)"));
    }
    let (mut with, mut all, mut times) = (0.0, 0.0, 0.0);
    for point in &points {
        with += x[point.cell];
        all += n[point.cell];
        times += n[point.cell] * point.at;
    }
    if points.len() < 2 || with <= 0.0 || with >= all {
        return Ok(Value::Null);
    }
    let (share, middle) = (with / all, times / all);
    let (mut above, mut spread) = (0.0, 0.0);
    for point in &points {
        let (x, n) = (x[point.cell], n[point.cell]);
        // about the middle, which changes neither sum but keeps their digits
        above += (point.at - middle) * (x - n * share);
        spread += n * (point.at - middle).powi(2);
    }
    if spread <= 0.0 {
        return Ok(Value::Null);
    }
    let z = above / (share * (1.0 - share) * spread).sqrt();
    Ok(Value::Struct(vec![
        (above / spread).into(),
        (z * z).into(),
        z.into(),
        two_sided(z).into(),
        Value::count(points.len()),
    ]))
}
