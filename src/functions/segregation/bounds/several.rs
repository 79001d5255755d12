//! Bounds of indices of several groups, of which the hidden ones of an area share the people that are left.
//!
//! D, G, R, P and C are means of each group's index against the rest, with weights that depend on the groups' sizes; the
//! bounds are the smallest and largest mean that the groups' own bounds and the possible weights allow. M is jointly
//! convex in areas and groups: its least, and H's, are found by turns between the areas' mixes and the groups' sizes
//! (Csiszár & Tusnády 1984), and what is still missing is proved by the tangent there and taken off. The most of H and R
//! has every area as unmixed as it can be and the whole as mixed.
//!
//! M, Karmel and MacLachlan's index, P and, of the groups that are present, C are convex in the counts, D, G, H and R convex
//! over concave, so each is largest where the rest of every area is of one group (without one of them C only grows); where
//! those ways are few they are all tried.

use super::{
    dissimilarity::Under,
    gini, jensen,
    problem::{BOUNDS, Groups, Problem, SHARED, Shares, slack, told},
};
use crate::{
    error::Result,
    functions::{
        def::{Body, Definition, Example, Family, Form, Outcome, Params},
        gather::Gather,
        segregation::{self, information, karmel_maclachlan, variance},
        table::{Long, Table},
        value::Value,
    },
};

/// Bounds of M.
pub(in super::super) static SEG_MUTUAL_INFORMATION_BOUNDS: Definition = Definition {
    name: "seg_mutual_information_bounds",
    family: Family::Segregation,
    formula: "smallest and largest M over all counts that are possible: lo by turns n ∝ P_k cut off at what is known and P_k = \
              N_k/T, less its duality gap; hi = E of the most mixed whole − Σ (t/T) E of the least mixed areas",
    reading: "struct: M lies between lo and hi whatever the hidden counts are; share_hidden of the people are of groups that \
              are not known; value is M when nothing is hidden. lo is reached up to a small gap that is taken off, hi is \
              proved and need not be reached",
    range: "0 ≤ lo ≤ hi ≤ ln(number of groups)",
    null_when: "a total is NULL, nobody is there, or nothing is hidden and fewer than two groups have anybody",
    source: "derived here, 2026, by alternating minimisation (Csiszár & Tusnády 1984, Statistics & Decisions, Supplement 1) and \
             the gradient inequality; M: Theil & Finizza 1971, doi:10.1080/0022250X.1971.9989795",
    example: Example {
        sql: "SELECT round(seg_mutual_information_bounds(area, grp, n, t)['hi'], 6) FROM (VALUES ('A', 'x', 10, 20), ('A', 'y', 10, 20), ('B', 'x', NULL, 10), ('B', 'y', NULL, 10)) AS v(area, grp, n, t)",
        result: "0.174416",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(SHARED, mutual).gives(BOUNDS).sees_nulls().sees_empty()]),
};

/// Bounds of R.
pub(in super::super) static SEG_RELATIVE_DIVERSITY_BOUNDS: Definition = Definition {
    name: "seg_relative_diversity_bounds",
    family: Family::Segregation,
    formula: "smallest and largest Σ w_k V_k / Σ w_k, w = P(1 − P), that the bounds of each group's V against the rest and of \
              its size allow; hi also 1 − (least mixed areas) / (most mixed whole)",
    reading: "struct: R lies between lo and hi whatever the hidden counts are; share_hidden of the people are of groups that \
              are not known; value is R when nothing is hidden. Both are proved, neither need be reached",
    range: "0 ≤ lo ≤ hi ≤ 1",
    null_when: "a total is NULL, nobody is there, or nothing is hidden and fewer than two groups have anybody",
    source: "derived here, 2026, from the bounds of the variance ratio; R: Goodman & Kruskal 1954; Reardon & Firebaugh 2002, \
             doi:10.1111/1467-9531.00110",
    example: Example {
        sql: "SELECT round(seg_relative_diversity_bounds(area, grp, n, t)['hi'], 6) FROM (VALUES ('A', 'x', 10, 20), ('A', 'y', 10, 20), ('B', 'x', NULL, 10), ('B', 'y', NULL, 10)) AS v(area, grp, n, t)",
        result: "0.25",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(SHARED, diversity).gives(BOUNDS).sees_nulls().sees_empty()]),
};

/// Bounds of P.
pub(in super::super) static SEG_NORMALISED_EXPOSURE_BOUNDS: Definition = Definition {
    name: "seg_normalised_exposure_bounds",
    family: Family::Segregation,
    formula: "smallest and largest Σ P_k V_k that the bounds of each group's V against the rest and of its size allow",
    reading: "struct: the index lies between lo and hi whatever the hidden counts are; share_hidden of the people are of groups \
              that are not known; value is the index when nothing is hidden. Both are proved, neither need be reached",
    range: "0 ≤ lo ≤ hi ≤ 1",
    null_when: "a total is NULL, nobody is there, or nothing is hidden and fewer than two groups have anybody",
    source: "derived here, 2026, from the bounds of the variance ratio; the index: James 1986; Reardon & Firebaugh 2002, \
             doi:10.1111/1467-9531.00110",
    example: Example {
        sql: "SELECT round(seg_normalised_exposure_bounds(area, grp, n, t)['hi'], 6) FROM (VALUES ('A', 'x', 10, 20), ('A', 'y', 10, 20), ('B', 'x', NULL, 10), ('B', 'y', NULL, 10)) AS v(area, grp, n, t)",
        result: "0.25",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(SHARED, exposure).gives(BOUNDS).sees_nulls().sees_empty()]),
};

/// Bounds of C.
pub(in super::super) static SEG_SQUARED_VARIATION_BOUNDS: Definition = Definition {
    name: "seg_squared_variation_bounds",
    family: Family::Segregation,
    formula: "smallest and largest Σ (1 − P_k) V_k / (K − 1) that the bounds of each group's V against the rest and of its size \
              allow",
    reading: "struct: the index lies between lo and hi whatever the hidden counts are; share_hidden of the people are of groups \
              that are not known; value is the index when nothing is hidden. Both are proved, neither need be reached",
    range: "0 ≤ lo ≤ hi ≤ 1",
    null_when: "a total is NULL, nobody is there, or nothing is hidden and fewer than two groups have anybody",
    source: "derived here, 2026, from the bounds of the variance ratio; the index: Reardon & Firebaugh 2002, \
             doi:10.1111/1467-9531.00110",
    example: Example {
        sql: "SELECT round(seg_squared_variation_bounds(area, grp, n, t)['hi'], 6) FROM (VALUES ('A', 'x', 10, 20), ('A', 'y', 10, 20), ('B', 'x', NULL, 10), ('B', 'y', NULL, 10)) AS v(area, grp, n, t)",
        result: "0.25",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(SHARED, variation).gives(BOUNDS).sees_nulls().sees_empty()]),
};

/// Returns bounds, or the index when nothing is hidden.
fn solve(
    table: &Table<'_>,
    function: &str,
    plain: fn(&Long<'_>, &Params) -> Outcome,
    most: impl Fn(&Groups) -> f64,
    bounds: impl Fn(&Groups) -> Result<(f64, f64)>,
) -> Outcome {
    let Some(groups) = Groups::read(table, function)?.filter(|groups| groups.t > 0.0) else {
        return Ok(Value::Null);
    };
    let units = groups.areas.len();
    let hidden = groups.areas.iter().filter(|area| area.rest > 0.0);
    let (suppressed, open) = hidden.fold((0, 0.0), |(count, sum), area| (count + 1, sum + area.rest));
    if suppressed == 0 {
        return Ok(match of(table, &groups, plain, |area| area.known.clone())? {
            Value::Number(of) => told(of.into(), of, of, units, 0, 0.0),
            _ => Value::Null,
        });
    }
    let (lo, mut hi) = if units < 2 { (0.0, 0.0) } else { bounds(&groups)? };
    if units > 1
        && let Some(largest) = largest(table, &groups, plain)?
    {
        hi = hi.min(largest);
    }
    let most = most(&groups);
    // one unit is 0, which nothing rounds
    let by = if units < 2 {
        0.0
    } else {
        slack(units) * groups.names.len() as f64 * most.max(1.0)
    };
    let (lo, hi) = ((lo - by).clamp(0.0, most), (hi + by).clamp(0.0, most));
    let lo = if lo > hi { hi } else { lo };
    Ok(told(Value::Null, lo, hi, units, suppressed, open / groups.t))
}

/// Returns the index of areas whose groups are filled in one way.
fn of(
    table: &Table<'_>,
    groups: &Groups,
    plain: fn(&Long<'_>, &Params) -> Outcome,
    mut fill: impl FnMut(&Shares) -> Vec<f64>,
) -> Outcome {
    let filled: Vec<Vec<f64>> = groups.areas.iter().map(&mut fill).collect();
    let present: Vec<usize> = (0..groups.names.len())
        .filter(|group| filled.iter().any(|area| area[*group] > 0.0))
        .collect();
    let number = |count: usize| (0..).take(count).collect::<Vec<u32>>();
    let mut cells = Gather::default();
    cells.locals = vec![number(filled.len()), number(present.len())];
    cells.cells = vec![Vec::new(), Vec::new()];
    cells.counts = vec![Vec::new()];
    for (at, area) in (0..).zip(&filled) {
        for (place, group) in (0..).zip(&present) {
            if area[*group] > 0.0 {
                cells.cells[0].push(at);
                cells.cells[1].push(place);
                cells.counts[0].push(area[*group]);
            }
        }
    }
    let table = Table {
        keys: table.keys,
        cells: &cells,
        counts: 1,
        empty: 0,
        unknown: &[],
    };
    plain(&table.long(), &Params::default())
}

/// Returns the largest value with the rest of each area given to one group, by trying all ways; nothing when they are too
/// many. Where only one group has anybody, numerator and denominator are both 0, which is no larger than elsewhere.
fn largest(table: &Table<'_>, groups: &Groups, plain: fn(&Long<'_>, &Params) -> Outcome) -> Result<Option<f64>> {
    /// Cells that may be looked at in all.
    const WORK: usize = 1 << 14;
    let free = |area: &Shares| area.free.iter().filter(|free| **free).count();
    let each = groups.areas.len().saturating_mul(groups.names.len());
    let mut ways = 1_usize;
    for area in groups.areas.iter().filter(|area| area.rest > 0.0) {
        ways = ways.saturating_mul(free(area));
        if ways.saturating_mul(each) > WORK {
            return Ok(None);
        }
    }
    let mut most = None;
    for way in 0..ways {
        let mut way = way;
        let corner = |area: &Shares| {
            let mut filled = area.known.clone();
            if area.rest > 0.0 {
                let turn = way % free(area);
                way /= free(area);
                if let Some(at) = (0..filled.len()).filter(|at| area.free[*at]).nth(turn) {
                    filled[at] += area.rest;
                }
            }
            filled
        };
        if let Value::Number(value) = of(table, groups, plain, corner)? {
            most = Some(most.map_or(value, |most: f64| most.max(value)));
        }
    }
    Ok(most)
}

/// One group against the rest: bounds of its index, its share of all, and its weight.
struct One {
    index: (f64, f64),
    weight: (f64, f64),
}

/// Returns the smallest and the largest mean that bounds and weights allow: a mean is more than c when the weighted sum of
/// what is above c is positive, and that is largest with each weight at one of its ends.
fn mean(groups: &[One]) -> (f64, f64) {
    let (mut lo, mut hi) = ((0.0, 1.0), (0.0, 1.0));
    for _ in 0..60 {
        let c = f64::midpoint(lo.0, lo.1);
        let over = |one: &One| (one.weight.0 * (one.index.0 - c)).min(one.weight.1 * (one.index.0 - c));
        if groups.iter().map(over).sum::<f64>() >= 0.0 {
            lo.0 = c;
        } else {
            lo.1 = c;
        }
        let c = f64::midpoint(hi.0, hi.1);
        let over = |one: &One| (one.weight.0 * (one.index.1 - c)).max(one.weight.1 * (one.index.1 - c));
        if groups.iter().map(over).sum::<f64>() > 0.0 {
            hi.0 = c;
        } else {
            hi.1 = c;
        }
    }
    (lo.0, hi.1)
}

/// Returns each group that can have anybody against the rest, with bounds of an index and of a weight by its share.
fn ones(
    groups: &Groups,
    index: impl Fn(&Problem) -> Result<(f64, f64)>,
    weight: impl Fn(f64, f64) -> (f64, f64),
) -> Result<Vec<One>> {
    let mut all = Vec::new();
    for at in 0..groups.names.len() {
        let problem = groups.one(Some(at));
        if problem.most <= 0.0 {
            continue;
        }
        let (least, most) = (problem.least / groups.t, (problem.most / groups.t).min(1.0));
        let index = if problem.suppressed > 0 {
            index(&problem)?
        } else if problem.least < problem.t {
            // all is known of this group; its bounds are its index
            index(&problem)?
        } else {
            (0.0, 0.0)
        };
        let by = slack(groups.areas.len());
        all.push(One {
            index: ((index.0 - by).clamp(0.0, 1.0), (index.1 + by).clamp(0.0, 1.0)),
            weight: weight(least, most),
        });
    }
    Ok(all)
}

/// Returns the bounds of P(1 − P).
fn spread(least: f64, most: f64) -> (f64, f64) {
    let of = |share: f64| share * (1.0 - share);
    (of(least).min(of(most)), of(0.5_f64.clamp(least, most)))
}

pub(super) fn dissimilarity(table: &Table<'_>, _: &Params) -> Outcome {
    let plain = segregation::dissimilarity::long;
    solve(
        table,
        "seg_dissimilarity_bounds",
        plain,
        |_| 1.0,
        |groups| {
            let (lo, hi) = mean(&ones(groups, |of| Under::Both.bounds(of), spread)?);
            let (least, most) = moved(groups)?;
            let mixed = mixed(groups, |share| share * (1.0 - share));
            let apart: f64 = ones(groups, |_| Ok((0.0, 0.0)), spread)?
                .iter()
                .map(|one| one.weight.0)
                .sum();
            Ok((
                lo.max(least / mixed),
                if apart > 0.0 { hi.min(most / apart) } else { hi },
            ))
        },
    )
}

/// Returns the bounds of Karmel and MacLachlan's index: half the sum of the groups'.
fn moved(groups: &Groups) -> Result<(f64, f64)> {
    let ones = ones(groups, |of| Under::All.bounds(of), spread)?;
    Ok(ones.iter().fold((0.0, 0.0), |(lo, hi), one| {
        (lo + one.index.0 / 2.0, hi + one.index.1 / 2.0)
    }))
}

pub(super) fn karmel(table: &Table<'_>, _: &Params) -> Outcome {
    let plain = karmel_maclachlan::long;
    solve(table, "seg_karmel_maclachlan_bounds", plain, |_| 1.0, moved)
}

pub(super) fn gini(table: &Table<'_>, _: &Params) -> Outcome {
    solve(
        table,
        "seg_gini_bounds",
        segregation::gini::long,
        |_| 1.0,
        |groups| Ok(mean(&ones(groups, gini::range, spread)?)),
    )
}

fn diversity(table: &Table<'_>, _: &Params) -> Outcome {
    solve(
        table,
        "seg_relative_diversity_bounds",
        variance::diversity,
        |_| 1.0,
        |groups| {
            let (lo, hi) = mean(&ones(groups, |of| Ok(jensen::variance_ratio(of)), spread)?);
            let of = |share: f64| share * (1.0 - share);
            let apart: f64 = groups.areas.iter().map(|area| area.t * area.unmixed(of)).sum();
            Ok((lo, hi.min(1.0 - apart / groups.t / mixed(groups, of))))
        },
    )
}

fn exposure(table: &Table<'_>, _: &Params) -> Outcome {
    solve(
        table,
        "seg_normalised_exposure_bounds",
        variance::exposure,
        |_| 1.0,
        |groups| {
            let weight = |least: f64, most: f64| (least, most);
            Ok(mean(&ones(groups, |of| Ok(jensen::variance_ratio(of)), weight)?))
        },
    )
}

fn variation(table: &Table<'_>, _: &Params) -> Outcome {
    solve(
        table,
        "seg_squared_variation_bounds",
        variance::variation,
        |_| 1.0,
        |groups| {
            // a group that may be absent may have no weight
            let weight = |least: f64, most: f64| (if least > 0.0 { 1.0 - most } else { 0.0 }, 1.0 - least);
            Ok(mean(&ones(groups, |of| Ok(jensen::variance_ratio(of)), weight)?))
        },
    )
}

fn mutual(table: &Table<'_>, _: &Params) -> Outcome {
    let most = |groups: &Groups| (groups.names.len() as f64).ln();
    solve(
        table,
        "seg_mutual_information_bounds",
        information::mutual_long,
        most,
        |groups| {
            let hi = mixed(groups, entropy) - areas(groups) / groups.t;
            Ok((Turns::new(groups).mutual(groups), hi))
        },
    )
}

pub(super) fn theory(table: &Table<'_>, _: &Params) -> Outcome {
    solve(
        table,
        "seg_information_theory_bounds",
        information::theory_long,
        |_| 1.0,
        |groups| {
            let mixed = mixed(groups, entropy);
            let hi = if mixed > 0.0 {
                1.0 - areas(groups) / groups.t / mixed
            } else {
                1.0
            };
            Ok((Turns::new(groups).theory(groups), hi))
        },
    )
}

/// Returns Σ t E of areas that are as unmixed as they can be.
fn areas(groups: &Groups) -> f64 {
    groups.areas.iter().map(|area| area.t * area.unmixed(entropy)).sum()
}

/// Returns −p ln p.
fn entropy(share: f64) -> f64 {
    if share > 0.0 { -share * share.ln() } else { 0.0 }
}

/// Returns the largest Σ h(P_k) of sizes that are possible, h concave: all equal, cut off at their limits.
fn mixed(groups: &Groups, of: fn(f64) -> f64) -> f64 {
    let limits: Vec<(f64, f64)> = (0..groups.names.len())
        .map(|at| groups.one(Some(at)))
        .map(|one| (one.least / groups.t, (one.most / groups.t).min(1.0)))
        .collect();
    let all = |level: f64| limits.iter().map(move |(least, most)| level.clamp(*least, *most));
    let (mut below, mut above) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(below, above);
        if all(middle).sum::<f64>() < 1.0 {
            below = middle;
        } else {
            above = middle;
        }
    }
    all(above).map(of).sum()
}

impl Shares {
    /// Returns the smallest Σ h(p_k), h concave: the rest is of one group.
    fn unmixed(&self, of: fn(f64) -> f64) -> f64 {
        let all: f64 = self.known.iter().map(|n| of(n / self.t)).sum();
        let joined =
            |(n, free): (&f64, &bool)| free.then(|| all - of(n / self.t) + of(((n + self.rest) / self.t).min(1.0)));
        let of = self.known.iter().zip(&self.free).filter_map(joined);
        of.fold(f64::INFINITY, f64::min)
            .min(if self.rest > 0.0 { f64::INFINITY } else { all })
            .max(0.0)
    }

    /// Fills the rest in proportion to given weights, where more is known than that gives it stays.
    fn fill(&self, weights: &[f64], into: &mut [f64]) {
        into.copy_from_slice(&self.known);
        if self.rest <= 0.0 {
            return;
        }
        // the level at which free groups' weights hold what is known of them and the rest
        let mut order: Vec<usize> = (0..weights.len()).filter(|at| self.free[*at]).collect();
        let level = |at: usize| self.known[at] / weights[at];
        order.sort_by(|left, right| level(*left).total_cmp(&level(*right)));
        let (mut people, mut weight) = (self.rest, 0.0);
        let mut filled = 0;
        for at in &order {
            if filled > 0 && people / weight <= level(*at) {
                break;
            }
            people += self.known[*at];
            weight += weights[*at];
            filled += 1;
        }
        for at in &order[..filled] {
            into[*at] = (people / weight * weights[*at]).max(self.known[*at]);
        }
    }
}

/// The mixes of areas and the sizes of groups that minimise M or H, by turns.
struct Turns {
    mixes: Vec<Vec<f64>>,
    sizes: Vec<f64>,
}

impl Turns {
    /// How often both are brought up to date.
    const ROUNDS: usize = 120;

    fn new(groups: &Groups) -> Self {
        let count = groups.names.len();
        let mut sizes = vec![0.0; count];
        for area in &groups.areas {
            let free = area.free.iter().filter(|free| **free).count().max(1) as f64;
            for ((size, known), is_free) in sizes.iter_mut().zip(&area.known).zip(&area.free) {
                *size += known + if *is_free { area.rest / free } else { 0.0 };
            }
        }
        Self {
            mixes: groups.areas.iter().map(|area| area.known.clone()).collect(),
            sizes,
        }
    }

    /// One turn with weights P^(1 − c); returns whether it moved anybody.
    fn turn(&mut self, groups: &Groups, c: f64) -> bool {
        let weights: Vec<f64> = self
            .sizes
            .iter()
            .map(|size| (size / groups.t).powf(1.0 - c).max(f64::MIN_POSITIVE))
            .collect();
        let before = std::mem::replace(&mut self.sizes, vec![0.0; weights.len()]);
        for (area, mix) in groups.areas.iter().zip(&mut self.mixes) {
            area.fill(&weights, mix);
            for (size, n) in self.sizes.iter_mut().zip(mix) {
                *size += *n;
            }
        }
        let far = before
            .iter()
            .zip(&self.sizes)
            .map(|(before, size)| (before - size).abs());
        far.fold(0.0, f64::max) > 1e-14 * groups.t
    }

    /// Returns Σ n ln(n/t), and −Σ N ln(N/T).
    fn parts(&self, groups: &Groups) -> (f64, f64) {
        let inside = groups.areas.iter().zip(&self.mixes).map(|(area, mix)| {
            let of = mix.iter().map(|n| -entropy(n / area.t));
            area.t * of.sum::<f64>()
        });
        let whole: f64 = self.sizes.iter().map(|size| entropy(size / groups.t)).sum();
        (inside.sum(), groups.t * whole)
    }

    /// Returns what F = T M − c T E is at least, for all mixes: F is convex, so nowhere below its tangent here, and that is
    /// smallest where each area's rest is of one group.
    fn tangent(&self, groups: &Groups, c: f64, (inside, whole): (f64, f64)) -> f64 {
        let mut least = inside + (1.0 - c) * whole;
        for (area, mix) in groups.areas.iter().zip(&self.mixes).filter(|(area, _)| area.rest > 0.0) {
            let (mut here, mut lowest) = (0.0, f64::INFINITY);
            for at in (0..mix.len()).filter(|at| area.free[*at]) {
                let slope = (mix[at] / area.t).ln() - (1.0 - c) * (self.sizes[at] / groups.t).ln();
                here += slope * (mix[at] - area.known[at]);
                lowest = lowest.min(slope);
            }
            least += lowest * area.rest - here;
        }
        if least.is_nan() { f64::NEG_INFINITY } else { least }
    }

    fn mutual(mut self, groups: &Groups) -> f64 {
        for _ in 0..Self::ROUNDS {
            if !self.turn(groups, 0.0) {
                break;
            }
        }
        let parts = self.parts(groups);
        self.tangent(groups, 0.0, parts) / groups.t
    }

    fn theory(mut self, groups: &Groups) -> f64 {
        let mut c = 0.0;
        for _ in 0..Self::ROUNDS {
            let moved = self.turn(groups, c);
            let (inside, whole) = self.parts(groups);
            let before = c;
            c = if whole > 0.0 {
                ((inside + whole) / whole).clamp(0.0, 1.0)
            } else {
                0.0
            };
            if !moved && (c - before).abs() < 1e-14 {
                break;
            }
        }
        let parts = self.parts(groups);
        let (mut below, mut above) = (0.0, 1.0);
        for _ in 0..50 {
            let middle = f64::midpoint(below, above);
            if self.tangent(groups, middle, parts) >= 0.0 {
                below = middle;
            } else {
                above = middle;
            }
        }
        below
    }
}
