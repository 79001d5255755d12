//! The rows of one group, summed by their keys: the one place where rows become cells.
//!
//! Keys are numbered within the group, so the sums usually fit a small table that is added to without sorting. When the
//! table would be mostly empty, or when adding would round, rows are sorted by key and every sum is taken exactly.

use super::{
    exact::{self, two_sum},
    keys::Keys,
};
use crate::error::{Error, Result};

/// Rows in order of arrival, as columns.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// Group of every row.
    pub(super) group: Vec<u32>,
    /// Place of every row's keys, by key.
    pub(super) keys: Vec<Vec<u32>>,
    /// Counts of every row, by count.
    pub(super) counts: Vec<Vec<f64>>,
}

impl Log {
    pub(super) fn new(keys: usize, counts: usize) -> Self {
        Self {
            group: Vec::new(),
            keys: vec![Vec::new(); keys],
            counts: vec![Vec::new(); counts],
        }
    }

    pub(super) fn size(&self) -> usize {
        4 * (self.group.capacity() + self.keys.iter().map(Vec::capacity).sum::<usize>())
            + 8 * self.counts.iter().map(Vec::capacity).sum::<usize>()
    }

    /// Returns the rows ordered by group, and where each of the groups starts among them.
    pub(super) fn by_group(&self, groups: usize) -> Result<(Vec<u32>, Vec<usize>)> {
        let mut starts = vec![0; groups + 1];
        for group in &self.group {
            starts[*group as usize + 1] += 1;
        }
        for at in 0..groups {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let mut order = vec![0; self.group.len()];
        for (row, group) in self.group.iter().enumerate() {
            let to = &mut next[*group as usize];
            order[*to] =
                u32::try_from(row).map_err(|_| Error::exhausted(6010, "more than 4 billion cells in one aggregate"))?;
            *to += 1;
        }
        Ok((order, starts))
    }
}

/// What becomes of sums that cannot be written as one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sums {
    /// The nearest number.
    Rounded,
    /// Several rows that add up to the sum exactly: for states.
    Parts,
}

/// The cells of one group of rows; kept to use its memory again.
#[derive(Debug, Default)]
pub(super) struct Gather {
    /// By key and place: 1 + the number within the group; 0 when not there.
    seen: Vec<Vec<u32>>,
    /// By key: place of each key in the group, in order of rank.
    pub(super) locals: Vec<Vec<u32>>,
    /// By key: number within the group, of every cell; cells are in order of their keys.
    pub(super) cells: Vec<Vec<u32>>,
    /// By count: the sum of every cell.
    pub(super) counts: Vec<Vec<f64>>,
    codes: Vec<usize>,
    present: Vec<bool>,
    dense: Vec<f64>,
    sparse: Vec<(usize, u32)>,
    parts: Vec<Vec<f64>>,
}

impl Gather {
    /// Sums the given rows. Local keys and cells come in order of rank when keys are ranked, in order of arrival if not.
    pub(super) fn gather(&mut self, log: &Log, keys: &[Keys], rows: &[u32], sums: Sums) {
        self.seen.resize_with(keys.len(), Vec::new);
        self.locals.resize_with(keys.len(), Vec::new);
        self.cells.resize_with(keys.len(), Vec::new);
        self.counts.resize_with(log.counts.len(), Vec::new);
        self.parts.resize_with(log.counts.len(), Vec::new);
        self.cells.iter_mut().for_each(Vec::clear);
        self.counts.iter_mut().for_each(Vec::clear);
        self.codes.clear();
        self.codes.resize(rows.len(), 0);
        let mut cells = 1_usize;
        // whether the codes stand for all combinations of keys
        let mut all = true;
        for (at, keys) in keys.iter().enumerate() {
            let size = self.number(at, keys, &log.keys[at], rows);
            if cells.checked_mul(size).is_none() {
                cells = self.renumber();
                all = false;
            }
            cells = cells.saturating_mul(size);
            let seen = &self.seen[at];
            for (code, row) in self.codes.iter_mut().zip(rows) {
                *code = *code * size + seen[log.keys[at][*row as usize] as usize] as usize - 1;
            }
        }
        if !all || cells > 4 * rows.len() + 64 || !self.dense(log, rows, cells) {
            self.sparse(log, rows, sums);
        }
        for (seen, locals) in self.seen.iter_mut().zip(&self.locals) {
            for place in locals {
                seen[*place as usize] = 0;
            }
        }
    }

    /// Numbers the combinations that are there from 0, in the same order, and returns how many there are: fewer than
    /// 2³², so that one more key fits.
    fn renumber(&mut self) -> usize {
        let mut there = self.codes.clone();
        there.sort_unstable();
        there.dedup();
        for code in &mut self.codes {
            *code = there.partition_point(|other| other < code);
        }
        there.len()
    }

    /// Numbers the keys of the rows from 0 and returns how many there are.
    fn number(&mut self, at: usize, keys: &Keys, places: &[u32], rows: &[u32]) -> usize {
        let (seen, locals) = (&mut self.seen[at], &mut self.locals[at]);
        if seen.len() < keys.len() {
            seen.resize(keys.len(), 0);
        }
        locals.clear();
        for row in rows {
            let place = places[*row as usize];
            let seen = &mut seen[place as usize];
            if *seen == 0 {
                *seen = 1;
                locals.push(place);
            }
        }
        let ranks = keys.ranks();
        // for states of many groups keys need not be ranked
        let ordered = ranks.len() == keys.len();
        if ordered && !locals.is_sorted_by_key(|place| ranks[*place as usize]) {
            if locals.len() == ranks.len() {
                for (place, rank) in ranks.iter().enumerate() {
                    #[expect(clippy::cast_possible_truncation, reason = "places are u32")]
                    let place = place as u32;
                    locals[*rank as usize] = place;
                }
            } else {
                locals.sort_unstable_by_key(|place| ranks[*place as usize]);
            }
        }
        for (local, place) in (1..).zip(&*locals) {
            seen[*place as usize] = local;
        }
        locals.len()
    }

    /// Adds a cell with the keys of a row.
    fn key_of(&mut self, log: &Log, row: u32) {
        for ((cells, seen), places) in self.cells.iter_mut().zip(&self.seen).zip(&log.keys) {
            cells.push(seen[places[row as usize] as usize] - 1);
        }
    }

    /// Adds up in a table of all combinations; stops at the first sum that would be rounded.
    fn dense(&mut self, log: &Log, rows: &[u32], cells: usize) -> bool {
        self.present.clear();
        self.present.resize(cells, false);
        for code in &self.codes {
            self.present[*code] = true;
        }
        let mut counts = std::mem::take(&mut self.counts);
        let mut exactly = true;
        for (column, sums) in log.counts.iter().zip(&mut counts) {
            self.dense.clear();
            self.dense.resize(cells, 0.0);
            let mut lost = 0.0;
            for (code, row) in self.codes.iter().zip(rows) {
                let to = &mut self.dense[*code];
                let (sum, error) = two_sum(*to, column[*row as usize]);
                *to = sum;
                lost += error.abs();
            }
            // an infinite sum loses NaN
            exactly &= lost <= 0.0;
            sums.extend(
                self.dense
                    .iter()
                    .zip(&self.present)
                    .filter(|(_, there)| **there)
                    .map(|(sum, _)| *sum),
            );
        }
        if !exactly {
            counts.iter_mut().for_each(Vec::clear);
        }
        self.counts = counts;
        if exactly {
            // counts up through all combinations
            let mut digits = vec![0_u32; self.locals.len()];
            let last = self.locals.len() - 1;
            for present in &self.present {
                if *present {
                    for (cells, digit) in self.cells.iter_mut().zip(&digits) {
                        cells.push(*digit);
                    }
                }
                digits[last] += 1;
                for at in (1..=last).rev() {
                    if digits[at] as usize == self.locals[at].len() {
                        digits[at] = 0;
                        digits[at - 1] += 1;
                    }
                }
            }
        }
        exactly
    }

    /// Sorts rows by key and adds up exactly.
    fn sparse(&mut self, log: &Log, rows: &[u32], sums: Sums) {
        let mut sorted = std::mem::take(&mut self.sparse);
        sorted.clear();
        sorted.extend(self.codes.iter().copied().zip(rows.iter().copied()));
        sorted.sort_unstable();
        for same in sorted.chunk_by(|left, right| left.0 == right.0) {
            for (parts, column) in self.parts.iter_mut().zip(&log.counts) {
                parts.clear();
                match same {
                    [(_, row)] => parts.push(column[*row as usize]),
                    _ => same
                        .iter()
                        .for_each(|(_, row)| exact::add(parts, column[*row as usize])),
                }
            }
            let times = match sums {
                Sums::Rounded => 1,
                Sums::Parts => self.parts.iter().map(Vec::len).max().unwrap_or(1),
            };
            for time in 0..times {
                self.key_of(log, same[0].1);
                for (parts, column) in self.parts.iter().zip(&mut self.counts) {
                    column.push(match sums {
                        Sums::Rounded => exact::round(parts),
                        Sums::Parts => parts.get(time).copied().unwrap_or(0.0),
                    });
                }
            }
        }
        self.sparse = sorted;
    }

    /// Drops cells that `keep` does not want, and keys that no cell is left of; returns how many of the first key went.
    pub(super) fn retain(&mut self, keep: impl Fn(&[Vec<f64>], usize) -> bool) -> usize {
        let count = self.cells.first().map_or(0, Vec::len);
        let kept: Vec<bool> = (0..count).map(|cell| keep(&self.counts, cell)).collect();
        if kept.iter().all(|kept| *kept) {
            return 0;
        }
        for column in &mut self.counts {
            let mut kept = kept.iter();
            column.retain(|_| kept.next().is_some_and(|kept| *kept));
        }
        let mut gone = 0;
        for (at, (cells, locals)) in self.cells.iter_mut().zip(&mut self.locals).enumerate() {
            let mut each = kept.iter();
            cells.retain(|_| each.next().is_some_and(|kept| *kept));
            let mut places = vec![None; locals.len()];
            for cell in &*cells {
                places[*cell as usize] = Some(0);
            }
            let mut next = 0;
            for place in places.iter_mut().flatten() {
                *place = next;
                next += 1;
            }
            if at == 0 {
                gone = locals.len() - next as usize;
            }
            for cell in cells {
                *cell = places[*cell as usize].unwrap_or_default();
            }
            let mut each = places.iter();
            locals.retain(|_| each.next().is_some_and(Option::is_some));
        }
        gone
    }
}
