//! What D and the isolation index can be at all when the group is hidden in some areas: guaranteed bounds.
//!
//! With S any set of areas, D is the largest x(S)/X − y(S)/Y. Of a given S that grows when somebody of S joins the
//! group and when somebody outside leaves it, so the largest D has every hidden area on one side alone, and depends
//! only on how many people are on the group's: for a given S it is concave in that number, with its top in closed
//! form, and the nearest sums of hidden areas on both sides of the top are the candidates. The smallest D spreads the
//! hidden people as the rest: then they add nothing but themselves.

use super::areas::WIDE;
use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Outcome, Params},
    table::{Table, Unit},
    value::{Output, Value},
};

/// Bounds, and what they stand on.
const BOUNDS: Output = Output::Struct(&[
    ("value", Output::Number),
    ("lo", Output::Number),
    ("hi", Output::Number),
    ("n_units", Output::Count),
    ("n_suppressed", Output::Count),
    ("share_hidden", Output::Number),
]);

/// Bounds of D.
pub(super) static SEG_DISSIMILARITY_BOUNDS: Definition = Definition {
    name: "seg_dissimilarity_bounds",
    family: Family::Segregation,
    formula: "smallest and largest D over 0 ≤ x ≤ t in areas with a NULL x: lo = D of the known areas · T_known/T; \
              hi = the largest x(S)/X − y(S)/Y over sets S of areas and hidden areas that are all group or all rest",
    reading: "struct: D lies between lo and hi whatever the hidden counts are, share_hidden of the people live where the \
              count is hidden, value is D when nothing is; an area with one NULL row is hidden as a whole. Both bounds are \
              reached (lo where as large a share as in the known areas makes whole people); hi may be a hair \
              too large where hidden areas are too many to try their sums",
    range: "0 ≤ lo ≤ hi ≤ 1",
    null_when: "a total is NULL, nobody is there, or nothing is hidden and one of the groups has nobody",
    source: "derived here, 2026, from D's maximum over sets of areas: Duncan & Duncan 1955, doi:10.2307/2088328; bounds by \
             what is possible: Duncan & Davis 1953, doi:10.2307/2088122",
    example: Example {
        sql: "SELECT round(seg_dissimilarity_bounds(area, x, t)['hi'], 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', NULL, 10)) AS v(area, x, t)",
        result: "0.666667",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(WIDE, dissimilarity).gives(BOUNDS).sees_nulls()]),
};

/// Bounds of xPx.
pub(super) static SEG_ISOLATION_BOUNDS: Definition = Definition {
    name: "seg_isolation_bounds",
    family: Family::Segregation,
    formula: "smallest and largest Σ x²/t / X over 0 ≤ x ≤ t in areas with a NULL x: with Q = Σ x²/t and X of the known \
              areas and H people in the hidden ones, lo = 2Q/(X + √(X² + H Q)) and hi = (Q + H)/(X + H)",
    reading: "struct: isolation lies between lo and hi whatever the hidden counts are, share_hidden of the people live where \
              the count is hidden, value is isolation when nothing is; an area with one NULL row is hidden as a whole. hi is \
              reached when everybody hidden is of the group, lo when a share lo/2 of them are; exposure to the rest is one \
              minus these",
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
    body: Body::Aggregate(&[Form::table(WIDE, isolation).gives(BOUNDS).sees_nulls()]),
};

/// Areas whose group is known, and the totals of those where it is not.
#[derive(Debug, Default)]
struct Split {
    known: Vec<Unit>,
    /// Sums over the known.
    all: Unit,
    hidden: Vec<f64>,
    /// Sum over the hidden.
    people: f64,
    units: usize,
    suppressed: usize,
}

/// Returns the areas; nothing when bounds cannot be told.
fn split(table: &Table<'_>, function: &str) -> Result<Option<Split>, crate::error::Error> {
    // a total that is not known bounds nothing
    if table.nulls() & TOTAL != 0 {
        return Ok(None);
    }
    let suppressed = table.suppressed();
    let mut of = Split {
        units: table.distinct(0),
        suppressed: suppressed.iter().filter(|area| table.has(0, **area)).count(),
        ..Split::default()
    };
    for (area, unit) in table.key(0).iter().zip(table.wide(function)?.units) {
        if suppressed.binary_search(&table.cells.locals[0][*area as usize]).is_ok() {
            of.hidden.push(unit.t);
            of.people += unit.t;
        } else {
            of.all.x += unit.x;
            of.all.y += unit.y;
            of.all.t += unit.t;
            of.known.push(unit);
        }
    }
    let told = of.all.t + of.people > 0.0 && (of.people > 0.0 || of.all.x > 0.0 && of.all.y > 0.0);
    Ok(told.then_some(of))
}

/// The bit of a NULL total in `(area, x, t)`.
const TOTAL: u32 = 1 << 2;

impl Split {
    fn gives(&self, lo: f64, hi: f64) -> Value {
        // at most rounding; a bound that is not finite must reach the shell
        let (lo, hi) = (lo.clamp(0.0, 1.0), hi.clamp(0.0, 1.0));
        let lo = if lo > hi { hi } else { lo };
        Value::Struct(vec![
            if self.hidden.is_empty() { lo.into() } else { Value::Null },
            lo.into(),
            hi.into(),
            Value::count(self.units),
            Value::count(self.suppressed),
            (self.people / (self.all.t + self.people)).into(),
        ])
    }
}

fn isolation(table: &Table<'_>, _: &Params) -> Outcome {
    let Some(of) = split(table, "seg_isolation_bounds")? else {
        return Ok(Value::Null);
    };
    let met: f64 = of.known.iter().map(|unit| unit.x * (unit.x / unit.t)).sum();
    let least = if met > 0.0 {
        2.0 * met / (of.all.x + of.people.mul_add(met, of.all.x * of.all.x).sqrt())
    } else {
        0.0
    };
    Ok(of.gives(
        if of.hidden.is_empty() { met / of.all.x } else { least },
        (met + of.people) / (of.all.x + of.people),
    ))
}

fn dissimilarity(table: &Table<'_>, _: &Params) -> Outcome {
    let Some(mut of) = split(table, "seg_dissimilarity_bounds")? else {
        return Ok(Value::Null);
    };
    let all = of.all;
    let total = all.t + of.people;
    let known = if all.x > 0.0 && all.y > 0.0 {
        let apart: f64 = of
            .known
            .iter()
            .map(|unit| (unit.x * all.y - unit.y * all.x).abs())
            .sum();
        apart / (2.0 * all.x * all.y)
    } else {
        1.0
    };
    if of.hidden.is_empty() {
        return Ok(of.gives(known, known));
    }
    if of.units < 2 {
        return Ok(of.gives(0.0, 0.0));
    }
    let lo = known * (all.t / total);
    // S takes known areas in order of their share of the group
    of.known
        .sort_by(|left, right| (right.x / right.t).total_cmp(&(left.x / left.t)));
    let sums = Sums::new(&of.hidden);
    let mut inside = Unit::default();
    let mut hi = 0.0_f64;
    for at in 0..=of.known.len() {
        let apart = |joined: f64| {
            let (x, y) = (all.x + joined, all.y + (of.people - joined));
            // at the ends: what it comes as near to as one likes
            let inside_x = if x > 0.0 { (inside.x + joined) / x } else { 1.0 };
            inside_x - if y > 0.0 { inside.y / y } else { 0.0 }
        };
        // rounding must not leave less than nobody outside
        let (b, c) = ((all.x - inside.x).max(0.0).sqrt(), inside.y.sqrt());
        let top = if b + c > 0.0 {
            ((b * (of.people + all.y) - c * all.x) / (b + c)).clamp(0.0, of.people)
        } else {
            // nobody is on the wrong side: any number will do that leaves both groups somebody
            of.people / 2.0
        };
        for joined in sums.around(top, all) {
            let apart = apart(joined);
            if apart > hi {
                hi = apart;
            }
        }
        if let Some(unit) = of.known.get(at) {
            inside.x += unit.x;
            inside.y += unit.y;
        }
    }
    Ok(of.gives(lo, hi))
}

/// The numbers of people that hidden areas can have together, in order; none when they are too many to list.
struct Sums(Vec<f64>);

impl Sums {
    /// Steps of work that a list may take.
    const STEPS: usize = 20_000_000;
    /// Numbers that it may have.
    const NUMBERS: usize = 1 << 20;

    fn new(hidden: &[f64]) -> Self {
        let mut sums = vec![0.0];
        let mut steps = 0;
        for t in hidden {
            steps += sums.len();
            if sums.len() > Self::NUMBERS || steps > Self::STEPS {
                return Self(Vec::new());
            }
            sums.extend_from_within(..);
            let half = sums.len() / 2;
            sums[half..].iter_mut().for_each(|sum| *sum += t);
            // two runs in order, which the sort merges
            sums.sort_by(f64::total_cmp);
            sums.dedup_by(|left, right| *left <= *right);
        }
        Self(sums)
    }

    /// Returns the possible numbers nearest to `top` on both sides that leave both groups somebody.
    fn around(&self, top: f64, known: Unit) -> impl Iterator<Item = f64> {
        let from = usize::from(known.x <= 0.0);
        let to = self.0.len().saturating_sub(usize::from(known.y <= 0.0));
        let sums = self.0.get(from..to).unwrap_or_default();
        let at = sums.partition_point(|sum| *sum <= top);
        let below = at.checked_sub(1).and_then(|at| sums.get(at)).copied();
        let any = self.0.is_empty().then_some(top);
        any.into_iter().chain(below).chain(sums.get(at).copied())
    }
}
