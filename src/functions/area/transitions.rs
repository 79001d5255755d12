//! How areas move between types.

use std::collections::BTreeMap;

use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        table::Table,
        value::{Output, Value},
    },
};

/// Most types: the matrix has a field for every pair.
const MOST: usize = 300;

/// The matrix of transitions.
pub(super) static AREA_TRANSITIONS: Definition = Definition {
    name: "area_transitions",
    family: Family::Area,
    formula: "n areas of type `from` before and `to` after; share = n/Σ n of the same from; with pop also their people and pop_share = pop/Σ pop of the same from",
    reading: "list with from, to, n, share, pop and pop_share for UNNEST: every pair of the types that occur, ordered, pairs without areas with n 0; types are numbers, as area_type gives them; join the two years by area before, and show the index itself too: types are relative to the country in each year",
    range: "shares from 0 to 1",
    null_when: "a number is NULL, or there are no rows; share where no area came from the type, pop and pop_share without pop, pop_share without people",
    source: "Anderson & Goodman 1957, doi:10.1214/aoms/1177707039; Statistics Sweden, area types for segregation, 2022",
    example: Example {
        sql: "SELECT area_transitions(area, before, after)[2]['share'] FROM (VALUES ('A', 1, 1), ('B', 1, 2), ('C', 1, 2), ('D', 2, 2)) AS v(area, before, after)",
        result: "0.6666666666666666",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(
            &[Argument::key("area"), Argument::number("from"), Argument::number("to")],
            matrix,
        )
        .gives(Output::List(&PAIR)),
        Form::table(
            &[
                Argument::key("area"),
                Argument::number("from"),
                Argument::number("to"),
                Argument::count("pop"),
            ],
            matrix,
        )
        .gives(Output::List(&PAIR))
        .sees_empty(),
    ]),
};

/// One pair of types.
const PAIR: Output = Output::Struct(&[
    ("from", Output::Number),
    ("to", Output::Number),
    ("n", Output::Count),
    ("share", Output::Number),
    ("pop", Output::Number),
    ("pop_share", Output::Number),
]);
/// A type: a number with its order.
#[derive(Debug, Clone, Copy)]
struct Class(f64);

impl PartialEq for Class {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Class {}

impl PartialOrd for Class {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Class {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

fn matrix(table: &Table<'_>, _: &Params) -> Outcome {
    if table.distinct(0) == 0 {
        return Ok(Value::Null);
    }
    table.one_a_unit("area_transitions", "from` or `to")?;
    let with_people = table.counts > 0;
    // −0 and 0 are one type
    let class = |key: usize, at: u32| Class(table.number(key, at as usize) + 0.0);
    let mut pairs: BTreeMap<(Class, Class), (usize, f64)> = BTreeMap::new();
    let mut types: BTreeMap<Class, (usize, f64)> = BTreeMap::new();
    for (cell, (from, to)) in table.key(1).iter().zip(table.key(2)).enumerate() {
        let (from, to) = (class(1, *from), class(2, *to));
        let pop = if with_people { table.count(0)[cell] } else { 0.0 };
        let pair = pairs.entry((from, to)).or_default();
        *pair = (pair.0 + 1, pair.1 + pop);
        let all = types.entry(from).or_default();
        *all = (all.0 + 1, all.1 + pop);
        types.entry(to).or_default();
    }
    if types.len() > MOST {
        return Err(
            Error::exhausted(6041, format!("`area_transitions` got more than {MOST} types"))
                .hint("the arguments are (area, type before, type after); is one of them an index instead of a type?"),
        );
    }
    let share = |of: f64, all: f64| {
        if all > 0.0 {
            Value::Number(of / all)
        } else {
            Value::Null
        }
    };
    let mut list = Vec::with_capacity(types.len() * types.len());
    for (from, all) in &types {
        for to in types.keys() {
            let (n, pop) = pairs.get(&(*from, *to)).copied().unwrap_or_default();
            let (people, people_share) = if with_people {
                (Value::Number(pop), share(pop, all.1))
            } else {
                (Value::Null, Value::Null)
            };
            list.push(Value::Struct(vec![
                from.0.into(),
                to.0.into(),
                Value::count(n),
                share(n as f64, all.0 as f64),
                people,
                people_share,
            ]));
        }
    }
    Ok(Value::List(list))
}
