//! The order in which cells are tried for publication: what comes first is kept, what comes late pays.

use super::{Options, Problem};

/// Large cells first; equal ones by how much of large cells they are part of; zeros before all, or after. A stable
/// sort, so that the same cells give the same order.
pub(in crate::protect) fn order(problem: &Problem<'_>, options: Options) -> Vec<usize> {
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
