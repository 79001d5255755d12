//! The recent trend of an indicator, by the rule of the English public health profiles.

use super::{
    line::{self, latest, line},
    series::series,
};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params, Twin},
    table::Table,
    value::{Output, Value},
};

/// Width of a 95 per cent interval in standard errors, as the profiles take it.
const WIDTH: f64 = 3.92;
/// The result of a test of direction.
pub(super) const GIVES: Output = Output::Struct(&[
    ("marker", Output::Text),
    ("slope", Output::Number),
    ("chi2", Output::Number),
    ("n", Output::Count),
    ("reason", Output::Text),
]);

/// The recent trend.
pub(super) static TREND_RECENT: Definition = Definition {
    name: "trend_recent",
    family: Family::Trend,
    formula: "line through the five latest periods, weighted by 1/se², se = (hi − lo)/3.92; a trend when χ² = (slope/se)² > 9.5495 (99.8 per cent) and the slope has the same sign when any one period is left out",
    reading: "struct with marker ('increasing', 'decreasing', 'no_change'), slope per year, chi2, n periods given, and reason where marker is NULL; lo and hi are the limits of the 95 per cent interval; school years are written '2019/20', spans '2019-2021'",
    range: "slope any number, chi2 0 upwards",
    null_when: "there are no rows; marker alone with fewer than five periods, unequal steps, a value missing among the five latest, or an interval without width",
    source: "OHID 2023, Fingertips technical guidance: recent trends; FingertipsNext 2025, trend calculator",
    example: Example {
        sql: "SELECT trend_recent(year, v, v - 1.0, v + 1.0)['marker'] FROM (VALUES (2019, 10.0), (2020, 11.0), (2021, 12.2), (2022, 13.1), (2023, 14.5)) AS s(year, v)",
        result: "increasing",
    },
    laws: &[],
    twins: &[Twin {
        name: "trend_recent_marker",
        field: 0,
        reading: "'increasing', 'decreasing' or 'no_change'; NULL where it cannot be said",
        range: "one of three words",
        example: Example {
            sql: "SELECT trend_recent_marker(year, v, v - 2.0, v + 2.0) FROM (VALUES (2019, 10.0), (2020, 11.0), (2021, 9.8), (2022, 10.6), (2023, 10.4)) AS s(year, v)",
            result: "no_change",
        },
    }],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("period"),
            Argument::number("value"),
            Argument::number("lo"),
            Argument::number("hi"),
        ],
        recent,
    )
    .gives(GIVES)
    .sees_nulls()]),
};

/// Returns the result where no direction can be said.
pub(super) fn unsaid(n: usize, reason: &str) -> Value {
    Value::Struct(vec![
        Value::Null,
        Value::Null,
        Value::Null,
        Value::count(n),
        Value::Text(reason.to_owned()),
    ])
}

fn recent(table: &Table<'_>, _: &Params) -> Outcome {
    let points = series("trend_recent", table, 3)?;
    if points.is_empty() {
        return Ok(Value::Null);
    }
    let measured = latest(&points, |numbers| match numbers {
        [value, lo, hi] if lo <= value && value <= hi => Ok((*value, (hi - lo) / WIDTH)),
        _ => Err("a value lies outside its interval"),
    });
    let line = match measured {
        Ok(measured) => line(&measured),
        Err(reason) => return Ok(unsaid(points.len(), reason)),
    };
    Ok(line.map_or(Value::Null, |line::Line { slope, chi2, clear, .. }| {
        let marker = match (clear, slope > 0.0) {
            (false, _) => "no_change",
            (true, true) => "increasing",
            (true, false) => "decreasing",
        };
        Value::Struct(vec![
            Value::Text(marker.to_owned()),
            slope.into(),
            chi2.into(),
            Value::count(points.len()),
            Value::Null,
        ])
    }))
}
