//! Why M changed between two times: areas and groups that came or went, the sizes of groups and of areas, and structure.
//!
//! What would M be with the sizes of one time and the structure (odds ratios) of the other? Iterative proportional
//! fitting answers. It stops when every size is met to a share of itself: with many areas an absolute tolerance stops
//! at once, and the parts can then have the wrong sign. What can go wrong: cells that are empty at one time only have
//! no odds ratio, so they are filled with next to nobody; where fitting still does not end, its parts are NULL.

use super::information::{cell, entropy};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params, Twin},
        table::Table,
        value::{Output, Value},
    },
};

const TAKES: &[Argument] = &[
    Argument::key("area"),
    Argument::key("group"),
    Argument::count("before"),
    Argument::count("after"),
    Argument::choice("method", "shapley"),
];
const GIVES: Output = Output::Struct(&[
    ("value", Output::Number),
    ("before", Output::Number),
    ("after", Output::Number),
    ("additions", Output::Number),
    ("removals", Output::Number),
    ("group_marginal", Output::Number),
    ("unit_marginal", Output::Number),
    ("interaction", Output::Number),
    ("structural", Output::Number),
    ("residual", Output::Number),
    ("iterations", Output::Count),
]);

/// The change of M in parts.
pub(super) static SEG_CHANGE: Definition = Definition {
    name: "seg_change",
    family: Family::Segregation,
    formula: "value = M after − M before = additions + removals + group_marginal + unit_marginal [+ interaction] + structural. \
              removals, additions: what leaving out areas and groups of one time only changes in M before and after. The rest \
              is about areas and groups of both times, with M(s, u, g) the M of the structure of time s fitted to the sizes of \
              areas of u and of groups of g: structural = ½ Σ_m M(after, m, m) − M(before, m, m); the two marginals are the \
              means over both structures and both sizes of the other kind ('shapley'). 'km': group and area sizes one by one \
              from the first time, interaction what both add together, structural from there. 'mrc': group_marginal the change \
              of the groups' entropy, unit_marginal of the sizes of areas at mean entropy, structural of the areas' entropy",
    reading: "struct: how much of the change is new or closed areas, sizes of groups, sizes of areas, and real (structural) \
              change. Fitted until every size is met to 10⁻⁹ of itself; residual and iterations say how that went. 0 for an \
              area or group that is not there",
    range: "each part in nats, of either sign",
    null_when: "a count is NULL, or at one of the times fewer than two groups have anybody; interaction unless method is 'km'; \
                parts that needed fitting when it did not end",
    source: "Elbers 2023, doi:10.1177/0049124121986204; Karmel & MacLachlan 1988, doi:10.1111/j.1475-4932.1988.tb02057.x; Mora \
             & Ruiz-Castillo 2009, Research on Economic Inequality 17:33; Deming & Stephan 1940, doi:10.1214/aoms/1177731829",
    example: Example {
        sql: "SELECT round(seg_change(area, grp, n1, n2)['structural'], 6) FROM (VALUES ('A', 'x', 40, 20), ('A', 'y', 5, 5), ('B', 'x', 30, 20), ('B', 'y', 10, 10), ('C', 'x', 20, 20), ('C', 'y', 15, 10), ('D', 'x', 10, 15), ('D', 'y', 20, 15)) AS v(area, grp, n1, n2)",
        result: "-0.06868",
    },
    laws: &[],
    twins: &[Twin {
        name: "seg_change_structural",
        field: 8,
        reading: "the change of M that sizes of groups and areas and their coming and going do not explain",
        range: "nats, of either sign",
        example: Example {
            sql: "SELECT round(seg_change_structural(area, grp, n1, n2), 6) FROM (VALUES ('A', 'x', 10, 20), ('A', 'y', 5, 10), ('B', 'x', 3, 6), ('B', 'y', 9, 18)) AS v(area, grp, n1, n2)",
            result: "0.0",
        },
    }],
    body: Body::Aggregate(&[Form::table(TAKES, change).gives(GIVES)]),
};

/// To what share of itself every size is met.
const TOLERANCE: f64 = 1e-9;
/// When fitting is given up.
const ITERATIONS: usize = 10_000;
/// What stands for nobody, as a share of everybody.
const NOBODY: f64 = 1e-16;

/// Cells at one time, with their sizes.
#[derive(Debug, Default)]
pub(super) struct Time {
    /// Everybody in a cell.
    pub(super) cells: Vec<f64>,
    /// Everybody, by area.
    pub(super) areas: Vec<f64>,
    /// Everybody, by group.
    pub(super) groups: Vec<f64>,
    /// Everybody.
    pub(super) total: f64,
}

impl Time {
    /// Sums cells that are at (area, group).
    pub(super) fn new(at: &[(u32, u32)], cells: Vec<f64>, areas: usize, groups: usize) -> Self {
        let mut of = Self {
            areas: vec![0.0; areas],
            groups: vec![0.0; groups],
            ..Self::default()
        };
        for ((area, group), n) in at.iter().zip(&cells) {
            of.areas[*area as usize] += n;
            of.groups[*group as usize] += n;
        }
        of.total = of.groups.iter().sum();
        of.cells = cells;
        of
    }

    /// Returns whether fewer than two groups have anybody, so that there is no M.
    pub(super) fn is_of_one(&self) -> bool {
        self.groups.iter().filter(|n| **n > 0.0).count() < 2
    }

    fn told(&self, at: &[(u32, u32)]) -> f64 {
        if self.total <= 0.0 {
            return 0.0;
        }
        let sum: f64 = at
            .iter()
            .zip(&self.cells)
            .map(|((area, group), n)| cell(*n, self.areas[*area as usize], self.groups[*group as usize], self.total))
            .sum();
        (sum / self.total).clamp(0.0, f64::INFINITY)
    }
}

/// How fitting went.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Fit {
    residual: f64,
    iterations: usize,
}

impl Fit {
    /// Returns whether every size was met.
    pub(super) fn ended(self) -> bool {
        self.residual <= TOLERANCE
    }

    /// Returns M of the structure of one time with sizes of others.
    fn told(&mut self, at: &[(u32, u32)], structure: &Time, areas: &Time, groups: &Time) -> f64 {
        // one that does not end makes every part NULL
        if !self.ended() {
            return f64::NAN;
        }
        self.fitted(at, structure, areas, groups).told(at)
    }

    /// Returns the structure of one time with sizes of others.
    pub(super) fn fitted(&mut self, at: &[(u32, u32)], structure: &Time, areas: &Time, groups: &Time) -> Time {
        let want = |sizes: &[f64], total: f64| sizes.iter().map(|n| n / total).collect::<Vec<f64>>();
        let (rows, columns) = (want(&areas.areas, areas.total), want(&groups.groups, groups.total));
        let mut by = vec![1.0; columns.len()];
        let mut per = vec![0.0; rows.len()];
        let mut sums = vec![0.0; rows.len()];
        let mut iterations = 0;
        let residual = loop {
            sums.fill(0.0);
            for ((area, group), n) in at.iter().zip(&structure.cells) {
                sums[*area as usize] += n * by[*group as usize];
            }
            // groups are met since the last round: are areas?
            let worst = per
                .iter()
                .zip(&sums)
                .zip(&rows)
                .map(|((per, sum), want)| (per * sum / want - 1.0).abs())
                .fold(0.0, |worst: f64, of| if of <= worst { worst } else { of });
            if iterations > 0 && (worst <= TOLERANCE || iterations == ITERATIONS) || worst.is_nan() {
                break worst;
            }
            for ((per, sum), want) in per.iter_mut().zip(&sums).zip(&rows) {
                *per = want / sum;
            }
            let mut met = vec![0.0; by.len()];
            for ((area, group), n) in at.iter().zip(&structure.cells) {
                met[*group as usize] += n * per[*area as usize];
            }
            for ((by, met), want) in by.iter_mut().zip(met).zip(&columns) {
                *by = want / met;
            }
            iterations += 1;
        };
        self.iterations = self.iterations.max(iterations);
        // NaN stays
        if residual.is_nan() || residual > self.residual {
            self.residual = residual;
        }
        let cells = at
            .iter()
            .zip(&structure.cells)
            .map(|((area, group), n)| n * per[*area as usize] * by[*group as usize])
            .collect();
        Time::new(at, cells, rows.len(), columns.len())
    }
}

fn change(table: &Table<'_>, params: &Params) -> Outcome {
    let method = params.text(0);
    if !["shapley", "km", "mrc"].contains(&method) {
        return Err(
            Error::invalid(6005, "`seg_change` takes 'shapley', 'km' or 'mrc' for `method`")
                .hint("leave it out for 'shapley', which treats both times alike"),
        );
    }
    let (mut at, [mut before, mut after]) = times(table);
    if before.is_of_one() || after.is_of_one() {
        return Ok(Value::Null);
    }
    let (first, last) = (before.told(&at), after.told(&at));
    [before, after] = of_both(&mut at, [before, after]);
    let (from, to) = (before.told(&at), after.told(&at));
    let mut fit = Fit::default();
    let parts = match method {
        _ if at.is_empty() => [Some(0.0), Some(0.0), (method == "km").then_some(0.0), Some(0.0)],
        "mrc" => entropies(&at, &before, &after),
        _ => {
            let squeezed = squeeze(&mut at, [&before, &after]);
            fitted(&at, &squeezed, from, to, method == "km", &mut fit)
        }
    };
    let told = fit.ended();
    let number = |of: f64| Value::Number(of);
    let part = |of: Option<f64>| {
        of.filter(|of| told && of.is_finite())
            .map_or(Value::Null, Value::Number)
    };
    Ok(Value::Struct(vec![
        number(last - first),
        number(first),
        number(last),
        number(last - to),
        number(from - first),
        part(parts[0]),
        part(parts[1]),
        part(parts[2]),
        part(parts[3]),
        if fit.residual.is_finite() {
            number(fit.residual)
        } else {
            Value::Null
        },
        Value::count(fit.iterations),
    ]))
}

/// Returns where the cells are, and the cells at both times.
pub(super) fn times(table: &Table<'_>) -> (Vec<(u32, u32)>, [Time; 2]) {
    let at: Vec<(u32, u32)> = table.key(0).iter().copied().zip(table.key(1).iter().copied()).collect();
    let (areas, groups) = (table.distinct(0), table.distinct(1));
    let times = [0, 1].map(|time| Time::new(&at, table.count(time).to_vec(), areas, groups));
    (at, times)
}

/// Leaves out areas and groups that are not there at both times, until everything left is.
pub(super) fn of_both(at: &mut Vec<(u32, u32)>, [mut before, mut after]: [Time; 2]) -> [Time; 2] {
    let (areas, groups) = (before.areas.len(), before.groups.len());
    loop {
        let stays: Vec<bool> = at
            .iter()
            .map(|(area, group)| {
                [&before, &after]
                    .iter()
                    .all(|time| time.areas[*area as usize] > 0.0 && time.groups[*group as usize] > 0.0)
            })
            .collect();
        if stays.iter().all(|stays| *stays) {
            return [before, after];
        }
        let keep = |of: &[f64]| {
            of.iter()
                .zip(&stays)
                .filter(|(_, stays)| **stays)
                .map(|(n, _)| *n)
                .collect()
        };
        let cells = [keep(&before.cells), keep(&after.cells)];
        let mut each = stays.iter();
        at.retain(|_| each.next().is_some_and(|stays| *stays));
        [before, after] = cells.map(|cells| Time::new(at, cells, areas, groups));
    }
}

/// Numbers the areas and groups that are left from 0, and fills cells that are empty at one of the times.
pub(super) fn squeeze(at: &mut [(u32, u32)], times: [&Time; 2]) -> [Time; 2] {
    let number = |there: &[f64]| {
        let mut next = 0;
        let places: Vec<u32> = there
            .iter()
            .map(|n| {
                let place = next;
                next += u32::from(*n > 0.0);
                place
            })
            .collect();
        (places, next as usize)
    };
    let (areas, rows) = number(&times[0].areas);
    let (groups, columns) = number(&times[0].groups);
    for (area, group) in &mut *at {
        *area = areas[*area as usize];
        *group = groups[*group as usize];
    }
    times.map(|time| {
        let filled = time.cells.iter().map(|n| n.max(NOBODY * time.total)).collect();
        Time::new(at, filled, rows, columns)
    })
}

/// Returns group and unit marginal, interaction and structure by fitting.
fn fitted(at: &[(u32, u32)], times: &[Time; 2], from: f64, to: f64, km: bool, fit: &mut Fit) -> [Option<f64>; 4] {
    let [before, after] = times;
    if km {
        let scaled = |areas: Option<()>| {
            let cells = at.iter().zip(&before.cells).map(|((area, group), n)| {
                let (now, then) = match areas {
                    Some(()) => (before.areas[*area as usize], after.areas[*area as usize]),
                    None => (before.groups[*group as usize], after.groups[*group as usize]),
                };
                n / now * then
            });
            Time::new(at, cells.collect(), before.areas.len(), before.groups.len()).told(at) - from
        };
        let (group, unit) = (scaled(None), scaled(Some(())));
        let both = fit.told(at, before, after, after);
        return [
            Some(group),
            Some(unit),
            Some(both - from - group - unit),
            Some(to - both),
        ];
    }
    // M by structure, areas' sizes and groups' sizes: 0 before, 1 after
    let mut told = [[[0.0; 2]; 2]; 2];
    for (s, told) in told.iter_mut().enumerate() {
        for (u, told) in told.iter_mut().enumerate() {
            for (g, told) in told.iter_mut().enumerate() {
                *told = match (s, u, g) {
                    (0, 0, 0) => from,
                    (1, 1, 1) => to,
                    _ => fit.told(at, &times[s], &times[u], &times[g]),
                };
            }
        }
    }
    let structural = (told[1][0][0] - told[0][0][0] + told[1][1][1] - told[0][1][1]) / 2.0;
    let (mut group, mut unit) = (0.0, 0.0);
    for of in told {
        for one in [0, 1] {
            group += (of[one][1] - of[one][0]) / 4.0;
            unit += (of[1][one] - of[0][one]) / 4.0;
        }
    }
    [Some(group), Some(unit), None, Some(structural)]
}

/// Returns the parts by Mora and Ruiz-Castillo: M is the groups' entropy less that of areas, weighted by their sizes.
fn entropies(at: &[(u32, u32)], before: &Time, after: &Time) -> [Option<f64>; 4] {
    let there = |time: &Time| {
        let groups: Vec<f64> = time.groups.iter().copied().filter(|n| *n > 0.0).collect();
        entropy(&groups, time.total)
    };
    let mut own = [vec![0.0; before.areas.len()], vec![0.0; before.areas.len()]];
    for (own, time) in own.iter_mut().zip([before, after]) {
        for ((area, _), n) in at.iter().zip(&time.cells) {
            let t = time.areas[*area as usize];
            if *n > 0.0 {
                own[*area as usize] += n / t * (t / n).ln();
            }
        }
    }
    let [then, now] = own;
    let (mut unit, mut structural) = (0.0, 0.0);
    for (((then, now), p), q) in then.iter().zip(now).zip(&before.areas).zip(&after.areas) {
        let (p, q) = (p / before.total, q / after.total);
        unit -= (q - p) * (then + now) / 2.0;
        structural -= (q + p) * (now - then) / 2.0;
    }
    [Some(there(after) - there(before)), Some(unit), None, Some(structural)]
}
