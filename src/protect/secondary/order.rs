//! The order in which cells are tried for publication: what comes first is kept, what comes late pays.

use super::{Options, Problem};

/// Large cells first; equal ones by how much of large cells they are part of; zeros before all, or after. A stable
/// sort, so that the same cells give the same order.
pub(in crate::protect) fn order(problem: &Problem<'_>, options: Options) -> Vec<usize> {
    let worth: Vec<f64> = problem.counts.iter().map(|count| *count as f64 + 1.0).collect();
    let zero: Vec<bool> = problem.counts.iter().map(|count| *count == 0).collect();
    by_worth(
        &problem.cells,
        problem.row_counts.len(),
        &worth,
        &zero,
        !options.zeros_last,
    )
}

/// The same for cells over so many base rows that are worth something else than their counts, such as the absolute
/// value of a sum; cells that hold nothing come before all or after, however much they are worth.
pub fn by_worth(cells: &[&[u32]], rows: usize, worth: &[f64], empty: &[bool], empty_first: bool) -> Vec<usize> {
    let mut of_row = vec![0.0; rows];
    for (rows, worth) in cells.iter().zip(worth) {
        for row in *rows {
            of_row[*row as usize] += worth;
        }
    }
    let ties: Vec<f64> = cells
        .iter()
        .map(|rows| rows.iter().map(|row| of_row[*row as usize]).sum())
        .collect();
    let largest = ties.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let mut keys: Vec<f64> = worth
        .iter()
        .zip(&ties)
        .map(|(worth, tie)| worth + 0.99 * tie / largest)
        .collect();
    if empty_first {
        let top = keys.iter().copied().fold(0.0, f64::max);
        for (key, empty) in keys.iter_mut().zip(empty) {
            if *empty {
                *key += top;
            }
        }
    }
    let mut order: Vec<usize> = (0..cells.len()).collect();
    order.sort_by(|a, b| keys[*b].total_cmp(&keys[*a]));
    order
}
