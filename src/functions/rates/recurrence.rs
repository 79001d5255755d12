//! Who comes back: the share of people with a new event soon after their first, among those followed for long enough,
//! and the same by Kaplan & Meier with all of them.
//!
//! Dates are days: text 'YYYY-MM-DD' (as a DATE is), or numbers that count days from anywhere.

use chrono::{Datelike, NaiveDate};

use super::limits;
use crate::{
    error::{Error, Result},
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params, Twin},
        table::Table,
        value::{Output, Value},
    },
};

const PERSON: Argument = Argument::key("person");
const WINDOW: Argument = Argument::number("window_days");
const CONF: Argument = Argument::option("conf", 0.95);
const DATES: &[Argument] = &[
    PERSON,
    Argument::key("date"),
    WINDOW,
    Argument::key("follow_up_end"),
    CONF,
];
const DAYS: &[Argument] = &[
    PERSON,
    Argument::number("day"),
    WINDOW,
    Argument::number("follow_up_end"),
    CONF,
];

/// The share who come back.
pub(super) static RECURRENCE_RATE: Definition = Definition {
    name: "recurrence_rate",
    family: Family::Rates,
    formula: "den = people with first + window ≤ follow_up_end, num = those of them with another event 1 to window days after their first; rate = num/den with Wilson's limits",
    reading: "struct with num, den, rate, lo, hi and n_censored (people not followed for the whole window, who are left out even when they came back, or quick returns would count and slow ones not); rows are (person, date, window_days, follow_up_end), an event each; dates are 'YYYY-MM-DD', DATE, or numbers of days; first is the first event in the rows given, several on one day are one; events after follow_up_end are left out; a person may have a follow_up_end of their own",
    range: "rate 0 to 1",
    null_when: "a number is NULL, or there are no rows; rate, lo and hi when nobody was followed for the whole window",
    source: "Wilson 1927, doi:10.1080/01621459.1927.10502953 (limits); the denominator of complete follow-up: Altman 1991, Practical statistics for medical research",
    example: Example {
        sql: "SELECT recurrence_rate(person, date, 365, '2022-12-31')['rate'] FROM (VALUES ('p1', '2021-01-10'), ('p1', '2021-06-01'), ('p2', '2021-02-01'), ('p3', '2021-03-05'), ('p3', '2022-03-05'), ('p4', '2021-03-05'), ('p4', '2022-03-06'), ('p5', '2022-09-01')) AS v(person, date)",
        result: "0.5",
    },
    laws: &[],
    twins: &[Twin {
        name: "recurrence_rate_value",
        field: 2,
        reading: "share who come back within the window, of those followed for all of it",
        range: "0 to 1",
        example: Example {
            sql: "SELECT recurrence_rate_value(person, day, 30, 100) FROM (VALUES ('p1', 1), ('p1', 20), ('p2', 5), ('p3', 90)) AS v(person, day)",
            result: "0.5",
        },
    }],
    body: Body::Aggregate(&[
        Form::table(DATES, rate).gives(RATE),
        Form::table(DAYS, rate).gives(RATE),
    ]),
};

const RATE: Output = Output::Struct(&[
    ("num", Output::Count),
    ("den", Output::Count),
    ("rate", Output::Number),
    ("lo", Output::Number),
    ("hi", Output::Number),
    ("n_censored", Output::Count),
]);

/// The risk to come back.
pub(super) static RECURRENCE_KM: Definition = Definition {
    name: "recurrence_km",
    family: Family::Rates,
    formula: "risk = 1 − S, S = Π(1 − d/n) over days to the first new event within the window, d people coming back and n still followed; se by Greenwood: S√Σ d/(n(n − d)); limits from ln(−ln S) ± z·se/(S·|ln S|)",
    reading: "struct with risk, lo, hi, se, n people, events within the window and n_censored (followed for less than the window and not back by then): as recurrence_rate, but people not followed to the end count for as long as they were followed; right if those who leave early are like the others",
    range: "risk 0 to 1",
    null_when: "a number is NULL, or there are no rows; risk when nobody was followed to the end of the window and not all came back; limits when nobody or everybody came back",
    source: "Kaplan & Meier 1958, doi:10.1080/01621459.1958.10501452; Kalbfleisch & Prentice 2002, The statistical analysis of failure time data, doi:10.1002/9781118032985",
    example: Example {
        sql: "SELECT recurrence_km(person, day, 30, 100)['risk'] FROM (VALUES ('p1', 1), ('p1', 20), ('p2', 5), ('p3', 90)) AS v(person, day)",
        result: "0.5",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(DATES, risk).gives(RISK),
        Form::table(DAYS, risk).gives(RISK),
    ]),
};

const RISK: Output = Output::Struct(&[
    ("risk", Output::Number),
    ("lo", Output::Number),
    ("hi", Output::Number),
    ("se", Output::Number),
    ("n", Output::Count),
    ("events", Output::Count),
    ("n_censored", Output::Count),
]);

/// One person.
#[derive(Debug, Clone, Copy)]
struct Person {
    /// Days from the first event to the next one.
    again: Option<f64>,
    /// Days from the first event to the end of follow-up.
    followed: f64,
}

/// Returns the number of a day written as YYYY-MM-DD.
fn day(text: &str) -> Option<f64> {
    let text = text.trim();
    (text.len() == 10)
        .then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())
        .flatten()
        .map(|date| f64::from(date.num_days_from_ce()))
}

/// Returns the days of one argument, by the place of its keys: written as dates, or numbers already.
fn days(function: &str, table: &Table<'_>, key: usize) -> Result<Vec<f64>> {
    (0..table.distinct(key))
        .map(|at| {
            let number = table.number(key, at);
            if number.is_nan() {
                day(table.text(key, at)).ok_or_else(|| {
                    Error::invalid(6078, format!("`{function}` got a date that it cannot read"))
                        .hint("write dates as '2021-01-31', or give DATE, or numbers of days; CAST times to DATE")
                })
            } else {
                Ok(number)
            }
        })
        .collect()
}

/// Returns everybody whose first event lies within follow-up, in the order of keys, and the window.
fn people(function: &str, table: &Table<'_>) -> Result<Option<(Vec<Person>, f64)>> {
    let Some(window) = table.key(2).first().map(|at| table.number(2, *at as usize)) else {
        return Ok(None);
    };
    if table.distinct(2) > 1 || window <= 0.0 {
        return Err(Error::invalid(
            6079,
            format!("`{function}` wants one `window_days` above 0 for all rows"),
        )
        .hint("write it as a number: 365; several windows are several calls"));
    }
    let (dates, ends) = (days(function, table, 1)?, days(function, table, 3)?);
    let mut events: Vec<Vec<f64>> = vec![Vec::new(); table.distinct(0)];
    let mut end: Vec<Option<f64>> = vec![None; table.distinct(0)];
    for ((person, date), until) in table.key(0).iter().zip(table.key(1)).zip(table.key(3)) {
        let (person, until) = (*person as usize, ends[*until as usize]);
        if end[person]
            .replace(until)
            .is_some_and(|before| (before - until).abs() > 0.0)
        {
            return Err(Error::invalid(
                6011,
                format!("`{function}` got a person with two different values of `follow_up_end`"),
            )
            .hint("follow-up ends once for a person: the date of the data, of moving out, or of death"));
        }
        events[person].push(dates[*date as usize]);
    }
    let people = events.into_iter().zip(end).filter_map(|(mut events, end)| {
        let end = end?;
        events.retain(|event| *event <= end);
        events.sort_by(f64::total_cmp);
        let first = *events.first()?;
        Some(Person {
            again: events.iter().find(|event| **event > first).map(|event| event - first),
            followed: end - first,
        })
    });
    Ok(Some((people.collect(), window)))
}

fn rate(table: &Table<'_>, params: &Params) -> Outcome {
    let z = limits::z("recurrence_rate", params.number(0))?;
    let Some((people, window)) = people("recurrence_rate", table)? else {
        return Ok(Value::Null);
    };
    let complete = people.iter().filter(|person| person.followed >= window);
    let den = complete.clone().count();
    let num = complete
        .filter(|person| person.again.is_some_and(|again| again <= window))
        .count();
    let (x, n) = (num as f64, den as f64);
    let [rate, lo, hi] = if den > 0 {
        let limits = limits::wilson(x, n, z);
        [x / n, limits.lo, limits.hi].map(Value::Number)
    } else {
        [const { Value::Null }; 3]
    };
    Ok(Value::Struct(vec![
        Value::count(num),
        Value::count(den),
        rate,
        lo,
        hi,
        Value::count(people.len() - den),
    ]))
}

fn risk(table: &Table<'_>, params: &Params) -> Outcome {
    let z = limits::z("recurrence_km", params.number(0))?;
    let Some((people, window)) = people("recurrence_km", table)? else {
        return Ok(Value::Null);
    };
    // days until back, or until no longer followed
    let mut times: Vec<(f64, bool)> = people
        .iter()
        .map(|person| match person.again.filter(|again| *again <= window) {
            Some(again) => (again, true),
            None => (person.followed.min(window), false),
        })
        .collect();
    times.sort_by(|left, right| left.0.total_cmp(&right.0));
    let (mut survival, mut greenwood) = (1.0, 0.0);
    let mut start = 0;
    for same in times.chunk_by(|left, right| left.0.total_cmp(&right.0).is_eq()) {
        let at_risk = (times.len() - start) as f64;
        let back = same.iter().filter(|(_, back)| *back).count() as f64;
        survival *= 1.0 - back / at_risk;
        greenwood += back / (at_risk * (at_risk - back));
        start += same.len();
    }
    let events = times.iter().filter(|(_, back)| *back).count();
    let censored = times.iter().filter(|(time, back)| !back && *time < window).count();
    let to_the_end = people.iter().any(|person| person.followed >= window);
    let known = !people.is_empty() && (to_the_end || survival <= 0.0);
    let only = |condition: bool, of: f64| if condition { Value::Number(of) } else { Value::Null };
    let inside = known && survival > 0.0 && events > 0;
    let log = survival.ln();
    let limit = |z: f64| 1.0 - survival.powf((z * greenwood.sqrt() / log.abs()).exp());
    Ok(Value::Struct(vec![
        only(known, 1.0 - survival),
        only(inside, limit(-z)),
        only(inside, limit(z)),
        only(known && survival > 0.0, survival * greenwood.sqrt()),
        Value::count(times.len()),
        Value::count(events),
        Value::count(censored),
    ]))
}

#[cfg(test)]
mod tests {
    use super::day;

    #[test]
    fn dates_are_read_strictly() {
        assert_eq!(
            day("2022-03-05").and_then(|later| day("2021-03-05").map(|first| later - first)),
            Some(365.0)
        );
        for wrong in ["2021-02-29", "2021-1-05", "20210105", "2021-01-05 10:00", ""] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
    }
}
