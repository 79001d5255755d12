//! The slope and relative index of inequality: the gap between the two ends of a ladder, seen by everybody on it.

use super::subgroups::{Subgroups, fields, number};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params, Twin},
        rates::limits::{self, unknown},
        table::Table,
        value::{Output, Value},
    },
};

const FIELDS: Output = Output::Struct(&[
    ("value", Output::Number),
    ("lo", Output::Number),
    ("hi", Output::Number),
    ("intercept", Output::Number),
    ("mean", Output::Number),
    ("n", Output::Count),
]);
const WITHOUT_ERROR: &[Argument] = &[
    Argument::number("rank"),
    Argument::number("value"),
    Argument::count("pop"),
    Argument::choice("transform", "none"),
];
const WITH_ERROR: &[Argument] = &[
    Argument::number("rank"),
    Argument::number("value"),
    Argument::count("pop"),
    Argument::number("se"),
    Argument::choice("transform", "none"),
    Argument::option("conf", 0.95),
];

/// The difference of the ends.
pub(super) static SII: Definition = Definition {
    name: "sii",
    family: Family::Gap,
    formula: "b of y = a + b·x by least squares weighted by people, x the middle of a subgroup's place among all (0 to 1); 'log' and 'logit' fit the transformed y and give the difference of the ends transformed back",
    reading: "struct with value, lo, hi, intercept, mean and n: how much higher the value is at the top (highest rank) than at the bottom; rows of equal rank, value and se are one subgroup; lo and hi need se",
    range: "any number, 0 without a gradient",
    null_when: "an argument is NULL, nobody is there, or there is one rank only",
    source: "Mackenbach & Kunst 1997, doi:10.1016/S0277-9536(96)00073-1; Moreno-Betancur et al. 2015, doi:10.1097/EDE.0000000000000311",
    example: Example {
        sql: "SELECT round(sii(q, share, 1)['value'], 6) FROM (VALUES (1, 30), (2, 24), (3, 20), (4, 16), (5, 10)) AS v(q, share)",
        result: "-24.0",
    },
    laws: &[],
    twins: &[
        Twin {
            name: "sii_value",
            field: 0,
            reading: "how much higher the value is at the top than at the bottom",
            range: "any number",
            example: Example {
                sql: "SELECT round(sii_value(q, share, 1), 6) FROM (VALUES (1, 29), (2, 22), (3, 17), (4, 12), (5, 5)) AS v(q, share)",
                result: "-29.0",
            },
        },
        Twin {
            name: "sii_lo",
            field: 1,
            reading: "smallest difference that the values do not contradict",
            range: "any number",
            example: Example {
                sql: "SELECT round(sii_lo(q, share, 1, 2), 4) FROM (VALUES (1, 30), (2, 24), (3, 20), (4, 16), (5, 10)) AS v(q, share)",
                result: "-30.198",
            },
        },
        Twin {
            name: "sii_hi",
            field: 2,
            reading: "largest difference that the values do not contradict",
            range: "any number",
            example: Example {
                sql: "SELECT round(sii_hi(q, share, 1, 2), 4) FROM (VALUES (1, 30), (2, 24), (3, 20), (4, 16), (5, 10)) AS v(q, share)",
                result: "-17.802",
            },
        },
    ],
    body: Body::Aggregate(&[
        Form::table(WITHOUT_ERROR, difference).gives(FIELDS),
        Form::table(WITH_ERROR, difference_with_error).gives(FIELDS),
    ]),
};

/// The ratio of the ends.
pub(super) static RII: Definition = Definition {
    name: "rii",
    family: Family::Gap,
    formula: "(a + b)/a of the line of sii, exp(b) with 'log', the ratio of the ends with 'logit'; limits on the scale of logarithms",
    reading: "struct with value, lo, hi, intercept, mean and n: how many times the value at the bottom the value at the top is; lo and hi need se",
    range: "0 upwards, 1 without a gradient",
    null_when: "an argument is NULL, nobody is there, there is one rank only, or the line is not above 0 at both ends",
    source: "Mackenbach & Kunst 1997, doi:10.1016/S0277-9536(96)00073-1; Moreno-Betancur et al. 2015, doi:10.1097/EDE.0000000000000311",
    example: Example {
        sql: "SELECT round(rii(q, share, 1)['value'], 6) FROM (VALUES (1, 30), (2, 24), (3, 20), (4, 16), (5, 10)) AS v(q, share)",
        result: "0.25",
    },
    laws: &[],
    twins: &[Twin {
        name: "rii_value",
        field: 0,
        reading: "how many times the value at the bottom the value at the top is",
        range: "0 upwards",
        example: Example {
            sql: "SELECT round(rii_value(q, share, 1), 6) FROM (VALUES (1, 30), (2, 24), (3, 20), (4, 16), (5, 10)) AS v(q, share)",
            result: "0.25",
        },
    }],
    body: Body::Aggregate(&[
        Form::table(WITHOUT_ERROR, ratio).gives(FIELDS),
        Form::table(WITH_ERROR, ratio_with_error).gives(FIELDS),
    ]),
};

/// On which scale the line is straight.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scale {
    Plain,
    Log,
    Logit,
}

impl Scale {
    fn of(function: &str, params: &Params) -> Result<Self, Error> {
        match params.text(0) {
            "none" => Ok(Self::Plain),
            "log" => Ok(Self::Log),
            "logit" => Ok(Self::Logit),
            _ => Err(unknown(function, "transform", "'none', 'log', 'logit'")),
        }
    }

    fn fits(self, y: f64) -> bool {
        match self {
            Self::Plain => true,
            Self::Log => y > 0.0,
            Self::Logit => y > 0.0 && y < 1.0,
        }
    }

    fn there(self, y: f64) -> f64 {
        match self {
            Self::Plain => y,
            Self::Log => y.ln(),
            Self::Logit => (y / (1.0 - y)).ln(),
        }
    }

    fn back(self, y: f64) -> f64 {
        match self {
            Self::Plain => y,
            Self::Log => y.exp(),
            Self::Logit => 1.0 / (1.0 + (-y).exp()),
        }
    }
}

/// Values of the line at the bottom and the top.
fn ends(of: &Subgroups, scale: Scale, y: &[f64]) -> Option<(f64, f64)> {
    let (intercept, slope) = of.line(|at| scale.there(y[at]))?;
    Some((scale.back(intercept), scale.back(intercept + slope)))
}

/// The relative index.
pub(super) fn relative(of: &Subgroups, y: &[f64]) -> Option<f64> {
    let (bottom, top) = ends(of, Scale::Plain, y)?;
    (bottom > 0.0 && top > 0.0).then(|| top / bottom)
}

/// The slope index.
pub(super) fn absolute(of: &Subgroups, y: &[f64]) -> Option<f64> {
    // the slope itself: the difference of the ends would round
    of.line(|at| y[at]).map(|(_, slope)| slope)
}

fn index(function: &str, table: &Table<'_>, params: &Params, se: bool, relative: bool) -> Outcome {
    let scale = Scale::of(function, params)?;
    let z = if se {
        limits::z(function, params.number(0))?
    } else {
        0.0
    };
    let Some(of) = Subgroups::new(function, table, Some(0), 1, se.then_some(2))? else {
        return Ok(Value::Null);
    };
    if of.y.iter().any(|y| !scale.fits(*y)) {
        return Err(Error::invalid(
            6018,
            format!("`{function}` got a value that its transform does not take"),
        )
        .hint("'log' takes values above 0, 'logit' values between 0 and 1: divide percentages by 100"));
    }
    let Some((bottom, _)) = ends(&of, scale, &of.y) else {
        return Ok(Value::Null);
    };
    let estimate = if relative {
        of.ratio(z, |y| match scale {
            // the ratio of two exponentials is that of their difference
            Scale::Log => of.line(|at| scale.there(y[at])).map(|(_, slope)| slope.exp()),
            _ => ends(&of, scale, y).and_then(|(bottom, top)| (bottom > 0.0 && top > 0.0).then(|| top / bottom)),
        })
    } else {
        of.plain(z, |y| match scale {
            Scale::Plain => absolute(&of, y),
            _ => ends(&of, scale, y).map(|(bottom, top)| top - bottom),
        })
    };
    if estimate.0.is_none() {
        return Ok(Value::Null);
    }
    let mut fields = fields(estimate);
    fields.extend([
        number(Some(bottom)),
        number(Some(of.mean(&of.y))),
        Value::count(of.y.len()),
    ]);
    Ok(Value::Struct(fields))
}

fn difference(table: &Table<'_>, params: &Params) -> Outcome {
    index("sii", table, params, false, false)
}

fn difference_with_error(table: &Table<'_>, params: &Params) -> Outcome {
    index("sii", table, params, true, false)
}

fn ratio(table: &Table<'_>, params: &Params) -> Outcome {
    index("rii", table, params, false, true)
}

fn ratio_with_error(table: &Table<'_>, params: &Params) -> Outcome {
    index("rii", table, params, true, true)
}
