//! Contributors who know what they gave: a cell with one contributor is no secret to that contributor, who takes it
//! away from a published sum and finds the other hidden cells in it.

use super::{HiddenZeros, Options, Problem, gauss::Views};

/// The cells to hide beside the primary ones so that nobody who knows the base rows of one of `insiders` can derive an
/// unsafe cell of others; nor anybody to whom the sums of other sets were `given` before. An unsafe cell that holds an
/// insider's rows only is no secret to it. This takes the place of the options' rule for singletons.
///
/// Views of insiders are added only for those to whom the pattern so far would tell something: what they do not object
/// to would be accepted with their views too, so the result is that of all views, and the loop ends when there is no
/// new one.
pub fn suppress_against_insiders(
    problem: &Problem<'_>,
    options: Options,
    order: &[usize],
    zeros: HiddenZeros,
    insiders: &[Vec<u32>],
    given: &[&[u32]],
) -> Vec<bool> {
    let options = Options {
        singletons: false,
        ..options
    };
    let mut views = Views::new(problem, options, order, zeros);
    views.give(given);
    let mut added = vec![false; insiders.len()];
    loop {
        let hidden = views.search::<i64, i128>();
        let mut betrayed = views.betrayed::<i128>(&hidden, insiders);
        betrayed.retain(|at| !added[*at]);
        if betrayed.is_empty() {
            return hidden
                .iter()
                .zip(&problem.primary)
                .map(|(hidden, primary)| *hidden && !primary)
                .collect();
        }
        for at in betrayed {
            added[at] = true;
            views.add(&insiders[at]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three cells and their total; two are unsafe, and one of them is one contributor's.
    #[test]
    fn an_insider_must_not_find_the_other_hidden_cell() {
        let cells: Vec<Vec<u32>> = vec![vec![0], vec![1], vec![2], vec![3], vec![0, 1, 2, 3]];
        let problem = Problem {
            cells: cells.iter().map(Vec::as_slice).collect(),
            counts: vec![1, 2, 9, 20, 32],
            row_counts: &[1, 2, 9, 20],
            known: vec![false; 4],
            primary: vec![true, true, false, false, false],
            forbidden: Vec::new(),
        };
        let options = Options {
            singletons: false,
            ..Options::default()
        };
        let order = [4, 3, 2];
        let hide = |insiders: &[Vec<u32>]| {
            suppress_against_insiders(&problem, options, &order, HiddenZeros::AsOptions, insiders, &[])
        };
        assert_eq!(hide(&[]), [false; 5]);
        assert_eq!(hide(&[vec![0]]), [false, false, true, false, false]);
        // who knows both has nothing to find
        assert_eq!(hide(&[vec![0, 1]]), [false; 5]);
    }
}
