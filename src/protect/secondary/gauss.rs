//! Secondary suppression by Gaussian elimination.
//!
//! Cells are columns over base rows. In order of their worth, each is accepted for publication unless it, modulo what
//! is accepted already, is proportional to an unsafe one: publishing it would then make the unsafe cell a combination
//! of published ones. What is accepted is eliminated from all others. In the end an unsafe cell's residual is not zero
//! exactly when it is no combination of published cells, for any linear structure: hierarchies, non-nested levels,
//! linked tables. The set that is published is maximal for the order.
//!
//! A hidden cell holds at least one person, when zeros are shown. So a sum of k hidden cells that is k tells each of
//! them, and no sum of cells with one person may be derivable: what is left of a candidate modulo what is accepted may
//! lie in their rows only when its signs are mixed and no other such candidate has one of the rows. When zeros are
//! hidden too, the same holds for sums of zeros.
//!
//! Source: Langsrud, Ø. (2024), Secondary cell suppression by Gaussian elimination: an algorithm suitable for handling
//! issues with zeros and singletons, in Privacy in Statistical Databases, Springer, doi:10.1007/978-3-031-69651-0_6.

use std::collections::HashMap;

use super::{
    basis::{Basis, Sum},
    column::{Change, Column, at, direction, eliminate, proportional},
    number::Number,
    order::order,
};

/// What is to be protected.
#[derive(Debug, Clone)]
pub struct Problem<'a> {
    /// Base rows of every cell, rising.
    pub cells: Vec<&'a [u32]>,
    /// Number of persons of every cell.
    pub counts: Vec<u64>,
    /// Number of persons of every base row.
    pub row_counts: &'a [u64],
    /// Base rows whose number everybody knows.
    pub known: Vec<bool>,
    /// Cells that are unsafe themselves.
    pub primary: Vec<bool>,
    /// Sets of base rows, rising, that are no cells and must not be derivable either.
    pub forbidden: Vec<Vec<u32>>,
}

/// How to protect it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether sums of cells with one person must not be derivable.
    pub singletons: bool,
    /// Whether it is the cells with zero instead: when zeros are protected, a hidden cell may hold nobody.
    pub zero_singletons: bool,
    /// Whether zeros come last as candidates instead of first: they may be hidden to protect others.
    pub zeros_last: bool,
}

/// What a hidden zero is, when zeros may be hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HiddenZeros {
    /// What the options say.
    #[default]
    AsOptions,
    /// A zero is hidden only to protect something else. No count is negative, so a published sum of hidden zeros tells
    /// each of them: such a sum is published only when everything unsafe stands what it tells. This takes the place of
    /// the options' rule for singletons.
    MayBeTold,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            singletons: true,
            zero_singletons: false,
            zeros_last: false,
        }
    }
}

/// The cells to hide beside the primary ones.
///
/// Works in 64 bits; when a coefficient does not fit, again in 128; and when one does not fit there either, the cell
/// that would need it is hidden.
pub fn suppress(problem: &Problem<'_>, options: Options) -> Vec<bool> {
    let hidden = search::<i64, i128>(problem, options);
    hidden
        .iter()
        .zip(&problem.primary)
        .map(|(hidden, primary)| *hidden && !primary)
        .collect()
}

/// The same with the candidates in an order of the caller's: what comes first is kept, what comes late pays. A cell
/// that is not named comes last. The same cells under another name take the place of the first of them.
///
/// Two readers learn of nothing unsafe: one who sees the cells alone, and one to whom the sums of other sets of rows were
/// `given` before. What follows from these alone cannot be protected from him any more.
pub fn suppress_after(
    problem: &Problem<'_>,
    options: Options,
    order: &[usize],
    zeros: HiddenZeros,
    given: &[&[u32]],
) -> Vec<bool> {
    let mut views = Views::new(problem, options, order, zeros);
    views.give(given);
    let hidden = views.search::<i64, i128>();
    hidden
        .iter()
        .zip(&problem.primary)
        .map(|(hidden, primary)| *hidden && !primary)
        .collect()
}

/// All hidden cells, found with numbers `N`, or `W` when those are too small.
fn search<N: Number, W: Number>(problem: &Problem<'_>, options: Options) -> Vec<bool> {
    search_in_order::<N, W>(problem, options, &order(problem, options), HiddenZeros::AsOptions)
}

fn search_in_order<N: Number, W: Number>(
    problem: &Problem<'_>,
    options: Options,
    order: &[usize],
    zeros: HiddenZeros,
) -> Vec<bool> {
    Views::new(problem, options, order, zeros).search::<N, W>()
}

/// One problem as several attackers see it: first one who knows what everybody knows, then others who know more base
/// rows. A cell is published only when no one of them learns of anything unsafe.
pub(super) struct Views<'a> {
    problem: &'a Problem<'a>,
    options: Options,
    zeros: HiddenZeros,
    representative: Vec<usize>,
    order: Vec<usize>,
    columns: Vec<Columns>,
}

impl<'a> Views<'a> {
    /// The view of everybody.
    pub(super) fn new(problem: &'a Problem<'a>, options: Options, order: &[usize], zeros: HiddenZeros) -> Self {
        let representative = representatives(problem);
        let mut named = vec![false; problem.cells.len()];
        let order = order
            .iter()
            .copied()
            .chain(0..problem.cells.len())
            .map(|cell| representative[cell])
            .filter(|cell| !std::mem::replace(&mut named[*cell], true))
            .collect();
        let columns = vec![Columns::of(
            problem,
            &problem.known,
            &[],
            options,
            &representative,
            zeros,
        )];
        Self {
            problem,
            options,
            zeros,
            representative,
            order,
            columns,
        }
    }

    /// Adds the view of somebody to whom the sums of these sets were given.
    pub(super) fn give(&mut self, given: &[&[u32]]) {
        if !given.is_empty() {
            let known = &self.problem.known;
            let columns = Columns::of(
                self.problem,
                known,
                given,
                self.options,
                &self.representative,
                self.zeros,
            );
            self.columns.push(columns);
        }
    }

    /// Adds the view of who knows these base rows too.
    pub(super) fn add(&mut self, rows: &[u32]) {
        let columns = self.of(rows);
        self.columns.push(columns);
    }

    fn of(&self, rows: &[u32]) -> Columns {
        let mut known = self.problem.known.clone();
        for row in rows {
            known[*row as usize] = true;
        }
        Columns::of(
            self.problem,
            &known,
            &[],
            self.options,
            &self.representative,
            self.zeros,
        )
    }

    fn unsafe_cells(&self) -> Vec<bool> {
        let mut unsafe_cell = vec![false; self.problem.cells.len()];
        for (cell, primary) in self.problem.primary.iter().enumerate() {
            unsafe_cell[self.representative[cell]] |= primary;
        }
        unsafe_cell
    }

    /// All hidden cells, found with numbers `N`, or `W` when those are too small.
    pub(super) fn search<N: Number, W: Number>(&self) -> Vec<bool> {
        let mut unsafe_cell = self.unsafe_cells();
        let mut wide = false;
        loop {
            let result = if wide {
                run::<W>(&self.columns, &self.order, &unsafe_cell)
            } else {
                run::<N>(&self.columns, &self.order, &unsafe_cell)
            };
            match result {
                Ok(hidden) => return self.representative.iter().map(|same| hidden[*same]).collect(),
                Err(_) if !wide => wide = true,
                Err(Some(cell)) => unsafe_cell[cell] = true,
                Err(None) => return vec![true; self.problem.cells.len()],
            }
        }
    }

    /// Which of `insiders`, each knowing base rows of its own, learn of something unsafe that is not all theirs from what
    /// is published; all of those of whom numbers `N` are too small to tell.
    ///
    /// One elimination carries the own rows of all along. What is left of an unsafe cell is then looked for among what
    /// is left of an insider's rows.
    pub(super) fn betrayed<N: Number>(&self, hidden: &[bool], insiders: &[Vec<u32>]) -> Vec<usize> {
        let known = &self.problem.known;
        let mut rows: Vec<u32> = insiders
            .iter()
            .flatten()
            .copied()
            .filter(|row| !known[*row as usize])
            .collect();
        rows.sort_unstable();
        rows.dedup();
        let with_rows = Problem {
            forbidden: self
                .problem
                .forbidden
                .iter()
                .cloned()
                .chain(rows.iter().map(|row| vec![*row]))
                .collect(),
            ..self.problem.clone()
        };
        let all = || (0..insiders.len()).collect();
        let columns = Columns::of(&with_rows, known, &[], self.options, &self.representative, self.zeros);
        let unsafe_cell = self.unsafe_cells();
        let Some(mut elimination) = Elimination::<N>::new(&columns, &unsafe_cell) else {
            return all();
        };
        for cell in self.order.iter().filter(|cell| !hidden[**cell]) {
            let pivot = elimination.take(elimination.candidate[*cell] as usize);
            if elimination.learn(&pivot).is_none() {
                return all();
            }
        }
        // columns of unsafe cells, of forbidden sets, of own rows
        let cells = (0..unsafe_cell.len()).filter(|cell| unsafe_cell[*cell] && columns.watched[*cell]);
        let sets = cells.map(|cell| self.problem.cells[cell]);
        let sets: Vec<&[u32]> = sets.chain(self.problem.forbidden.iter().map(Vec::as_slice)).collect();
        let (secret, own) = elimination.columns[elimination.unsafe_from..].split_at(sets.len());
        let betrays = |insider: &Vec<u32>| -> Option<bool> {
            let mut spare = Column::new();
            let mut pivots: Vec<(u32, Column<N>)> = Vec::new();
            let reduce = |column: &Column<N>, pivots: &[(u32, Column<N>)], spare: &mut Column<N>| {
                let mut column = column.clone();
                for (row, pivot) in pivots {
                    if at(&column, *row) != N::ZERO {
                        eliminate(&column, pivot, *row, spare, |_| ())?;
                        std::mem::swap(&mut column, spare);
                    }
                }
                Some(column)
            };
            for row in insider {
                if let Ok(place) = rows.binary_search(row) {
                    let column = reduce(&own[place], &pivots, &mut spare)?;
                    if let Some((row, _)) = column.first() {
                        pivots.push((*row, column));
                    }
                }
            }
            for (set, column) in sets.iter().zip(secret) {
                let theirs = set.iter().all(|row| known[*row as usize] || insider.contains(row));
                let touched = pivots.iter().any(|(row, _)| at(column, *row) != N::ZERO);
                if !theirs && touched && reduce(column, &pivots, &mut spare)?.is_empty() {
                    return Some(true);
                }
            }
            Some(false)
        };
        (0..insiders.len())
            .filter(|insider| betrays(&insiders[*insider]).unwrap_or(true))
            .collect()
    }
}

/// One elimination; the error is the cell at which a number did not fit, or none when that was so from the start.
fn run<N: Number>(views: &[Columns], order: &[usize], unsafe_cell: &[bool]) -> Result<Vec<bool>, Option<usize>> {
    let mut eliminations = views
        .iter()
        .map(|columns| Elimination::<N>::new(columns, unsafe_cell).ok_or(None))
        .collect::<Result<Vec<_>, _>>()?;
    let mut hidden = unsafe_cell.to_vec();
    for cell in order {
        if unsafe_cell[*cell] {
            continue;
        }
        let pivots: Vec<Option<Column<N>>> = eliminations.iter_mut().map(|view| view.test(*cell)).collect();
        hidden[*cell] = pivots.iter().any(Option::is_none);
        if !hidden[*cell] {
            for (view, pivot) in eliminations.iter_mut().zip(pivots.iter().flatten()) {
                view.learn(pivot).ok_or(Some(*cell))?;
            }
        }
    }
    Ok(hidden)
}

/// Everything as sums over coordinates.
struct Columns {
    /// Base rows that everybody knows, and sets whose sums were given.
    known: Vec<Sum>,
    /// What the cells are; nothing for one that stands for the same rows as one before it.
    cells: Vec<Sum>,
    /// Sets that must not be derivable either.
    forbidden: Vec<Sum>,
    /// Cells with singletons only. They need no watch: they are sums of singletons, which are never accepted.
    watched: Vec<bool>,
    /// Coordinates that are singletons' rows, or none when there is no rule for them.
    singleton: Vec<bool>,
    /// Whether a sum of singletons may be published, and tells each of them.
    tell: bool,
}

impl Columns {
    /// The columns of who knows these rows and the sums of these sets.
    fn of(
        problem: &Problem<'_>,
        known: &[bool],
        given: &[&[u32]],
        options: Options,
        representative: &[usize],
        zeros: HiddenZeros,
    ) -> Self {
        let tell = zeros == HiddenZeros::MayBeTold;
        let singleton = if tell {
            (problem.row_counts.iter().zip(known))
                .map(|(count, known)| *count == 0 && !known)
                .collect()
        } else {
            singletons(problem, known, options)
        };
        let all = tell || !given.is_empty();
        let watched = |rows: &[u32]| all || !rows.iter().all(|row| singleton[*row as usize] || known[*row as usize]);
        let known: Vec<[u32; 1]> = (0_u32..)
            .zip(known)
            .filter(|(_, known)| **known)
            .map(|(row, _)| [row])
            .collect();
        let mut known: Vec<&[u32]> = known.iter().map(<[u32; 1]>::as_slice).collect();
        known.extend(given);
        let cells: Vec<&[u32]> = problem
            .cells
            .iter()
            .enumerate()
            .map(|(cell, rows)| if representative[cell] == cell { *rows } else { &[] })
            .collect();
        let forbidden: Vec<&[u32]> = problem
            .forbidden
            .iter()
            .map(Vec::as_slice)
            .filter(|rows| watched(rows))
            .collect();
        let in_basis = || {
            let mut basis = Basis::of(&cells, &singleton)?;
            let mut express =
                |sets: &[&[u32]]| -> Option<Vec<Sum>> { sets.iter().map(|rows| basis.express(rows)).collect() };
            Some((express(&known)?, express(&cells)?, express(&forbidden)?, basis.len()))
        };
        let plain = |sets: &[&[u32]]| -> Vec<Sum> {
            sets.iter()
                .map(|rows| rows.iter().map(|row| (*row, 1)).collect())
                .collect()
        };
        let watched = cells.iter().map(|rows| watched(rows)).collect();
        let (known, cells, forbidden, coordinates) =
            in_basis().unwrap_or_else(|| (plain(&known), plain(&cells), plain(&forbidden), singleton.len()));
        let mut singleton = singleton;
        singleton.resize(coordinates, false);
        Self {
            known,
            cells,
            forbidden,
            watched,
            singleton,
            tell,
        }
    }
}

/// For every cell the first with the same rows.
fn representatives(problem: &Problem<'_>) -> Vec<usize> {
    let mut first: HashMap<&[u32], usize> = HashMap::with_capacity(problem.cells.len());
    problem
        .cells
        .iter()
        .enumerate()
        .map(|(cell, rows)| *first.entry(rows).or_insert(cell))
        .collect()
}

/// Rows that stand for a cell with one person (or none): those that are a cell by themselves, beside known ones, so
/// that everybody sees that one is hidden.
fn singletons(problem: &Problem<'_>, known: &[bool], options: Options) -> Vec<bool> {
    let mut singleton = vec![false; problem.row_counts.len()];
    if options.singletons {
        for cell in &problem.cells {
            let mut unknown = cell.iter().map(|row| *row as usize).filter(|row| !known[*row]);
            if let (Some(row), None) = (unknown.next(), unknown.next()) {
                singleton[row] = problem.row_counts[row] == u64::from(!options.zero_singletons);
            }
        }
    }
    singleton
}

struct Elimination<'a, N> {
    /// Coordinates that are singletons' rows.
    singleton: &'a [bool],
    /// Whether a sum of singletons may be published, and tells each of them.
    tell: bool,
    /// What is left of every candidate and, from `unsafe_from` on, of everything that must not be derivable.
    columns: Vec<Column<N>>,
    unsafe_from: usize,
    /// Number of a cell's column.
    candidate: Vec<u32>,
    /// Columns that have an entry at a coordinate; may name some that no longer do.
    by_row: Vec<Vec<u32>>,
    /// How many entries a coordinate has.
    entries: Vec<u32>,
    /// Unsafe columns by direction, and each one's direction.
    directions: HashMap<u64, Vec<u32>>,
    direction_of: Vec<u64>,
    /// Singletons' rows of an accepted difference.
    used: Vec<bool>,
    /// A column's memory to write the next result into.
    spare: Column<N>,
}

impl<'a, N: Number> Elimination<'a, N> {
    /// The state before any cell is accepted. None when a number does not fit.
    fn new(prepared: &'a Columns, unsafe_cell: &[bool]) -> Option<Self> {
        let convert =
            |sum: &Sum| -> Option<Column<N>> { sum.iter().map(|(at, value)| Some((*at, N::new(*value)?))).collect() };
        let mut columns = Vec::with_capacity(prepared.cells.len() + prepared.forbidden.len());
        let mut candidate = vec![u32::MAX; prepared.cells.len()];
        for (cell, sum) in prepared.cells.iter().enumerate() {
            if !unsafe_cell[cell] {
                candidate[cell] = number(columns.len());
                columns.push(convert(sum)?);
            }
        }
        let known_from = columns.len();
        for sum in &prepared.known {
            columns.push(convert(sum)?);
        }
        let unsafe_from = columns.len();
        let cells = prepared.cells.iter().enumerate();
        let cells = cells.filter(|(cell, _)| unsafe_cell[*cell] && prepared.watched[*cell]);
        for sum in cells.map(|(_, sum)| sum).chain(&prepared.forbidden) {
            columns.push(convert(sum)?);
        }
        let mut by_row = vec![Vec::new(); prepared.singleton.len()];
        let mut entries = vec![0; prepared.singleton.len()];
        for (at, column) in columns.iter().enumerate() {
            for (row, _) in column {
                by_row[*row as usize].push(number(at));
                entries[*row as usize] += 1;
            }
        }
        let direction_of: Vec<u64> = columns[unsafe_from..].iter().map(|column| direction(column)).collect();
        let mut directions: HashMap<u64, Vec<u32>> = HashMap::with_capacity(direction_of.len());
        for (at, direction) in direction_of.iter().enumerate() {
            directions.entry(*direction).or_default().push(number(unsafe_from + at));
        }
        let mut elimination = Self {
            singleton: &prepared.singleton,
            tell: prepared.tell,
            columns,
            unsafe_from,
            candidate,
            by_row,
            entries,
            directions,
            direction_of,
            used: vec![false; prepared.singleton.len()],
            spare: Vec::new(),
        };
        for column in known_from..unsafe_from {
            let pivot = elimination.take(column);
            // a difference of singletons that is given: no other one may share a row with it
            if pivot.iter().all(|(row, _)| elimination.singleton[*row as usize]) {
                for (row, _) in &pivot {
                    elimination.used[*row as usize] = true;
                }
            }
            elimination.remove(&pivot)?;
        }
        Some(elimination)
    }

    /// What is left of a cell that can be published; nothing when it cannot.
    fn test(&mut self, cell: usize) -> Option<Column<N>> {
        let pivot = self.take(self.candidate[cell] as usize);
        let refused = if self.tell {
            self.tells_of_zeros(&pivot)
        } else {
            self.tells_of_singletons(&pivot)
        };
        (pivot.is_empty() || !refused && !self.is_unsafe(&pivot)).then_some(pivot)
    }

    /// Eliminates what is known now from all columns. None when a number does not fit.
    fn learn(&mut self, pivot: &[(u32, N)]) -> Option<()> {
        if self.tell && pivot.iter().all(|(row, _)| self.singleton[*row as usize]) {
            // a sum of zeros tells each of them
            for (row, _) in pivot {
                self.remove(&[(*row, N::ONE)])?;
            }
            return Some(());
        }
        self.remove(pivot)
    }

    /// Whether what is left of a candidate is a sum of zeros, and something unsafe has nothing else left. A difference
    /// of zeros tells less than a sum; taking it for one is on the safe side.
    fn tells_of_zeros(&self, pivot: &[(u32, N)]) -> bool {
        if !pivot.iter().all(|(row, _)| self.singleton[*row as usize]) {
            return false;
        }
        let told = |row: &u32| pivot.binary_search_by_key(row, |(at, _)| *at).is_ok();
        let touched = pivot.iter().flat_map(|(row, _)| &self.by_row[*row as usize]);
        touched
            .filter(|other| **other as usize >= self.unsafe_from)
            .any(|other| {
                let column = &self.columns[*other as usize];
                !column.is_empty() && column.iter().all(|(row, _)| told(row))
            })
    }

    /// Takes a column out.
    fn take(&mut self, column: usize) -> Column<N> {
        let column = std::mem::take(&mut self.columns[column]);
        for (row, _) in &column {
            self.entries[*row as usize] -= 1;
        }
        column
    }

    /// Eliminates what is known from all columns.
    fn remove(&mut self, pivot: &[(u32, N)]) -> Option<()> {
        let Some(row) = self.pivot_row(pivot) else {
            return Some(());
        };
        for other in std::mem::take(&mut self.by_row[row as usize]) {
            if at(&self.columns[other as usize], row) != N::ZERO {
                self.replace(other, pivot, row)?;
            }
        }
        Some(())
    }

    /// Whether what is left of a candidate is proportional to what is left of something unsafe.
    fn is_unsafe(&self, pivot: &[(u32, N)]) -> bool {
        let same = self.directions.get(&direction(pivot));
        same.is_some_and(|all| {
            all.iter()
                .any(|other| proportional(pivot, &self.columns[*other as usize]))
        })
    }

    /// Whether what is left of a candidate lies in singletons' rows and could give a sum of them. A difference of them
    /// cannot, as long as no other one shares a row with it.
    fn tells_of_singletons(&mut self, pivot: &[(u32, N)]) -> bool {
        if !pivot.iter().all(|(row, _)| self.singleton[*row as usize]) {
            return false;
        }
        let mixed = pivot.iter().any(|(_, value)| *value > N::ZERO) && pivot.iter().any(|(_, value)| *value < N::ZERO);
        if !mixed || pivot.iter().any(|(row, _)| self.used[*row as usize]) {
            return true;
        }
        for (row, _) in pivot {
            self.used[*row as usize] = true;
        }
        false
    }

    /// Frees a column of the pivot's row.
    fn replace(&mut self, name: u32, pivot: &[(u32, N)], row: u32) -> Option<()> {
        let Self {
            columns,
            by_row,
            entries,
            spare,
            ..
        } = self;
        let column = &mut columns[name as usize];
        eliminate(column, pivot, row, spare, |change| match change {
            Change::Filled(row) => {
                by_row[row as usize].push(name);
                entries[row as usize] += 1;
            }
            Change::Cleared(row) => entries[row as usize] -= 1,
        })?;
        std::mem::swap(column, spare);
        if let Some(at) = (name as usize).checked_sub(self.unsafe_from) {
            let new = direction(&self.columns[name as usize]);
            let old = std::mem::replace(&mut self.direction_of[at], new);
            if let Some(list) = self.directions.get_mut(&old) {
                list.retain(|other| *other != name);
            }
            self.directions.entry(new).or_default().push(name);
        }
        Some(())
    }

    /// The row with the fewest entries: it fills in least. A singleton's only when there is no other, so that what has
    /// none but singletons' rows left really is about them.
    fn pivot_row(&self, pivot: &[(u32, N)]) -> Option<u32> {
        let rows = pivot.iter().map(|(row, _)| *row);
        rows.min_by_key(|row| (self.singleton[*row as usize], self.entries[*row as usize], *row))
    }
}

/// Columns are fewer than 2^32: there are not so many base rows.
fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protect::audit::derivable;

    /// Sets that cross without any order, so that coefficients grow.
    fn crossing() -> (Vec<Vec<u32>>, Vec<u64>) {
        let mut state = 7_u64;
        let mut draw = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        let counts: Vec<u64> = (0..30).map(|_| draw() % 6).collect();
        let mut sets: Vec<Vec<u32>> = (0..30).map(|row| vec![row]).collect();
        sets.extend((0..40).map(|_| (0..30).filter(|_| draw() % 2 == 0).collect::<Vec<u32>>()));
        (sets, counts)
    }

    #[test]
    fn numbers_that_do_not_fit_hide_more_and_reveal_nothing() {
        let (sets, row_counts) = crossing();
        let counts: Vec<u64> = sets
            .iter()
            .map(|set| set.iter().map(|row| row_counts[*row as usize]).sum())
            .collect();
        let problem = Problem {
            cells: sets.iter().map(Vec::as_slice).collect(),
            primary: counts.iter().map(|count| *count > 0 && *count < 4).collect(),
            counts,
            row_counts: &row_counts,
            known: vec![false; row_counts.len()],
            forbidden: vec![vec![0, 5, 9]],
        };
        let options = Options::default();
        let exact = search::<i64, i128>(&problem, options);
        // eight bits are too few here, and what is found then is the same
        let columns = Columns::of(
            &problem,
            &problem.known,
            &[],
            options,
            &representatives(&problem),
            HiddenZeros::AsOptions,
        );
        assert!(
            run::<i8>(
                &[columns],
                &order(&problem, options),
                &exact.iter().map(|_| false).collect::<Vec<_>>()
            )
            .is_err()
        );
        assert_eq!(search::<i8, i64>(&problem, options), exact);
        // when the wider numbers are too small too, cells are hidden for it, and are safe like all others
        let narrow = search::<i8, i8>(&problem, options);
        let number = |hidden: &[bool]| hidden.iter().filter(|cell| **cell).count();
        assert!(number(&narrow) > number(&exact) && number(&narrow) < sets.len());
        for hidden in [exact, narrow] {
            let pick = |wanted: bool| -> Vec<&[u32]> {
                (0..sets.len())
                    .filter(|cell| hidden[*cell] == wanted)
                    .map(|cell| &sets[cell][..])
                    .collect()
            };
            let mut attacked = pick(true);
            attacked.push(&problem.forbidden[0]);
            assert!(!derivable(&pick(false), &attacked).contains(&true));
        }
    }
}
