//! The largest whole-numbered value of a sum, by branch and bound: for the few sums whose program ends between whole
//! numbers.

use super::polytope::{Answer, Polytope, Solver};

/// Programs per sum.
const MOST: u64 = 60;

/// What a search found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Counts that fit, each better than the one before it.
    pub(super) tables: Vec<Vec<i128>>,
    /// A bound that no value exceeds.
    pub(super) bound: Option<i128>,
    /// Programs that were solved.
    pub(super) programs: u64,
}

/// Searches for a value above `best`, below a bound that is known.
pub(super) fn search(polytope: &Polytope, weights: &[i64], best: Option<i128>, bound: i128) -> Found {
    let mut found = Found::default();
    let mut best = best;
    // open branches, each with the bound of the one that it comes from
    let mut open = vec![(polytope.clone(), bound)];
    while let Some((branch, above)) = open.pop() {
        if best.is_some_and(|best| above <= best) {
            continue;
        }
        if found.programs >= MOST {
            open.push((branch, above));
            break;
        }
        found.programs += 1;
        let (bound, values) = match Solver::new(&branch).largest(&branch, weights) {
            Answer::Solved(bound, values) => (bound.min(above), values),
            Answer::Empty => continue,
            Answer::Failed => {
                open.push((branch, above));
                break;
            }
        };
        if best.is_some_and(|best| bound <= best) {
            continue;
        }
        if let Some(table) = branch.round(&values, 1) {
            let value = table
                .iter()
                .zip(weights)
                .map(|(value, weight)| value * i128::from(*weight))
                .sum();
            if best.is_none_or(|best| value > best) {
                best = Some(value);
                found.tables.push(table);
            }
            if value >= bound {
                continue;
            }
        }
        // the row farthest from a whole number, or the loosest one when all are near
        let loose = |row: &usize| branch.low[*row] < branch.high[*row];
        let from_whole = |row: usize| (values[row] - values[row].round()).abs();
        let Some(row) = (0..values.len())
            .filter(loose)
            .max_by(|a, b| from_whole(*a).total_cmp(&from_whole(*b)).then_with(|| b.cmp(a)))
        else {
            continue;
        };
        #[expect(clippy::cast_possible_truncation, reason = "a value lies near its bounds")]
        let at = (values[row].floor() as i128).clamp(branch.low[row], branch.high[row] - 1);
        let (mut below, mut over) = (branch.clone(), branch);
        let (low, high) = (below.low[row], below.high[row]);
        let fits_below = below.narrow(row, low, at);
        let fits_over = over.narrow(row, at + 1, high);
        let mut next = Vec::new();
        if fits_below {
            next.push((below, bound));
        }
        if fits_over {
            next.push((over, bound));
        }
        // the nearer side is tried first
        if values[row] - values[row].floor() < 0.5 {
            next.reverse();
        }
        open.extend(next);
    }
    let left = open.into_iter().map(|(_, bound)| bound).max();
    found.bound = match (left, best) {
        (Some(left), Some(best)) => Some(left.max(best)),
        (left, best) => left.or(best),
    };
    found
}
