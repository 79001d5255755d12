//! Whether two indices differ by more than chance.

use super::{
    draw::Lot,
    index::Index,
    people::{or_null, whole},
    replicate::{CONF, Drawn, INDEX, SEED, Tail, choice, run, times},
    two::{AREA, T1, T2, Take, X1, X2, counterfactual, side, states, wide},
};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        spatial::random::Stream,
        table::{Table, Unit, Wide},
        value::{Output, Value},
    },
};

const NAME: &str = "seg_difference_test";
const GIVES: Output = Output::Struct(&[
    ("value", Output::Number),
    ("first", Output::Number),
    ("second", Output::Number),
    ("expected", Output::Number),
    ("se", Output::Number),
    ("p", Output::Number),
    ("lo", Output::Number),
    ("hi", Output::Number),
    ("reps", Output::Count),
]);

/// A test of the difference of any index.
pub(in super::super) static SEG_DIFFERENCE_TEST: Definition = Definition {
    name: NAME,
    family: Family::Segregation,
    formula: "value = first − second. Draws of the difference: 'random_label' deals the areas of both sides anew, as many to \
              each; 'swap' changes the two states of an area at the toss of a coin; 'composition', 'share' and \
              'dual_composition' give each area at the toss of a coin what the area of the other side at the same rank has (see \
              seg_counterfactual), group and total together; 'bootstrap' draws the people of both sides anew. p = (r + 1)/(reps \
              + 1) of r draws at least, or at most, as large, for 'two' twice the smaller; of 'bootstrap' of draws of 2·value − \
              draw beyond 0. lo and hi: quantiles of the draws, of 'bootstrap' of 2·value − draw, which is the interval of the \
              difference without bias",
    reading: "struct: is one town, time or group more segregated than the other by more than chance? 'random_label' for two \
              towns (0 for areas of the other one), 'swap' for two times or two groups of the same areas, 'bootstrap' for an \
              interval, the rest as PySAL's comparison. index is the name of any function of the family that gives one number",
    range: "p from 1/(reps + 1) to 1",
    null_when: "a count is NULL, or the index of one side is",
    source: "Cortes, Rey, Knaap & Wolf 2020, doi:10.1007/s42001-019-00059-3; Davison & Hinkley 1997, \
             doi:10.1017/CBO9780511802843 (p and interval)",
    example: Example {
        sql: "SELECT seg_difference_test(area, x1, t1, x2, t2, 'seg_dissimilarity', 'swap')['value'] FROM (VALUES ('A', 10, 20, 8, 20), ('B', 0, 10, 4, 10), ('C', 10, 10, 4, 10)) AS v(area, x1, t1, x2, t2)",
        result: "0.5",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            AREA,
            X1,
            T1,
            X2,
            T2,
            INDEX,
            Argument::choice("null", "random_label"),
            Argument::choice("tail", "two"),
            Argument::option("reps", 999.0),
            SEED,
            CONF,
        ],
        difference,
    )
    .gives(GIVES)]),
};

/// Returns areas whose people were drawn anew.
fn drawn(stream: &mut Stream, lot: &Lot) -> Wide {
    let mut n = Vec::new();
    lot.draw(stream, &mut n);
    Wide::new(
        n.as_chunks::<2>()
            .0
            .iter()
            .map(|[x, y]| Unit { x: *x, y: *y, t: x + y }),
    )
}

/// Tosses a coin.
fn heads(stream: &mut Stream) -> bool {
    stream.below(2) == 0
}

fn difference(table: &Table<'_>, params: &Params) -> Outcome {
    let index = Index::find(NAME, params.text(0), false)?;
    let [composition, share, dual] = Take::NAMES;
    let known = ["random_label", "swap", "bootstrap", composition, share, dual];
    let null = choice(NAME, params, 1, "null", &known)?;
    let tail = Tail::read(NAME, params, 2)?;
    let (reps, seed, conf) = (times(NAME, params.number(0))?, params.number(1), params.number(2));
    let pairs = states(table, NAME)?;
    let sides = [side(&pairs, 0), side(&pairs, 1)];
    let mut lots = Vec::new();
    if null == 2 {
        for side in &sides {
            let people: Vec<f64> = side.iter().flat_map(|of| [of.x, of.y]).collect();
            whole(NAME, &people)?;
            lots.push(Lot::new(people));
        }
    }
    let (Some(first), Some(second)) = (index.wide(&wide(&sides[0]))?, index.wide(&wide(&sides[1]))?) else {
        return Ok(Value::Null);
    };
    let value = first - second;
    let taken = match null.checked_sub(3).and_then(|at| Take::ALL.get(at)) {
        Some(take) => [
            counterfactual(&sides[0], &sides[1], *take),
            counterfactual(&sides[1], &sides[0], *take),
        ],
        None => [Vec::new(), Vec::new()],
    };
    let pool: Vec<Unit> = sides.iter().flatten().copied().collect();
    let values = run(NAME, reps, pool.len(), |rep| {
        let stream = &mut Stream::seeded(seed, rep);
        let both: [Wide; 2] = match null {
            0 => {
                let mut pool = pool.clone();
                stream.shuffle(&mut pool, sides[0].len(), |_, _| ());
                let (left, right) = pool.split_at(sides[0].len());
                [wide(left), wide(right)]
            }
            1 => {
                let mut pairs = pairs.clone();
                for pair in &mut pairs {
                    if heads(stream) {
                        pair.reverse();
                    }
                }
                [wide(&side(&pairs, 0)), wide(&side(&pairs, 1))]
            }
            2 => [drawn(stream, &lots[0]), drawn(stream, &lots[1])],
            _ => [0, 1].map(|at| {
                let areas = sides[at].iter().zip(&taken[at]);
                Wide::new(areas.map(|(own, taken)| if heads(stream) { *own } else { *taken }))
            }),
        };
        let [left, right] = [index.wide(&both[0])?, index.wide(&both[1])?];
        Ok::<_, Error>(left.zip(right).map(|(left, right)| left - right))
    })?;
    let drawn = Drawn::new(NAME, values, conf)?;
    let (below, above) = drawn.middle();
    let around = |of: Option<f64>| of.map(|of| 2.0 * value - of);
    let (far, lo, hi) = if null == 2 {
        (2.0 * value, around(above), around(below))
    } else {
        (value, below, above)
    };
    Ok(Value::Struct(vec![
        value.into(),
        first.into(),
        second.into(),
        or_null(drawn.mean()),
        or_null(drawn.sd()),
        tail.p(drawn.beyond(far), drawn.count()),
        or_null(lo),
        or_null(hi),
        Value::count(drawn.count()),
    ]))
}
