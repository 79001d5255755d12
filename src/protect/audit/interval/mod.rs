//! The interval attacker: between which whole numbers every hidden sum must lie.
//!
//! What an attacker knows are sums of rows, exactly or within bounds; rows are counts. For every attacked sum the least
//! and the largest value that fits are found by linear programming, and both are proved in whole numbers, without
//! rounding: a table of counts that fits everything known shows that a value can be, and a combination of the known
//! sums (weak duality) that no larger one can. Where the two do not meet after a bounded search, the interval is
//! given as narrow as it is proved to be wide, and is marked: the error is then on the safe side.
//!
//! Most programs are never solved. What is determined goes out; sums that follow from others go out; what falls apart
//! is attacked apart, in parallel; sums that differ by something known, or add up to it, are attacked once; bounds
//! follow from single equations; and every table that is found shows something about all sums.

mod component;
mod ends;
mod polytope;
mod reduce;
mod search;

use std::sync::Mutex;

use component::{Component, Part};
use reduce::Reduced;

use crate::error::Error;

/// A sum of rows and what an attacker knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum<'a> {
    /// Rows, rising.
    pub rows: &'a [u32],
    /// Least value.
    pub low: u64,
    /// Largest value; none when there is none. Equal to `low` when the sum is published.
    pub high: Option<u64>,
}

impl<'a> Sum<'a> {
    /// A sum that is hidden where zeros are published: whoever knows the rule knows that it is not empty.
    pub fn not_empty(rows: &'a [u32]) -> Self {
        Self {
            rows,
            low: 1,
            high: None,
        }
    }

    /// A sum that everybody can read.
    pub fn published(rows: &'a [u32], value: u64) -> Self {
        Self {
            rows,
            low: value,
            high: Some(value),
        }
    }
}

/// An attack.
#[derive(Debug, Clone, Copy)]
pub struct Attack<'a> {
    /// Number of rows. Each is a count: a whole number from 0.
    pub rows: usize,
    /// What the attacker knows.
    pub known: &'a [Sum<'a>],
    /// What he wants to know: rows, rising.
    pub attacked: &'a [&'a [u32]],
    /// The true counts of the rows, where the auditor has them. They save work and change no interval.
    pub truth: Option<&'a [u64]>,
    /// At most so many threads; the result does not depend on it.
    pub threads: usize,
}

/// What is asked of an attack.
#[derive(Debug, Clone, Copy)]
pub enum Demand<'a> {
    /// Both ends of every interval.
    Ends,
    /// Of every attacked sum whether its interval is at least so wide; fast.
    Widths(&'a [u64]),
}

/// Between which values an attacked sum is known to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// Least value.
    pub low: u64,
    /// Largest value; none when there is none.
    pub high: Option<u64>,
    /// Whether both ends are proved. If not, the interval is proved to be at least as wide as it is given.
    pub proved: bool,
}

impl Interval {
    /// Its width; none when there is no end.
    pub fn width(&self) -> Option<u64> {
        self.high.map(|high| high - self.low)
    }

    /// Whether it is at least so wide.
    pub fn reaches(&self, width: u64) -> bool {
        self.width().is_none_or(|mine| mine >= width)
    }
}

/// How much work an attack was, in ends of intervals: two for every attacked sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Ends that were asked for.
    pub ends: u64,
    /// Known without work: the sum is determined, or has no upper end.
    pub determined: u64,
    /// The sum differs by something known from another one that is attacked, or adds up to it.
    pub same: u64,
    /// A bound from single equations is reached by a table that was found.
    pub bounds: u64,
    /// Tables that were found show enough.
    pub tables: u64,
    /// Linear programs that were solved.
    pub programs: u64,
}

impl Work {
    /// Ends for which no program was solved.
    pub fn avoided(&self) -> u64 {
        self.determined + self.same + self.bounds + self.tables
    }
}

impl std::ops::AddAssign for Work {
    fn add_assign(&mut self, other: Self) {
        self.ends += other.ends;
        self.determined += other.determined;
        self.same += other.same;
        self.bounds += other.bounds;
        self.tables += other.tables;
        self.programs += other.programs;
    }
}

/// Why an attack cannot be. The numbers are places in [`Attack::known`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contradiction {
    /// No counts fit what is known, as this known sum shows.
    Sum(usize),
    /// No counts fit what is known, as this one and others together show.
    Together(usize),
    /// The truth does not fit this known sum.
    Truth(usize),
    /// No counts could be found that fit what is known, nor could it be shown that there are none, near this sum.
    Unsolved(usize),
    /// A known or attacked set of rows does not rise, or has rows that there are not; or the truth has too few.
    Malformed,
}

impl Contradiction {
    /// As an error: `place` tells of a known sum its table and key columns, and no count.
    pub fn error(self, place: impl Fn(usize) -> String) -> Error {
        match self {
            Self::Sum(at) => Error::invalid(
                5040,
                format!("{} contradicts what else is published or known of its parts", place(at)),
            )
            .hint("published cells must add up; correct the table, or declare the tolerance of its source"),
            Self::Together(at) => Error::invalid(
                5040,
                format!(
                    "no whole numbers from 0 fit {} together with the other cells",
                    place(at)
                ),
            )
            .hint("published cells must add up; correct the table, or declare the tolerance of its source"),
            Self::Truth(at) => Error::invalid(5041, format!("the population does not fit {}", place(at)))
                .hint("the published table was made from other data, or bounds of the attacker are wrong"),
            Self::Unsolved(at) => Error::exhausted(
                5042,
                format!("the intervals of hidden cells could not be computed near {}", place(at)),
            )
            .hint("nothing was published; publish fewer or coarser cells in this table"),
            Self::Malformed => Error::invalid(5043, "an attack names base rows that there are not, or out of order")
                .hint("report the definition: cells should hold each base row once, in rising order"),
        }
    }
}

/// The interval of every attacked sum.
///
/// When widths are asked for, an interval that is wide enough may be given narrower than it is, and is then not marked
/// as proved; one that is too narrow may be given as wide as is proved.
///
/// # Errors
/// When no counts fit what is known, or none could be found.
pub fn attack(attack: &Attack<'_>, demand: Demand<'_>) -> Result<(Vec<Interval>, Work), Contradiction> {
    let sound = |rows: &[u32]| {
        rows.windows(2).all(|pair| pair[0] < pair[1]) && rows.last().is_none_or(|row| (*row as usize) < attack.rows)
    };
    if !(attack.known.iter().all(|sum| sound(sum.rows))
        && attack.attacked.iter().all(|rows| sound(rows))
        && attack.truth.is_none_or(|truth| truth.len() == attack.rows))
    {
        return Err(Contradiction::Malformed);
    }
    let reduced = Reduced::new(attack.rows, attack.known)?;
    let truth = attack
        .truth
        .map(|truth| component::check(attack, &reduced, truth))
        .transpose()?;
    let (mut components, parts) = component::split(&reduced, attack.attacked, truth.as_deref())?;
    let want = |cell: usize| match demand {
        Demand::Ends => None,
        Demand::Widths(widths) => Some(i128::from(widths.get(cell).copied().unwrap_or_default())),
    };
    // sums that lie in one component ask it for what they need; the others first take what comes by itself
    for (cell, parts) in parts.iter().enumerate() {
        for part in &parts.open {
            let needed = if parts.open.len() > 1 && want(cell).is_some() {
                Some(0)
            } else {
                want(cell)
            };
            components[part.component].ask(part.class, needed);
        }
    }
    each(&mut components, attack.threads, Component::solve)?;
    let mut again = false;
    for (cell, parts) in parts.iter().enumerate() {
        if let Some(width) = want(cell)
            && parts.open.len() > 1
            && !interval(parts, &components).reaches(u64::try_from(width).unwrap_or(u64::MAX))
        {
            again = true;
            // a part may be narrower than the width, and the sum not: their ends are needed
            for part in &parts.open {
                components[part.component].ask(part.class, None);
            }
        }
    }
    if again {
        each(&mut components, attack.threads, Component::solve)?;
    }
    let mut work = Work::default();
    for component in &components {
        work += component.work();
    }
    let tied_to_nothing = 2 * parts.iter().filter(|parts| parts.open.is_empty()).count() as u64;
    work.ends += tied_to_nothing;
    work.determined += tied_to_nothing;
    let intervals = parts.iter().map(|parts| interval(parts, &components)).collect();
    Ok((intervals, work))
}

fn interval(parts: &Parts, components: &[Component]) -> Interval {
    let (mut low, mut high, mut proved) = (parts.low, parts.high, true);
    for part in &parts.open {
        let (from, to, sure) = components[part.component].interval(part);
        (low, high, proved) = (low + from, high + to, proved && sure);
    }
    Interval {
        low: u64::try_from(low).unwrap_or_default(),
        high: (!parts.endless).then(|| u64::try_from(high).unwrap_or(u64::MAX)),
        proved,
    }
}

/// An attacked sum, taken apart.
#[derive(Debug, Default)]
struct Parts {
    /// Least and largest value of what is tied to nothing.
    low: i128,
    high: i128,
    /// Whether it has no upper end.
    endless: bool,
    /// What is unknown, each in another component.
    open: Vec<Part>,
}

/// Does something with every component on so many threads.
fn each(
    components: &mut [Component],
    threads: usize,
    act: fn(&mut Component) -> Result<(), Contradiction>,
) -> Result<(), Contradiction> {
    let mut order: Vec<(usize, &mut Component)> = components.iter_mut().enumerate().collect();
    // the large ones first, so that no thread is left with one in the end
    order.sort_by_key(|(_, component)| component.size());
    let work = Mutex::new(order);
    let failed: Mutex<Option<(usize, Contradiction)>> = Mutex::new(None);
    let run = || {
        while let Some((number, component)) = work.lock().ok().and_then(|mut work| work.pop()) {
            if let Err(error) = act(component)
                && let Ok(mut failed) = failed.lock()
                && failed.is_none_or(|(first, _)| number < first)
            {
                *failed = Some((number, error));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.max(1) {
            scope.spawn(run);
        }
        run();
    });
    match failed.into_inner() {
        Ok(Some((_, error))) => Err(error),
        _ => Ok(()),
    }
}
