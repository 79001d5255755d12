//! Whether a goal is reached, will be, or slips away.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::series::{Point, series};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params, Twin},
        rates::limits::unknown,
        table::Table,
        value::{Output, Value},
    },
};

/// The status of a goal.
pub(super) static GOAL_STATUS: Definition = Definition {
    name: "goal_status",
    family: Family::Trend,
    formula: "actual_pace = (last − first)/years between them, required_pace = (target − last)/years left, projected = last + actual_pace·years left; reached: last is at the target or past it; away: the pace goes the wrong way; in_pace: projected is at the target or past it; else behind; p_reach = P(t ≥ (target − projected)/s) in the direction wanted, for a random walk with drift: s² = σ²(L + L²/T), σ² = Σ(change − pace·years)²/years/(n − 2), L years left, T years observed, t Student with n − 2 degrees",
    reading: "struct with status, required_pace and actual_pace per year, projected value in the target's year, baseline (value of the first period), value (of the last), n periods, reason, and p_reach (the chance that the value is at the target or past it in the target's year, if the series goes on as it has moved between its periods); direction 'up' or 'down' is the one wanted, 'auto' that from baseline to target; start the series at the baseline with FILTER",
    range: "'reached', 'in_pace', 'behind' or 'away'",
    null_when: "an argument is NULL or there are no rows; status alone where reason says so: one period only, several targets, baseline equal to the target with 'auto'; required_pace when the goal is reached or its direction not known; required_pace and projected when the target's year has passed; p_reach also with fewer than three periods",
    source: "Eurostat 2024, Sustainable development in the European Union: assessment of progress towards quantitative targets (actual against required pace); Hyndman & Athanasopoulos 2021, Forecasting: principles and practice, 3rd edition (random walk with drift)",
    example: Example {
        sql: "SELECT goal_status(year, v, 10, 2030)['status'] FROM (VALUES (2020, 20.0), (2022, 18.5), (2024, 17.0)) AS s(year, v)",
        result: "behind",
    },
    laws: &[],
    twins: &[Twin {
        name: "goal_status_word",
        field: 0,
        reading: "'reached', 'in_pace', 'behind' or 'away'; NULL where it cannot be said",
        range: "one of four words",
        example: Example {
            sql: "SELECT goal_status_word(year, v, 10, 2030) FROM (VALUES (2020, 20.0), (2022, 17.0), (2024, 15.0)) AS s(year, v)",
            result: "in_pace",
        },
    }],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("period"),
            Argument::number("value"),
            Argument::number("target"),
            Argument::number("target_period"),
            Argument::choice("direction", "auto"),
        ],
        status,
    )
    .gives(Output::Struct(&[
        ("status", Output::Text),
        ("required_pace", Output::Number),
        ("actual_pace", Output::Number),
        ("projected", Output::Number),
        ("baseline", Output::Number),
        ("value", Output::Number),
        ("n", Output::Count),
        ("reason", Output::Text),
        ("p_reach", Output::Number),
    ]))]),
};

/// What is said, and why not more.
type Said = (Option<&'static str>, Option<&'static str>);

/// Returns 1 when more is wanted, −1 when less is, 0 when it cannot be told.
fn sign(direction: &str, baseline: f64, target: f64) -> Result<f64, Error> {
    match direction {
        "up" => Ok(1.0),
        "down" => Ok(-1.0),
        "auto" if target > baseline => Ok(1.0),
        "auto" if target < baseline => Ok(-1.0),
        "auto" => Ok(0.0),
        _ => Err(unknown("goal_status", "direction", "'auto', 'up', 'down'")),
    }
}

fn said(sign: f64, to_go: f64, pace: Option<f64>, projected: Option<f64>, target: f64) -> Said {
    if sign * to_go <= 0.0 {
        return (Some("reached"), None);
    }
    let Some(pace) = pace else {
        return (None, Some("one period has no pace"));
    };
    let passed = projected.is_none().then_some("the target's year has passed");
    if sign * pace < 0.0 {
        return (Some("away"), passed);
    }
    match projected {
        // the last digits of a pace are not the goal's
        Some(projected) if sign * (target - projected) <= 1e-9 * target.abs().max(projected.abs()) => {
            (Some("in_pace"), None)
        }
        _ => (Some("behind"), passed),
    }
}

/// Returns the chance that the missing part of the way, in the direction wanted, is made up by chance; nothing with
/// fewer than three periods, or when no direction is wanted.
fn chance(points: &[Point], pace: Option<f64>, missing: Option<f64>, left: f64) -> Option<f64> {
    let (pace, missing) = (pace?, missing?);
    let (first, last) = (points.first()?, points.last()?);
    if points.len() < 3 {
        return None;
    }
    let freedom = (points.len() - 2) as f64;
    let squares: f64 = points
        .windows(2)
        .map(|two| {
            let years = two[1].at - two[0].at;
            (two[1].numbers[0] - two[0].numbers[0] - pace * years).powi(2) / years
        })
        .sum();
    let spread = (squares / freedom * (left + left * left / (last.at - first.at))).sqrt();
    // differences of the last digits are no spread
    let digits = 1e-9 * last.numbers[0].abs().max(first.numbers[0].abs());
    match StudentsT::new(0.0, 1.0, freedom) {
        Ok(t) if spread > digits => Some(t.sf(missing / spread)),
        _ => Some(f64::from(u8::from(missing <= digits))),
    }
}

fn status(table: &Table<'_>, params: &Params) -> Outcome {
    let points = series("goal_status", table, 3)?;
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Ok(Value::Null);
    };
    let (baseline, value, target, until) = (first.numbers[0], last.numbers[0], last.numbers[1], last.numbers[2]);
    let wanted = sign(params.text(0), baseline, target)?;
    let pace = (points.len() > 1).then(|| (value - baseline) / (last.at - first.at));
    let left = until - last.at;
    let to_go = target - value;
    let required = (left > 0.0 && wanted * to_go > 0.0).then(|| to_go / left);
    let projected = pace.filter(|_| left > 0.0).map(|pace| value + pace * left);
    let other = |point: &Point| (point.numbers[1] - target).abs() > 0.0 || (point.numbers[2] - until).abs() > 0.0;
    let several = points.iter().any(other);
    let (status, reason) = if several {
        (None, Some("several targets in one series"))
    } else if wanted.abs() > 0.0 {
        said(wanted, to_go, pace, projected, target)
    } else {
        (None, Some("the baseline is the target: say which direction is wanted"))
    };
    let text = |of: Option<&str>| of.map_or(Value::Null, |of| Value::Text(of.to_owned()));
    let number = |of: Option<f64>| of.filter(|_| !several).map_or(Value::Null, Value::Number);
    Ok(Value::Struct(vec![
        text(status),
        number(required),
        number(pace),
        number(projected),
        baseline.into(),
        value.into(),
        Value::count(points.len()),
        text(reason),
        number(chance(&points, pace, projected.map(|of| wanted * (target - of)), left).filter(|_| wanted.abs() > 0.0)),
    ]))
}
