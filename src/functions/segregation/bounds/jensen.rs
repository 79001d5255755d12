//! Bounds of indices that compare the mean of a concave function of the areas' shares with the function of the mean:
//! H (entropy), the variance ratio (product), Atkinson, Hutchens and the generalised entropy (powers).
//!
//! With h concave each of them falls with R = Σ t h(p) / (T h(P)). The largest R lies on the most even path. For the
//! smallest, Σ t h(p) of a given number of members is at least what chords between the areas' limits give, filled in the
//! order of their slopes (a fractional knapsack); that is convex in the number, T h(P) is concave, so branch and bound
//! over the number of members proves the rest. At most one area is then neither at its least nor at its most, which is
//! all that the bound can be too wide by.

use super::{
    path::{self, Path},
    problem::{Area, BOUNDS, LIMITS, Problem, SHARED, SHARED_OF},
    search::{Line, Ratio, Search, least, most},
    several, vertices,
};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params, Role},
        segregation::{areas::WIDE, atkinson, hutchens, information, variance},
        table::{Table, Wide},
        value::Value,
    },
};

/// H.
pub(in super::super) static SEG_INFORMATION_THEORY_BOUNDS: Definition = Definition {
    name: "seg_information_theory_bounds",
    family: Family::Segregation,
    formula: "smallest and largest H over all x_lo ≤ x ≤ x_hi: lo on x = t·p cut off at the limits, over all p; hi = 1 − min \
              Σ t E(p) / (T E(P)) with Σ t E(p) by chords",
    reading: "struct: H lies between lo and hi whatever the hidden counts are; share_hidden of the people may or may not be \
              of the group; value is H when nothing is hidden. lo is reached (by shares, not always by whole people), hi \
              where few areas are hidden, else it is too wide by less than one area. Several groups: lo is reached up to \
              a small gap that is taken off, hi is proved and wider",
    range: "0 ≤ lo ≤ hi ≤ 1",
    null_when: "a total is NULL, nobody is there, or nothing is hidden and one of the groups has nobody",
    source: "derived here, 2026: lo by majorisation (Hardy, Littlewood & Pólya 1934, Inequalities), hi by the fractional \
             knapsack (Dantzig 1957, doi:10.1287/opre.5.2.266) and convexity of M and concavity of E (Theil & Finizza 1971, \
             doi:10.1080/0022250X.1971.9989795)",
    example: Example {
        sql: "SELECT round(seg_information_theory_bounds(area, x, t)['lo'], 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', NULL, 10)) AS v(area, x, t)",
        result: "0.204395",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(WIDE, theory).gives(BOUNDS).sees_nulls(),
        Form::table(LIMITS, theory).gives(BOUNDS).sees_nulls(),
        Form::table(SHARED_OF, theory).gives(BOUNDS).sees_nulls().sees_empty(),
        Form::table(SHARED, several::theory)
            .gives(BOUNDS)
            .sees_nulls()
            .sees_empty(),
    ]),
};

/// V.
pub(in super::super) static SEG_VARIANCE_RATIO_BOUNDS: Definition = Definition {
    name: "seg_variance_ratio_bounds",
    family: Family::Segregation,
    formula: "smallest and largest V over all x_lo ≤ x ≤ x_hi: lo on x = t·p cut off at the limits, over all p; hi = 1 − min \
              Σ t p(1 − p) / (T P(1 − P)) with Σ t p(1 − p) by chords",
    reading: "struct: V lies between lo and hi whatever the hidden counts are; share_hidden of the people may or may not be \
              of the group; value is V when nothing is hidden. lo is reached (by shares, not always by whole people), hi \
              where few areas are hidden, else it is too wide by less than one area",
    range: "0 ≤ lo ≤ hi ≤ 1",
    null_when: "a total is NULL, nobody is there, or nothing is hidden and one of the groups has nobody",
    source: "derived here, 2026: lo by majorisation (Hardy, Littlewood & Pólya 1934, Inequalities), hi by the fractional \
             knapsack (Dantzig 1957, doi:10.1287/opre.5.2.266); V: Bell 1954, doi:10.2307/2574118",
    example: Example {
        sql: "SELECT round(seg_variance_ratio_bounds(area, x, t)['lo'], 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', NULL, 10)) AS v(area, x, t)",
        result: "0.186141",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(WIDE, ratio).gives(BOUNDS).sees_nulls(),
        Form::table(LIMITS, ratio).gives(BOUNDS).sees_nulls(),
        Form::table(SHARED_OF, ratio).gives(BOUNDS).sees_nulls().sees_empty(),
    ]),
};

/// O.
pub(in super::super) static SEG_HUTCHENS_BOUNDS: Definition = Definition {
    name: "seg_hutchens_bounds",
    family: Family::Segregation,
    formula: "smallest and largest O over all x_lo ≤ x ≤ x_hi: lo on x = t·p cut off at the limits, over all p; hi = 1 − min \
              Σ √(x y) / √(X Y) with Σ √(x y) by chords",
    reading: "struct: O lies between lo and hi whatever the hidden counts are; share_hidden of the people may or may not be \
              of the group; value is O when nothing is hidden. lo is reached (by shares, not always by whole people), hi \
              is too wide by less than one area, and 1 where one of the groups may have nobody",
    range: "0 ≤ lo ≤ hi ≤ 1",
    null_when: "a total is NULL, nobody is there, or nothing is hidden and one of the groups has nobody",
    source: "derived here, 2026: lo by majorisation (Hardy, Littlewood & Pólya 1934, Inequalities), hi by the fractional \
             knapsack (Dantzig 1957, doi:10.1287/opre.5.2.266); O: Hutchens 2004, International Economic Review 45(2)",
    example: Example {
        sql: "SELECT round(seg_hutchens_bounds(area, x, t)['lo'], 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', NULL, 10)) AS v(area, x, t)",
        result: "0.218815",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(WIDE, square_root).gives(BOUNDS).sees_nulls(),
        Form::table(LIMITS, square_root).gives(BOUNDS).sees_nulls(),
        Form::table(SHARED_OF, square_root)
            .gives(BOUNDS)
            .sees_nulls()
            .sees_empty(),
    ]),
};

const B: Argument = text("b");
const C: Argument = text("c");
const WIDE_B: &[Argument] = &[WIDE[0], WIDE[1], WIDE[2], B];
const LIMITS_B: &[Argument] = &[LIMITS[0], LIMITS[1], LIMITS[2], LIMITS[3], B];
const SHARED_OF_B: &[Argument] = &[SHARED_OF[0], SHARED_OF[1], SHARED_OF[2], SHARED_OF[3], SHARED_OF[4], B];
const WIDE_C: &[Argument] = &[WIDE[0], WIDE[1], WIDE[2], C];
const LIMITS_C: &[Argument] = &[LIMITS[0], LIMITS[1], LIMITS[2], LIMITS[3], C];
const SHARED_OF_C: &[Argument] = &[SHARED_OF[0], SHARED_OF[1], SHARED_OF[2], SHARED_OF[3], SHARED_OF[4], C];

/// A parameter as text: as a number it could not be told from a count.
const fn text(name: &'static str) -> Argument {
    Argument {
        name,
        role: Role::Choice("0.5"),
    }
}

/// A(b).
pub(in super::super) static SEG_ATKINSON_BOUNDS: Definition = Definition {
    name: "seg_atkinson_bounds",
    family: Family::Segregation,
    formula: "smallest and largest A(b) over all x_lo ≤ x ≤ x_hi: lo on x = t·p cut off at the limits, over all p; hi = 1 − \
              (min Σ x^b y^(1−b) / (X^b Y^(1−b)))^(1/(1−b)) with the sum by chords",
    reading: "struct: A(b) lies between lo and hi whatever the hidden counts are; b is written as text, '0.5'; share_hidden of \
              the people may or may not be of the group; value is A(b) when nothing is hidden. lo is reached (by shares, not \
              always by whole people), hi is too wide by less than one area, and 1 where one of the groups may have nobody",
    range: "0 ≤ lo ≤ hi ≤ 1",
    null_when: "a total is NULL, nobody is there, or nothing is hidden and one of the groups has nobody",
    source: "derived here, 2026: lo by majorisation (Hardy, Littlewood & Pólya 1934, Inequalities), hi by the fractional \
             knapsack (Dantzig 1957, doi:10.1287/opre.5.2.266); A: Atkinson 1970, doi:10.1016/0022-0531(70)90039-6",
    example: Example {
        sql: "SELECT round(seg_atkinson_bounds(area, x, t, '0.5')['lo'], 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', NULL, 10)) AS v(area, x, t)",
        result: "0.38975",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(WIDE_B, atkinson).gives(BOUNDS).sees_nulls(),
        Form::table(LIMITS_B, atkinson).gives(BOUNDS).sees_nulls(),
        Form::table(SHARED_OF_B, atkinson)
            .gives(BOUNDS)
            .sees_nulls()
            .sees_empty(),
    ]),
};

/// GE(c).
pub(in super::super) static SEG_GENERALISED_ENTROPY_BOUNDS: Definition = Definition {
    name: "seg_generalised_entropy_bounds",
    family: Family::Segregation,
    formula: "smallest and largest GE(c), 0 < c < 1, over all x_lo ≤ x ≤ x_hi: lo on x = t·p cut off at the limits, over all \
              p; hi = (1 − min Σ x^c y^(1−c) / (X^c Y^(1−c))) / (c(1 − c)) with the sum by chords",
    reading: "struct: GE(c) lies between lo and hi whatever the hidden counts are; c is written as text, '0.5', and lies \
              between 0 and 1: outside, a hidden area can make the index infinite. share_hidden of the people may or may not \
              be of the group; value is GE(c) when nothing is hidden. lo is reached (by shares, not always by whole people), \
              hi is too wide by less than one area, and the largest possible where one of the groups may have nobody",
    range: "0 ≤ lo ≤ hi ≤ 1 / (c(1 − c))",
    null_when: "a total is NULL, nobody is there, or nothing is hidden and one of the groups has nobody",
    source: "derived here, 2026: lo by majorisation (Hardy, Littlewood & Pólya 1934, Inequalities), hi by the fractional \
             knapsack (Dantzig 1957, doi:10.1287/opre.5.2.266); GE: Alonso-Villar & Del Río 2010, \
             doi:10.1016/j.mathsocsci.2010.02.001",
    example: Example {
        sql: "SELECT round(seg_generalised_entropy_bounds(area, x, t, '0.5')['lo'], 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', NULL, 10)) AS v(area, x, t)",
        result: "0.875259",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(WIDE_C, entropy).gives(BOUNDS).sees_nulls(),
        Form::table(LIMITS_C, entropy).gives(BOUNDS).sees_nulls(),
        Form::table(SHARED_OF_C, entropy)
            .gives(BOUNDS)
            .sees_nulls()
            .sees_empty(),
    ]),
};

/// A concave function of a share that is 0 at 0 and at 1.
#[derive(Debug, Clone, Copy)]
enum Mix {
    /// −p ln p − (1 − p) ln(1 − p).
    Entropy,
    /// p (1 − p).
    Product,
    /// p^b (1 − p)^(1−b).
    Power(f64),
}

impl Mix {
    /// Returns the function and its slope, which is infinite where a group vanishes and the function has no tangent.
    fn of(self, p: f64) -> Line {
        let q = 1.0 - p;
        if p <= 0.0 || q <= 0.0 {
            let slope = if matches!(self, Self::Product) {
                1.0
            } else {
                f64::INFINITY
            };
            return Line {
                value: 0.0,
                slope: if p <= 0.0 { slope } else { -slope },
            };
        }
        match self {
            Self::Entropy => Line {
                value: -(p * p.ln() + q * q.ln()),
                slope: q.ln() - p.ln(),
            },
            Self::Product => Line {
                value: p * q,
                slope: q - p,
            },
            Self::Power(b) => {
                let value = (b * p.ln() + (1.0 - b) * q.ln()).exp();
                Line {
                    value,
                    slope: value * (b / p - (1.0 - b) / q),
                }
            }
        }
    }

    /// Returns what R is at most in a town of two blocks, one without the group, which vanishes; `part` live in the other.
    fn without(self, part: f64) -> f64 {
        match self {
            // h(p) is never below what a part has of it, so R ≤ 1, which it tends to
            Self::Entropy | Self::Product => 1.0,
            // part^(1−b) ((1 − p)/(1 − P))^(1−b)
            Self::Power(b) => part.powf(1.0 - b),
        }
    }

    /// The same with the groups changed.
    fn full(self, part: f64) -> f64 {
        match self {
            Self::Power(b) => Self::Power(1.0 - b).without(part),
            of => of.without(part),
        }
    }

    /// Returns the ratio of all to the function of the mean.
    fn ratio(self, problem: &Problem, x: f64, over: Line) -> Ratio {
        let under = self.of(x / problem.t);
        Ratio {
            x,
            over,
            under: Line {
                value: problem.t * under.value,
                slope: under.slope,
            },
        }
    }

    /// Returns the smallest and the largest R.
    fn bounds(self, problem: &Problem) -> (f64, f64) {
        if problem.areas.len() < 2 {
            return (1.0, 1.0);
        }
        let slack = problem.slack();
        let (least, most) = (
            self.least(problem) * (1.0 - slack) - slack,
            self.most(problem) * (1.0 + slack) + slack,
        );
        (least.clamp(0.0, 1.0), most.clamp(0.0, 1.0))
    }

    fn most(self, problem: &Problem) -> f64 {
        let path = Path::new(problem);
        let ends = path.without.map_or(0.0, |part| self.without(part));
        let ends = ends.max(path.full.map_or(0.0, |part| self.full(part)));
        if !path.is_open() {
            return ends;
        }
        let search = Search {
            limit: 300,
            at: |p: f64| {
                let (mut x, mut value) = (0.0, 0.0);
                for area in &problem.areas {
                    let (here, _) = path::at(area, p);
                    x += here;
                    value += area.t * self.of(here / area.t).value;
                }
                let slope = self.of(p).slope;
                self.ratio(problem, x, Line { value, slope })
            },
            value: Ratio::value,
            bound: most,
        };
        ends.max(search.most(path.from, path.to))
    }

    fn least(self, problem: &Problem) -> f64 {
        let fill = Fill::new(problem, |area_t, x| area_t * self.of(x / area_t).value);
        let search = Search {
            limit: 300,
            at: |x: f64| self.ratio(problem, x, fill.at(x)),
            value: |at: &Ratio| {
                if at.under.value > 0.0 {
                    -at.value()
                } else {
                    f64::NEG_INFINITY
                }
            },
            bound: |left: &Ratio, right: &Ratio| -least(left, right),
        };
        (-search.most(problem.least, problem.most)).max(self.floor(problem))
    }

    /// Returns what R of powers is at least: Σ (x/X)^b (y/Y)^(1−b) is concave in the parts x/X, so nowhere below the least
    /// (y/Y)^(1−b) of an area that may have members; and the same with the groups changed.
    fn floor(self, problem: &Problem) -> f64 {
        let Self::Power(b) = self else {
            return 0.0;
        };
        let least = |pick: fn(&Area) -> bool, other: fn(&Area) -> f64| {
            let of = problem.areas.iter().filter(|area| pick(area)).map(other);
            of.fold(problem.t, f64::min) / problem.t
        };
        let rest = least(|area| area.most > 0.0, |area| area.t - area.most);
        let group = least(|area| area.least < area.t, |area| area.least);
        rest.powf(1.0 - b).max(group.powf(b))
    }
}

/// Returns what the variance ratio is at least.
pub(super) fn least_variance_ratio(problem: &Problem) -> f64 {
    1.0 - Mix::Product.bounds(problem).1
}

/// Returns bounds of the variance ratio.
pub(super) fn variance_ratio(problem: &Problem) -> (f64, f64) {
    let (least, most) = Mix::Product.bounds(problem);
    (1.0 - most, 1.0 - least)
}

/// What a sum of concave functions is at least, by the number of members: chords in the order of their slopes.
struct Fill {
    /// Members and sum where each area is full, and the slope that follows.
    points: Vec<(f64, f64, f64)>,
}

impl Fill {
    fn new(problem: &Problem, of: impl Fn(f64, f64) -> f64) -> Self {
        let mut start = 0.0;
        let mut chords = Vec::new();
        for area in &problem.areas {
            let from = of(area.t, area.least);
            start += from;
            if area.hidden() {
                let by = area.most - area.least;
                chords.push(((of(area.t, area.most) - from) / by, by));
            }
        }
        chords.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.total_cmp(&right.1)));
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

    /// Returns the sum at a number of members, and a slope of its tangents there.
    fn at(&self, x: f64) -> Line {
        let at = self.points.partition_point(|point| point.0 <= x).max(1) - 1;
        let (from, value, slope) = self.points[at];
        Line {
            value: slope.mul_add((x - from).max(0.0), value).max(0.0),
            slope,
        }
    }
}

/// Returns bounds of an index that falls with R.
fn bounds(
    table: &Table<'_>,
    params: &Params,
    function: &str,
    mix: Mix,
    most: f64,
    plain: impl Fn(&Wide) -> Outcome,
    index: impl Fn(f64) -> f64,
) -> Outcome {
    let Some(problem) = Problem::read(table, params, function)?.filter(Problem::told) else {
        return Ok(Value::Null);
    };
    if problem.suppressed == 0 {
        return Ok(problem.exactly(plain(&problem.known())?));
    }
    let (least, even) = mix.bounds(&problem);
    let mut hi = index(least);
    // a convex function over a concave one is largest where every area is at a limit
    if !matches!(mix, Mix::Power(_))
        && let Some(largest) = vertices::largest(&problem, |wide| plain(wide))?
    {
        hi = hi.min(largest);
    }
    Ok(problem.between(index(even), hi, (0.0, most)))
}

fn theory(table: &Table<'_>, params: &Params) -> Outcome {
    let of = |wide: &Wide| information::theory(wide, &Params::default());
    bounds(
        table,
        params,
        "seg_information_theory_bounds",
        Mix::Entropy,
        1.0,
        of,
        |r| 1.0 - r,
    )
}

fn ratio(table: &Table<'_>, params: &Params) -> Outcome {
    let of = |wide: &Wide| variance::ratio(wide, &Params::default());
    bounds(table, params, "seg_variance_ratio_bounds", Mix::Product, 1.0, of, |r| {
        1.0 - r
    })
}

fn square_root(table: &Table<'_>, params: &Params) -> Outcome {
    let of = |wide: &Wide| hutchens::wide(wide, &Params::default());
    bounds(table, params, "seg_hutchens_bounds", Mix::Power(0.5), 1.0, of, |r| {
        1.0 - r
    })
}

/// Returns the parameter, the last text of a call.
fn parameter(params: &Params, function: &str, name: &str) -> Result<f64, Error> {
    let given = params.texts.last().and_then(|text| text.parse::<f64>().ok());
    given.filter(|value| *value > 0.0 && *value < 1.0).ok_or_else(|| {
        Error::invalid(6005, format!("`{function}` takes a `{name}` between 0 and 1")).hint(format!(
            "write it as text, `'0.5'`; a number would be a count: `{function}(area, x, t, '0.5')`"
        ))
    })
}

fn literal(value: f64) -> Params {
    Params {
        numbers: vec![value],
        ..Params::default()
    }
}

fn atkinson(table: &Table<'_>, params: &Params) -> Outcome {
    const NAME: &str = "seg_atkinson_bounds";
    let b = parameter(params, NAME, "b")?;
    let of = |wide: &Wide| atkinson::atkinson(wide, &literal(b));
    bounds(table, params, NAME, Mix::Power(b), 1.0, of, |r| {
        1.0 - r.powf(1.0 / (1.0 - b))
    })
}

fn entropy(table: &Table<'_>, params: &Params) -> Outcome {
    const NAME: &str = "seg_generalised_entropy_bounds";
    let c = parameter(params, NAME, "c")?;
    let of = |wide: &Wide| atkinson::entropy(wide, &literal(c));
    let most = 1.0 / (c * (1.0 - c));
    bounds(table, params, NAME, Mix::Power(c), most, of, |r| (1.0 - r) * most)
}
