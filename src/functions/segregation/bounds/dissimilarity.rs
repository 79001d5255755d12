//! Bounds of D and of what is made of it: Gorard's, Karmel and MacLachlan's and the min–max index.
//!
//! All are W = Σ (x − t P)⁺, a convex function of the members, over a concave function of their number: X Y/T, X, T/2.
//! So each is largest where every area is at one of its limits, and smallest on the most even path. Where corners are
//! too many to try, W of a given number of members is bounded by Lagrange: W ≤ λ X + Σ max over an area's limits of
//! (x − t P)⁺ − λ x for every λ; for a given λ that is convex in X, hence below its chords.

use super::{
    classic,
    path::{self, Path},
    problem::{Area, BOUNDS, LIMITS, Problem, SHARED, SHARED_OF},
    search::{Line, Ratio, Search, least},
    several, vertices,
};
use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Outcome, Params},
    segregation::{areas::WIDE, dissimilarity, gorard, karmel_maclachlan, min_max},
    table::{Table, Wide},
    value::Value,
};

/// Bounds of D.
pub(in super::super) static SEG_DISSIMILARITY_BOUNDS: Definition = Definition {
    name: "seg_dissimilarity_bounds",
    family: Family::Segregation,
    formula: "smallest and largest D over all x_lo ≤ x ≤ x_hi (0 ≤ x ≤ t where x is NULL): lo on x = t·p cut off at the \
              limits, over all p; hi where every area is at one of its limits",
    reading: "struct: D lies between lo and hi whatever the hidden counts are; share_hidden of the people may or may not be \
              of the group, value is D when nothing is hidden; an area with one NULL row is hidden as a whole. Both bounds are \
              reached, lo by shares where it takes parts of people, hi by whole people; only where hidden areas are too many \
              to try their sums (more than 10 with limits) hi may be too large by a part of one area. Several groups: proved \
              from each group against the rest, and wider",
    range: "0 ≤ lo ≤ hi ≤ 1",
    null_when: "a total is NULL, nobody is there, or nothing is hidden and one of the groups has nobody",
    source: "derived here, 2026, from D's maximum over sets of areas: Duncan & Duncan 1955, doi:10.2307/2088328; bounds by \
             what is possible: Duncan & Davis 1953, doi:10.2307/2088122; lo by majorisation: Hardy, Littlewood & Pólya 1934",
    example: Example {
        sql: "SELECT round(seg_dissimilarity_bounds(area, x, t)['hi'], 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', NULL, 10)) AS v(area, x, t)",
        result: "0.666667",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(WIDE, dissimilarity).gives(BOUNDS).sees_nulls(),
        Form::table(LIMITS, dissimilarity).gives(BOUNDS).sees_nulls(),
        Form::table(SHARED_OF, dissimilarity)
            .gives(BOUNDS)
            .sees_nulls()
            .sees_empty(),
        Form::table(SHARED, several::dissimilarity)
            .gives(BOUNDS)
            .sees_nulls()
            .sees_empty(),
    ]),
};

/// Bounds of GS.
pub(in super::super) static SEG_GORARD_BOUNDS: Definition = Definition {
    name: "seg_gorard_bounds",
    family: Family::Segregation,
    formula: "smallest and largest ½ Σ|x/X − t/T| over all x_lo ≤ x ≤ x_hi: lo on x = t·p cut off at the limits, over all p; \
              hi where every area is at one of its limits",
    reading: "struct: the index lies between lo and hi whatever the hidden counts are; share_hidden of the people may or may \
              not be of the group, value is the index when nothing is hidden. lo is reached (by shares), hi by whole people \
              where hidden areas are few, else it may be too large by a part of one area",
    range: "0 ≤ lo ≤ hi ≤ 1",
    null_when: "a total is NULL, nobody is there, or nothing is hidden and one of the groups has nobody",
    source: "derived here, 2026: hi by Bauer's maximum principle and Lagrange duality, lo by majorisation (Hardy, Littlewood \
             & Pólya 1934); the index: Gorard & Taylor 2002, What is segregation?, Sociology 36(4), 875–895",
    example: Example {
        sql: "SELECT round(seg_gorard_bounds(area, x, t)['hi'], 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', NULL, 10)) AS v(area, x, t)",
        result: "0.5",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(WIDE, gorard).gives(BOUNDS).sees_nulls(),
        Form::table(LIMITS, gorard).gives(BOUNDS).sees_nulls(),
        Form::table(SHARED_OF, gorard).gives(BOUNDS).sees_nulls().sees_empty(),
    ]),
};

/// Bounds of KM.
pub(in super::super) static SEG_KARMEL_MACLACHLAN_BOUNDS: Definition = Definition {
    name: "seg_karmel_maclachlan_bounds",
    family: Family::Segregation,
    formula: "smallest and largest Σ t|p − P| / T over all x_lo ≤ x ≤ x_hi: lo on x = t·p cut off at the limits, over all p; \
              hi where every area is at one of its limits",
    reading: "struct: the index lies between lo and hi whatever the hidden counts are; share_hidden of the people may or may \
              not be of the group, value is the index when nothing is hidden. lo is reached (by shares), hi by whole people \
              where hidden areas are few, else it may be too large by a part of one area. Several groups: half the sum of \
              each group's bounds against the rest, proved and wider",
    range: "0 ≤ lo ≤ hi ≤ 0.5, of several groups ≤ 1",
    null_when: "a total is NULL, nobody is there, or nothing is hidden and one of the groups has nobody",
    source: "derived here, 2026: hi by Bauer's maximum principle and Lagrange duality, lo by majorisation (Hardy, Littlewood \
             & Pólya 1934); the index: Karmel & MacLachlan 1988, doi:10.1111/j.1475-4932.1988.tb02057.x",
    example: Example {
        sql: "SELECT round(seg_karmel_maclachlan_bounds(area, x, t)['hi'], 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', NULL, 10)) AS v(area, x, t)",
        result: "0.25",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(WIDE, karmel).gives(BOUNDS).sees_nulls(),
        Form::table(LIMITS, karmel).gives(BOUNDS).sees_nulls(),
        Form::table(SHARED_OF, karmel).gives(BOUNDS).sees_nulls().sees_empty(),
        Form::table(SHARED, several::karmel)
            .gives(BOUNDS)
            .sees_nulls()
            .sees_empty(),
    ]),
};

/// Bounds of MM.
pub(in super::super) static SEG_MIN_MAX_BOUNDS: Definition = Definition {
    name: "seg_min_max_bounds",
    family: Family::Segregation,
    formula: "2D / (1 + D) of the smallest and of the largest D over all x_lo ≤ x ≤ x_hi",
    reading: "struct: the index lies between lo and hi whatever the hidden counts are; share_hidden of the people may or may \
              not be of the group, value is the index when nothing is hidden. Reached where the bounds of D are",
    range: "0 ≤ lo ≤ hi ≤ 1",
    null_when: "a total is NULL, nobody is there, or nothing is hidden and one of the groups has nobody",
    source: "derived here, 2026, from the bounds of D, with which it grows: O'Sullivan & Wong 2007, Geographical Analysis 39(2)",
    example: Example {
        sql: "SELECT round(seg_min_max_bounds(area, x, t)['hi'], 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', NULL, 10)) AS v(area, x, t)",
        result: "0.8",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(WIDE, min_max).gives(BOUNDS).sees_nulls(),
        Form::table(LIMITS, min_max).gives(BOUNDS).sees_nulls(),
        Form::table(SHARED_OF, min_max).gives(BOUNDS).sees_nulls().sees_empty(),
    ]),
};

/// What W is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Under {
    /// X Y / T: D.
    Both,
    /// X: Gorard.
    Group,
    /// T / 2: Karmel and MacLachlan.
    All,
}

impl Under {
    /// Returns the denominator, a concave function, at a number of members.
    fn of(self, x: f64, t: f64) -> Line {
        let (value, slope) = match self {
            Self::Both => (x * ((t - x) / t), (t - 2.0 * x) / t),
            Self::Group => (x, 1.0),
            Self::All => (t / 2.0, 0.0),
        };
        Line { value, slope }
    }

    /// Returns the index of areas of which all is known.
    fn index(self, wide: &Wide) -> Outcome {
        match self {
            Self::Both => Ok(dissimilarity::two(wide).map_or(Value::Null, Value::from)),
            Self::Group => gorard::gorard(wide, &Params::default()),
            Self::All => karmel_maclachlan::wide(wide, &Params::default()),
        }
    }

    /// Returns the smallest value.
    pub(super) fn least(self, problem: &Problem) -> f64 {
        let path = Path::new(problem);
        // two blocks, of which the one without the group, or without the rest, has 1 − part of the people: D is
        // (1 − part)/(1 − part·p) or more, Gorard's 1 − part or, times what vanishes, 0
        let without = path
            .without
            .map(|part| if self == Self::All { 0.0 } else { 1.0 - part });
        let full = path.full.map(|part| if self == Self::Both { 1.0 - part } else { 0.0 });
        let ends = without.unwrap_or(1.0).min(full.unwrap_or(1.0));
        if !path.is_open() {
            return ends;
        }
        let search = Search {
            limit: 300,
            at: |p: f64| self.even(problem, p),
            value: |at: &Ratio| -at.value(),
            bound: |left: &Ratio, right: &Ratio| -least(left, right),
        };
        ends.min(-search.most(path.from, path.to))
    }

    /// Returns W and how it grows with the number of members, on the path.
    fn even(self, problem: &Problem, p: f64) -> Ratio {
        let x: f64 = problem.areas.iter().map(|area| path::at(area, p).0).sum();
        let all = x / problem.t;
        let (mut value, mut above) = (0.0, 0.0);
        for area in &problem.areas {
            let (here, grows) = path::at(area, p);
            let over = here - area.t * all;
            value += over.max(0.0);
            if if grows { p > all } else { over > 0.0 } {
                above += area.t;
            }
        }
        let slope = f64::from(u8::from(p > all)) - above / problem.t;
        Ratio {
            x,
            over: Line { value, slope },
            under: self.of(x, problem.t),
        }
    }

    /// Returns the largest value, where corners are too many to try; too large by a part of one area at most.
    fn relaxed(self, problem: &Problem) -> f64 {
        // an area with a larger share than all has members: D is at most 1 less the part of the rest that must live
        // there, Gorard's 1 less the part of everybody
        let least = |people: fn(&Area) -> f64| {
            let of = problem.areas.iter().filter(|area| area.most > 0.0).map(people);
            1.0 - of.fold(problem.t, f64::min) / problem.t
        };
        let cap = match self {
            Self::Both => least(|area| area.t - area.most),
            Self::Group => least(|area| area.t),
            Self::All => 1.0,
        };
        let search = Search {
            limit: 120,
            at: |x: f64| {
                let price = price(problem, x);
                Priced {
                    x,
                    price,
                    value: dual(problem, price, x),
                }
            },
            value: |at: &Priced| {
                let under = self.of(at.x, problem.t).value;
                if under > 0.0 {
                    (at.value / under).min(cap)
                } else {
                    f64::NEG_INFINITY
                }
            },
            bound: |left: &Priced, right: &Priced| {
                let by = |price: f64| {
                    let end = |at: &Priced| {
                        let value = if at.price.to_bits() == price.to_bits() {
                            at.value
                        } else {
                            dual(problem, price, at.x)
                        };
                        let under = self.of(at.x, problem.t).value;
                        if under > 0.0 { value / under } else { f64::INFINITY }
                    };
                    end(left).max(end(right))
                };
                by(left.price).min(by(right.price)).min(cap)
            },
        };
        search.most(problem.least, problem.most)
    }

    /// Returns the smallest and the largest value.
    pub(super) fn bounds(self, problem: &Problem) -> crate::error::Result<(f64, f64)> {
        if problem.areas.len() < 2 {
            return Ok((0.0, 0.0));
        }
        let hi = match vertices::largest(problem, |wide| self.index(wide))? {
            Some(hi) => hi,
            None if self == Self::Both => match classic::largest(problem) {
                Some(hi) => hi,
                None => self.relaxed(problem),
            },
            None => self.relaxed(problem),
        };
        Ok((self.least(problem), hi))
    }
}

/// A number of members, the price λ of one more, and the bound of W at it.
#[derive(Debug, Clone, Copy)]
struct Priced {
    x: f64,
    price: f64,
    value: f64,
}

/// Returns the λ with the least bound of W at a number of members: the slope of the area that is filled in part.
fn price(problem: &Problem, x: f64) -> f64 {
    let all = x / problem.t;
    let over = |of: f64, t: f64| (of - t * all).max(0.0);
    let mut slopes: Vec<(f64, f64)> = problem
        .areas
        .iter()
        .filter(|area| area.hidden())
        .map(|area| {
            let by = area.most - area.least;
            ((over(area.most, area.t) - over(area.least, area.t)) / by, by)
        })
        .collect();
    slopes.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.total_cmp(&right.1)));
    let mut room = x - problem.least;
    for (slope, by) in &slopes {
        room -= by;
        if room <= 0.0 {
            return *slope;
        }
    }
    slopes.last().map_or(0.0, |(slope, _)| *slope)
}

/// Returns λ X + Σ max (x − t P)⁺ − λ x.
fn dual(problem: &Problem, price: f64, x: f64) -> f64 {
    let all = x / problem.t;
    let of = |here: f64, t: f64| (here - t * all).max(0.0) - price * here;
    let sum: f64 = problem
        .areas
        .iter()
        .map(|area| of(area.least, area.t).max(of(area.most, area.t)))
        .sum();
    price.mul_add(x, sum)
}

fn bounds(
    table: &Table<'_>,
    params: &Params,
    function: &str,
    under: Under,
    plain: fn(&Wide, &Params) -> Outcome,
    index: fn(f64) -> f64,
    most: f64,
) -> Outcome {
    let Some(problem) = Problem::read(table, params, function)?.filter(Problem::told) else {
        return Ok(Value::Null);
    };
    if problem.suppressed == 0 {
        return Ok(problem.exactly(plain(&problem.known(), &Params::default())?));
    }
    let (lo, hi) = under.bounds(&problem)?;
    Ok(problem.between(index(lo), index(hi), (0.0, most)))
}

fn dissimilarity(table: &Table<'_>, params: &Params) -> Outcome {
    let plain = |wide: &Wide, _: &Params| Under::Both.index(wide);
    bounds(
        table,
        params,
        "seg_dissimilarity_bounds",
        Under::Both,
        plain,
        |d| d,
        1.0,
    )
}

fn gorard(table: &Table<'_>, params: &Params) -> Outcome {
    bounds(
        table,
        params,
        "seg_gorard_bounds",
        Under::Group,
        gorard::gorard,
        |of| of,
        1.0,
    )
}

fn karmel(table: &Table<'_>, params: &Params) -> Outcome {
    let plain = karmel_maclachlan::wide;
    bounds(
        table,
        params,
        "seg_karmel_maclachlan_bounds",
        Under::All,
        plain,
        |of| of,
        0.5,
    )
}

fn min_max(table: &Table<'_>, params: &Params) -> Outcome {
    let index = |d: f64| 2.0 * d / (1.0 + d);
    bounds(
        table,
        params,
        "seg_min_max_bounds",
        Under::Both,
        min_max::min_max,
        index,
        1.0,
    )
}
