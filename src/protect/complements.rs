//! Complements: where n of N are published, N − n is known too.

use std::collections::HashSet;

use super::System;

/// Base rows of `whole − part` for every pair of cells, of whatever tables, where the whole holds all of the part and
/// leaves fewer than the threshold: in «9 of 10 are employed» the tenth is as easily recognised as if a cell said 1.
/// Differences that are cells are left out: those are unsafe themselves.
pub(super) fn complements(system: &System, threshold: u64) -> Vec<Vec<u32>> {
    let mut of_row: Vec<Vec<u32>> = vec![Vec::new(); system.counts.len()];
    let mut seen: HashSet<&[u32]> = HashSet::with_capacity(system.cells.len());
    for (number, cell) in (0_u32..).zip(&system.cells) {
        // cells with the same rows have the same complements
        if seen.insert(&cell.rows) {
            for row in &cell.rows {
                of_row[*row as usize].push(number);
            }
        }
    }
    let mut found: Vec<Vec<u32>> = Vec::new();
    let mut parts: HashSet<&[u32]> = HashSet::with_capacity(seen.len());
    for part in &system.cells {
        let Some(row) = part.rows.first() else { continue };
        if !parts.insert(&part.rows) {
            continue;
        }
        for whole in of_row[*row as usize]
            .iter()
            .map(|number| &system.cells[*number as usize])
        {
            let near = whole.count > part.count && whole.count - part.count < threshold;
            if near
                && let Some(rest) = difference(&whole.rows, &part.rows)
                && !seen.contains(rest.as_slice())
            {
                found.push(rest);
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The rows of `whole` that `part` does not have; None when `part` has others. Both rise.
fn difference(whole: &[u32], part: &[u32]) -> Option<Vec<u32>> {
    if part.len() > whole.len() {
        return None;
    }
    let mut rest = Vec::with_capacity(whole.len() - part.len());
    let mut part = part.iter().peekable();
    for row in whole {
        if part.peek() == Some(&row) {
            part.next();
        } else {
            rest.push(*row);
        }
    }
    part.next().is_none().then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_of_a_whole_and_its_part() {
        assert_eq!(difference(&[1, 2, 5, 9], &[2, 9]), Some(vec![1, 5]));
        assert_eq!(difference(&[1, 2, 5], &[2, 4]), None);
        assert_eq!(difference(&[1], &[1, 2]), None);
    }
}
