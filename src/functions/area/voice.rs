//! Where need is great and few make themselves heard.

use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
    table::Table,
    value::{Output, Value},
};

/// The gap between need and voice.
pub(super) static VOICE_GAP: Definition = Definition {
    name: "voice_gap",
    family: Family::Area,
    formula: "rank(need) − rank(contacts), ranks from 1 for the lowest, ties share their mean rank",
    reading: "list with area, gap, need_rank and contacts_rank, the largest gap first, for UNNEST; above 0 means that an area ranks higher in need than in contacts (complaints, suggestions): need without voice; give both per inhabitant, or large areas lead both",
    range: "from −(n − 1) to n − 1 with n areas",
    null_when: "a number is NULL, or there are no rows",
    source: "Verba, Schlozman & Brady 1995, Voice and equality: civic voluntarism in American politics",
    example: Example {
        sql: "SELECT voice_gap(area, need, contacts)[1]['area'] FROM (VALUES ('A', 9.0, 2.0), ('B', 4.0, 3.0), ('C', 1.0, 8.0)) AS v(area, need, contacts)",
        result: "A",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("area"),
            Argument::number("need"),
            Argument::number("contacts"),
        ],
        gaps,
    )
    .gives(Output::List(&ITEM))]),
};

const ITEM: Output = Output::Struct(&[
    ("area", Output::Text),
    ("gap", Output::Number),
    ("need_rank", Output::Number),
    ("contacts_rank", Output::Number),
]);

/// Returns the rank of every value among all, from below.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order = values.to_vec();
    order.sort_unstable_by(f64::total_cmp);
    let rank = |value: &f64| {
        let below = order.partition_point(|other| other < value) as f64;
        let up_to = order.partition_point(|other| other <= value) as f64;
        f64::midpoint(below + 1.0, up_to)
    };
    values.iter().map(rank).collect()
}

fn gaps(table: &Table<'_>, _: &Params) -> Outcome {
    table.one_a_unit("voice_gap", "need` or `contacts")?;
    let areas = table.key(0);
    if areas.is_empty() {
        return Ok(Value::Null);
    }
    let values = |key: usize| -> Vec<f64> {
        table
            .key(key)
            .iter()
            .map(|at| table.number(key, *at as usize))
            .collect()
    };
    let (need, contacts) = (ranks(&values(1)), ranks(&values(2)));
    let mut order: Vec<usize> = (0..areas.len()).collect();
    let gap = |at: usize| need[at] - contacts[at];
    // ties in the order of names
    order.sort_by(|left, right| gap(*right).total_cmp(&gap(*left)));
    let items = order.into_iter().map(|at| {
        Value::Struct(vec![
            Value::Text(table.text(0, areas[at] as usize).to_owned()),
            gap(at).into(),
            need[at].into(),
            contacts[at].into(),
        ])
    });
    Ok(Value::List(items.collect()))
}
