//! Concentration indices: whether a value gathers at the top or the bottom of a ladder.

use super::subgroups::{ESTIMATE, Subgroups, fields};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params, Twin},
        rates::limits::{self, unknown},
        table::Table,
        value::Value,
    },
};

/// In the value's own unit.
pub(super) static ACI: Definition = Definition {
    name: "aci",
    family: Family::Gap,
    formula: "Σ p(2x − 1)y, p shares of people, x the middle of a subgroup's place among all (0 to 1)",
    reading: "struct with value, lo and hi: positive when the value gathers at high ranks; lo and hi need se",
    range: "any number, 0 without a gradient",
    null_when: "an argument is NULL, or nobody is there",
    source: "Wagstaff, Paci & van Doorslaer 1991, doi:10.1016/0277-9536(91)90212-U; Schlotheuber & Hosseinpoor 2022, doi:10.3390/ijerph19063697",
    example: Example {
        sql: "SELECT round(aci(q, share, 1)['value'], 6) FROM (VALUES (1, 30), (2, 24), (3, 20), (4, 16), (5, 10)) AS v(q, share)",
        result: "-3.84",
    },
    laws: &[],
    twins: &[Twin {
        name: "aci_value",
        field: 0,
        reading: "positive when the value gathers at high ranks",
        range: "any number",
        example: Example {
            sql: "SELECT round(aci_value(q, share, 1), 6) FROM (VALUES (1, 30), (2, 24), (3, 20), (4, 16), (5, 10)) AS v(q, share)",
            result: "-3.84",
        },
    }],
    body: Body::Aggregate(&[
        Form::table(
            &[
                Argument::number("rank"),
                Argument::number("value"),
                Argument::count("pop"),
            ],
            absolute,
        )
        .gives(ESTIMATE),
        Form::table(
            &[
                Argument::number("rank"),
                Argument::number("value"),
                Argument::count("pop"),
                Argument::number("se"),
                Argument::option("conf", 0.95),
            ],
            absolute_with_error,
        )
        .gives(ESTIMATE),
    ]),
};

/// As a share of the mean, or of what bounds allow.
pub(super) static RCI: Definition = Definition {
    name: "rci",
    family: Family::Gap,
    formula: "ACI/μ; for values between min and max: 'erreygers' 4·ACI/(max − min), 'wagstaff' ACI·(max − min)/((max − μ)(μ − min))",
    reading: "struct with value, lo and hi: positive when the value gathers at high ranks; use a correction for shares, or the index of having and that of not having disagree; lo and hi need se",
    range: "−1 to 1",
    null_when: "an argument is NULL, nobody is there, or the mean is 0 (with 'wagstaff' also min or max)",
    source: "Wagstaff 2005, doi:10.1002/hec.953; Erreygers 2009, doi:10.1016/j.jhealeco.2008.02.003",
    example: Example {
        sql: "SELECT round(rci(q, share, 1)['value'], 6) FROM (VALUES (1, 30), (2, 24), (3, 20), (4, 16), (5, 10)) AS v(q, share)",
        result: "-0.192",
    },
    laws: &[],
    twins: &[Twin {
        name: "rci_value",
        field: 0,
        reading: "positive when the value gathers at high ranks",
        range: "−1 to 1",
        example: Example {
            sql: "SELECT round(rci_value(q, share, 1, 'erreygers', 0, 100), 6) FROM (VALUES (1, 30), (2, 24), (3, 20), (4, 16), (5, 10)) AS v(q, share)",
            result: "-0.1536",
        },
    }],
    body: Body::Aggregate(&[
        Form::table(
            &[
                Argument::number("rank"),
                Argument::number("value"),
                Argument::count("pop"),
                Argument::choice("correction", "none"),
                Argument::option("min", 0.0),
                Argument::option("max", 1.0),
            ],
            relative,
        )
        .gives(ESTIMATE),
        Form::table(
            &[
                Argument::number("rank"),
                Argument::number("value"),
                Argument::count("pop"),
                Argument::number("se"),
                Argument::choice("correction", "none"),
                Argument::option("min", 0.0),
                Argument::option("max", 1.0),
                Argument::option("conf", 0.95),
            ],
            relative_with_error,
        )
        .gives(ESTIMATE),
    ]),
};

fn of_mean(table: &Table<'_>, se: bool, z: f64) -> Outcome {
    let Some(of) = Subgroups::new("aci", table, Some(0), 1, se.then_some(2))? else {
        return Ok(Value::Null);
    };
    Ok(Value::Struct(fields(of.plain(z, |y| Some(of.concentration(y))))))
}

fn absolute(table: &Table<'_>, _: &Params) -> Outcome {
    of_mean(table, false, 0.0)
}

fn absolute_with_error(table: &Table<'_>, params: &Params) -> Outcome {
    of_mean(table, true, limits::z("aci", params.number(0))?)
}

fn bounded(table: &Table<'_>, params: &Params, se: bool, z: f64) -> Outcome {
    let (min, max) = (params.number(0), params.number(1));
    let correction = params.text(0);
    let Some(of) = Subgroups::new("rci", table, Some(0), 1, se.then_some(2))? else {
        return Ok(Value::Null);
    };
    if correction != "none" && (min >= max || of.y.iter().any(|y| *y < min || *y > max)) {
        return Err(Error::invalid(6018, "`rci` got a value outside its bounds")
            .hint("give the bounds of percentages: `rci(rank, value, pop, 'erreygers', 0, 100)`"));
    }
    let under: fn(f64, f64, f64) -> f64 = match correction {
        "none" => |mean, _, _| mean,
        "erreygers" => |_, min, max| (max - min) / 4.0,
        "wagstaff" => |mean, min, max| (max - mean) * (mean - min) / (max - min),
        _ => return Err(unknown("rci", "correction", "'none', 'erreygers', 'wagstaff'")),
    };
    let estimate = of.plain(z, |y| {
        let under = under(of.mean(y), min, max);
        (under.abs() > 0.0).then(|| of.concentration(y) / under)
    });
    if estimate.0.is_none() {
        return Ok(Value::Null);
    }
    Ok(Value::Struct(fields(estimate)))
}

fn relative(table: &Table<'_>, params: &Params) -> Outcome {
    bounded(table, params, false, 0.0)
}

fn relative_with_error(table: &Table<'_>, params: &Params) -> Outcome {
    bounded(table, params, true, limits::z("rci", params.number(2))?)
}
