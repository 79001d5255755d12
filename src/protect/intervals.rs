//! Protection of intervals: what is hidden must not be known too closely.
//!
//! After the suppression, the auditor computes between which whole numbers every unsafe cell must lie. Where that is too
//! narrow, the least valuable published cell that stands in one sum with it is hidden too, the suppression protects it
//! in its turn, and the auditor looks again. What was hidden stays hidden, so that intervals only grow, and every round
//! hides at least one cell more: the loop ends, with the auditor's yes, or when there is nothing left to hide.
//!
//! Source: Langsrud, Ø. and others, GaussSuppression 1.2.3, interval_suppression.R, whose rule is the same and which
//! stops after one round; Fischetti, M. and Salazar, J. J. (2000), Models and algorithms for optimizing cell suppression
//! in tabular data with linear constraints, Journal of the American Statistical Association 95, for what is required.

use std::collections::HashSet;

use super::{
    IntervalAudit, IntervalRule, System, Zeros,
    audit::interval::{Attack, Contradiction, Demand, Interval, Sum, Work, attack},
    ledger::History,
    secondary::{HiddenZeros, Options, Problem, order, suppress_after},
};
use crate::error::{Error, Result};

/// Rounds in which every narrow interval hides at most one cell more; in later ones twice as many every time, so that
/// the end is never far.
const CALM: u32 = 12;

/// Most threads of the auditor.
const THREADS: usize = 8;

/// What must not be known too closely.
struct Target<'a> {
    rows: &'a [u32],
    width: u64,
}

/// The cells to hide, primary ones too, so that every interval is wide enough; and what the auditor found in the end.
///
/// # Errors
/// SAMSYN-5046 when everything that could be hidden is, and a cell is still known too closely; 5042 when intervals
/// could not be computed.
pub(super) fn widen(
    system: &System,
    problem: &Problem<'_>,
    options: Options,
    zeros: Zeros,
    rule: &IntervalRule,
    population: &str,
    history: &History,
) -> Result<(Vec<bool>, IntervalAudit)> {
    let mut problem = problem.clone();
    let targets = targets(system, &problem, rule);
    let forbidden = problem.forbidden.clone();
    let alone = Auditor {
        system,
        zeros,
        population,
        given: &[],
    };
    let auditors = Auditors {
        historian: Auditor {
            given: &history.given,
            ..alone
        },
        alone,
    };
    let published = history.published(system);
    let shown = history.shown();
    let hide = |problem: &Problem<'_>| hide(problem, options, &published, &shown);
    let differences: Vec<Target<'_>> = forbidden
        .iter()
        .map(|rows| Target {
            rows,
            width: rule.width(rows.iter().map(|row| system.counts[*row as usize]).sum()),
        })
        .collect();
    let all: Vec<&Target<'_>> = targets.iter().chain(&differences).collect();
    let ranks = ranks(&problem, options, &published);
    let all = auditors.split(all, false)?;
    let mut narrow = all.clone();
    let mut audit = IntervalAudit::default();
    let mut hidden = hide(&problem);
    loop {
        let (intervals, _) = auditors.attack(&hidden, &narrow, false)?;
        narrow = pick(&narrow, &intervals);
        let aware = aware(system, &hidden, zeros, rule);
        let seen = auditors.split(aware.iter().collect(), true)?;
        let (intervals, _) = auditors.attack(&hidden, &seen, true)?;
        let exact = pick(&seen, &intervals);
        if narrow.is_empty() && exact.is_empty() {
            break;
        }
        let wanted = narrow.iter().chain(&exact).map(|(target, _)| *target);
        let most = 1_usize << audit.rounds.saturating_sub(CALM).min(20);
        let more = choose(system, &hidden, &ranks, wanted, most);
        if more.is_empty() {
            return Err(Error::refused(
                5046,
                format!(
                    "hidden cells of the population `{population}` cannot reach the intervals that the policy asks"
                ),
            )
            .hint("nothing was published; ask for less width, or publish coarser levels or fewer tables"));
        }
        problem.primary.clone_from(&hidden);
        for cell in more {
            problem.primary[cell] = true;
        }
        hidden = hide(&problem);
        audit.rounds += 1;
    }
    // the word that counts is about the final pattern, all of it
    let (intervals, work) = auditors.attack(&hidden, &all, false)?;
    let aware = aware(system, &hidden, zeros, rule);
    let seen = auditors.split(aware.iter().collect(), true)?;
    let (of_aware, more) = auditors.attack(&hidden, &seen, true)?;
    if !(pick(&all, &intervals).is_empty() && pick(&seen, &of_aware).is_empty()) {
        return Err(Error::bug(
            5047,
            format!("the intervals of the population `{population}` shrank when more cells were hidden"),
        ));
    }
    audit.checked = intervals.len() as u64;
    audit.least_width = intervals.iter().filter_map(Interval::width).min();
    audit.rule_aware_checked = of_aware.len() as u64;
    audit.rule_aware_least_width = of_aware.iter().filter_map(Interval::width).min();
    audit.programs = work.programs + more.programs;
    audit.programs_avoided = work.avoided() + more.avoided();
    Ok((hidden, audit))
}

/// A target, and whether it is out already: what was published before gives it too closely whatever is hidden now, so that
/// only who sees the new publication alone can be kept from it.
type Aim<'a, 'b> = (&'b Target<'a>, bool);

/// The two readers: one who sees this publication alone, and one who kept everything published before.
struct Auditors<'a> {
    alone: Auditor<'a>,
    historian: Auditor<'a>,
}

impl Auditors<'_> {
    /// Finds the targets that are out already: too narrow even if everything is hidden now.
    fn split<'a, 'b>(&self, targets: Vec<&'b Target<'a>>, aware: bool) -> Result<Vec<Aim<'a, 'b>>> {
        if self.historian.given.is_empty() {
            return Ok(targets.into_iter().map(|target| (target, false)).collect());
        }
        let everything = vec![true; self.historian.system.cells.len()];
        let (intervals, _) = self.historian.attack(&everything, &targets, aware)?;
        let both = targets.into_iter().zip(intervals);
        Ok(both
            .map(|(target, interval)| (target, !interval.reaches(target.width)))
            .collect())
    }

    /// The intervals of targets, each for the reader that it can be kept from.
    fn attack(&self, hidden: &[bool], aims: &[Aim<'_, '_>], aware: bool) -> Result<(Vec<Interval>, Work)> {
        let of = |out: bool| -> Vec<&Target<'_>> { aims.iter().filter(|aim| aim.1 == out).map(|aim| aim.0).collect() };
        let (secret, mut work) = self.historian.attack(hidden, &of(false), aware)?;
        let (out, more) = self.alone.attack(hidden, &of(true), aware)?;
        work += more;
        let (mut secret, mut out) = (secret.into_iter(), out.into_iter());
        let next = |aim: &Aim<'_, '_>| if aim.1 { out.next() } else { secret.next() };
        Ok((aims.iter().filter_map(next).collect(), work))
    }
}

/// Attacks with the published part of a pattern.
#[derive(Clone, Copy)]
struct Auditor<'a> {
    system: &'a System,
    zeros: Zeros,
    population: &'a str,
    /// Sums that were published before.
    given: &'a [(Vec<u32>, u64)],
}

impl Auditor<'_> {
    /// The intervals of sets of rows, as wide as they are asked to be, for an outsider, or for one who knows the rule.
    fn attack(&self, hidden: &[bool], targets: &[&Target<'_>], aware: bool) -> Result<(Vec<Interval>, Work)> {
        if targets.is_empty() {
            return Ok((Vec::new(), Work::default()));
        }
        let empty: Vec<[u32; 1]> = (0_u32..)
            .zip(&self.system.known)
            .filter(|(_, known)| **known)
            .map(|(row, _)| [row])
            .collect();
        let mut known: Vec<Sum<'_>> = Vec::new();
        let mut of: Vec<Option<usize>> = Vec::new();
        for (at, (cell, hidden)) in self.system.cells.iter().zip(hidden).enumerate() {
            if !hidden {
                known.push(Sum::published(&cell.rows, cell.count));
                of.push(Some(at));
            } else if aware && self.zeros == Zeros::Published {
                known.push(Sum::not_empty(&cell.rows));
                of.push(Some(at));
            }
        }
        known.extend(empty.iter().map(|row| Sum::published(row, 0)));
        known.extend(self.given.iter().map(|(rows, count)| Sum::published(rows, *count)));
        of.resize(known.len(), None);
        let sets: Vec<&[u32]> = targets.iter().map(|target| target.rows).collect();
        let widths: Vec<u64> = targets.iter().map(|target| target.width).collect();
        let found = attack(
            &Attack {
                rows: self.system.counts.len(),
                known: &known,
                attacked: &sets,
                truth: Some(&self.system.counts),
                threads: std::thread::available_parallelism().map_or(1, usize::from).min(THREADS),
            },
            Demand::Widths(&widths),
        );
        found.map_err(|error: Contradiction| {
            error.error(|at| {
                let cell = of.get(at).copied().flatten().map(|cell| &self.system.cells[cell]);
                let key = cell.map(|cell| self.system.key(cell).map(|(_, code)| code.as_str()).collect::<Vec<_>>());
                format!(
                    "cell ({}) of the population `{}`",
                    key.unwrap_or_default().join(", "),
                    self.population
                )
            })
        })
    }
}

fn hide(problem: &Problem<'_>, options: Options, published: &[bool], shown: &[&[u32]]) -> Vec<bool> {
    let mut order = order(problem, options);
    order.sort_by_key(|cell| !published[*cell]);
    let secondary = suppress_after(problem, options, &order, HiddenZeros::AsOptions, shown);
    problem.primary.iter().zip(secondary).map(|(a, b)| *a || b).collect()
}

/// The unsafe cells, each set of rows once.
fn targets<'a>(system: &'a System, problem: &Problem<'_>, rule: &IntervalRule) -> Vec<Target<'a>> {
    let mut seen: HashSet<&[u32]> = HashSet::new();
    let cells = system.cells.iter().zip(&problem.primary);
    let cells = cells.filter(|(cell, primary)| **primary && seen.insert(&cell.rows));
    cells
        .map(|(cell, _)| Target {
            rows: &cell.rows,
            width: rule.width(cell.count),
        })
        .collect()
}

/// The hidden cells for somebody who knows the rule: that they are not empty, when zeros are published. He cannot tell
/// those that are unsafe from the others.
fn aware<'a>(system: &'a System, hidden: &[bool], zeros: Zeros, rule: &IntervalRule) -> Vec<Target<'a>> {
    let width = rule.rule_aware;
    if width == 0 || zeros == Zeros::Protected {
        return Vec::new();
    }
    let mut seen: HashSet<&[u32]> = HashSet::new();
    let cells = system.cells.iter().zip(hidden);
    let cells = cells.filter(|(cell, hidden)| **hidden && seen.insert(&cell.rows));
    cells
        .map(|(cell, _)| Target {
            rows: &cell.rows,
            width,
        })
        .collect()
}

/// Those whose interval is too narrow.
fn pick<'a, 'b>(aims: &[Aim<'a, 'b>], intervals: &[Interval]) -> Vec<Aim<'a, 'b>> {
    let both = aims.iter().zip(intervals);
    both.filter(|((target, _), interval)| !interval.reaches(target.width))
        .map(|(aim, _)| *aim)
        .collect()
}

/// Of every cell how early it is tried for publication.
fn ranks(problem: &Problem<'_>, options: Options, published: &[bool]) -> Vec<usize> {
    let mut ranks = vec![0; problem.cells.len()];
    let mut order = order(problem, options);
    order.sort_by_key(|cell| !published[*cell]);
    for (rank, cell) in order.into_iter().enumerate() {
        ranks[cell] = rank;
    }
    ranks
}

/// Published cells to hide for the sake of narrow intervals.
fn choose<'a>(
    system: &System,
    hidden: &[bool],
    ranks: &[usize],
    narrow: impl Iterator<Item = &'a Target<'a>>,
    most: usize,
) -> Vec<usize> {
    // published cells that hold somebody, by their rows
    let open: Vec<usize> = (0..system.cells.len())
        .filter(|cell| !hidden[*cell] && system.cells[*cell].count > 0)
        .collect();
    let mut of_row: Vec<Vec<usize>> = vec![Vec::new(); system.counts.len()];
    for cell in &open {
        for row in &system.cells[*cell].rows {
            of_row[*row as usize].push(*cell);
        }
    }
    let mut chosen: Vec<usize> = Vec::new();
    let mut is_chosen = vec![false; system.cells.len()];
    let mut any = false;
    for target in narrow {
        any = true;
        let rows: Vec<u32> = target
            .rows
            .iter()
            .copied()
            .filter(|row| !system.known[*row as usize])
            .collect();
        let sums = sums(system, &of_row, &rows);
        let mut beside = beside(system, &of_row, &sums, &rows);
        if beside.is_empty() {
            beside = sums;
        }
        if most == 1 && beside.iter().any(|cell| is_chosen[*cell]) {
            continue;
        }
        beside.sort_unstable_by_key(|cell| std::cmp::Reverse(ranks[*cell]));
        for cell in beside
            .into_iter()
            .filter(|cell| !is_chosen[*cell])
            .take(most)
            .collect::<Vec<_>>()
        {
            is_chosen[cell] = true;
            chosen.push(cell);
        }
    }
    if any && chosen.is_empty() {
        let mut last = open;
        last.sort_unstable_by_key(|cell| std::cmp::Reverse(ranks[*cell]));
        chosen.extend(last.into_iter().take(most));
    }
    chosen
}

fn holds(rows: &[u32], part: &[u32]) -> bool {
    rows.len() >= part.len() && part.iter().all(|row| rows.binary_search(row).is_ok())
}

/// The published cells that hold all of these rows, and none that holds another one of them.
fn sums(system: &System, of_row: &[Vec<usize>], rows: &[u32]) -> Vec<usize> {
    let Some(first) = rows.first() else { return Vec::new() };
    let set = |cell: usize| system.cells[cell].rows.as_slice();
    let mut around: Vec<usize> = of_row[*first as usize]
        .iter()
        .copied()
        .filter(|cell| holds(set(*cell), rows))
        .collect();
    around.sort_by_key(|cell| set(*cell).len());
    let mut least: Vec<usize> = Vec::new();
    for cell in around {
        if !least.iter().any(|inner| holds(set(cell), set(*inner))) {
            least.push(cell);
        }
    }
    least
}

/// The published cells within one of `sums` and outside the rows.
fn beside(system: &System, of_row: &[Vec<usize>], sums: &[usize], rows: &[u32]) -> Vec<usize> {
    let mut found: HashSet<usize> = HashSet::new();
    for sum in sums {
        let sum = system.cells[*sum].rows.as_slice();
        for row in sum.iter().filter(|row| rows.binary_search(row).is_err()) {
            for cell in &of_row[*row as usize] {
                let set = system.cells[*cell].rows.as_slice();
                // by its first row, so that it is looked at once for a sum
                if set.first() == Some(row)
                    && set.len() < sum.len()
                    && holds(sum, set)
                    && !set.iter().any(|row| rows.binary_search(row).is_ok())
                {
                    found.insert(*cell);
                }
            }
        }
    }
    found.into_iter().collect()
}
