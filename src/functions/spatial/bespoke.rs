//! Bespoke neighbourhoods: around every area the nearest people, until there are k of them.
//!
//! Areas join nearest first; areas at one distance join together. What the last ring does is a choice: `proportional`
//! takes the share of it that is missing, so that there are exactly k people; `whole` takes all of it, as EquiPop did
//! first; `sampled` takes its areas one at a time in an order drawn from a seed, as the first EquiPop did.

use super::{
    places::{choice, option, points, whole, wide},
    random::Stream,
    smoothed::scales,
};
use crate::{
    error::Result,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Law, Outcome, Params, Role},
        table::{Table, Unit},
        value::{Output, Value},
    },
    geo::{Grid, Point},
};

const MODE: Argument = Argument {
    name: "last ring",
    role: Role::Choice("proportional"),
};
const ORIGIN: Argument = Argument {
    name: "own area",
    role: Role::Choice("include"),
};
const SEED: Argument = Argument::option("seed", 1.0);
/// How far away people of one's own area are: for square cells, side/√π (EquiPop's self-potential).
const OWN_DISTANCE: Argument = Argument::option("own distance", 0.0);
const K: Argument = Argument::option("k", 400.0);
const AREA: Argument = Argument::key("area");
const EAST: Argument = Argument::number("east");
const NORTH: Argument = Argument::number("north");
const X: Argument = Argument::count("x");
const T: Argument = Argument::total("t");

const SURROUNDINGS: Output = Output::Struct(&[
    ("area", Output::Text),
    ("k", Output::Number),
    ("n", Output::Number),
    ("x", Output::Number),
    ("share", Output::Number),
    ("distance", Output::Number),
]);
const SCALE: Output = Output::Struct(&[
    ("k", Output::Number),
    ("n_short", Output::Count),
    ("dissimilarity", Output::Number),
    ("gini", Output::Number),
    ("information_theory", Output::Number),
    ("isolation", Output::Number),
    ("exposure", Output::Number),
    ("correlation", Output::Number),
    ("si", Output::Number),
    ("atkinson", Output::Number),
]);

const SOURCE: &str =
    "Östh, Clark & Malmberg 2015, doi:10.1111/gean.12053; Östh 2014, EquiPop, Uppsala; checked against equipop 1.62.1";

/// The nearest k people of every area.
pub(super) static SEG_NEIGHBOURHOODS: Definition = Definition {
    name: "seg_neighbourhoods",
    family: Family::Spatial,
    formula: "by area and k: the nearest n people, x of them of the group, share = x/n, distance = that of the last ring ('proportional': √(d₋₁² + f (d² − d₋₁²)), f the part of the ring that is taken; people of the own area are at `own distance`); k is one number or several in a text, as '200 1600'",
    reading: "list of areas with the share of the group among the k people who live nearest; n below k where nobody is left; for UNNEST",
    range: "share from 0 to 1",
    null_when: "a coordinate or count is NULL, or there is nobody",
    source: SOURCE,
    example: Example {
        sql: "SELECT round(seg_neighbourhoods(area, east, north, x, t, '60')[1]['share'], 6) FROM (VALUES ('A', 0, 0, 30, 40), ('B', 1000, 0, 20, 40), ('C', 5000, 0, 1, 40)) AS v(area, east, north, x, t)",
        result: "0.666667",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            AREA,
            EAST,
            NORTH,
            X,
            T,
            Argument {
                name: "k",
                role: Role::Choice("400"),
            },
            MODE,
            ORIGIN,
            SEED,
            OWN_DISTANCE,
        ],
        neighbourhoods,
    )
    .gives(Output::List(&SURROUNDINGS))]),
};

/// SI_k.
pub(super) static SEG_NEIGHBOURHOOD_ISOLATION: Definition = Definition {
    name: "seg_neighbourhood_isolation",
    family: Family::Spatial,
    formula: "SI_k = Σ (x/X) R_k, R_k the group's share among the nearest k people, as in seg_neighbourhoods",
    reading: "the group's share among the k nearest neighbours of its average member; less the same of the others it is the segregation difference",
    range: "0 to 1",
    null_when: "a coordinate or count is NULL, or nobody is in the group",
    source: SOURCE,
    example: Example {
        sql: "SELECT round(seg_neighbourhood_isolation(area, east, north, x, t, 60), 6) FROM (VALUES ('A', 0, 0, 30, 40), ('B', 1000, 0, 20, 40), ('C', 5000, 0, 1, 40)) AS v(area, east, north, x, t)",
        result: "0.62451",
    },
    laws: &[Law::Within(0.0, 1.0)],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[AREA, EAST, NORTH, X, T, K, MODE, ORIGIN, SEED],
        isolation,
    )]),
};

/// Indices at several k.
pub(super) static SEG_NEIGHBOURHOOD_PROFILE: Definition = Definition {
    name: "seg_neighbourhood_profile",
    family: Family::Spatial,
    formula: "by k: D, G, H, isolation, exposure, η² and Atkinson(½) with every area's nearest k people as its unit; weight 'person': units weigh as many as live in the area; 'area': as many as are in the unit, as EquiPop does; P is the share of the whole; si = Σ (x/X) R_k; n_short counts areas that found fewer than k; k of 0 is the areas alone",
    reading: "list of scales with the segregation between surroundings of k people; falling fast is segregation in small patches; for UNNEST",
    range: "0 to 1; information_theory, correlation and atkinson may fall below 0 where surroundings do not average to the whole",
    null_when: "a coordinate or count is NULL, or the group or the rest has nobody",
    source: SOURCE,
    example: Example {
        sql: "SELECT round(seg_neighbourhood_profile(area, east, north, x, t, '0 60')[2]['dissimilarity'], 6) FROM (VALUES ('A', 0, 0, 30, 40), ('B', 1000, 0, 20, 40), ('C', 5000, 0, 1, 40)) AS v(area, east, north, x, t)",
        result: "0.437624",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            AREA,
            EAST,
            NORTH,
            X,
            T,
            Argument {
                name: "k",
                role: Role::Choice("200 400 800 1600"),
            },
            MODE,
            Argument {
                name: "weight",
                role: Role::Choice("person"),
            },
            ORIGIN,
            SEED,
        ],
        profile,
    )
    .gives(Output::List(&SCALE))]),
};

/// What becomes of the ring that crosses k.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Proportional,
    Whole,
    Sampled,
}

/// The people around one area.
#[derive(Debug, Clone, Copy, Default)]
struct Around {
    x: f64,
    n: f64,
    distance: f64,
}

/// How neighbourhoods grow.
#[derive(Debug, Clone, Copy)]
struct Growth {
    last: Last,
    own: bool,
    seed: usize,
    /// How far away the people of one's own area are.
    near: f64,
}

impl Growth {
    fn new(params: &Params, function: &str, mode: usize, origin: usize, seed: usize) -> Result<Self> {
        let last = match choice(
            params,
            mode,
            function,
            "last ring",
            &["proportional", "whole", "sampled"],
        )? {
            0 => Last::Proportional,
            1 => Last::Whole,
            _ => Last::Sampled,
        };
        Ok(Self {
            last,
            own: choice(params, origin, function, "own area", &["include", "exclude"])? == 0,
            seed: whole(params, seed, function, "seed", u32::MAX)?,
            near: 0.0,
        })
    }

    /// Returns the people around every area at each of rising scales, by area and scale.
    fn grow(self, points: &[Point], units: &[Unit], scales: &[f64]) -> Vec<Around> {
        let grid = Grid::new(points, 0.0);
        let mut space = Vec::new();
        let mut found = Vec::with_capacity(points.len() * scales.len());
        let mut order = Vec::new();
        for (at, origin) in points.iter().enumerate() {
            let end = found.len() + scales.len();
            let mut so_far = Around::default();
            grid.rings(*origin, &mut space, |ring| {
                let before = so_far;
                for (_, other) in ring.iter().filter(|(_, other)| self.own || *other != at) {
                    so_far.x += units[*other].x;
                    so_far.n += units[*other].t;
                }
                so_far.distance = ring.last().map_or(0.0, |(square, _)| square.sqrt());
                if so_far.distance <= 0.0 {
                    so_far.distance = self.near;
                }
                while let Some(k) = scales.get(scales.len() + found.len() - end).filter(|k| so_far.n >= **k) {
                    let part = (k - before.n) / (so_far.n - before.n);
                    found.push(match self.last {
                        // exactly k on the ring takes all of it, and 0 people are there at once
                        _ if part >= 1.0 || part.is_nan() => so_far,
                        Last::Whole => so_far,
                        Last::Proportional => Around {
                            x: before.x + part * (so_far.x - before.x),
                            n: *k,
                            distance: (before.distance.powi(2)
                                + part * (so_far.distance.powi(2) - before.distance.powi(2)))
                            .sqrt(),
                        },
                        Last::Sampled => {
                            order.clear();
                            order.extend(
                                ring.iter()
                                    .map(|(_, other)| *other)
                                    .filter(|other| self.own || *other != at),
                            );
                            order.sort_by_cached_key(|other| Stream::new(self.seed, at, *other).next());
                            let mut taken = Around {
                                distance: so_far.distance,
                                ..before
                            };
                            for other in &order {
                                if taken.n >= *k {
                                    break;
                                }
                                taken.x += units[*other].x;
                                taken.n += units[*other].t;
                            }
                            taken
                        }
                    });
                }
                found.len() < end
            });
            // the map has fewer people
            found.resize(end, so_far);
        }
        found
    }
}

/// Reads scales and returns them in rising order with their places, since neighbourhoods grow.
fn rising(scales: &[f64]) -> (Vec<f64>, Vec<usize>) {
    let mut order: Vec<usize> = (0..scales.len()).collect();
    order.sort_by(|left, right| scales[*left].total_cmp(&scales[*right]));
    let sorted = order.iter().map(|at| scales[*at]).collect();
    let mut places = vec![0; scales.len()];
    for (to, from) in order.into_iter().enumerate() {
        places[from] = to;
    }
    (sorted, places)
}

fn neighbourhoods(table: &Table<'_>, params: &Params) -> Outcome {
    let function = "seg_neighbourhoods";
    let growth = Growth {
        near: params.number(1),
        ..Growth::new(params, function, 1, 2, 0)?
    };
    if growth.near < 0.0 {
        return Err(option(function, "own distance", "a number from 0 upwards"));
    }
    let scales = scales(params.text(0), function, "k")?;
    let areas = wide(table, function, "east or north")?;
    if areas.units.is_empty() {
        return Ok(Value::Null);
    }
    let (sorted, places) = rising(&scales);
    let found = growth.grow(&points(table, 1), &areas.units, &sorted);
    let list = found.chunks_exact(sorted.len()).enumerate().flat_map(|(at, found)| {
        scales.iter().zip(&places).map(move |(k, place)| {
            let of = found[*place];
            Value::Struct(vec![
                Value::Text(table.text(0, at).to_owned()),
                Value::Number(*k),
                Value::Number(of.n),
                Value::Number(of.x),
                if of.n > 0.0 {
                    Value::Number((of.x / of.n).min(1.0))
                } else {
                    Value::Null
                },
                Value::Number(of.distance),
            ])
        })
    });
    Ok(Value::List(list.collect()))
}

fn isolation(table: &Table<'_>, params: &Params) -> Outcome {
    let function = "seg_neighbourhood_isolation";
    let growth = Growth::new(params, function, 0, 1, 1)?;
    let k = params.number(0);
    if k <= 0.0 {
        return Err(option(function, "k", "a number above 0"));
    }
    let areas = wide(table, function, "east or north")?;
    if areas.all.x <= 0.0 {
        return Ok(Value::Null);
    }
    let found = growth.grow(&points(table, 1), &areas.units, &[k]);
    let met: f64 = areas
        .units
        .iter()
        .zip(&found)
        .filter(|(_, around)| around.n > 0.0)
        .map(|(of, around)| of.x * (around.x / around.n))
        .sum();
    Ok((met / areas.all.x).min(1.0).into())
}

/// Indices of units of which the whole's share is known.
fn indices(units: &[(f64, f64)], share: f64) -> [f64; 7] {
    let entropy = |share: f64| {
        let part = |share: f64| if share > 0.0 { -share * share.ln() } else { 0.0 };
        part(share) + part(1.0 - share)
    };
    let spread = share * (1.0 - share);
    let (mut t, mut x, mut apart, mut told, mut met, mut other, mut lost) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for (n, p) in units {
        t += n;
        x += n * p;
        apart += n * (p - share).abs();
        told += n * (entropy(share) - entropy(*p));
        met += n * p * p;
        other += n * p * (1.0 - p);
        // 0 where the share is that of the whole, not a rounding error
        lost += n * (1.0 - (p * (1.0 - p) / spread).sqrt());
    }
    let mut order: Vec<&(f64, f64)> = units.iter().collect();
    order.sort_by(|left, right| left.1.total_cmp(&right.1));
    let (mut people, mut sum, mut below) = (0.0, 0.0, 0.0);
    for (n, p) in order {
        below += n * (p * people - sum);
        people += n;
        sum += n * p;
    }
    let isolation = met / x;
    [
        apart / (2.0 * t * spread),
        below / (t * t * spread),
        told / (t * entropy(share)),
        isolation,
        other / x,
        (isolation - share) / (1.0 - share),
        lost / t * (2.0 - lost / t),
    ]
}

fn profile(table: &Table<'_>, params: &Params) -> Outcome {
    let function = "seg_neighbourhood_profile";
    let growth = Growth::new(params, function, 1, 3, 0)?;
    let person = choice(params, 2, function, "weight", &["person", "area"])? == 0;
    let scales = scales(params.text(0), function, "k")?;
    let areas = wide(table, function, "east or north")?;
    let all = areas.all;
    if all.x <= 0.0 || all.y <= 0.0 {
        return Ok(Value::Null);
    }
    let (sorted, places) = rising(&scales);
    let found = growth.grow(&points(table, 1), &areas.units, &sorted);
    let list = scales.iter().zip(&places).map(|(k, place)| {
        let around = |at: usize| {
            if *k > 0.0 {
                found[at * sorted.len() + place]
            } else {
                let of = areas.units[at];
                Around {
                    x: of.x,
                    n: of.t,
                    distance: 0.0,
                }
            }
        };
        let mut units = Vec::with_capacity(areas.units.len());
        let (mut met, mut short) = (0.0, 0);
        for (at, of) in areas.units.iter().enumerate() {
            let around = around(at);
            short += usize::from(around.n < *k);
            if around.n <= 0.0 {
                continue;
            }
            let share = around.x / around.n;
            met += of.x * share;
            units.push((if person { of.t } else { around.n }, share));
        }
        let mut fields = vec![Value::Number(*k), Value::count(short)];
        let number = |value: f64| {
            if value.is_finite() {
                Value::Number(value)
            } else {
                Value::Null
            }
        };
        let [first @ .., atkinson] = indices(&units, all.x / all.t);
        fields.extend(first.map(number));
        fields.push(Value::Number(met / all.x));
        fields.push(number(atkinson));
        Value::Struct(fields)
    });
    Ok(Value::List(list.collect()))
}
