//! Secondary suppression by Gaussian elimination.
//!
//! Cells are columns over base rows. In order of their worth, each is accepted for publication unless it, modulo what is accepted
//! already, is proportional to an unsafe one: publishing it would then make the unsafe cell a combination of published ones. What is
//! accepted is eliminated from all others. In the end an unsafe cell's residual is not zero exactly when it is no combination of published
//! cells, for any linear structure: hierarchies, non-nested levels, linked tables. The set that is published is maximal for the order.
//!
//! Source: Langsrud, Ø. (2024), Secondary cell suppression by Gaussian elimination: an algorithm suitable for handling issues with zeros
//! and singletons, in Privacy in Statistical Databases, Springer, doi:10.1007/978-3-031-69651-0_6.

use std::{cmp::Ordering, collections::BTreeMap};

use super::column::{Column, at, direction, eliminate, proportional};
use crate::error::{Error, Result};

/// What is to be protected.
#[derive(Debug, Clone)]
pub struct Problem<'a> {
    /// Base rows of every cell, rising.
    pub cells: Vec<&'a [u32]>,
    /// Number of persons of every cell.
    pub counts: Vec<u64>,
    /// Number of persons of every base row.
    pub row_counts: &'a [u64],
    /// Cells that are unsafe themselves.
    pub primary: Vec<bool>,
    /// Sets of rows that are no cells and must not be derivable either, as +1 and −1 over rows.
    pub forbidden: Vec<Vec<u32>>,
}

/// How to protect it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether sums of base rows with one person must not be derivable.
    pub singletons: bool,
    /// Whether base rows with zero count as singletons: when zeros are protected.
    pub zero_singletons: bool,
    /// Whether zeros come last as candidates instead of first: they may be hidden to protect others.
    pub zeros_last: bool,
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
/// # Errors
/// SAMSYN-5006 when a coefficient grows beyond 128 bits, which no table of counts has been seen to do.
pub fn suppress(problem: &Problem<'_>, options: Options) -> Result<Vec<bool>> {
    let representative = representatives(problem);
    let mut primary = vec![false; problem.cells.len()];
    for (cell, is_primary) in problem.primary.iter().enumerate() {
        if *is_primary {
            primary[representative[cell]] = true;
        }
    }
    let mut elimination = Elimination::new(problem, options, &primary);
    let mut hidden = vec![false; problem.cells.len()];
    for cell in order(problem, options) {
        if representative[cell] != cell || primary[cell] {
            continue;
        }
        hidden[cell] = !elimination.accept(cell)?;
    }
    Ok((0..problem.cells.len())
        .map(|cell| {
            let same = representative[cell];
            (primary[same] || hidden[same]) && !problem.primary[cell]
        })
        .collect())
}

/// For every cell the first with the same rows.
fn representatives(problem: &Problem<'_>) -> Vec<usize> {
    let mut first: BTreeMap<&[u32], usize> = BTreeMap::new();
    problem
        .cells
        .iter()
        .enumerate()
        .map(|(cell, rows)| *first.entry(rows).or_insert(cell))
        .collect()
}

/// Large cells first; equal ones by how much of large cells they are part of; zeros before all, or after.
#[expect(clippy::cast_precision_loss, reason = "an order of counts far below 2^53")]
fn order(problem: &Problem<'_>, options: Options) -> Vec<usize> {
    let worth: Vec<f64> = problem.counts.iter().map(|count| *count as f64 + 1.0).collect();
    let mut of_row = vec![0.0; problem.row_counts.len()];
    for (rows, worth) in problem.cells.iter().zip(&worth) {
        for row in *rows {
            of_row[*row as usize] += worth;
        }
    }
    let ties: Vec<f64> = problem
        .cells
        .iter()
        .map(|rows| rows.iter().map(|row| of_row[*row as usize]).sum())
        .collect();
    let largest = ties.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let mut keys: Vec<f64> = worth
        .iter()
        .zip(&ties)
        .map(|(worth, tie)| worth + 0.99 * tie / largest)
        .collect();
    if !options.zeros_last {
        let top = keys.iter().copied().fold(0.0, f64::max);
        for (key, count) in keys.iter_mut().zip(&problem.counts) {
            if *count == 0 {
                *key += top;
            }
        }
    }
    let mut cells: Vec<usize> = (0..problem.cells.len()).collect();
    cells.sort_by(|a, b| keys[*b].total_cmp(&keys[*a]));
    cells
}

struct Elimination<'a> {
    row_is_singleton: Vec<bool>,
    /// Residuals: the candidates', then the unsafe cells'.
    columns: Vec<Column>,
    /// First of the unsafe.
    unsafe_from: usize,
    candidate: BTreeMap<usize, usize>,
    /// Columns that have an entry in a row; may name some that no longer do.
    by_row: Vec<Vec<u32>>,
    entries: Vec<u32>,
    directions: BTreeMap<u64, Vec<u32>>,
    used: Vec<bool>,
    options: Options,
    problem: &'a Problem<'a>,
}

impl<'a> Elimination<'a> {
    fn new(problem: &'a Problem<'a>, options: Options, primary: &[bool]) -> Self {
        let rows = problem.row_counts.len();
        let row_is_singleton: Vec<bool> = problem
            .row_counts
            .iter()
            .map(|count| options.singletons && (*count == 1 || (options.zero_singletons && *count == 0)))
            .collect();
        let column = |rows: &[u32]| -> Column { rows.iter().map(|row| (*row, 1)).collect() };
        let mut columns = Vec::new();
        let mut candidate = BTreeMap::new();
        for (cell, rows) in problem.cells.iter().enumerate() {
            if !primary[cell] {
                candidate.insert(cell, columns.len());
                columns.push(column(rows));
            }
        }
        let unsafe_from = columns.len();
        let sets = problem
            .cells
            .iter()
            .enumerate()
            .filter(|(cell, _)| primary[*cell])
            .map(|(_, rows)| *rows);
        for rows in sets.chain(problem.forbidden.iter().map(Vec::as_slice)) {
            // what has only singletons is covered by the rule for sums of singletons
            if rows.is_empty() || rows.iter().all(|row| row_is_singleton[*row as usize]) {
                continue;
            }
            columns.push(column(rows));
        }
        let mut by_row = vec![Vec::new(); rows];
        let mut entries = vec![0; rows];
        for (number, column) in columns.iter().enumerate() {
            for (row, _) in column {
                by_row[*row as usize].push(u32::try_from(number).unwrap_or(u32::MAX));
                entries[*row as usize] += 1;
            }
        }
        let mut directions: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        for (number, column) in columns.iter().enumerate().skip(unsafe_from) {
            directions
                .entry(direction(column))
                .or_default()
                .push(u32::try_from(number).unwrap_or(u32::MAX));
        }
        Self {
            row_is_singleton,
            columns,
            unsafe_from,
            candidate,
            by_row,
            entries,
            directions,
            used: vec![false; rows],
            options,
            problem,
        }
    }

    /// Whether the cell can be published; if so it is eliminated from all other columns.
    fn accept(&mut self, cell: usize) -> Result<bool> {
        let number = self.candidate[&cell];
        let pivot = std::mem::take(&mut self.columns[number]);
        for (row, _) in &pivot {
            self.entries[*row as usize] -= 1;
        }
        if pivot.is_empty() {
            return Ok(true);
        }
        let known = self.directions.get(&direction(&pivot));
        if known.is_some_and(|all| {
            all.iter()
                .any(|other| proportional(&pivot, &self.columns[*other as usize]))
        }) {
            return Ok(false);
        }
        if self.options.singletons && pivot.iter().all(|(row, _)| self.row_is_singleton[*row as usize]) {
            let mixed = pivot.iter().any(|(_, value)| *value > 0) && pivot.iter().any(|(_, value)| *value < 0);
            if !mixed || pivot.iter().any(|(row, _)| self.used[*row as usize]) {
                return Ok(false);
            }
            for (row, _) in &pivot {
                self.used[*row as usize] = true;
            }
        }
        let row = self.pivot_row(&pivot);
        let touched = std::mem::take(&mut self.by_row[row as usize]);
        for other in touched {
            let at_other = other as usize;
            if at(&self.columns[at_other], row) == 0 {
                continue;
            }
            self.replace(at_other, &pivot, row)?;
        }
        Ok(true)
    }

    fn replace(&mut self, number: usize, pivot: &Column, row: u32) -> Result<()> {
        let old = std::mem::take(&mut self.columns[number]);
        let new = eliminate(&old, pivot, row).ok_or_else(|| {
            Error::exhausted(5006, "a coefficient of the elimination grew beyond 128 bits")
                .hint("protect fewer tables together, or coarser levels")
        })?;
        let name = u32::try_from(number).unwrap_or(u32::MAX);
        let (mut i, mut j) = (0, 0);
        while i < old.len() || j < new.len() {
            let left = old.get(i).map_or(u32::MAX, |(row, _)| *row);
            let right = new.get(j).map_or(u32::MAX, |(row, _)| *row);
            match left.cmp(&right) {
                Ordering::Equal => {
                    i += 1;
                    j += 1;
                }
                Ordering::Less => {
                    self.entries[left as usize] -= 1;
                    i += 1;
                }
                Ordering::Greater => {
                    self.entries[right as usize] += 1;
                    self.by_row[right as usize].push(name);
                    j += 1;
                }
            }
        }
        if number >= self.unsafe_from {
            if let Some(list) = self.directions.get_mut(&direction(&old)) {
                list.retain(|other| *other != name);
            }
            if new.is_empty() {
                return Err(Error::bug(9050, "an unsafe cell became derivable during elimination"));
            }
            self.directions.entry(direction(&new)).or_default().push(name);
        }
        self.columns[number] = new;
        Ok(())
    }

    /// The row with the fewest entries, singletons last: it fills in least.
    fn pivot_row(&self, pivot: &Column) -> u32 {
        debug_assert_eq!(self.problem.row_counts.len(), self.entries.len());
        pivot
            .iter()
            .map(|(row, _)| *row)
            .min_by_key(|row| (self.row_is_singleton[*row as usize], self.entries[*row as usize], *row))
            .unwrap_or_default()
    }
}
