//! Where M changed: the structural part of its change, area by area.
//!
//! M is the mean of the areas' own segregation, weighted by their people. So the structural change is a sum over areas:
//! how much further each is from the whole with the structure of the other time, at the sizes of either time. What can
//! go wrong: what [`super::change`] says of fitting.

use super::{
    change::{Fit, Time, of_both, squeeze, times},
    information::cell,
};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
    table::Table,
    value::{Output, Value},
};

const TAKES: &[Argument] = &[
    Argument::key("area"),
    Argument::key("group"),
    Argument::count("before"),
    Argument::count("after"),
];
const UNIT: Output = Output::Struct(&[
    ("area", Output::Text),
    ("share_before", Output::Number),
    ("share_after", Output::Number),
    ("before", Output::Number),
    ("after", Output::Number),
    ("change_before", Output::Number),
    ("change_after", Output::Number),
    ("structural", Output::Number),
]);

/// The structural change of M by area.
pub(super) static SEG_CHANGE_UNITS: Definition = Definition {
    name: "seg_change_units",
    family: Family::Segregation,
    formula: "by area of both times: share = t/T; before, after = L, the area's own segregation (seg_local); change_before = \
              L(after, before) − L(before, before), with L(s, m) that of the structure of time s fitted to the sizes of areas \
              and groups of time m; change_after = L(after, after) − L(before, after); structural = ½ (share_before · \
              change_before + share_after · change_after)",
    reading: "list of areas with how much of the structural change of M each one brought; structural sums to that of \
              seg_change, above 0 where the area moved away from the whole; for UNNEST. Areas and groups of one time only \
              are not in it: their part is additions or removals",
    range: "share from 0 to 1, before and after from 0 upwards, changes and structural in nats, of either sign",
    null_when: "a count is NULL, or at one of the times fewer than two groups have anybody; changes and structural when \
                fitting did not end",
    source: "Elbers 2023, doi:10.1177/0049124121986204; Deming & Stephan 1940, doi:10.1214/aoms/1177731829",
    example: Example {
        sql: "SELECT round(seg_change_units(area, grp, n1, n2)[4]['structural'], 6) FROM (VALUES ('A', 'x', 40, 20), ('A', 'y', 5, 5), ('B', 'x', 30, 20), ('B', 'y', 10, 10), ('C', 'x', 20, 20), ('C', 'y', 15, 10), ('D', 'x', 10, 15), ('D', 'y', 20, 15)) AS v(area, grp, n1, n2)",
        result: "-0.032388",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TAKES, units).gives(Output::List(&UNIT))]),
};

/// Returns the own segregation of every area.
fn local(at: &[(u32, u32)], time: &Time) -> Vec<f64> {
    let mut told = vec![0.0; time.areas.len()];
    for ((area, group), n) in at.iter().zip(&time.cells) {
        let t = time.areas[*area as usize];
        told[*area as usize] += cell(*n, t, time.groups[*group as usize], time.total) / t;
    }
    told
}

fn units(table: &Table<'_>, _: &Params) -> Outcome {
    let (mut at, both) = times(table);
    if both.iter().any(Time::is_of_one) {
        return Ok(Value::Null);
    }
    let both = of_both(&mut at, both);
    let stays: Vec<usize> = (0..both[0].areas.len())
        .filter(|area| both[0].areas[*area] > 0.0)
        .collect();
    let [before, after] = squeeze(&mut at, [&both[0], &both[1]]);
    let mut fit = Fit::default();
    let turned = [
        fit.fitted(&at, &after, &before, &before),
        fit.fitted(&at, &before, &after, &after),
    ];
    let [from, to] = [&before, &after].map(|time| local(&at, time));
    let [then, now] = turned.map(|time| local(&at, &time));
    let part = |of: f64| {
        if fit.ended() && of.is_finite() {
            Value::Number(of)
        } else {
            Value::Null
        }
    };
    let list = stays.into_iter().enumerate().map(|(area, place)| {
        let share = [&before, &after].map(|time| time.areas[area] / time.total);
        let (first, last) = (then[area] - from[area], to[area] - now[area]);
        Value::Struct(vec![
            Value::Text(table.text(0, place).to_owned()),
            share[0].into(),
            share[1].into(),
            from[area].clamp(0.0, f64::INFINITY).into(),
            to[area].clamp(0.0, f64::INFINITY).into(),
            part(first),
            part(last),
            part(f64::midpoint(share[0] * first, share[1] * last)),
        ])
    });
    Ok(Value::List(list.collect()))
}
