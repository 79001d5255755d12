//! Complements: where n of N are published, N − n is known too.

use std::collections::HashSet;

use super::{Policy, System};

/// Base rows of `whole − part` for every pair of cells, of whatever tables, where the whole holds all of the part and
/// leaves so few that the difference is unsafe. By the policy's complements: fewer than the threshold, and not none; in
/// «9 of 10 are employed» the tenth is as easily recognised as if a cell said 1. By its rules for groups: at most the
/// coalition, and none too. Differences that are cells and unsafe themselves are left out.
pub(super) fn complements(system: &System, policy: &Policy) -> Vec<Vec<u32>> {
    if !policy.complements && policy.groups().next().is_none() {
        return Vec::new();
    }
    let small = |rest: u64| rest > 0 && rest < policy.threshold;
    let unknown = |rows: &[u32]| -> Vec<u32> {
        rows.iter()
            .copied()
            .filter(|row| !system.known[*row as usize])
            .collect()
    };
    let sets: Vec<Vec<u32>> = system.cells.iter().map(|cell| unknown(&cell.rows)).collect();
    // cells with the same rows have the same complements
    let mut seen: HashSet<&[u32]> = HashSet::with_capacity(sets.len());
    let mut of_row: Vec<Vec<usize>> = vec![Vec::new(); system.counts.len()];
    let mut distinct = Vec::with_capacity(sets.len());
    for (cell, set) in sets.iter().enumerate() {
        if !set.is_empty() && seen.insert(set) {
            distinct.push(cell);
            for row in set {
                of_row[*row as usize].push(cell);
            }
        }
    }
    let mut found: Vec<Vec<u32>> = Vec::new();
    for part in distinct {
        for whole in &of_row[sets[part][0] as usize] {
            let (all, some) = (system.cells[*whole].count, system.cells[part].count);
            let near = all >= some
                && (policy.complements && small(all - some) || policy.groups().any(|rule| rule.is_unsafe(some, all)));
            if near
                && let Some(rest) = difference(&sets[*whole], &sets[part])
                && !rest.is_empty()
                && !(small(all - some) && seen.contains(rest.as_slice()))
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
    fn nothing_is_left_of_a_whole_that_is_its_part() {
        assert_eq!(difference(&[1, 2], &[1, 2]), Some(vec![]));
    }

    #[test]
    fn a_difference_is_of_a_whole_and_its_part() {
        assert_eq!(difference(&[1, 2, 5, 9], &[2, 9]), Some(vec![1, 5]));
        assert_eq!(difference(&[1, 2, 5], &[2, 4]), None);
        assert_eq!(difference(&[1], &[1, 2]), None);
    }
}
