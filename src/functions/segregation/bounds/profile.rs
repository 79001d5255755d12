//! Bounds of the concentration profile's index, Σ x|p − P| / (X (1 − P)).
//!
//! The numerator is no convex function of the members, so both bounds go by Lagrange: Σ x|p − P| ≤ λ X + Σ max of
//! x|p − P| − λ x over an area's limits, for every λ, and the same the other way round. The first is convex in P, so it
//! lies below its chords; in the second |p − P| is replaced by the distance of p from an interval of P. The index is not
//! below the variance ratio either: that has p − P in place of |p − P|.

use super::{
    jensen,
    problem::{Area, BOUNDS, LIMITS, Problem, SHARED_OF},
    search::Search,
};
use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Outcome, Params},
    segregation::{areas::WIDE, concentration_profile},
    table::Table,
    value::Value,
};

/// Bounds of R.
pub(in super::super) static SEG_CONCENTRATION_PROFILE_BOUNDS: Definition = Definition {
    name: "seg_concentration_profile_bounds",
    family: Family::Segregation,
    formula: "lo ≤ Σ (x/X)|p − P| / (1 − P) ≤ hi for all x_lo ≤ x ≤ x_hi, by Lagrange for the members in all and branch and \
              bound over their number; lo is not below the variance ratio's",
    reading: "struct: the index lies between lo and hi whatever the hidden counts are; share_hidden of the people may or may \
              not be of the group, value is the index when nothing is hidden. Both are proved, neither need be reached: they \
              come close where hidden areas are many and small, and may be too wide by a part of an area where they are few",
    range: "0 ≤ lo ≤ hi ≤ 1",
    null_when: "a total is NULL, nobody is there, or nothing is hidden and one of the groups has nobody",
    source: "derived here, 2026, by Lagrange duality; the index: Hong & Sadahiro 2014, Measuring geographic segregation: a \
             graph-based approach, Journal of Geographical Systems 16",
    example: Example {
        sql: "SELECT round(seg_concentration_profile_bounds(area, x_lo, x_hi, t)['hi'], 6) FROM (VALUES ('A', 10, 10, 20), ('B', 0, 0, 10), ('C', 10, 10, 10)) AS v(area, x_lo, x_hi, t)",
        result: "0.5",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(WIDE, profile).gives(BOUNDS).sees_nulls(),
        Form::table(LIMITS, profile).gives(BOUNDS).sees_nulls(),
        Form::table(SHARED_OF, profile).gives(BOUNDS).sees_nulls().sees_empty(),
    ]),
};

/// Returns the x of an area with the largest x|p − P| − λ x, and that.
fn largest(area: &Area, all: f64, price: f64) -> (f64, f64) {
    let of = |x: f64| (x, x * ((x / area.t - all).abs() - price));
    let mut best = of(area.least);
    // below P the function is concave: x(P − p) − λ x
    let inside = area.t * (all - price) / 2.0;
    for x in [area.most, inside] {
        if x > area.least && x <= area.most && (x >= area.most || x < area.t * all) {
            let here = of(x);
            if here.1 > best.1 {
                best = here;
            }
        }
    }
    best
}

/// Returns the x of an area with the smallest x·distance − λ x, and that; the distance is of p from an interval.
fn smallest(area: &Area, from: f64, to: f64, price: f64) -> (f64, f64) {
    let of = |x: f64| {
        let p = x / area.t;
        (x, x * ((p - to).max(from - p).max(0.0) - price))
    };
    let mut best = of(area.least);
    // above the interval the function is convex, below it concave, in it a line
    for x in [
        area.most,
        (area.t * (to + price) / 2.0).max(area.t * to),
        area.t * from,
        area.t * to,
    ] {
        let here = of(x.clamp(area.least, area.most));
        if here.1 < best.1 {
            best = here;
        }
    }
    best
}

/// Returns the λ at which areas take a number of members together, by halving; `falls` when they take fewer at more.
fn price(x: f64, falls: bool, taken: impl Fn(f64) -> f64) -> f64 {
    let (mut below, mut above) = (-1.0, 2.0);
    for _ in 0..24 {
        let middle = f64::midpoint(below, above);
        if (taken(middle) > x) == falls {
            below = middle;
        } else {
            above = middle;
        }
    }
    f64::midpoint(below, above)
}

/// A number of members, a λ that fits, and the bound of the numerator.
#[derive(Debug, Clone, Copy)]
struct Priced {
    x: f64,
    price: f64,
    value: f64,
}

/// Returns X (1 − P).
fn under(problem: &Problem, x: f64) -> f64 {
    x * ((problem.t - x) / problem.t)
}

/// Areas of which something is hidden, and those of which all is known: what these add is a line in λ.
fn parts(problem: &Problem) -> (Vec<Area>, Vec<Area>, f64) {
    let (hidden, known): (Vec<Area>, Vec<Area>) = problem.areas.iter().partition(|area| area.hidden());
    let members = known.iter().map(|area| area.least).sum();
    (hidden, known, members)
}

fn most(problem: &Problem) -> f64 {
    let (hidden, known, members) = parts(problem);
    let dual = |price: f64, x: f64| {
        let all = x / problem.t;
        let of = |area: &Area| area.least * (area.least / area.t - all).abs();
        let sum: f64 = hidden.iter().map(|area| largest(area, all, price).1).sum();
        price.mul_add(x - members, sum + known.iter().map(of).sum::<f64>())
    };
    let search = Search {
        limit: 40,
        at: |x: f64| {
            let all = x / problem.t;
            let taken = |price: f64| hidden.iter().map(|area| largest(area, all, price).0).sum();
            let price = price(x - members, true, taken);
            Priced {
                x,
                price,
                value: dual(price, x),
            }
        },
        value: |at: &Priced| {
            let under = under(problem, at.x);
            if under > 0.0 {
                at.value / under
            } else {
                f64::NEG_INFINITY
            }
        },
        bound: |left: &Priced, right: &Priced| {
            let by = |price: f64| {
                let end = |at: &Priced| {
                    let under = under(problem, at.x);
                    if under > 0.0 {
                        dual(price, at.x) / under
                    } else {
                        f64::INFINITY
                    }
                };
                end(left).max(end(right))
            };
            by(left.price).min(by(right.price)).min(1.0)
        },
    };
    search.most(problem.least, problem.most)
}

fn least(problem: &Problem) -> f64 {
    let (hidden, known, members) = parts(problem);
    let search = Search {
        limit: 40,
        at: |x: f64| x,
        // what is reached is not known here
        value: |_: &f64| f64::NEG_INFINITY,
        bound: |left: &f64, right: &f64| {
            let (from, to) = (*left / problem.t, *right / problem.t);
            let middle = f64::midpoint(*left, *right);
            let pick = |price: f64| hidden.iter().map(move |area| smallest(area, from, to, price));
            let price = price(middle - members, false, |price| pick(price).map(|of| of.0).sum());
            let sum: f64 = pick(price).map(|of| of.1).sum();
            let known: f64 = known.iter().map(|area| smallest(area, from, to, 0.0).1).sum();
            let over = sum + known + (price * (left - members)).min(price * (right - members));
            let under = under(problem, (problem.t / 2.0).clamp(*left, *right));
            if under > 0.0 {
                -(over / under).clamp(0.0, 1.0)
            } else {
                0.0
            }
        },
    };
    -search.most(problem.least, problem.most)
}

fn profile(table: &Table<'_>, params: &Params) -> Outcome {
    let read = Problem::read(table, params, "seg_concentration_profile_bounds")?;
    let Some(problem) = read.filter(Problem::told) else {
        return Ok(Value::Null);
    };
    if problem.suppressed == 0 {
        return Ok(problem.exactly(concentration_profile::profile(&problem.known(), params)?));
    }
    if problem.areas.len() < 2 {
        return Ok(problem.between(0.0, 0.0, (0.0, 1.0)));
    }
    let lo = least(&problem).max(jensen::least_variance_ratio(&problem));
    Ok(problem.between(lo, most(&problem), (0.0, 1.0)))
}
