//! Local exposure and isolation on the logit scale.

use super::areas::{ONE_OF, TWO_OF, WIDE, both, wide};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
    table::{Table, Unit},
    value::{Output, Value},
};

const AREA: Output = Output::Struct(&[("area", Output::Text), ("n", Output::Number), ("value", Output::Number)]);

const TWO: &[Argument] = &[
    Argument::key("area"),
    Argument::count("x"),
    Argument::count("y"),
    Argument::total("t"),
];

/// LEx.
pub(super) static SEG_LOCAL_EXPOSURE: Definition = Definition {
    name: "seg_local_exposure",
    family: Family::Segregation,
    formula: "by area: logit(x/t · y/t) − logit(X/T · Y/T), beside n = t",
    reading: "list of areas for UNNEST: above 0 the two groups are together more often here than in the whole, on the \
              scale of log odds",
    range: "any number; NULL in areas without one of the two",
    null_when: "a count is NULL, or one of the two groups has nobody",
    source: "Bemanian & Beyer 2017, doi:10.1158/1055-9965.EPI-16-0926",
    example: Example {
        sql: "SELECT round(seg_local_exposure(area, x, t - x, t)[1]['value'], 6) FROM (VALUES ('A', 10, 20), ('B', 5, 20)) AS v(area, x, t)",
        result: "0.085158",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(TWO, exposure).gives(Output::List(&AREA)),
        Form::table(TWO_OF, exposure).gives(Output::List(&AREA)),
    ]),
};

/// LIs.
pub(super) static SEG_LOCAL_ISOLATION: Definition = Definition {
    name: "seg_local_isolation",
    family: Family::Segregation,
    formula: "by area: logit((x/t)²) − logit((X/T)²), beside n = t",
    reading: "list of areas for UNNEST: above 0 the group is more by itself here than in the whole, on the scale of log odds",
    range: "any number; NULL in areas with nobody else, or nobody of the group",
    null_when: "a count is NULL, or the group or the rest has nobody",
    source: "Bemanian & Beyer 2017, doi:10.1158/1055-9965.EPI-16-0926",
    example: Example {
        sql: "SELECT round(seg_local_isolation(area, x, t)[1]['value'], 6) FROM (VALUES ('A', 10, 20), ('B', 5, 20)) AS v(area, x, t)",
        result: "0.711496",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(WIDE, isolation).gives(Output::List(&AREA)),
        Form::table(ONE_OF, isolation).gives(Output::List(&AREA)),
    ]),
};

fn logit(of: f64) -> f64 {
    (of / (1.0 - of)).ln()
}

fn list(table: &Table<'_>, function: &str, params: &Params, meeting: impl Fn(&Unit) -> f64) -> Outcome {
    let areas = wide(table, function, params)?;
    if both(&areas).is_none() {
        return Ok(Value::Null);
    }
    let whole = logit(meeting(&areas.all));
    let list = areas.units.iter().enumerate().map(|(at, of)| {
        let chance = meeting(of);
        let value = if whole.is_finite() && chance > 0.0 && chance < 1.0 {
            (logit(chance) - whole).into()
        } else {
            Value::Null
        };
        Value::Struct(vec![Value::Text(table.text(0, at).to_owned()), of.t.into(), value])
    });
    Ok(Value::List(list.collect()))
}

fn exposure(table: &Table<'_>, params: &Params) -> Outcome {
    list(table, "seg_local_exposure", params, |of| (of.x / of.t) * (of.y / of.t))
}

fn isolation(table: &Table<'_>, params: &Params) -> Outcome {
    list(table, "seg_local_isolation", params, |of| (of.x / of.t).powi(2))
}
