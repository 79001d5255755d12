//! What an index would be if dwellings were built: for given people, for another mix of them, and in another place.

use super::{
    index::Index,
    people::or_null,
    replicate::{INDEX, run},
};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        table::{Table, Unit, Wide},
        value::{Output, Value},
    },
};

const TAKES: &[Argument] = &[
    Argument::key("area"),
    Argument::count("x"),
    Argument::total("t"),
    Argument::count("built_x"),
    Argument::total("built_t"),
    INDEX,
];
const GIVES: Output = Output::Struct(&[
    ("before", Output::Number),
    ("after", Output::Number),
    ("change", Output::Number),
    ("n_areas", Output::Count),
    ("newcomers", Output::Number),
    ("best_share", Output::Number),
    ("best", Output::Number),
    ("neutral_from", Output::Number),
    ("neutral_to", Output::Number),
]);
const AREA: Output = Output::Struct(&[
    ("area", Output::Text),
    ("n", Output::Number),
    ("share", Output::Number),
    ("after", Output::Number),
    ("change", Output::Number),
]);
/// Shares of the group among newcomers that are tried: whole per cents.
const PER_CENT: usize = 100;
/// What rounding may make of two equal values.
const TIE: f64 = 1e-12;

/// Any index before and after building.
pub(in super::super) static SEG_SCENARIO: Definition = Definition {
    name: "seg_scenario",
    family: Family::Segregation,
    formula: "before = index of (x, t), after = index of (x + built_x, t + built_t), change = after − before; best_share the \
              share s of 0, 0.01, …, 1 with the lowest index (best) of (x + s·built_t, t + built_t), the smaller of equal ones; \
              neutral_from and neutral_to the smallest and largest s whose index is not above before",
    reading: "struct: what if these dwellings were built and people like that moved in? built_x and built_t are the newcomers, \
              0 in areas where nothing is built; nobody moves out. With as large a share of the group in every built area, \
              best_share would lower segregation most, and between neutral_from and neutral_to it would not rise (it may \
              somewhere between where an index has two valleys); a town that is even already has one such share or none. index \
              is the name of any function of the family that gives one number",
    range: "before, after and best as the index; shares 0 to 1",
    null_when: "a count is NULL, or the index is before or after; shares and best where nothing is built; neutral_from and \
                neutral_to where every share raises the index",
    source: "marginal changes of the areas' mix: Duncan & Duncan 1955, doi:10.2307/2088328; conventions of this library, 2026",
    example: Example {
        sql: "SELECT round(seg_scenario(area, x, t, built_x, built_t)['change'], 6) FROM (VALUES ('A', 10, 20, 0, 0), ('B', 0, 10, 10, 10), ('C', 10, 10, 0, 0)) AS v(area, x, t, built_x, built_t)",
        result: "-0.166667",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TAKES, scenario).gives(GIVES)]),
};

/// Any index after building in one of the areas, for each of them.
pub(in super::super) static SEG_SCENARIO_AREAS: Definition = Definition {
    name: "seg_scenario_areas",
    family: Family::Segregation,
    formula: "by area: after = index when all newcomers Σ built_x of Σ built_t live in this one area, change = after − before; \
              beside n = t and share = x/t of today",
    reading: "list of areas for UNNEST, ordered by their keys: where would the same people lower segregation most? Order by \
              change. D only knows on which side of the whole's mix an area is; seg_gini or seg_information_theory tell areas \
              apart. index is the name of any function of the family that gives one number",
    range: "after as the index; change of either sign",
    null_when: "a count is NULL, nothing is built, or the index is NULL before; after and change where it is after; share where \
                nobody lives",
    source: "marginal changes of the areas' mix: Duncan & Duncan 1955, doi:10.2307/2088328; conventions of this library, 2026",
    example: Example {
        sql: "SELECT round(seg_scenario_areas(area, x, t, built_x, built_t)[2]['change'], 6) FROM (VALUES ('A', 10, 20, 0, 0), ('B', 0, 10, 10, 10), ('C', 10, 10, 0, 0)) AS v(area, x, t, built_x, built_t)",
        result: "-0.166667",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TAKES, areas).gives(Output::List(&AREA))]),
};

/// Returns today's people and the newcomers of every area.
fn states(table: &Table<'_>, function: &str) -> Result<Vec<[Unit; 2]>, Error> {
    super::two::states(table, function)
}

/// Returns an index after people have moved in.
fn after(index: &Index, areas: impl Iterator<Item = (Unit, f64, f64)>) -> Result<Option<f64>, Error> {
    index.wide(&Wide::new(areas.map(|(now, x, t)| Unit {
        x: now.x + x,
        y: now.y + (t - x),
        t: now.t + t,
    })))
}

fn scenario(table: &Table<'_>, params: &Params) -> Outcome {
    let function = "seg_scenario";
    let index = Index::find(function, params.text(0), false)?;
    let areas = states(table, function)?;
    let before = index.wide(&Wide::new(areas.iter().map(|[now, _]| *now)))?;
    let then = after(&index, areas.iter().map(|[now, new]| (*now, new.x, new.t)))?;
    let (Some(before), Some(then)) = (before, then) else {
        return Ok(Value::Null);
    };
    let newcomers: f64 = areas.iter().map(|[_, new]| new.t).sum();
    let mut tried = Vec::new();
    if newcomers > 0.0 {
        tried = run(function, PER_CENT + 1, areas.len(), |per_cent| {
            let share = per_cent as f64 / PER_CENT as f64;
            let value = after(&index, areas.iter().map(|[now, new]| (*now, share * new.t, new.t)))?;
            Ok(value.map(|value| (share, value)))
        })?;
    }
    let mut best: Option<(f64, f64)> = None;
    for (share, value) in tried.iter().flatten() {
        if best.is_none_or(|(_, least)| *value < least - TIE) {
            best = Some((*share, *value));
        }
    }
    let mut neutral = tried
        .iter()
        .flatten()
        .filter(|(_, value)| *value <= before + TIE)
        .map(|(share, _)| *share);
    let from = neutral.next();
    let to = neutral.next_back().or(from);
    Ok(Value::Struct(vec![
        before.into(),
        then.into(),
        (then - before).into(),
        Value::count(areas.iter().filter(|[_, new]| new.t > 0.0).count()),
        newcomers.into(),
        or_null(best.map(|(share, _)| share)),
        or_null(best.map(|(_, value)| value)),
        or_null(from),
        or_null(to),
    ]))
}

fn areas(table: &Table<'_>, params: &Params) -> Outcome {
    let function = "seg_scenario_areas";
    let index = Index::find(function, params.text(0), false)?;
    let areas = states(table, function)?;
    let (x, t) = areas.iter().fold((0.0, 0.0), |(x, t), [_, new]| (x + new.x, t + new.t));
    let before = index.wide(&Wide::new(areas.iter().map(|[now, _]| *now)))?;
    let Some(before) = before.filter(|_| t > 0.0) else {
        return Ok(Value::Null);
    };
    let values = run(function, areas.len(), areas.len(), |built| {
        let here = |at: usize| if at == built { (x, t) } else { (0.0, 0.0) };
        after(
            &index,
            areas
                .iter()
                .enumerate()
                .map(|(at, [now, _])| (*now, here(at).0, here(at).1)),
        )
    })?;
    let list = areas.iter().zip(values).enumerate().map(|(at, ([now, _], after))| {
        Value::Struct(vec![
            Value::Text(table.text(0, at).to_owned()),
            now.t.into(),
            or_null((now.t > 0.0).then(|| now.x / now.t)),
            or_null(after),
            or_null(after.map(|after| after - before)),
        ])
    });
    Ok(Value::List(list.collect()))
}
