//! An index with what chance adds to it taken out, and how far it might be off.

use super::{
    draw::Lot,
    people::People,
    replicate::{CONF, Drawn, INDEX, SEED, choice, run, times},
};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
    spatial::random::Stream,
    table::Table,
    value::{Output, Value},
};

const NAME: &str = "seg_bootstrap";
const REPS: Argument = Argument::option("reps", 500.0);
const METHOD: Argument = Argument::choice("method", "people");
const GIVES: Output = Output::Struct(&[
    ("value", Output::Number),
    ("corrected", Output::Number),
    ("bias", Output::Number),
    ("se", Output::Number),
    ("lo", Output::Number),
    ("hi", Output::Number),
    ("reps", Output::Count),
    ("n_units", Output::Count),
]);

/// Bias and interval of any index.
pub(in super::super) static SEG_BOOTSTRAP: Definition = Definition {
    name: NAME,
    family: Family::Segregation,
    formula: "bias = mean of the draws − value, corrected = value − bias, se their standard deviation, lo and hi quantiles of \
              2·value − draw (the basic interval). A draw of 'people' lets all T people fall on the cells by lot in proportion \
              to n; of 'groups' the people of each group on its own cells, so that groups keep their sizes (Allen et al.); of \
              'units' it takes as many areas with replacement",
    reading: "struct: small areas make an index too large; corrected is it without that, and lies between lo and hi with \
              confidence conf. 'people' and 'groups' ask how else the same people might have come to live, 'units' what \
              another sample of areas would give. index is the name of any function of the family that gives one number; \
              reps counts the draws in which it has a value; equal seeds give equal results",
    range: "value as the index; corrected, lo and hi may lie outside its range where it is near the end",
    null_when: "a count is NULL, or the index is; the rest where the index has a value in none of the draws",
    source: "Efron 1979, doi:10.1214/aos/1176344552; Allen, Burgess, Davidson & Windmeijer 2015, doi:10.1111/ectj.12039; \
             Elbers 2023, doi:10.1177/0049124121986204",
    example: Example {
        sql: "SELECT seg_bootstrap(area, x, t, 'seg_dissimilarity', 500, 1)['corrected'] < seg_dissimilarity(area, x, t) FROM (VALUES ('A', 10, 20), ('B', 1, 10), ('C', 9, 10)) AS v(area, x, t)",
        result: "true",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(
            &[
                Argument::key("area"),
                Argument::count("x"),
                Argument::total("t"),
                INDEX,
                REPS,
                SEED,
                CONF,
                METHOD,
            ],
            bootstrap,
        )
        .gives(GIVES),
        Form::table(
            &[
                Argument::key("area"),
                Argument::key("group"),
                Argument::count("n"),
                INDEX,
                REPS,
                SEED,
                CONF,
                METHOD,
            ],
            bootstrap,
        )
        .gives(GIVES),
    ]),
};

fn bootstrap(table: &Table<'_>, params: &Params) -> Outcome {
    let people = People::new(table, NAME)?;
    let index = people.index(NAME, params.text(0))?;
    let method = choice(NAME, params, 1, "method", &["people", "groups", "units"])?;
    let (reps, seed, conf) = (times(NAME, params.number(0))?, params.number(1), params.number(2));
    let keys: [&[u32]; 2] = [&people.area, &people.group];
    if method < 2 {
        people.whole(NAME)?;
    }
    let Some(value) = people.now(&index)? else {
        return Ok(Value::Null);
    };
    let cells = people.n.len();
    // cells in the order in which they are drawn: all together, or one group after the other
    let mut order: Vec<usize> = (0..cells).collect();
    if method == 1 {
        order.sort_by_key(|at| people.group[*at]);
    }
    let lots: Vec<Lot> = if method == 2 {
        Vec::new()
    } else {
        order
            .chunk_by(|left, right| method == 0 || keys[1][*left] == keys[1][*right])
            .map(|cells| Lot::new(cells.iter().map(|at| people.n[*at])))
            .collect()
    };
    // where the cells of an area start
    let starts: Vec<usize> = (0..=people.areas)
        .map(|area| keys[0].partition_point(|of| (*of as usize) < area))
        .collect();
    let values = run(NAME, reps, cells, |rep| {
        let stream = &mut Stream::seeded(seed, rep);
        if method < 2 {
            let mut in_order = Vec::with_capacity(cells);
            for lot in &lots {
                lot.draw(stream, &mut in_order);
            }
            if method == 0 {
                return people.value(&index, keys, &in_order, people.areas);
            }
            let mut drawn = vec![0.0; cells];
            for (at, n) in order.iter().zip(in_order) {
                drawn[*at] = n;
            }
            return people.value(&index, keys, &drawn, people.areas);
        }
        let (mut area, mut group, mut n) = (Vec::new(), Vec::new(), Vec::new());
        for (at, _) in (0..).zip(0..people.areas) {
            let from = stream.below(people.areas);
            let cells = starts[from]..starts[from + 1];
            area.resize(area.len() + cells.len(), at);
            group.extend_from_slice(&people.group[cells.clone()]);
            n.extend_from_slice(&people.n[cells]);
        }
        people.value(&index, [&area, &group], &n, people.areas)
    })?;
    let drawn = Drawn::new(NAME, values, conf)?;
    let (below, above) = drawn.middle();
    let around = |of: Option<f64>| of.map_or(Value::Null, |of| (2.0 * value - of).into());
    Ok(Value::Struct(vec![
        value.into(),
        around(drawn.mean()),
        drawn.mean().map_or(Value::Null, |mean| (mean - value).into()),
        drawn.sd().map_or(Value::Null, Value::from),
        around(above),
        around(below),
        Value::count(drawn.count()),
        Value::count(people.areas),
    ]))
}
