//! Coordinates in which cells have few entries.
//!
//! Over base rows a total has an entry for every row, and as totals are published first, each would fill the columns of
//! all its parts. So a cell that is the sum of at least three coordinates takes the place of one of them, the smallest
//! cells first: a total is one entry then, and only the part that gave up its place is written as the total less the
//! other parts. What is a combination of what stays the same. Rows of singletons keep their places, because the rule
//! for them looks at those rows.

use std::{cmp::Reverse, collections::BinaryHeap};

/// A sum over coordinates: entries rising, no zeros.
pub(super) type Sum = Vec<(u32, i64)>;

/// A change of coordinates, made of steps in which a cell takes the place of another coordinate.
pub(super) struct Basis {
    /// The step in which a coordinate gave up its place.
    left_in: Vec<Option<u32>>,
    /// The first base row of what every coordinate stands for.
    first: Vec<u32>,
    /// For every step what the coordinate that left is in those after the step.
    steps: Vec<Sum>,
    /// The sum at work, its coordinates that may have a value, and those of them that have left, the earliest first.
    values: Vec<i64>,
    touched: Vec<u32>,
    gone: BinaryHeap<Reverse<(u32, u32)>>,
}

impl Basis {
    /// Coordinates for cells over base rows, of which some must stay. None when a coefficient does not fit.
    ///
    /// The coordinate with the first row gives up its place: the same category everywhere, if rows are in the order of
    /// their codes, and that keeps sums of the parts that did short as well.
    pub(super) fn of(cells: &[&[u32]], stays: &[bool]) -> Option<Self> {
        let mut basis = Self {
            left_in: vec![None; stays.len()],
            first: (0..u32::try_from(stays.len()).ok()?).collect(),
            steps: Vec::new(),
            values: vec![0; stays.len()],
            touched: Vec::new(),
            gone: BinaryHeap::new(),
        };
        let mut by_size: Vec<&[u32]> = cells.iter().copied().filter(|rows| rows.len() > 2).collect();
        by_size.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        by_size.dedup();
        for rows in by_size {
            let sum = basis.express(rows)?;
            if sum.len() < 3 || sum.iter().any(|(_, value)| *value != 1) {
                continue;
            }
            let free = |at: u32| !stays.get(at as usize).is_some_and(|stays| *stays);
            let leaving = sum.iter().map(|(at, _)| *at).filter(|at| free(*at));
            let Some(leaving) = leaving.min_by_key(|at| basis.first[*at as usize]) else {
                continue;
            };
            let new = u32::try_from(basis.values.len()).ok()?;
            let others = sum.iter().filter(|(at, _)| *at != leaving).map(|(at, _)| (*at, -1));
            let step = others.chain([(new, 1)]).collect();
            basis.left_in[leaving as usize] = Some(u32::try_from(basis.steps.len()).ok()?);
            basis.steps.push(step);
            basis.left_in.push(None);
            basis.first.push(rows[0]);
            basis.values.push(0);
        }
        Some(basis)
    }

    /// How many coordinates there have been.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// A set of base rows in these coordinates; None when a coefficient does not fit.
    pub(super) fn express(&mut self, rows: &[u32]) -> Option<Sum> {
        for row in rows {
            self.add(*row, 1)?;
        }
        // what a coordinate stands for after it left can have left itself only later
        while let Some(Reverse((step, at))) = self.gone.pop() {
            let value = std::mem::take(&mut self.values[at as usize]);
            if value != 0 {
                let sum = std::mem::take(&mut self.steps[step as usize]);
                for (other, factor) in &sum {
                    self.add(*other, value.checked_mul(*factor)?)?;
                }
                self.steps[step as usize] = sum;
            }
        }
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        let mut sum = Vec::new();
        for at in touched.drain(..) {
            let value = std::mem::take(&mut self.values[at as usize]);
            if value != 0 {
                sum.push((at, value));
            }
        }
        self.touched = touched;
        Some(sum)
    }

    fn add(&mut self, at: u32, value: i64) -> Option<()> {
        let there = &mut self.values[at as usize];
        if *there == 0 {
            self.touched.push(at);
            if let Some(step) = self.left_in[at as usize] {
                self.gone.push(Reverse((step, at)));
            }
        }
        *there = there.checked_add(value)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_takes_the_place_of_one_of_its_parts() {
        let (all, left, right): (&[u32], &[u32], &[u32]) = (&[0, 1, 2, 3, 4, 5], &[0, 1, 2], &[3, 4, 5]);
        let mut basis = Basis::of(&[all, left, right], &[false; 6]).unwrap();
        // 0 gives way to the left three (6), 3 to the right three (7); two parts of a whole stay as they are
        assert_eq!(basis.len(), 8);
        assert_eq!(basis.express(left).unwrap(), [(6, 1)]);
        assert_eq!(basis.express(all).unwrap(), [(6, 1), (7, 1)]);
        assert_eq!(basis.express(&[0]).unwrap(), [(1, -1), (2, -1), (6, 1)]);
        assert_eq!(basis.express(&[1, 4]).unwrap(), [(1, 1), (4, 1)]);
    }

    #[test]
    fn a_place_can_be_given_up_twice_and_singletons_keep_theirs() {
        let (all, left): (&[u32], &[u32]) = (&[0, 1, 2, 3, 4], &[0, 1, 2]);
        let stays = [true, false, false, true, true];
        let mut basis = Basis::of(&[all, left], &stays).unwrap();
        assert_eq!(basis.express(left).unwrap(), [(3, -1), (4, -1), (6, 1)]);
        assert_eq!(
            basis.express(&[1]).unwrap(),
            [(0, -1), (2, -1), (3, -1), (4, -1), (6, 1)]
        );
        assert_eq!(basis.express(all).unwrap(), [(6, 1)]);
    }
}
