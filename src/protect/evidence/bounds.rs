//! Between which whole numbers hidden cells lie, as a reader with a spreadsheet finds it: sum by sum, again and again.
//!
//! A cell is the sum of the cells under it in each of its dimensions, down to areas that several divisions have in
//! common. From what is shown, upper and lower ends go up and down these sums until none changes. Every end is proved:
//! no counts that fit the tables lie outside. What can go wrong: several sums taken together may tell more, which linear
//! programs find; the interval that is given here is then wider than what an outsider can derive, never narrower.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::{super::CountTable, atoms::Atoms, published::PublishedTable};

/// So many times the number of sums are looked at, at most; any number is sound.
const MOST_LOOKS: usize = 400;
/// Stands for no end.
const ENDLESS: u64 = u64::MAX;

/// A cell that is the sum of others: numbers of sets.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sum {
    whole: usize,
    parts: Vec<usize>,
}

/// Sets of atoms, their ends, and which are sums of which.
#[derive(Debug)]
pub(super) struct Bounds {
    /// Of every table and cell the number of its set.
    pub(super) number: Vec<Vec<usize>>,
    sums: Vec<Sum>,
    low: Vec<u64>,
    high: Vec<u64>,
}

/// A sum that cannot hold: the cells are places (table, cell).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    /// A published cell.
    pub(super) whole: Option<(usize, usize)>,
}

impl Bounds {
    /// Draws the ends of all cells. Hidden cells hold at least `least`.
    ///
    /// # Errors
    /// When published cells do not add up.
    pub(super) fn new(
        definitions: &[CountTable],
        tables: &[PublishedTable],
        atoms: &Atoms,
        least: u64,
    ) -> Result<Self, Broken> {
        let mut numbers: HashMap<Vec<u32>, usize> = HashMap::new();
        let mut number = Vec::with_capacity(tables.len());
        let (mut low, mut high): (Vec<u64>, Vec<u64>) = (Vec::new(), Vec::new());
        for (at, table) in tables.iter().enumerate() {
            let mut mine = Vec::with_capacity(table.cells.len());
            for (place, (cell, set)) in table.cells.iter().zip(&atoms.sets[at]).enumerate() {
                let next = numbers.len();
                let found = *numbers.entry(set.clone()).or_insert(next);
                if found == next {
                    low.push(0);
                    high.push(if set.is_empty() { 0 } else { ENDLESS });
                }
                let (from, to) = match cell.figure {
                    Some(figure) => (figure, figure),
                    None => (least, ENDLESS),
                };
                low[found] = low[found].max(from);
                high[found] = high[found].min(to);
                if low[found] > high[found] {
                    return Err(Broken {
                        whole: Some((at, place)),
                    });
                }
                mine.push(found);
            }
            number.push(mine);
        }
        let mut sums: Vec<Sum> = Vec::new();
        for (at, (definition, table)) in definitions.iter().zip(tables).enumerate() {
            add_sums(definition, table, atoms, &atoms.sets[at], &mut numbers, &mut sums);
        }
        low.resize(numbers.len(), 0);
        high.resize(numbers.len(), ENDLESS);
        sums.sort_unstable_by(|a, b| a.whole.cmp(&b.whole).then_with(|| a.parts.cmp(&b.parts)));
        sums.dedup();
        let mut bounds = Self {
            number,
            sums,
            low,
            high,
        };
        bounds.propagate().map_err(|set| bounds.broken(set))?;
        Ok(bounds)
    }

    /// The least and the largest value of a cell; no largest when there is no end.
    pub(super) fn of(&self, table: usize, cell: usize) -> (u64, Option<u64>) {
        let set = self.number[table][cell];
        (self.low[set], (self.high[set] != ENDLESS).then_some(self.high[set]))
    }

    fn broken(&self, set: usize) -> Broken {
        let whole = self.number.iter().enumerate().find_map(|(table, cells)| {
            let cell = cells.iter().position(|number| *number == set)?;
            Some((table, cell))
        });
        Broken { whole }
    }

    /// The error is the set of a sum that cannot hold.
    fn propagate(&mut self) -> Result<(), usize> {
        let mut of_set: Vec<Vec<u32>> = vec![Vec::new(); self.low.len()];
        for (number, sum) in (0_u32..).zip(&self.sums) {
            of_set[sum.whole].push(number);
            for part in &sum.parts {
                of_set[*part].push(number);
            }
        }
        let mut queue: VecDeque<u32> = (0_u32..).take(self.sums.len()).collect();
        let mut waiting = vec![true; self.sums.len()];
        let mut left = self.sums.len().saturating_mul(MOST_LOOKS);
        let mut changed: Vec<usize> = Vec::new();
        while let Some(at) = queue.pop_front() {
            waiting[at as usize] = false;
            if left == 0 {
                break;
            }
            left -= 1;
            self.look(at as usize, &mut changed)?;
            for set in changed.drain(..) {
                for sum in &of_set[set] {
                    if !std::mem::replace(&mut waiting[*sum as usize], true) {
                        queue.push_back(*sum);
                    }
                }
            }
        }
        Ok(())
    }

    fn look(&mut self, at: usize, changed: &mut Vec<usize>) -> Result<(), usize> {
        let (low, high) = (&mut self.low, &mut self.high);
        let Sum { whole, parts } = &self.sums[at];
        let mut least: u64 = parts.iter().fold(0, |sum, part| sum.saturating_add(low[*part]));
        let (mut most, mut endless) = (0_u64, 0_usize);
        for part in parts {
            match high[*part] {
                ENDLESS => endless += 1,
                end => most = most.saturating_add(end),
            }
        }
        let all = |most: u64, endless: usize| if endless == 0 { most } else { ENDLESS };
        let mut narrow = |low: &mut u64, high: &mut u64, set: usize, from: u64, to: u64| {
            let before = (*low, *high);
            (*low, *high) = ((*low).max(from), (*high).min(to));
            if (*low, *high) != before {
                changed.push(set);
            }
            if *low > *high { Err(*whole) } else { Ok(()) }
        };
        narrow(&mut low[*whole], &mut high[*whole], *whole, least, all(most, endless))?;
        let (from, to) = (low[*whole], high[*whole]);
        for part in parts {
            let (old_low, old_high) = (low[*part], high[*part]);
            // what the others leave of the whole
            let above = if to == ENDLESS {
                ENDLESS
            } else {
                to.saturating_sub(least - old_low)
            };
            let others_end = endless == usize::from(old_high == ENDLESS);
            let below = if others_end {
                let others = if old_high == ENDLESS { most } else { most - old_high };
                from.saturating_sub(others)
            } else {
                0
            };
            narrow(&mut low[*part], &mut high[*part], *part, below, above)?;
            least = least - old_low + low[*part];
            match (old_high, high[*part]) {
                (ENDLESS, ENDLESS) => {}
                (ENDLESS, end) => (most, endless) = (most.saturating_add(end), endless - 1),
                (old, end) => most = most - old + end,
            }
        }
        Ok(())
    }
}

/// Adds the sums of one table: every cell as the sum of those on the next finer levels of each dimension, and of the
/// areas that its levels have in common.
fn add_sums(
    definition: &CountTable,
    table: &PublishedTable,
    atoms: &Atoms,
    sets: &[Vec<u32>],
    numbers: &mut HashMap<Vec<u32>, usize>,
    sums: &mut Vec<Sum>,
) {
    let cells: HashMap<&[u32], usize> = table
        .cells
        .iter()
        .enumerate()
        .map(|(number, cell)| (cell.key.as_slice(), number))
        .collect();
    for at in 0..definition.dimensions.len() {
        let below = finer(definition, table, sets, at);
        for (cell, set) in table.cells.iter().zip(sets) {
            if set.is_empty() {
                continue;
            }
            let whole = numbers[set];
            let own = cell.key[at] as usize;
            for finer in &below.levels[own] {
                let parts: Vec<usize> = finer
                    .iter()
                    .filter_map(|place| {
                        let mut key = cell.key.clone();
                        key[at] = *place;
                        cells.get(key.as_slice()).copied()
                    })
                    .map(|cell| &sets[cell])
                    .filter(|set| !set.is_empty())
                    .map(|set| numbers[set])
                    .collect();
                push(sums, whole, parts);
            }
            // a level with nothing finer, in a dimension whose levels do not all nest
            if below.levels[own].is_empty()
                && let Some(column) = &below.common
            {
                let mut common: HashMap<Option<u32>, Vec<u32>> = HashMap::new();
                for atom in set {
                    common.entry(atoms.value(*atom, column)).or_default().push(*atom);
                }
                let mut common: Vec<Vec<u32>> = common.into_values().collect();
                common.sort_unstable();
                let parts = common
                    .into_iter()
                    .map(|set| {
                        let next = numbers.len();
                        *numbers.entry(set).or_insert(next)
                    })
                    .collect();
                push(sums, whole, parts);
            }
        }
    }
    // the areas in common are cells too: in the other dimensions they add up as all cells do
    add_common_sums(definition, table, atoms, sets, numbers, sums);
}

fn push(sums: &mut Vec<Sum>, whole: usize, mut parts: Vec<usize>) {
    parts.sort_unstable();
    if parts != [whole] && !parts.is_empty() {
        sums.push(Sum { whole, parts });
    }
}

/// Sums over the other dimensions of the areas that levels have in common.
fn add_common_sums(
    definition: &CountTable,
    table: &PublishedTable,
    atoms: &Atoms,
    sets: &[Vec<u32>],
    numbers: &mut HashMap<Vec<u32>, usize>,
    sums: &mut Vec<Sum>,
) {
    for at in 0..definition.dimensions.len() {
        let below = finer(definition, table, sets, at);
        let Some(column) = &below.common else { continue };
        // one level with nothing finer is enough: its cells fall apart into all areas in common
        let Some(level) = below.lowest else { continue };
        let mut pieces: HashMap<(Vec<u32>, Option<u32>), Vec<u32>> = HashMap::new();
        for (cell, set) in table.cells.iter().zip(sets) {
            if table.coordinates[at][cell.key[at] as usize].level == Some(level) {
                for atom in set {
                    let area = atoms.value(*atom, column);
                    pieces.entry((cell.key.clone(), area)).or_default().push(*atom);
                }
            }
        }
        let mut keys: Vec<&(Vec<u32>, Option<u32>)> = pieces.keys().collect();
        keys.sort_unstable();
        for other in (0..definition.dimensions.len()).filter(|other| *other != at) {
            let below = finer(definition, table, sets, other);
            for key in &keys {
                for finer in &below.levels[key.0[other] as usize] {
                    let parts: Vec<usize> = finer
                        .iter()
                        .filter_map(|place| {
                            let mut part = (key.0.clone(), key.1);
                            part.0[other] = *place;
                            numbers.get(pieces.get(&part)?).copied()
                        })
                        .collect();
                    if let Some(whole) = numbers.get(&pieces[*key]).copied() {
                        push(sums, whole, parts);
                    }
                }
            }
        }
    }
}

/// What lies under the coordinates of a dimension.
struct Finer {
    /// Of every coordinate, for each level next below, the coordinates there that it is the sum of.
    levels: Vec<Vec<Vec<u32>>>,
    /// A column of the dimension when not all of its levels nest, so that areas in common are finer than all.
    common: Option<String>,
    /// A level with nothing finer.
    lowest: Option<usize>,
}

fn finer(definition: &CountTable, table: &PublishedTable, sets: &[Vec<u32>], at: usize) -> Finer {
    let coordinates = &table.coordinates[at];
    let levels = definition.dimensions[at].levels.len();
    // which coordinates meet: by the atoms of the cells that hold no part of any other dimension
    let mut of_atom: BTreeMap<u32, Vec<Option<u32>>> = BTreeMap::new();
    for (cell, set) in table.cells.iter().zip(sets) {
        let place = cell.key[at];
        if let Some(level) = coordinates[place as usize].level {
            for atom in set {
                of_atom.entry(*atom).or_insert_with(|| vec![None; levels])[level] = Some(place);
            }
        }
    }
    let mut meets: Vec<Vec<HashMap<u32, Option<u32>>>> = vec![vec![HashMap::new(); levels]; levels];
    for places in of_atom.values() {
        for (fine, place) in places.iter().enumerate() {
            let Some(place) = place else { continue };
            for (coarse, above) in places.iter().enumerate() {
                let seen = meets[fine][coarse].entry(*place).or_insert(*above);
                if seen != above {
                    *seen = None;
                }
            }
        }
    }
    let count = |level: usize| coordinates.iter().filter(|place| place.level == Some(level)).count();
    let sizes: Vec<usize> = (0..levels).map(count).collect();
    let nests = |fine: usize, coarse: usize| {
        fine != coarse
            && (sizes[fine], fine) > (sizes[coarse], coarse)
            && !meets[fine][coarse].is_empty()
            && meets[fine][coarse].values().all(Option::is_some)
    };
    let next_below = |coarse: Option<usize>| -> Vec<usize> {
        let under: Vec<usize> = (0..levels)
            .filter(|fine| coarse.is_none_or(|coarse| nests(*fine, coarse)))
            .collect();
        under
            .iter()
            .copied()
            .filter(|fine| !under.iter().any(|between| nests(*fine, *between)))
            .collect()
    };
    let mut found: Vec<Vec<Vec<u32>>> = Vec::with_capacity(coordinates.len());
    for (own, coordinate) in (0_u32..).zip(coordinates) {
        let mut lists = Vec::new();
        for fine in next_below(coordinate.level) {
            let list: Vec<u32> = (0_u32..)
                .zip(coordinates)
                .filter(|(_, other)| other.level == Some(fine))
                .map(|(place, _)| place)
                .filter(|place| {
                    coordinate
                        .level
                        .is_none_or(|coarse| meets[fine][coarse].get(place).copied().flatten() == Some(own))
                })
                .collect();
            lists.push(list);
        }
        found.push(lists);
    }
    let lowest: Vec<usize> = (0..levels)
        .filter(|level| next_below(Some(*level)).is_empty())
        .collect();
    Finer {
        levels: found,
        common: (lowest.len() > 1).then(|| definition.dimensions[at].levels[lowest[0]].column.clone()),
        lowest: lowest.first().copied(),
    }
}
