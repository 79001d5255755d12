//! Centralization: how near to a centre a group lives.
//!
//! The centre is explicit: the caller gives every area's distance to it, by whatever road, or the least of several
//! distances when there are several centres.

use super::places::{numbers, points, sizes, whole, wide};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Law, Outcome, Params},
        table::Table,
        value::{Output, Value},
    },
    geo::Grid,
};

/// Distances that differ by less than this share are one distance.
const SAME: f64 = 1e-9;

const ABSOLUTE: &[Argument] = &[
    Argument::key("area"),
    Argument::number("distance"),
    Argument::number("size"),
    Argument::count("x"),
    Argument::total("t"),
];
const RELATIVE: &[Argument] = &[
    Argument::key("area"),
    Argument::number("distance"),
    Argument::count("x"),
    Argument::total("t"),
];
const TWO: &[Argument] = &[
    Argument::key("area"),
    Argument::number("distance"),
    Argument::count("x"),
    Argument::count("y"),
    Argument::total("t"),
];
const LOCAL: &[Argument] = &[
    Argument::key("area"),
    Argument::number("east"),
    Argument::number("north"),
    Argument::count("x"),
    Argument::total("t"),
    Argument::option("neighbours", 5.0),
];
const AREA: Output = Output::Struct(&[("area", Output::Text), ("n", Output::Number), ("value", Output::Number)]);

/// ACE.
pub(super) static SEG_ABSOLUTE_CENTRALIZATION: Definition = Definition {
    name: "seg_absolute_centralization",
    family: Family::Spatial,
    formula: "Σ X̂ᵢ₋₁ Âᵢ − Σ X̂ᵢ Âᵢ₋₁ of cumulative shares of the group and of land by distance to the centre; areas at one distance are one",
    reading: "how much nearer to the centre the group lives than if it were spread evenly over the land; for several centres give least(d1, d2, …)",
    range: "−1 (all at the edge) to 1 (all at the centre)",
    null_when: "a distance, size or count is NULL, nobody is in the group, or there is no land",
    source: "Duncan & Duncan 1955, doi:10.2307/2088328; Massey & Denton 1988, doi:10.1093/sf/67.2.281; Folch & Rey 2016, doi:10.1111/pirs.12145 (several centres)",
    example: Example {
        sql: "SELECT seg_absolute_centralization(area, km, km2, x, t) FROM (VALUES ('A', 0.0, 1.0, 30, 40), ('B', 2.0, 3.0, 10, 40)) AS v(area, km, km2, x, t)",
        result: "0.5",
    },
    laws: &[Law::Within(-1.0, 1.0), Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(ABSOLUTE, absolute).sees_empty()]),
};

/// RCE.
pub(super) static SEG_RELATIVE_CENTRALIZATION: Definition = Definition {
    name: "seg_relative_centralization",
    family: Family::Spatial,
    formula: "Σ X̂ᵢ₋₁ Ŷᵢ − Σ X̂ᵢ Ŷᵢ₋₁ of cumulative shares of the two groups by distance to the centre; areas at one distance are one",
    reading: "share of the group that would have to change areas to be as near to the centre as the other; positive is nearer",
    range: "−1 to 1, 0 when both are equally near",
    null_when: "a distance or count is NULL, or one of the groups has nobody",
    source: "Duncan & Duncan 1955, doi:10.2307/2088328; Massey & Denton 1988, doi:10.1093/sf/67.2.281",
    example: Example {
        sql: "SELECT seg_relative_centralization(area, km, x, t) FROM (VALUES ('A', 0.0, 30, 40), ('B', 2.0, 10, 40)) AS v(area, km, x, t)",
        result: "0.5",
    },
    laws: &[Law::Within(-1.0, 1.0), Law::Scale, Law::ZeroWhenEven],
    twins: &[],
    body: Body::Aggregate(&[Form::table(RELATIVE, relative), Form::table(TWO, relative)]),
};

/// Local RCE.
pub(super) static SEG_LOCAL_CENTRALIZATION: Definition = Definition {
    name: "seg_local_centralization",
    family: Family::Spatial,
    formula: "by area: seg_relative_centralization among the area and its nearest neighbours (as many as asked, and all at the distance of the last), with the area as the centre",
    reading: "list of areas with how much nearer to each the group lives than the rest, in its surroundings; for UNNEST",
    range: "value from −1 to 1, NULL where the surroundings have one group only",
    null_when: "a coordinate or count is NULL, or one of the groups has nobody",
    source: "Folch & Rey 2016, doi:10.1111/pirs.12145",
    example: Example {
        sql: "SELECT round(seg_local_centralization(area, east, north, x, t, 2)[1]['value'], 6) FROM (VALUES ('A', 0, 0, 30, 40), ('B', 0, 1, 10, 40), ('C', 0, 2, 5, 20)) AS v(area, east, north, x, t)",
        result: "0.484848",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(LOCAL, local).gives(Output::List(&AREA))]),
};

/// Sums up pairs by rising distance: how much the first comes before the second.
#[derive(Debug, Default)]
struct Race {
    ring: (f64, f64),
    sums: (f64, f64),
    ahead: f64,
}

impl Race {
    fn add(&mut self, first: f64, second: f64) {
        self.ring.0 += first;
        self.ring.1 += second;
    }

    fn close(&mut self) {
        let (first, second) = (self.sums.0 + self.ring.0, self.sums.1 + self.ring.1);
        self.ahead += self.sums.0 * second - first * self.sums.1;
        self.sums = (first, second);
        self.ring = (0.0, 0.0);
    }

    /// Returns the index, nothing when one of the two is nowhere.
    fn value(&self) -> Option<f64> {
        let all = self.sums.0 * self.sums.1;
        (all > 0.0).then(|| (self.ahead / all).clamp(-1.0, 1.0))
    }
}

fn race(function: &str, distances: &[f64], pairs: impl Fn(usize) -> (f64, f64)) -> Outcome {
    if distances.iter().any(|distance| *distance < 0.0) {
        return Err(Error::invalid(6003, format!("`{function}` got a negative `distance`"))
            .hint("write the centre into the query: `sqrt(power(east - 674000, 2) + power(north - 6580000, 2))`"));
    }
    let mut order: Vec<usize> = (0..distances.len()).collect();
    order.sort_by(|left, right| distances[*left].total_cmp(&distances[*right]));
    let mut race = Race::default();
    let mut start = f64::NEG_INFINITY;
    for at in order {
        if distances[at] > start * (1.0 + SAME) {
            race.close();
            start = distances[at];
        }
        let (first, second) = pairs(at);
        race.add(first, second);
    }
    race.close();
    Ok(race.value().map_or(Value::Null, Value::from))
}

fn absolute(table: &Table<'_>, _: &Params) -> Outcome {
    let function = "seg_absolute_centralization";
    let areas = wide(table, function, "distance or size")?;
    let sizes = sizes(table, 2, function)?;
    race(function, &numbers(table, 1), |at| (areas.units[at].x, sizes[at]))
}

fn relative(table: &Table<'_>, _: &Params) -> Outcome {
    let function = "seg_relative_centralization";
    let areas = wide(table, function, "distance")?;
    race(function, &numbers(table, 1), |at| {
        (areas.units[at].x, areas.units[at].y)
    })
}

fn local(table: &Table<'_>, params: &Params) -> Outcome {
    let function = "seg_local_centralization";
    let neighbours = whole(params, 0, function, "neighbours", 1_000_000)?;
    let areas = wide(table, function, "east or north")?;
    if areas.all.x <= 0.0 || areas.all.y <= 0.0 {
        return Ok(Value::Null);
    }
    let points = points(table, 1);
    let grid = Grid::new(&points, 0.0);
    let mut space = Vec::new();
    let list = points.iter().enumerate().map(|(at, origin)| {
        let mut race = Race::default();
        let mut count = 0;
        grid.rings(*origin, &mut space, |ring| {
            for (_, other) in ring {
                race.add(areas.units[*other].x, areas.units[*other].y);
            }
            race.close();
            count += ring.len();
            count <= neighbours
        });
        Value::Struct(vec![
            Value::Text(table.text(0, at).to_owned()),
            Value::Number(areas.units[at].t),
            race.value().map_or(Value::Null, Value::from),
        ])
    });
    Ok(Value::List(list.collect()))
}
