//! What an index would be without an area.

use super::{
    people::{People, or_null},
    replicate::{INDEX, run},
};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
    table::Table,
    value::{Output, Value},
};

const NAME: &str = "seg_contribution";
const AREA: Output = Output::Struct(&[
    ("area", Output::Text),
    ("n", Output::Number),
    ("without", Output::Number),
    ("contribution", Output::Number),
]);

/// The marginal contribution of every area to any index.
pub(in super::super) static SEG_CONTRIBUTION: Definition = Definition {
    name: NAME,
    family: Family::Segregation,
    formula: "by area: without = the index of all other areas, contribution = the index of all − without, beside n the people \
              of the area",
    reading: "list of areas for UNNEST: above 0 the town would be less segregated without the area. Unlike local values these \
              do not sum to the index: take one away and the whole's mix changes too. index is the name of any function of the \
              family that gives one number",
    range: "contribution of either sign",
    null_when: "a count is NULL, or the index is; without and contribution where the index of the others is",
    source: "Duncan & Duncan 1955, doi:10.2307/2088328; the jackknife: Quenouille 1956, doi:10.1093/biomet/43.3-4.353",
    example: Example {
        sql: "SELECT seg_contribution(area, x, t)[1]['contribution'] FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "-0.5",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(
            &[Argument::key("area"), Argument::count("x"), Argument::total("t"), INDEX],
            contribution,
        )
        .gives(Output::List(&AREA)),
        Form::table(
            &[
                Argument::key("area"),
                Argument::key("group"),
                Argument::count("n"),
                INDEX,
            ],
            contribution,
        )
        .gives(Output::List(&AREA)),
    ]),
};

fn contribution(table: &Table<'_>, params: &Params) -> Outcome {
    let people = People::new(table, NAME)?;
    let index = people.index(NAME, params.text(0))?;
    let Some(value) = people.now(&index)? else {
        return Ok(Value::Null);
    };
    let (sizes, _) = people.margins();
    let without = run(NAME, people.areas, people.n.len(), |gone| {
        let others: Vec<f64> = (people.area.iter().zip(&people.n))
            .map(|(area, n)| if *area as usize == gone { 0.0 } else { *n })
            .collect();
        people.value(&index, [&people.area, &people.group], &others, people.areas)
    })?;
    let list = without.into_iter().zip(sizes).enumerate().map(|(at, (without, n))| {
        Value::Struct(vec![
            people.name(at),
            n.into(),
            or_null(without),
            or_null(without.map(|without| value - without)),
        ])
    });
    Ok(Value::List(list.collect()))
}
