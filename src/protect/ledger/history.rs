//! What earlier publications tell of the base rows of today.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    super::{CountTable, Policy, System, Zeros, audit, base::Base, complements::complements, select, system::union},
    Entry, External,
    attack::Publication,
};
use crate::error::Result;

/// Everything that was published about the persons of a population.
#[derive(Debug, Clone, Copy, Default)]
pub struct Earlier<'a> {
    /// Earlier publications by samsyn, the oldest first.
    pub entries: &'a [Entry],
    /// What others publish.
    pub external: &'a [External],
}

impl Earlier<'_> {
    /// All tables that were published.
    pub(in super::super) fn tables(&self) -> Vec<CountTable> {
        let ours = self.entries.iter().flat_map(Entry::count_tables);
        ours.chain(self.external.iter().map(|external| external.table.clone()))
            .collect()
    }

    /// Whether there is anything.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.external.is_empty()
    }
}

/// The same as sets of rows of one system.
#[derive(Debug, Default)]
pub(in super::super) struct History {
    /// Sets that were shown, with their sums, each once.
    pub(in super::super) given: Vec<(Vec<u32>, u64)>,
    /// Of each of them the publication that showed it last, and the cell.
    sources: Vec<(usize, usize)>,
    /// Sets that were hidden, each once.
    pub(in super::super) kept: Vec<Vec<u32>>,
    /// Figures of others that are not those of this population: nothing follows from them exactly.
    pub(in super::super) deviating: u64,
}

/// Rows of an earlier base that today's, or another earlier one's, are compared with.
struct Known {
    columns: Vec<String>,
    /// Codes by row.
    keys: Vec<Vec<u32>>,
    counts: Vec<u64>,
    amounts: Vec<f64>,
    /// Rows of the system that a row is the sum of.
    sets: Vec<Vec<u32>>,
}

impl History {
    /// Finds every earlier base row among the rows of the system, which gets one more for each that has changed since.
    ///
    /// The newest publication is compared first, and each older one with today's rows and those of all newer: a row
    /// that holds the same is the same unknown.
    ///
    /// # Errors
    /// SAMSYN-5071 for an entry that is not what samsyn wrote; those of a table for an external one.
    pub(in super::super) fn of(
        earlier: &Earlier<'_>,
        base: &Base,
        amounts: &[f64],
        system: &mut System,
    ) -> Result<Self> {
        if earlier.is_empty() {
            return Ok(Self::default());
        }
        let mut given: BTreeMap<Vec<u32>, (u64, (usize, usize))> = BTreeMap::new();
        let mut kept: HashSet<Vec<u32>> = HashSet::new();
        for_each(earlier, base, amounts, system, |number, _, then, hidden, sets| {
            for (at, (cell, hidden)) in then.cells.iter().zip(hidden).enumerate() {
                let set = union(cell.rows.iter().map(|row| sets[*row as usize].as_slice()));
                if *hidden {
                    kept.insert(set);
                } else {
                    given.entry(set).or_insert((cell.count, (number, at)));
                }
            }
        })?;
        let mut deviating = 0;
        for (number, external) in earlier.external.iter().enumerate() {
            let sets = external.sets(base, system)?;
            for (set, count, at) in sets.shown {
                given
                    .entry(set)
                    .or_insert((count, (earlier.entries.len() + number, at)));
            }
            deviating += sets.deviating;
        }
        let mut kept: Vec<Vec<u32>> = kept.into_iter().filter(|set| !given.contains_key(set)).collect();
        kept.sort_unstable();
        Ok(Self {
            sources: given.values().map(|(_, source)| *source).collect(),
            given: given.into_iter().map(|(set, (count, _))| (set, count)).collect(),
            kept,
            deviating,
        })
    }

    /// The publications one by one, the oldest first.
    ///
    /// # Errors
    /// SAMSYN-5071 for an entry that is not what samsyn wrote.
    pub(super) fn publications(
        earlier: &Earlier<'_>,
        base: &Base,
        amounts: &[f64],
        system: &mut System,
    ) -> Result<Vec<Publication>> {
        let mut all = Vec::new();
        for_each(earlier, base, amounts, system, |_, entry, then, hidden, sets| {
            let mut publication = Publication::default();
            let primary = entry.primary(then);
            for ((cell, hidden), primary) in then.cells.iter().zip(hidden).zip(primary) {
                let rows = cell.rows.iter().map(|row| sets[*row as usize].as_slice());
                publication.add(rows, *hidden, primary);
            }
            all.push(publication);
        })?;
        all.reverse();
        Ok(all)
    }

    /// Sets that must not be derivable beside hidden cells: what was hidden before, and complements, of what was published
    /// before too.
    pub(in super::super) fn forbidden(&self, system: &System, policy: &Policy) -> Vec<Vec<u32>> {
        let cells: HashSet<&[u32]> = system.cells.iter().map(|cell| cell.rows.as_slice()).collect();
        let shown = self.given.iter().map(|(rows, _)| rows.as_slice());
        let more: Vec<&[u32]> = shown
            .chain(self.kept.iter().map(Vec::as_slice))
            .filter(|rows| !cells.contains(rows))
            .collect();
        let mut forbidden = complements(system, &more, policy);
        forbidden.extend(self.kept.iter().cloned());
        forbidden.sort_unstable();
        forbidden.dedup();
        forbidden
    }

    /// For every cell whether its sum was published before.
    pub(in super::super) fn published(&self, system: &System) -> Vec<bool> {
        let shown: HashSet<&[u32]> = self.shown().into_iter().collect();
        let cells = system.cells.iter();
        cells.map(|cell| shown.contains(cell.rows.as_slice())).collect()
    }

    /// How many of the attacked sets follow from published ones for who sees these alone, and how many of the `secret` ones
    /// for who kept everything that was published before; beside it how many secret ones follow from that alone. What is
    /// hidden for the sake of a secret that is out already is no secret itself.
    pub(in super::super) fn attack(
        &self,
        system: &System,
        published: &[&[u32]],
        attacked: &[&[u32]],
        secret: &[&[u32]],
    ) -> (u64, u64) {
        let count = |found: &[bool]| found.iter().filter(|found| **found).count() as u64;
        let alone = count(&audit::derivable(published, attacked));
        if self.given.is_empty() {
            return (alone, 0);
        }
        let empty: Vec<[u32; 1]> = (0_u32..)
            .zip(&system.known)
            .filter(|(_, known)| **known)
            .map(|(row, _)| [row])
            .collect();
        let mut shown = self.shown();
        shown.extend(empty.iter().map(<[u32; 1]>::as_slice));
        let before = audit::derivable(&shown, secret);
        let both: Vec<&[u32]> = shown.iter().chain(published).copied().collect();
        let together = audit::derivable(&both, secret);
        let new: Vec<bool> = together
            .iter()
            .zip(&before)
            .map(|(now, before)| *now && !before)
            .collect();
        (alone + count(&new), count(&before))
    }

    /// The names of the sets that were shown, in their order.
    ///
    /// # Errors
    /// SAMSYN-5071 for an entry that is not what samsyn wrote.
    pub(in super::super) fn names(&self, earlier: &Earlier<'_>) -> Result<Vec<String>> {
        let mut systems: Vec<(System, Vec<CountTable>)> = Vec::new();
        for entry in earlier.entries {
            systems.push((entry.system()?.0, entry.count_tables()));
        }
        let name = |(number, at): &(usize, usize)| match systems.get(*number) {
            Some((system, tables)) => format!(
                "{} as published in publication {}",
                select::place(system, &system.cells[*at], tables),
                number + 1
            ),
            None => format!("a figure of `{}`", earlier.external[number - systems.len()].table.table),
        };
        Ok(self.sources.iter().map(name).collect())
    }

    /// The sets that were shown.
    pub(in super::super) fn shown(&self) -> Vec<&[u32]> {
        self.given.iter().map(|(rows, _)| rows.as_slice()).collect()
    }
}

/// Goes through the earlier publications, the newest first, and gives for each its system, which cells are hidden, and the
/// rows of `system` that each of its base rows is the sum of.
fn for_each(
    earlier: &Earlier<'_>,
    base: &Base,
    amounts: &[f64],
    system: &mut System,
    mut each: impl FnMut(usize, &Entry, &System, &[bool], &[Vec<u32>]),
) -> Result<()> {
    let mut words = Words::default();
    let mut known = vec![Known::today(base, amounts, &mut words)];
    for (number, entry) in earlier.entries.iter().enumerate().rev() {
        let (then, hidden, of_then) = entry.system()?;
        let mut rows = Known::then(&of_then, entry, &mut words);
        rows.find(&known, entry.zeros, system);
        each(number, entry, &then, &hidden, &rows.sets);
        known.push(rows);
    }
    Ok(())
}

/// Codes as numbers that are the same in all bases.
#[derive(Default)]
struct Words(HashMap<String, u32>);

impl Words {
    fn number(&mut self, word: &str) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(word.to_owned()).or_insert(next)
    }
}

impl Known {
    fn read(base: &Base, amounts: &[f64], sets: Vec<Vec<u32>>, words: &mut Words) -> Self {
        let (columns, keys) = base.parts();
        let numbers: Vec<Vec<u32>> = columns
            .iter()
            .map(|column| column.codes.iter().map(|code| words.number(code)).collect())
            .collect();
        let width = columns.len();
        Self {
            keys: (0..base.counts.len())
                .map(|row| {
                    let key = &keys[row * width..(row + 1) * width];
                    key.iter().zip(&numbers).map(|(code, of)| of[*code as usize]).collect()
                })
                .collect(),
            columns: columns.into_iter().map(|column| column.name).collect(),
            counts: base.counts.clone(),
            amounts: amounts.to_vec(),
            sets,
        }
    }

    fn today(base: &Base, amounts: &[f64], words: &mut Words) -> Self {
        let sets = (0_u32..).take(base.counts.len()).map(|row| vec![row]).collect();
        Self::read(base, amounts, sets, words)
    }

    fn then(base: &Base, entry: &Entry, words: &mut Words) -> Self {
        Self::read(base, &entry.amounts, Vec::new(), words)
    }

    /// Finds the sets of all rows among what is known, and adds rows to the system for the others.
    fn find(&mut self, known: &[Self], zeros: Zeros, system: &mut System) {
        let mut sets: Vec<Option<Vec<u32>>> = vec![None; self.counts.len()];
        for other in known {
            if sets.iter().all(Option::is_some) {
                break;
            }
            let places: Option<Vec<usize>> = self
                .columns
                .iter()
                .map(|name| other.columns.iter().position(|column| column == name))
                .collect();
            // a coarser base cannot hold a row of this one
            let Some(places) = places else { continue };
            let mut groups: HashMap<Vec<u32>, Vec<usize>> = HashMap::with_capacity(other.counts.len());
            for (row, key) in other.keys.iter().enumerate() {
                let key = places.iter().map(|place| key[*place]).collect();
                groups.entry(key).or_default().push(row);
            }
            for (row, set) in sets.iter_mut().enumerate().filter(|(_, set)| set.is_none()) {
                if let Some(group) = groups.get(&self.keys[row])
                    && self.same(row, other, group)
                {
                    *set = Some(union(group.iter().map(|row| other.sets[*row].as_slice())));
                }
            }
        }
        self.sets = sets
            .into_iter()
            .zip(&self.counts)
            .map(|(set, count)| {
                set.unwrap_or_else(|| vec![system.more(*count, *count == 0 && zeros == Zeros::Published)])
            })
            .collect();
    }

    /// Whether a row holds what rows of another base hold together.
    fn same(&self, row: usize, other: &Self, group: &[usize]) -> bool {
        let count: u64 = group.iter().map(|row| other.counts[*row]).sum();
        if count != self.counts[row] {
            return false;
        }
        if self.amounts.is_empty() || other.amounts.is_empty() {
            return self.amounts.is_empty() == other.amounts.is_empty();
        }
        let sum: f64 = group.iter().map(|row| other.amounts[*row]).sum();
        let size: f64 = group.iter().map(|row| other.amounts[*row].abs()).sum();
        (sum - self.amounts[row]).abs() <= 1e-12 * size
    }
}
