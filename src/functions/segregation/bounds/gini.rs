//! Bounds of the Gini index of segregation.
//!
//! Half of ΣΣ|x_i t_j − x_j t_i| is convex in the members and X Y is concave in their number, so G is largest where every
//! area is at one of its limits, and smallest on the most even path. Where corners are too many to try: with
//! W(c) = Σ (x − c t)⁺, G X Y = T X − ∫ W'² over c from 0 to 1, which does not fall when W is replaced by a larger convex
//! function of the same ends. W of a given number of members is at most what a fractional knapsack gives, for each c;
//! between the c that are looked at a convex function is below its chords. And G is at most 2D − D²: the segregation
//! curve lies nowhere more than D below the diagonal.

use super::{
    dissimilarity::Under,
    path::{self, Path},
    problem::{BOUNDS, LIMITS, Problem, SHARED, SHARED_OF},
    search::{Line, Ratio, Search, least},
    several, vertices,
};
use crate::{
    error::Result,
    functions::{
        def::{Body, Definition, Example, Family, Form, Outcome, Params},
        segregation::{
            areas::WIDE,
            gini::{self, Placed, placed},
        },
        table::{Table, Wide},
        value::Value,
    },
};

/// Bounds of G.
pub(in super::super) static SEG_GINI_BOUNDS: Definition = Definition {
    name: "seg_gini_bounds",
    family: Family::Segregation,
    formula: "smallest and largest G over all x_lo ≤ x ≤ x_hi: lo on x = t·p cut off at the limits, over all p; hi where every \
              area is at one of its limits, where those are too many the smaller of 2D − D² and a bound by the curve",
    reading: "struct: G lies between lo and hi whatever the hidden counts are; share_hidden of the people may or may not be \
              of the group; value is G when nothing is hidden. lo is reached (by shares, not always by whole people), hi \
              by whole people where hidden areas are few, else it is proved but too wide. Several \
              groups: proved from each group against the rest, and wider",
    range: "0 ≤ lo ≤ hi ≤ 1",
    null_when: "a total is NULL, nobody is there, or nothing is hidden and one of the groups has nobody",
    source: "derived here, 2026: lo by majorisation (Hardy, Littlewood & Pólya 1934, Inequalities), hi by Bauer's maximum \
             principle and by the curve's order; G: Massey & Denton 1988, doi:10.1093/sf/67.2.281",
    example: Example {
        sql: "SELECT round(seg_gini_bounds(area, x, t)['hi'], 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', NULL, 10)) AS v(area, x, t)",
        result: "0.75",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(WIDE, bounds).gives(BOUNDS).sees_nulls(),
        Form::table(LIMITS, bounds).gives(BOUNDS).sees_nulls(),
        Form::table(SHARED_OF, bounds).gives(BOUNDS).sees_nulls().sees_empty(),
        Form::table(SHARED, several::gini)
            .gives(BOUNDS)
            .sees_nulls()
            .sees_empty(),
    ]),
};

fn bounds(table: &Table<'_>, params: &Params) -> Outcome {
    let Some(problem) = Problem::read(table, params, "seg_gini_bounds")?.filter(Problem::told) else {
        return Ok(Value::Null);
    };
    if problem.suppressed == 0 {
        return Ok(problem.exactly(index(&problem.known())?));
    }
    let (lo, hi) = range(&problem)?;
    Ok(problem.between(lo, hi, (0.0, 1.0)))
}

fn index(wide: &Wide) -> Outcome {
    gini::wide(wide, &Params::default())
}

/// Returns the smallest and the largest G.
pub(super) fn range(problem: &Problem) -> Result<(f64, f64)> {
    if problem.areas.len() < 2 {
        return Ok((0.0, 0.0));
    }
    let hi = if let Some(hi) = vertices::largest(problem, index)? {
        hi
    } else {
        let (_, d) = Under::Both.bounds(problem)?;
        let d = (d + problem.slack()).clamp(0.0, 1.0);
        curves(problem).min(d * (2.0 - d))
    };
    Ok((smallest(problem), hi))
}

fn smallest(problem: &Problem) -> f64 {
    let path = Path::new(problem);
    // two blocks have the same G as D
    let part = |part: Option<f64>| part.map_or(1.0, |part| 1.0 - part);
    let ends = part(path.without).min(part(path.full));
    if !path.is_open() {
        return ends;
    }
    let search = Search {
        limit: 300,
        at: |p: f64| even(problem, p),
        value: |at: &Ratio| -at.value(),
        bound: |left: &Ratio, right: &Ratio| -least(left, right),
    };
    ends.min(-search.most(path.from, path.to))
}

/// Returns G X Y on the path, and how it grows: members who join the areas of share p are that much further above those
/// below it, and nearer to those above.
fn even(problem: &Problem, p: f64) -> Ratio {
    let (mut x, mut slope) = (0.0, 0.0);
    let mut areas: Vec<Placed> = Vec::with_capacity(problem.areas.len());
    for area in &problem.areas {
        let (here, _) = path::at(area, p);
        x += here;
        areas.push(placed(here, area.t - here));
        if area.most < area.t * p {
            slope += area.t;
        } else if area.least > area.t * p {
            slope -= area.t;
        }
    }
    let over = Line {
        value: gini::between(&mut areas, 0.0),
        slope,
    };
    let under = Line {
        value: x * (problem.t - x),
        slope: problem.t - 2.0 * x,
    };
    Ratio { x, over, under }
}

/// What W(c) is at most, by the number of members: chords in the falling order of their slopes.
struct Fill {
    /// Members, W and the slope that follows.
    points: Vec<(f64, f64, f64)>,
}

impl Fill {
    fn new(problem: &Problem, c: f64) -> Self {
        let mut start = 0.0;
        let mut chords = Vec::new();
        for area in &problem.areas {
            let from = (area.least - c * area.t).max(0.0);
            start += from;
            if area.hidden() {
                let by = area.most - area.least;
                chords.push((((area.most - c * area.t).max(0.0) - from) / by, by));
            }
        }
        chords.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.total_cmp(&right.1)));
        let mut points = Vec::with_capacity(chords.len().max(1));
        let mut at = (problem.least, start);
        if chords.is_empty() {
            points.push((at.0, at.1, 0.0));
        }
        for (slope, by) in chords {
            points.push((at.0, at.1, slope));
            at = (at.0 + by, slope.mul_add(by, at.1));
        }
        Self { points }
    }

    fn at(&self, x: f64) -> f64 {
        let at = self.points.partition_point(|point| point.0 <= x).max(1) - 1;
        let (from, value, slope) = self.points[at];
        slope.mul_add((x - from).max(0.0), value)
    }
}

/// Returns what G is at most by the largest W of each c.
fn curves(problem: &Problem) -> f64 {
    /// How many c are looked at.
    const POINTS: usize = 128;
    let mut shares: Vec<f64> = problem
        .areas
        .iter()
        .flat_map(|area| [area.least / area.t, area.most / area.t])
        .filter(|share| *share > 0.0 && *share < 1.0)
        .collect();
    shares.sort_by(f64::total_cmp);
    shares.dedup();
    let by = shares.len().div_ceil(POINTS).max(1);
    let mut points: Vec<f64> = vec![0.0];
    points.extend(shares.into_iter().step_by(by));
    points.push(1.0);
    let fills: Vec<Fill> = points.iter().map(|c| Fill::new(problem, *c)).collect();
    // W(c) of the most members, then what is missing to the same ends at fewer
    let bound = |from: f64, to: f64| {
        let least = (from * (problem.t - from)).min(to * (problem.t - to));
        if least <= 0.0 {
            return 1.0;
        }
        let mut squares = 0.0;
        let mut last = to;
        for (c, fill) in points.windows(2).zip(&fills[1..]) {
            let here = if c[1] >= 1.0 { 0.0 } else { fill.at(to) };
            squares += (last - here) * (last - here) / (c[1] - c[0]);
            last = here;
        }
        let over = to.mul_add(problem.t, -squares) + problem.t * (to - from);
        (over / least).clamp(0.0, 1.0)
    };
    let search = Search {
        limit: 200,
        at: |x: f64| x,
        value: |x: &f64| {
            if x * (problem.t - x) > 0.0 {
                bound(*x, *x)
            } else {
                f64::NEG_INFINITY
            }
        },
        bound: |left: &f64, right: &f64| bound(*left, *right),
    };
    search.most(problem.least, problem.most)
}
