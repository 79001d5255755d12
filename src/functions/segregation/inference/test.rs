//! Whether an index is more than chance.

use super::{
    draw::{Places, lot},
    people::{People, or_null},
    replicate::{CONF, Drawn, INDEX, SEED, Tail, choice, run, times},
};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
    spatial::random::Stream,
    table::Table,
    value::{Output, Value},
};

const NAME: &str = "seg_test";
const REPS: Argument = Argument::option("reps", 999.0);
const NULL: Argument = Argument::choice("null", "permutation");
const TAIL: Argument = Argument::choice("tail", "greater");
const GIVES: Output = Output::Struct(&[
    ("value", Output::Number),
    ("expected", Output::Number),
    ("se", Output::Number),
    ("z", Output::Number),
    ("p", Output::Number),
    ("lo", Output::Number),
    ("hi", Output::Number),
    ("reps", Output::Count),
]);

/// A test of any index against chance.
pub(in super::super) static SEG_TEST: Definition = Definition {
    name: NAME,
    family: Family::Segregation,
    formula: "p = (r + 1)/(reps + 1), r draws at least as large ('greater'), at most as large ('less'), or twice the smaller of \
              the two ('two'); expected, se, lo and hi the mean, standard deviation and quantiles of the draws, z = (value − \
              expected)/se. 'permutation' deals everybody anew to the same places, so areas and groups keep their sizes; \
              'evenness' draws the groups of an area's people by lot with P_k, so areas keep theirs; 'systematic' the areas of \
              a group's people with t/T, so groups keep theirs",
    reading: "struct: could people who choose areas by lot be as segregated as that? expected says how much segregation is only \
              small numbers; a small p says that the value is more. With many people everything is significant: look at value \
              less expected first. index is the name of any function of the family that gives one number; where areas lie plays \
              no part in these, so dealing whole areas anew would change nothing",
    range: "p from 1/(reps + 1) to 1",
    null_when: "a count is NULL, or the index is; z where the draws do not differ",
    source: "nulls as in PySAL segregation: Cortes, Rey, Knaap & Wolf 2020, doi:10.1007/s42001-019-00059-3; Allen, Burgess, \
             Davidson & Windmeijer 2015, doi:10.1111/ectj.12039 ('systematic'); p: Davison & Hinkley 1997, \
             doi:10.1017/CBO9780511802843",
    example: Example {
        sql: "SELECT seg_test(area, x, t, 'seg_dissimilarity', 'permutation', 'greater', 999, 1)['p'] < 0.05 FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
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
                NULL,
                TAIL,
                REPS,
                SEED,
                CONF,
            ],
            test,
        )
        .gives(GIVES),
        Form::table(
            &[
                Argument::key("area"),
                Argument::key("group"),
                Argument::count("n"),
                INDEX,
                NULL,
                TAIL,
                REPS,
                SEED,
                CONF,
            ],
            test,
        )
        .gives(GIVES),
    ]),
};

fn test(table: &Table<'_>, params: &Params) -> Outcome {
    let people = People::new(table, NAME)?;
    let index = people.index(NAME, params.text(0))?;
    let null = choice(NAME, params, 1, "null", &["permutation", "evenness", "systematic"])?;
    let tail = Tail::read(NAME, params, 2)?;
    let (reps, seed, conf) = (times(NAME, params.number(0))?, params.number(1), params.number(2));
    people.whole(NAME)?;
    let Some(value) = people.now(&index)? else {
        return Ok(Value::Null);
    };
    let keys = people.all(NAME)?;
    let (sizes, groups) = people.margins();
    let places = Places::new(&sizes);
    let values = run(NAME, reps, keys[0].len(), |rep| {
        let stream = &mut Stream::seeded(seed, rep);
        let drawn = match null {
            0 => places.deal(stream, &groups),
            1 => {
                let mut drawn = Vec::with_capacity(keys[0].len());
                for size in &sizes {
                    lot(stream, *size, groups.iter().copied(), &mut drawn);
                }
                drawn
            }
            _ => {
                let mut drawn = vec![0.0; keys[0].len()];
                let mut of_group = Vec::with_capacity(sizes.len());
                for (group, n) in groups.iter().enumerate() {
                    of_group.clear();
                    lot(stream, *n, sizes.iter().copied(), &mut of_group);
                    for (area, n) in of_group.iter().enumerate() {
                        drawn[area * groups.len() + group] = *n;
                    }
                }
                drawn
            }
        };
        people.value(&index, [&keys[0], &keys[1]], &drawn, people.areas)
    })?;
    let drawn = Drawn::new(NAME, values, conf)?;
    let (lo, hi) = drawn.middle();
    Ok(Value::Struct(vec![
        value.into(),
        or_null(drawn.mean()),
        or_null(drawn.sd()),
        or_null(drawn.z(value)),
        tail.p(drawn.beyond(value), drawn.count()),
        or_null(lo),
        or_null(hi),
        Value::count(drawn.count()),
    ]))
}
