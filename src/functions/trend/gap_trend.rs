//! Whether a gap is closing.

use super::{
    line::{latest, line},
    recent::{GIVES, unsaid},
    series::series,
};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params, Twin},
        table::Table,
        value::Value,
    },
};

/// The trend of a gap.
pub(super) static GAP_TREND: Definition = Definition {
    name: "gap_trend",
    family: Family::Trend,
    formula: "the test of trend_recent on the gap, weighted by 1/se²; clear and towards 0: closing, clear and away from 0: widening",
    reading: "struct with marker ('closing', 'widening', 'no_evidence'), slope of the gap per year, chi2, n periods given and reason; the gap is a difference of either sign, or the logarithm of a ratio, with its standard error (of gap_abs: (hi − lo)/3.92); the mean may improve while the gap widens",
    range: "slope any number, chi2 0 upwards",
    null_when: "there are no rows; marker alone with fewer than five periods, unequal steps, a value missing among the five latest, or an se of 0",
    source: "OHID 2023, Fingertips technical guidance: recent trends, on the gap; Harper & Lynch 2005, Methods for Measuring Cancer Disparities, NCI",
    example: Example {
        sql: "SELECT gap_trend(year, gap, 0.5)['marker'] FROM (VALUES (2019, 9.0), (2020, 8.1), (2021, 7.2), (2022, 5.8), (2023, 5.1)) AS s(year, gap)",
        result: "closing",
    },
    laws: &[],
    twins: &[Twin {
        name: "gap_trend_marker",
        field: 0,
        reading: "'closing', 'widening' or 'no_evidence'; NULL where it cannot be said",
        range: "one of three words",
        example: Example {
            sql: "SELECT gap_trend_marker(year, -gap, 0.5) FROM (VALUES (2019, 5.0), (2020, 6.1), (2021, 7.2), (2022, 7.8), (2023, 9.1)) AS s(year, gap)",
            result: "widening",
        },
    }],
    body: Body::Aggregate(&[Form::table(
        &[Argument::key("period"), Argument::number("gap"), Argument::number("se")],
        gap,
    )
    .gives(GIVES)
    .sees_nulls()]),
};

fn gap(table: &Table<'_>, _: &Params) -> Outcome {
    let points = series("gap_trend", table, 2)?;
    if points.is_empty() {
        return Ok(Value::Null);
    }
    if points.iter().any(|point| point.numbers[1] < 0.0) {
        return Err(
            Error::invalid(6003, "`gap_trend` got a negative `se`").hint("a standard error is a number from 0 upwards")
        );
    }
    let line = match latest(&points, |numbers| Ok((numbers[0], numbers[1]))) {
        Ok(measured) => line(&measured),
        Err(reason) => return Ok(unsaid(points.len(), reason)),
    };
    Ok(line.map_or(Value::Null, |line| {
        // a line from one side of 0 to the other neither closes nor widens
        let changes_sides = line.first * line.last < 0.0;
        let marker = if !line.clear || changes_sides {
            "no_evidence"
        } else if line.last.abs() < line.first.abs() {
            "closing"
        } else {
            "widening"
        };
        Value::Struct(vec![
            Value::Text(marker.to_owned()),
            line.slope.into(),
            line.chi2.into(),
            Value::count(points.len()),
            if line.clear && changes_sides {
                Value::Text("the gap changes sides".to_owned())
            } else {
                Value::Null
            },
        ])
    }))
}
