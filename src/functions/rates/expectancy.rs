//! Life expectancy from an abridged life table of one period.

use super::{age, limits, twin};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        table::Table,
        value::{Output, Value},
    },
};

/// Fewest person-years of a life table.
const LEAST: f64 = 5_000.0;

/// Years left.
pub(super) static LIFE_EXPECTANCY: Definition = Definition {
    name: "life_expectancy",
    family: Family::Rates,
    formula: "Chiang II: M = deaths/pop, q = nM/(1 + (1 − a)nM), l survivors, L = n(l′ + a·n-deaths), L = l/M in the open last band, e = ΣL/l; a = 0.1 in the band that begins at 0, ½ in others; variance with Silcocks' term for the last band",
    reading: "struct with value, lo, hi, deaths and pop: mean years left at an age when today's risks by age stay; pool several years for small areas",
    range: "0 upwards",
    null_when: "a count is NULL, at most 5 000 person-years, a band has nobody or more deaths than people, or nobody dies in the last band",
    source: "Chiang 1968, Introduction to Stochastic Processes in Biostatistics; Silcocks, Jenner & Reza 2001, doi:10.1136/jech.55.1.38; Eayres & Williams 2004, doi:10.1136/jech.2003.009654",
    example: Example {
        sql: "SELECT life_expectancy(age, deaths, pop, 65)['value'] FROM (VALUES (0, 100, 50000), (65, 500, 10000)) AS v(age, deaths, pop)",
        result: "20.0",
    },
    laws: &[],
    twins: &[
        twin(
            "life_expectancy_value",
            0,
            "mean years left at an age",
            "0 upwards",
            "SELECT life_expectancy_value(age, deaths, pop, 65) FROM (VALUES (0, 100, 50000), (65, 500, 10000)) AS v(age, deaths, pop)",
            "20.0",
        ),
        twin(
            "life_expectancy_lo",
            1,
            "fewest years left that the deaths do not contradict",
            "0 upwards",
            "SELECT round(life_expectancy_lo(age, deaths, pop, 65), 4) FROM (VALUES (0, 100, 50000), (65, 500, 10000)) AS v(age, deaths, pop)",
            "18.247",
        ),
        twin(
            "life_expectancy_hi",
            2,
            "most years left that the deaths do not contradict",
            "0 upwards",
            "SELECT round(life_expectancy_hi(age, deaths, pop, 65), 4) FROM (VALUES (0, 100, 50000), (65, 500, 10000)) AS v(age, deaths, pop)",
            "21.753",
        ),
    ],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("age"),
            Argument::count("deaths"),
            Argument::count("pop"),
            Argument::option("at_age", 0.0),
            Argument::option("conf", 0.95),
        ],
        expectancy,
    )
    .gives(Output::Struct(&[
        ("value", Output::Number),
        ("lo", Output::Number),
        ("hi", Output::Number),
        ("deaths", Output::Number),
        ("pop", Output::Number),
    ]))]),
};

fn expectancy(table: &Table<'_>, params: &Params) -> Outcome {
    let (at_age, conf) = (params.number(0), params.number(1));
    let z = limits::z("life_expectancy", conf)?;
    let bands = age::bands("life_expectancy", table)?;
    let (deaths, pop) = (table.count(0), table.count(1));
    let Some(last) = bands.last() else {
        return Ok(Value::Null);
    };
    if last.end.is_some() {
        return Err(Error::invalid(6013, "`life_expectancy` got a last age band that ends")
            .hint("the last band is open, as '90+'"));
    }
    let (died, lived): (f64, f64) = (deaths.iter().sum(), pop.iter().sum());
    let possible = bands
        .iter()
        .all(|band| pop[band.at] > 0.0 && deaths[band.at] <= pop[band.at]);
    // an age that no band begins at: nothing to say, as when its band is empty
    let first = bands.iter().position(|band| band.start.total_cmp(&at_age).is_eq());
    let (true, Some(first), true) = (
        lived > LEAST && possible && table.empty == 0 && deaths[last.at] > 0.0,
        first,
        bands[0].start <= at_age,
    ) else {
        return Ok(Value::Null);
    };
    // from the last band backwards: years lived and their variance, by one survivor at the band's beginning
    let (mut years, mut variance) = (0.0_f64, 0.0_f64);
    for band in bands[first..].iter().rev() {
        let rate = deaths[band.at] / pop[band.at];
        let Some(end) = band.end else {
            years = 1.0 / rate;
            variance = 1.0 / (deaths[band.at] * rate * rate);
            continue;
        };
        let width = end - band.start;
        let share = if band.start <= 0.0 { 0.1 } else { 0.5 };
        let q = (width * rate / (1.0 + (1.0 - share) * width * rate)).min(1.0);
        let spread = if deaths[band.at] > 0.0 {
            q * q * (1.0 - q) / deaths[band.at]
        } else {
            0.0
        };
        let lost = (1.0 - share) * width + years;
        variance = variance * (1.0 - q) * (1.0 - q) + lost * lost * spread;
        years = width * (1.0 - q + share * q) + (1.0 - q) * years;
    }
    let error = z * variance.sqrt();
    Ok(Value::Struct(vec![
        years.into(),
        (years - error).max(0.0).into(),
        (years + error).into(),
        died.into(),
        lived.into(),
    ]))
}
