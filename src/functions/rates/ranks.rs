//! Ranks with intervals: where an area might stand if its events had fallen otherwise.

use super::{
    funnel::shares,
    limits,
    random::{self, Draws},
};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        table::Table,
        value::{Output, Value},
    },
};

/// Most ranks that are kept at a time.
const MOST: usize = 200_000_000;

/// Ranks by simulation.
pub(super) static RANK_INTERVALS: Definition = Definition {
    name: "rank_intervals",
    family: Family::Rates,
    formula: "draws of Beta(x + ½, n − x + ½) for shares, of Gamma(x + ½)/n for rates; the quantiles (1 ∓ conf)/2 of an area's rank over the draws, rank 1 the highest",
    reading: "list of areas with value, rank, lo and hi for UNNEST: ranks between lo and hi are all possible; a ranking without them says more than is known; equal seeds give equal results",
    range: "1 to the number of areas",
    null_when: "a count is NULL, or nobody is in any area; areas with events but nobody are not ranked",
    source: "Goldstein & Spiegelhalter 1996, doi:10.2307/2983325; Jeffreys' prior",
    example: Example {
        sql: "SELECT rank_intervals(area, x, n)[2]['rank'] FROM (VALUES ('A', 1, 100), ('B', 90, 100), ('C', 40, 100)) AS v(area, x, n)",
        result: "1",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("area"),
            Argument::count("x"),
            Argument::total("n"),
            Argument::choice("kind", "share"),
            Argument::option("per", 1.0),
            Argument::option("conf", 0.95),
            Argument::option("seed", 1.0),
            Argument::option("draws", 1000.0),
        ],
        ranks,
    )
    .gives(Output::List(&Output::Struct(&[
        ("area", Output::Text),
        ("x", Output::Number),
        ("n", Output::Number),
        ("value", Output::Number),
        ("rank", Output::Count),
        ("lo", Output::Count),
        ("hi", Output::Count),
    ])))]),
};

/// Writes each one's rank, 1 for the highest; equal ones share the best of their ranks.
fn rank(values: &[f64], order: &mut [u32], into: &mut [u32]) {
    order.sort_unstable_by(|left, right| {
        values[*right as usize]
            .total_cmp(&values[*left as usize])
            .then(left.cmp(right))
    });
    let (mut last, mut given) = (f64::NAN, 0);
    for (place, at) in (1..).zip(&*order) {
        let value = values[*at as usize];
        if value.total_cmp(&last).is_ne() {
            (last, given) = (value, place);
        }
        into[*at as usize] = given;
    }
}

fn ranks(table: &Table<'_>, params: &Params) -> Outcome {
    let shares = shares("rank_intervals", params.text(0))?;
    let (per, conf, seed) = (params.number(0), params.number(1), params.number(2));
    limits::z("rank_intervals", conf)?;
    let times = random::times("rank_intervals", params.number(3))?;
    let (x, n) = (table.count(0), table.count(1));
    if shares && x.iter().zip(n).any(|(x, n)| x > n) {
        return Err(
            Error::invalid(6004, "`rank_intervals` got an area whose x is larger than its n")
                .hint("x is part of n; write 'rate' as the fourth argument for events"),
        );
    }
    let areas: Vec<usize> = (0..n.len()).filter(|at| n[*at] > 0.0).collect();
    if areas.is_empty() {
        return Ok(Value::Null);
    }
    if areas.len().saturating_mul(times) > MOST {
        return Err(
            Error::exhausted(6017, "`rank_intervals` got more areas than it can rank so many times")
                .hint("make fewer draws, or rank within groups"),
        );
    }
    let many = || Error::exhausted(6010, "more than 4 billion areas");
    let mut order = (0..areas.len())
        .map(|at| u32::try_from(at).map_err(|_| many()))
        .collect::<Result<Vec<_>, _>>()?;
    let values: Vec<f64> = areas.iter().map(|at| x[*at] / n[*at]).collect();
    let mut points = vec![0; areas.len()];
    rank(&values, &mut order, &mut points);
    let mut streams: Vec<Draws> = areas.iter().map(|at| Draws::new(seed, *at)).collect();
    let mut drawn = vec![0.0; areas.len()];
    let mut now = vec![0; areas.len()];
    // ranks of one area lie together
    let mut all = vec![0_u32; areas.len() * times];
    for time in 0..times {
        for ((value, stream), at) in drawn.iter_mut().zip(&mut streams).zip(&areas) {
            let events = stream.gamma(x[*at] + 0.5);
            *value = if shares {
                events / (events + stream.gamma(n[*at] - x[*at] + 0.5))
            } else {
                events / n[*at]
            };
        }
        rank(&drawn, &mut order, &mut now);
        for (at, rank) in now.iter().enumerate() {
            all[at * times + time] = *rank;
        }
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "places among the draws"
    )]
    let tail = ((1.0 - conf) / 2.0 * times as f64).floor() as usize;
    let list = areas.iter().zip(values).zip(points).zip(all.chunks_mut(times));
    let list = list.map(|(((at, value), point), ranks)| {
        ranks.sort_unstable();
        Value::Struct(vec![
            Value::Text(table.text(0, *at).to_owned()),
            x[*at].into(),
            n[*at].into(),
            (per * value).into(),
            Value::Count(i64::from(point)),
            Value::Count(i64::from(ranks[tail.min(times - 1)])),
            Value::Count(i64::from(ranks[times - 1 - tail.min(times - 1)])),
        ])
    });
    Ok(Value::List(list.collect()))
}
