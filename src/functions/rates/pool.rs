//! A rate over several periods as one.

use super::{limits, twin};
use crate::{
    error::{Error, Result},
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        table::Table,
        value::{Output, Value},
    },
};

/// The pooled rate.
pub(super) static POOL_RATE: Definition = Definition {
    name: "pool_rate",
    family: Family::Rates,
    formula: "per·Σ x/Σ n with the limits of rate_ci; never the mean of yearly rates",
    reading: "struct with value, lo, hi, x, n, from, to and periods: one rate over years that are too few alone; periods are years or spans as '2019', '2019-2021', and must not overlap",
    range: "0 upwards",
    null_when: "a count is NULL, or nobody is in any period",
    source: "Breslow & Day 1987, IARC 82; the rule against overlaps: Fingertips technical guidance, OHID 2023",
    example: Example {
        sql: "SELECT pool_rate(year, x, n, 1000)['value'] FROM (VALUES (2021, 1, 100), (2022, 5, 300)) AS v(year, x, n)",
        result: "15.0",
    },
    laws: &[],
    twins: &[
        twin(
            "pool_rate_value",
            0,
            "rate over all periods together",
            "0 upwards",
            "SELECT pool_rate_value(year, x, n, 1000) FROM (VALUES (2021, 1, 100), (2022, 5, 300)) AS v(year, x, n)",
            "15.0",
        ),
        twin(
            "pool_rate_lo",
            1,
            "smallest rate that the events do not contradict",
            "0 upwards",
            "SELECT round(pool_rate_lo(year, x, n, 1000), 4) FROM (VALUES (2021, 1, 180), (2022, 5, 715)) AS v(year, x, n)",
            "2.4602",
        ),
        twin(
            "pool_rate_hi",
            2,
            "largest rate that the events do not contradict",
            "0 upwards",
            "SELECT round(pool_rate_hi(year, x, n, 1000), 4) FROM (VALUES (2021, 1, 180), (2022, 5, 715)) AS v(year, x, n)",
            "14.5916",
        ),
    ],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("period"),
            Argument::count("x"),
            Argument::count("n"),
            Argument::option("per", 100_000.0),
            Argument::option("conf", 0.95),
        ],
        pool,
    )
    .gives(Output::Struct(&[
        ("value", Output::Number),
        ("lo", Output::Number),
        ("hi", Output::Number),
        ("x", Output::Number),
        ("n", Output::Number),
        ("from", Output::Class),
        ("to", Output::Class),
        ("periods", Output::Count),
    ]))]),
};

/// Returns the first and the last year of a period.
pub(in crate::functions) fn years(text: &str) -> Option<(i32, i32)> {
    let text = text.trim();
    let split = text.split_once(['-', '–', '—', '/']);
    let year = |of: &str| {
        let of = of.trim();
        (of.len() == 4).then(|| of.parse::<u16>().ok().map(i32::from)).flatten()
    };
    match split {
        None => year(text).map(|year| (year, year)),
        // 2019/20 and 2019-20
        Some((first, last)) if last.trim().len() == 2 => {
            let first = year(first)?;
            let last = first / 100 * 100 + i32::from(last.trim().parse::<u8>().ok()?);
            (last >= first).then_some((first, last))
        }
        Some((first, last)) => {
            let (first, last) = (year(first)?, year(last)?);
            (last >= first).then_some((first, last))
        }
    }
}

fn pool(table: &Table<'_>, params: &Params) -> Outcome {
    let (per, conf) = (params.number(0), params.number(1));
    let mut periods = (0..table.distinct(0))
        .map(|at| {
            years(table.text(0, at)).ok_or_else(|| {
                Error::invalid(6015, "`pool_rate` got a period that it cannot read")
                    .hint("write years as 2019 or '2019', and spans as '2019-2021'")
            })
        })
        .collect::<Result<Vec<_>>>()?;
    periods.sort_unstable();
    if periods.windows(2).any(|two| two[1].0 <= two[0].1) {
        return Err(Error::invalid(
            6016,
            "`pool_rate` got periods that overlap: their events would count twice",
        )
        .hint("pool single years, or spans that follow each other; leave others out with FILTER"));
    }
    let (x, n): (f64, f64) = (table.count(0).iter().sum(), table.count(1).iter().sum());
    let (limits, _) = limits::count("pool_rate", x, conf)?;
    let (Some(first), Some(last), true) = (periods.first(), periods.last(), n > 0.0) else {
        return Ok(Value::Null);
    };
    Ok(Value::Struct(vec![
        (per * x / n).into(),
        (per * limits.lo / n).into(),
        (per * limits.hi / n).into(),
        x.into(),
        n.into(),
        Value::Class(first.0),
        Value::Class(last.1),
        Value::count(periods.len()),
    ]))
}

#[cfg(test)]
mod tests {
    use super::years;

    #[test]
    fn periods_by_name() {
        for (text, expected) in [
            ("2019", Some((2019, 2019))),
            ("2019-2021", Some((2019, 2021))),
            ("2019 – 2021", Some((2019, 2021))),
            ("2019/20", Some((2019, 2020))),
            ("2021-2019", None),
            ("19", None),
            ("2019K1", None),
        ] {
            assert_eq!(years(text), expected, "{text}");
        }
    }
}
