//! Direct standardisation: the rate that a standard population would have with these rates by age.

use super::{age, limits, twin};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        table::Table,
        value::{Output, Value},
    },
};

/// Lower ends of ages with their weights, the last one open.
type Standard = &'static [(f64, f64)];

const ESP_2013: Standard = &[
    (0.0, 1000.0),
    (1.0, 4000.0),
    (5.0, 5500.0),
    (10.0, 5500.0),
    (15.0, 5500.0),
    (20.0, 6000.0),
    (25.0, 6000.0),
    (30.0, 6500.0),
    (35.0, 7000.0),
    (40.0, 7000.0),
    (45.0, 7000.0),
    (50.0, 7000.0),
    (55.0, 6500.0),
    (60.0, 6000.0),
    (65.0, 5500.0),
    (70.0, 5000.0),
    (75.0, 4000.0),
    (80.0, 2500.0),
    (85.0, 1500.0),
    (90.0, 800.0),
    (95.0, 200.0),
];

const ESP_1976: Standard = &[
    (0.0, 1600.0),
    (1.0, 6400.0),
    (5.0, 7000.0),
    (10.0, 7000.0),
    (15.0, 7000.0),
    (20.0, 7000.0),
    (25.0, 7000.0),
    (30.0, 7000.0),
    (35.0, 7000.0),
    (40.0, 7000.0),
    (45.0, 7000.0),
    (50.0, 7000.0),
    (55.0, 6000.0),
    (60.0, 5000.0),
    (65.0, 4000.0),
    (70.0, 3000.0),
    (75.0, 2000.0),
    (80.0, 1000.0),
    (85.0, 1000.0),
];

const FIELDS: Output = Output::Struct(&[
    ("value", Output::Number),
    ("lo", Output::Number),
    ("hi", Output::Number),
    ("events", Output::Number),
    ("n", Output::Number),
    ("crude", Output::Number),
    ("strata", Output::Count),
]);

/// By a standard that is known by name.
pub(super) static STD_DIRECT: Definition = Definition {
    name: "std_direct",
    family: Family::Rates,
    formula: "per·Σ w x/n / Σ w; limits value + √(v/O)·(limits of O − O), O = Σ x, v = Σ w² x/n² / (Σ w)²; the standard's weights of a wider band are summed",
    reading: "struct with value, lo, hi, events, n, crude and strata: the rate in a population with the standard's ages, for comparing areas of different ages; standards 'ESP2013', 'ESP1976', others by std_direct_weighted",
    range: "0 upwards",
    null_when: "a count is NULL; value, lo and hi also with fewer than 10 events or a band with nobody",
    source: "Dobson, Kuulasmaa, Eberle & Scherer 1991, doi:10.1002/sim.4780100317; Eurostat 2013, Revision of the European Standard Population, doi:10.2785/11470",
    example: Example {
        sql: "SELECT std_direct(age, x, n, 'ESP2013', 1000)['value'] FROM (VALUES (0, 20, 1000), (15, 30, 1000), (65, 60, 1000)) AS v(age, x, n)",
        result: "34.25",
    },
    laws: &[],
    twins: &[
        twin(
            "std_direct_value",
            0,
            "rate in a population with the standard's ages",
            "0 upwards",
            "SELECT std_direct_value(age, x, n, 'ESP2013', 1000) FROM (VALUES (0, 20, 1000), (15, 30, 1000), (65, 60, 1000)) AS v(age, x, n)",
            "34.25",
        ),
        twin(
            "std_direct_lo",
            1,
            "smallest standardised rate that the events do not contradict",
            "0 upwards",
            "SELECT round(std_direct_lo(age, x, n, 'ESP2013', 1000), 4) FROM (VALUES (0, 20, 1000), (15, 30, 1000), (65, 60, 1000)) AS v(age, x, n)",
            "26.9482",
        ),
        twin(
            "std_direct_hi",
            2,
            "largest standardised rate that the events do not contradict",
            "0 upwards",
            "SELECT round(std_direct_hi(age, x, n, 'ESP2013', 1000), 4) FROM (VALUES (0, 20, 1000), (15, 30, 1000), (65, 60, 1000)) AS v(age, x, n)",
            "42.6644",
        ),
    ],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("age"),
            Argument::count("x"),
            Argument::count("n"),
            Argument::choice("standard", "ESP2013"),
            Argument::option("per", 100_000.0),
            Argument::option("conf", 0.95),
        ],
        by_name,
    )
    .gives(FIELDS)]),
};

/// By weights that the caller brings.
pub(super) static STD_DIRECT_WEIGHTED: Definition = Definition {
    name: "std_direct_weighted",
    family: Family::Rates,
    formula: "per·Σ w x/n / Σ w; limits as in std_direct",
    reading: "struct as of std_direct, by any strata (age, age and sex, education …) and any standard: the weight of a stratum is the same on all its rows",
    range: "0 upwards",
    null_when: "a count or weight is NULL; value, lo and hi also with fewer than 10 events, a stratum with nobody, or no weight",
    source: "Dobson, Kuulasmaa, Eberle & Scherer 1991, doi:10.1002/sim.4780100317",
    example: Example {
        sql: "SELECT std_direct_weighted(s, w, x, n, 1000)['value'] FROM (VALUES ('women', 3, 20, 1000), ('men', 1, 60, 1000)) AS v(s, w, x, n)",
        result: "30.0",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("stratum"),
            Argument::number("weight"),
            Argument::count("x"),
            Argument::count("n"),
            Argument::option("per", 100_000.0),
            Argument::option("conf", 0.95),
        ],
        by_weight,
    )
    .gives(FIELDS)]),
};

fn by_name(table: &Table<'_>, params: &Params) -> Outcome {
    let standard = match params.text(0).to_uppercase().as_str() {
        "ESP2013" => ESP_2013,
        "ESP1976" => ESP_1976,
        _ => {
            return Err(limits::unknown(
                "std_direct",
                "standard",
                "'ESP2013', 'ESP1976'; others by `std_direct_weighted`",
            ));
        }
    };
    let starts = |at: f64| standard.iter().any(|(start, _)| start.total_cmp(&at).is_eq());
    let mut weights = vec![0.0; table.distinct(0)];
    for band in age::bands("std_direct", table)? {
        if !starts(band.start) || band.end.is_some_and(|end| !starts(end)) {
            return Err(Error::invalid(
                6014,
                "`std_direct` got an age band that begins or ends inside one of the standard's",
            )
            .hint("use bands of five years or unions of them, or bring weights to `std_direct_weighted`"));
        }
        weights[band.at] = standard
            .iter()
            .filter(|(start, _)| *start >= band.start && band.end.is_none_or(|end| *start < end))
            .map(|(_, weight)| weight)
            .sum();
    }
    let weights: Vec<f64> = table.key(0).iter().map(|at| weights[*at as usize]).collect();
    direct("std_direct", &weights, table, params)
}

fn by_weight(table: &Table<'_>, params: &Params) -> Outcome {
    table.one_a_unit("std_direct_weighted", "weight")?;
    let weights: Vec<f64> = table.key(1).iter().map(|at| table.number(1, *at as usize)).collect();
    if weights.iter().any(|weight| *weight < 0.0) {
        return Err(Error::invalid(6003, "`std_direct_weighted` got a negative `weight`")
            .hint("weights are people of the standard population"));
    }
    direct("std_direct_weighted", &weights, table, params)
}

fn direct(function: &str, weights: &[f64], table: &Table<'_>, params: &Params) -> Outcome {
    let (per, conf) = (params.number(0), params.number(1));
    let (x, n) = (table.count(0), table.count(1));
    let (events, people): (f64, f64) = (x.iter().sum(), n.iter().sum());
    let all: f64 = weights.iter().sum();
    let (limits, _) = limits::count(function, events, conf)?;
    let mut fields = vec![Value::Null, Value::Null, Value::Null, events.into(), people.into()];
    fields.push(if people > 0.0 {
        (per * events / people).into()
    } else {
        Value::Null
    });
    fields.push(Value::count(weights.len()));
    if weights.is_empty() {
        return Ok(Value::Null);
    }
    if events >= 10.0 && all > 0.0 && table.empty == 0 && n.iter().all(|n| *n > 0.0) {
        let (mut rate, mut variance) = (0.0, 0.0);
        for ((weight, x), n) in weights.iter().zip(x).zip(n) {
            rate += weight * x / n;
            variance += (weight / n) * (weight / n) * x;
        }
        let spread = (variance / events).sqrt();
        fields[0] = (per * rate / all).into();
        fields[1] = (per * (rate + spread * (limits.lo - events)) / all).max(0.0).into();
        fields[2] = (per * (rate + spread * (limits.hi - events)) / all).into();
    }
    Ok(Value::Struct(fields))
}

#[cfg(test)]
mod tests {
    use super::{ESP_1976, ESP_2013};

    #[test]
    fn standards_have_a_hundred_thousand_people() {
        for standard in [ESP_2013, ESP_1976] {
            let people: f64 = standard.iter().map(|(_, weight)| weight).sum();
            assert!((people - 100_000.0).abs() < 1e-9);
            assert!(standard.is_sorted_by(|left, right| left.0 < right.0));
        }
    }
}
