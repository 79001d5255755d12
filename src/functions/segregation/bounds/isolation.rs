//! Bounds of isolation and of exposure, which add nothing but a search for one number.
//!
//! Both are a sum over areas divided by the number of members, so c is a bound when Σ (x·met − c x) can be brought to 0
//! and no further (Dinkelbach 1967); each area can be looked at alone. For isolation the least has x = c t/2 cut off at
//! the limits, the most has every area at one of its limits: the upper where (x_lo + x_hi)/t is above c.

use super::problem::{Area, BOUNDS, LIMITS, Problem, SHARED_OF};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        segregation::{areas::WIDE, exposure},
        table::{Table, Unit, Wide},
        value::Value,
    },
};

/// Bounds of xPx.
pub(in super::super) static SEG_ISOLATION_BOUNDS: Definition = Definition {
    name: "seg_isolation_bounds",
    family: Family::Segregation,
    formula: "smallest and largest Σ x²/t / X over all x_lo ≤ x ≤ x_hi (0 ≤ x ≤ t where x is NULL): lo where x = t·lo/2 cut \
              off at the limits, hi where every area is at one of its limits",
    reading: "struct: isolation lies between lo and hi whatever the hidden counts are; share_hidden of the people may or may \
              not be of the group, value is isolation when nothing is hidden; an area with one NULL row is hidden as a whole. \
              Both bounds are reached, lo by shares where it takes parts of people; exposure to the rest is one minus these",
    range: "0 ≤ lo ≤ hi ≤ 1",
    null_when: "a total is NULL, nobody is there, or nothing is hidden and one of the groups has nobody",
    source: "derived here, 2026, by fractional programming: Dinkelbach 1967, doi:10.1287/mnsc.13.7.492; isolation: Bell 1954, \
             doi:10.2307/2574118",
    example: Example {
        sql: "SELECT round(seg_isolation_bounds(area, x, t)['hi'], 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', NULL, 10)) AS v(area, x, t)",
        result: "0.75",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(WIDE, isolation).gives(BOUNDS).sees_nulls(),
        Form::table(LIMITS, isolation).gives(BOUNDS).sees_nulls(),
        Form::table(SHARED_OF, isolation)
            .gives(BOUNDS)
            .sees_nulls()
            .sees_empty(),
    ]),
};

const TWO: &[Argument] = &[
    Argument::key("area"),
    Argument::count("x"),
    Argument::count("y"),
    Argument::total("t"),
];

/// Bounds of xPy.
pub(in super::super) static SEG_EXPOSURE_BOUNDS: Definition = Definition {
    name: "seg_exposure_bounds",
    family: Family::Segregation,
    formula: "smallest and largest Σ x y/t / X over all 0 ≤ x, 0 ≤ y, x + y ≤ t where x, y or both are NULL",
    reading: "struct: exposure to the other group lies between lo and hi whatever the hidden counts are; share_hidden of the \
              people live in areas where a count is hidden and may or may not be of a hidden group, value is exposure when \
              nothing is hidden. Both bounds are reached, hi by shares where it takes parts of people. The one to all the \
              rest, also with limits, is one minus the bounds of isolation",
    range: "0 ≤ lo ≤ hi ≤ 1",
    null_when: "a total is NULL, nobody is there, or nothing is hidden and one of the two groups has nobody",
    source: "derived here, 2026, by fractional programming: Dinkelbach 1967, doi:10.1287/mnsc.13.7.492; exposure: Bell 1954, \
             doi:10.2307/2574118",
    example: Example {
        sql: "SELECT round(seg_exposure_bounds(area, x, y, t)['hi'], 6) FROM (VALUES ('A', 10, 5, 20), ('B', 0, 5, 10), ('C', NULL, 4, 10)) AS v(area, x, y, t)",
        result: "0.30625",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TWO, met).gives(BOUNDS).sees_nulls()]),
};

/// Returns two numbers between 0 and 1 as near to each other as makes no difference: up to the first something holds, at
/// the second it no longer does.
fn turn(holds: impl Fn(f64) -> bool) -> (f64, f64) {
    let (mut below, mut above) = (0.0_f64, 1.0_f64);
    for _ in 0..80 {
        let middle = below + (above - below) / 2.0;
        if middle <= below || middle >= above {
            break;
        }
        if holds(middle) {
            below = middle;
        } else {
            above = middle;
        }
    }
    (below, above)
}

/// Returns the smallest and the largest isolation.
pub(super) fn own(problem: &Problem) -> (f64, f64) {
    let least = turn(|c| {
        let of = |area: &Area| {
            let x = (c * area.t / 2.0).clamp(area.least, area.most);
            x * (x / area.t - c)
        };
        problem.areas.iter().map(of).sum::<f64>() >= 0.0
    });
    let most = turn(|c| {
        let at = |x: f64, t: f64| x * (x / t - c);
        let of = |area: &Area| at(area.least, area.t).max(at(area.most, area.t));
        problem.areas.iter().map(of).sum::<f64>() > 0.0
    });
    (least.0, most.1)
}

fn isolation(table: &Table<'_>, params: &Params) -> Outcome {
    let Some(problem) = Problem::read(table, params, "seg_isolation_bounds")?.filter(Problem::told) else {
        return Ok(Value::Null);
    };
    if problem.suppressed == 0 {
        return Ok(problem.exactly(exposure::isolation(&problem.known(), params)?));
    }
    let (lo, hi) = own(&problem);
    Ok(problem.between(lo, hi, (0.0, 1.0)))
}

/// A group and another one, each known or not, in one area.
struct Pair {
    unit: Unit,
    x_hidden: bool,
    y_hidden: bool,
}

impl Pair {
    /// Returns the least of x y/t − c x.
    fn least(&self, c: f64) -> f64 {
        let Unit { x, y, t } = self.unit;
        let y = if self.y_hidden { 0.0 } else { y };
        let of = |x: f64| x * (y / t - c);
        if self.x_hidden { of(t - y).min(0.0) } else { of(x) }
    }

    /// Returns the most.
    fn most(&self, c: f64) -> f64 {
        let Unit { x, y, t } = self.unit;
        let of = |x: f64, y: f64| x * (y / t - c);
        match (self.x_hidden, self.y_hidden) {
            (false, false) => of(x, y),
            (false, true) => of(x, t - x),
            (true, false) => of(t - y, y).max(0.0),
            (true, true) => {
                let x = t * (1.0 - c) / 2.0;
                of(x, t - x)
            }
        }
    }
}

fn met(table: &Table<'_>, _: &Params) -> Outcome {
    const NAME: &str = "seg_exposure_bounds";
    if table.nulls() & (1 << 3) != 0 {
        return Ok(Value::Null);
    }
    let mut hidden = std::collections::BTreeMap::new();
    for row in table.unknown {
        *hidden.entry((row.keys[0], row.nulls)).or_insert(0) += row.times;
    }
    hidden.retain(|_, times| *times > 0);
    let mut nulls = std::collections::BTreeMap::new();
    for (area, bits) in hidden.into_keys() {
        *nulls.entry(area).or_insert(0) |= bits;
    }
    let (mut pairs, mut problem, mut wide) = (Vec::new(), Problem::default(), Wide::default());
    for (at, area) in table.key(0).iter().enumerate() {
        let bits = nulls
            .get(&table.cells.locals[0][*area as usize])
            .copied()
            .unwrap_or(0_u32);
        let (x_hidden, y_hidden) = (bits & 1 << 1 != 0, bits & 1 << 2 != 0);
        let pair = Pair {
            // one NULL row hides its area
            unit: Unit {
                x: if x_hidden { 0.0 } else { table.count(0)[at] },
                y: if y_hidden { 0.0 } else { table.count(1)[at] },
                t: table.count(2)[at],
            },
            x_hidden,
            y_hidden,
        };
        let Unit { x, y, t } = pair.unit;
        // counts with fractions may be rounded
        if x.max(y) > t || x + y > t * (1.0 + 1e-9) {
            return Err(Error::invalid(
                6004,
                format!("`{NAME}` got an area whose groups are larger than its total"),
            )
            .hint("the total is the last count, and every part of an area brings its own total"));
        }
        if t <= 0.0 {
            continue;
        }
        let open = match (pair.x_hidden, pair.y_hidden) {
            (false, false) => 0.0,
            (false, true) => t - x,
            (true, false) => t - y,
            (true, true) => t,
        };
        let most = if pair.x_hidden { open } else { x };
        problem.areas.push(Area {
            least: if pair.x_hidden { 0.0 } else { x },
            most,
            t,
        });
        problem.t += t;
        problem.open += open;
        problem.suppressed += usize::from(open > 0.0);
        wide.all.x += x;
        wide.all.y += y;
        wide.all.t += t;
        wide.units.push(pair.unit);
        pairs.push(pair);
    }
    if problem.t <= 0.0 {
        return Ok(Value::Null);
    }
    if problem.suppressed == 0 {
        return Ok(problem.exactly(exposure::exposure(&wide, &Params::default())?));
    }
    let lo = turn(|c| pairs.iter().map(|pair| pair.least(c)).sum::<f64>() >= 0.0).0;
    let hi = turn(|c| pairs.iter().map(|pair| pair.most(c)).sum::<f64>() > 0.0).1;
    Ok(problem.between(lo, hi, (0.0, 1.0)))
}
