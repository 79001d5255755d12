//! What is unknown, in parts that have nothing to do with each other, and the attacked sums in them.

use std::collections::HashMap;

use super::{
    Attack, Contradiction, Parts, Work,
    polytope::{Polytope, UNIT},
    reduce::{Equation, Reduced},
};
use crate::protect::audit::rank::{Attacker, PRIME};

/// Most rows of a component whose ends are found in whole numbers.
const SMALL: usize = 40;

/// What is left of a set of rows when everything solved is subtracted.
type Rest = Vec<(u32, u64)>;

/// What is to be found out about a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// Whether its interval is so wide; 0 for nothing.
    Width(i128),
    /// Both ends.
    Ends,
}

/// Attacked sums that differ by something known, or add up to it.
#[derive(Debug, Clone)]
pub(super) struct Class {
    /// Rows of the one that stands for all.
    pub(super) rows: Vec<u32>,
    pub(super) want: Want,
    /// Least and largest value in the tables that were found, in parts of [`UNIT`].
    pub(super) seen: Option<(i128, i128)>,
    /// Bounds that are proved.
    pub(super) bounds: (i128, i128),
    /// Whether a program was solved for the lower and for the upper end.
    pub(super) solved: [bool; 2],
}

impl Class {
    /// The whole numbers between the values in tables that were found.
    pub(super) fn whole(&self) -> Option<(i128, i128)> {
        self.seen
            .map(|(low, high)| (-(-low).div_euclid(UNIT), high.div_euclid(UNIT)))
    }

    /// Width that is proved by tables.
    pub(super) fn width(&self) -> i128 {
        self.whole().map_or(-1, |(low, high)| high - low)
    }

    /// Whether there is nothing to find out any more.
    pub(super) fn is_done(&self) -> bool {
        match self.want {
            Want::Width(0) => true,
            Want::Width(width) => self.width() >= width || self.bounds.1 - self.bounds.0 < width || self.is_exact(),
            Want::Ends => self.is_exact(),
        }
    }

    /// Whether both ends are proved.
    pub(super) fn is_exact(&self) -> bool {
        self.whole() == Some(self.bounds)
    }
}

/// The part of an attacked sum in one component.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) component: usize,
    /// Its class, and whether it rises with it; none when it is determined.
    pub(super) class: Option<(usize, bool)>,
    rows: Vec<u32>,
}

/// Rows that equations tie together.
#[derive(Debug)]
pub(super) struct Component {
    pub(super) polytope: Polytope,
    pub(super) classes: Vec<Class>,
    /// A table that fits, in parts of [`UNIT`].
    pub(super) table: Option<Vec<i128>>,
    /// Whether only tables of whole numbers count: so in small components, where all can be searched through.
    pub(super) whole: bool,
    /// A known sum that it comes from, for messages.
    pub(super) source: usize,
    pub(super) work: Work,
}

impl Component {
    /// Asks for a class.
    pub(super) fn ask(&mut self, class: Option<(usize, bool)>, width: Option<i128>) {
        if let Some((class, _)) = class {
            let want = &mut self.classes[class].want;
            *want = match (*want, width) {
                (Want::Width(old), Some(new)) => Want::Width(old.max(new)),
                _ => Want::Ends,
            };
        }
    }

    /// Rough size, to start the large ones first.
    pub(super) fn size(&self) -> usize {
        self.polytope.low.len() * self.classes.len()
    }

    /// Least and largest value of a part, and whether both are proved.
    pub(super) fn interval(&self, part: &Part) -> (i128, i128, bool) {
        let value = |rows: &[u32]| -> i128 {
            let table = self.table.as_deref().unwrap_or_default();
            rows.iter().filter_map(|row| table.get(*row as usize)).sum()
        };
        let mine = value(&part.rows);
        let Some((class, rises)) = part.class else {
            return (mine.div_euclid(UNIT), mine.div_euclid(UNIT), true);
        };
        let class = &self.classes[class];
        let at = value(&class.rows);
        let (low, high) = class.whole().unwrap_or_default();
        // both differ, or add up, to something that is known, and so is a whole number
        if rises {
            let more = (mine - at).div_euclid(UNIT);
            (more + low, more + high, class.is_exact())
        } else {
            let all = (mine + at).div_euclid(UNIT);
            (all - high, all - low, class.is_exact())
        }
    }

    /// The work that was done, with what was spared.
    pub(super) fn work(&self) -> Work {
        let mut work = self.work;
        for class in &self.classes {
            let seen = class.whole().unwrap_or((i128::MIN, i128::MAX));
            for (solved, exact) in class
                .solved
                .into_iter()
                .zip([seen.0 == class.bounds.0, seen.1 == class.bounds.1])
            {
                work.ends += 1;
                work.bounds += u64::from(!solved && exact);
                work.tables += u64::from(!solved && !exact);
            }
        }
        work.ends += work.determined + work.same;
        work
    }

    /// Takes a table that fits, in parts of [`UNIT`], for what it shows of every sum.
    pub(super) fn record(&mut self, table: &[i128]) {
        for class in &mut self.classes {
            let value = class.rows.iter().map(|row| table[*row as usize]).sum();
            let (low, high) = class.seen.unwrap_or((value, value));
            class.seen = Some((low.min(value), high.max(value)));
        }
        if self.table.is_none() {
            self.table = Some(table.to_vec());
        }
    }
}

/// The true value of every row, also of those that fill up.
pub(super) fn check(attack: &Attack<'_>, reduced: &Reduced, truth: &[u64]) -> Result<Vec<i128>, Contradiction> {
    for (at, sum) in attack.known.iter().enumerate() {
        let value: u128 = sum.rows.iter().map(|row| u128::from(truth[*row as usize])).sum();
        if value < u128::from(sum.low) || sum.high.is_some_and(|high| value > u128::from(high)) {
            return Err(Contradiction::Truth(at));
        }
    }
    let mut values: Vec<i128> = truth.iter().map(|value| i128::from(*value)).collect();
    for (rows, all) in &reduced.slack {
        values.push(all - rows.iter().map(|row| values[*row as usize]).sum::<i128>());
    }
    Ok(values)
}

/// Which rows belong together.
struct Groups(Vec<u32>);

impl Groups {
    fn of(&mut self, row: u32) -> u32 {
        let mut row = row;
        while self.0[row as usize] != row {
            self.0[row as usize] = self.0[self.0[row as usize] as usize];
            row = self.0[row as usize];
        }
        row
    }
}

/// Takes the system and the attacked sums apart.
pub(super) fn split(
    reduced: &Reduced,
    attacked: &[&[u32]],
    truth: Option<&[i128]>,
) -> Result<(Vec<Component>, Vec<Parts>), Contradiction> {
    let mut groups = Groups((0_u32..).take(reduced.low.len()).collect());
    let mut tied = vec![false; reduced.low.len()];
    for equation in &reduced.equations {
        let first = groups.of(equation.rows[0]);
        for row in &equation.rows {
            tied[*row as usize] = true;
            let group = groups.of(*row);
            groups.0[group as usize] = first;
        }
    }
    // places: the component of a row and its number there
    let mut number: HashMap<u32, usize> = HashMap::new();
    let mut rows: Vec<Vec<u32>> = Vec::new();
    let mut place: Vec<Option<(usize, u32)>> = vec![None; reduced.low.len()];
    for row in (0_u32..).take(reduced.low.len()) {
        if tied[row as usize] {
            let at = *number.entry(groups.of(row)).or_insert_with(|| {
                rows.push(Vec::new());
                rows.len() - 1
            });
            place[row as usize] = Some((at, u32::try_from(rows[at].len()).unwrap_or(u32::MAX)));
            rows[at].push(row);
        }
    }
    let local = |row: &u32| place[*row as usize].map_or(0, |(_, at)| at);
    let mut equations: Vec<Vec<&Equation>> = vec![Vec::new(); rows.len()];
    for equation in &reduced.equations {
        if let Some((at, _)) = place[equation.rows[0] as usize] {
            equations[at].push(equation);
        }
    }
    // attacked sums by component
    let mut parts: Vec<Parts> = Vec::with_capacity(attacked.len());
    let mut asked: Vec<Vec<(usize, usize)>> = vec![Vec::new(); rows.len()];
    for (cell, set) in attacked.iter().enumerate() {
        let mut mine = Parts::default();
        for row in *set {
            let (low, high) = (reduced.low[*row as usize], reduced.high[*row as usize]);
            mine.endless |= reduced.endless[*row as usize] || high.is_none();
            match place[*row as usize] {
                None => {
                    mine.low += low;
                    mine.high += high.unwrap_or(low);
                }
                Some((component, at)) => {
                    let found = mine.open.iter_mut().position(|part| part.component == component);
                    let part = found.unwrap_or_else(|| {
                        asked[component].push((cell, mine.open.len()));
                        mine.open.push(Part {
                            component,
                            class: None,
                            rows: Vec::new(),
                        });
                        mine.open.len() - 1
                    });
                    mine.open[part].rows.push(at);
                }
            }
        }
        parts.push(mine);
    }
    let mut components = Vec::with_capacity(rows.len());
    for (at, rows) in rows.iter().enumerate() {
        let mut component = Component {
            polytope: Polytope {
                equations: Vec::with_capacity(equations[at].len()),
                low: rows.iter().map(|row| reduced.low[*row as usize]).collect(),
                high: rows
                    .iter()
                    .map(|row| reduced.high[*row as usize].unwrap_or(i128::MAX))
                    .collect(),
                capped: rows.iter().map(|row| reduced.capped[*row as usize]).collect(),
            },
            classes: Vec::new(),
            table: None,
            whole: rows.len() <= SMALL,
            source: equations[at].first().map_or(0, |equation| equation.source),
            work: Work::default(),
        };
        let mut attacker = Attacker::new(rows.len() + 1);
        for equation in &equations[at] {
            let set: Vec<u32> = equation.rows.iter().map(local).collect();
            match attacker.learn_value(&set, equation.sum) {
                None => return Err(Contradiction::Together(equation.source)),
                Some(true) => component.polytope.equations.push((set, equation.sum)),
                Some(false) => {}
            }
        }
        component.classify(&mut attacker, &mut parts, &asked[at]);
        if let Some(truth) = truth {
            let table: Vec<i128> = rows.iter().map(|row| truth[*row as usize] * UNIT).collect();
            component.record(&table);
        }
        components.push(component);
    }
    Ok((components, parts))
}

impl Component {
    /// Finds which of the attacked sums are determined and which are as good as the same. The short ones stand for the
    /// others.
    fn classify(&mut self, attacker: &mut Attacker, parts: &mut [Parts], asked: &[(usize, usize)]) {
        let last = self.polytope.low.len();
        let mut asked = asked.to_vec();
        asked.sort_by_key(|(cell, part)| (parts[*cell].open[*part].rows.len(), *cell));
        let mut known: HashMap<Rest, Vec<(u64, usize)>> = HashMap::new();
        for (cell, part) in asked {
            let part = &mut parts[cell].open[part];
            let (mut rest, factor) = attacker.rest(&part.rows);
            if rest.last().is_some_and(|(row, _)| *row as usize == last) {
                rest.pop();
            }
            if rest.is_empty() {
                self.work.determined += 2;
                continue;
            }
            let same = known.entry(rest).or_default();
            let found = same
                .iter()
                .find(|(other, _)| *other == factor || *other == PRIME - factor);
            if let Some((other, class)) = found {
                part.class = Some((*class, *other == factor));
                self.work.same += 2;
            } else {
                part.class = Some((self.classes.len(), true));
                same.push((factor, self.classes.len()));
                let bounds = self.bounds(&part.rows);
                self.classes.push(Class {
                    rows: part.rows.clone(),
                    want: Want::Width(0),
                    seen: None,
                    bounds,
                    solved: [false; 2],
                });
            }
        }
    }

    /// Bounds of a sum from those of its rows and from single equations.
    fn bounds(&self, rows: &[u32]) -> (i128, i128) {
        let polytope = &self.polytope;
        let all =
            |rows: &mut dyn Iterator<Item = &u32>, of: &[i128]| -> i128 { rows.map(|row| of[*row as usize]).sum() };
        let mut low = all(&mut rows.iter(), &polytope.low);
        let mut high = all(&mut rows.iter(), &polytope.high);
        for (equation, sum) in &polytope.equations {
            if !equation.iter().any(|row| rows.contains(row)) {
                continue;
            }
            let others = || equation.iter().filter(|row| !rows.contains(row));
            let mine = || rows.iter().filter(|row| !equation.contains(row));
            low = low.max(sum - all(&mut others(), &polytope.high) + all(&mut mine(), &polytope.low));
            high = high.min(sum - all(&mut others(), &polytope.low) + all(&mut mine(), &polytope.high));
        }
        (low, high)
    }
}
