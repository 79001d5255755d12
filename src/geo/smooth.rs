//! Sums over neighbours, weighted by a function of distance, without a matrix of pairs.

use super::{
    distance::{Point, square},
    grid::Grid,
};

/// Returns Σ_j weight(d²_ij) · v_j for every point and column, each point's own term with `own` in place of the weight.
///
/// `values` and the result have `columns` numbers a point. Weights are symmetric, so a pair is computed once. Points
/// farther apart than `reach` are left out; `None` walks all pairs.
pub fn smooth(
    points: &[Point],
    values: &[f64],
    columns: usize,
    reach: Option<f64>,
    weight: impl Fn(f64) -> f64,
    own: impl Fn(usize) -> f64,
) -> Vec<f64> {
    let mut sums = vec![0.0; values.len()];
    if columns == 0 {
        return sums;
    }
    for (at, (sums, values)) in sums
        .chunks_exact_mut(columns)
        .zip(values.chunks_exact(columns))
        .enumerate()
    {
        let own = own(at);
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum = own * value;
        }
    }
    let pair = |sums: &mut [f64], i: usize, j: usize, weight: f64| {
        for at in 0..columns {
            sums[i * columns + at] += weight * values[j * columns + at];
            sums[j * columns + at] += weight * values[i * columns + at];
        }
    };
    match reach {
        None => {
            // all weights of a point, then all sums: short loops without jumps between, in the same order
            let mut weights = vec![0.0; points.len()];
            for (i, point) in points.iter().enumerate() {
                let rest = &points[i + 1..];
                for (weight, other) in weights.iter_mut().zip(rest) {
                    *weight = square(*point, *other);
                }
                for square in &mut weights[..rest.len()] {
                    *square = weight(*square);
                }
                let (before, after) = sums.split_at_mut((i + 1) * columns);
                let mine = &mut before[i * columns..];
                let own = &values[i * columns..(i + 1) * columns];
                let others = after.chunks_exact_mut(columns);
                let others = others.zip(values[(i + 1) * columns..].chunks_exact(columns));
                for (weight, (theirs, values)) in weights.iter().zip(others) {
                    for (((sum, value), other), own) in mine.iter_mut().zip(values).zip(theirs).zip(own) {
                        *sum += weight * value;
                        *other += weight * own;
                    }
                }
            }
        }
        Some(reach) => {
            let grid = Grid::new(points, reach);
            let order: Vec<(usize, Point)> = grid.sorted().collect();
            for (at, (i, point)) in order.iter().enumerate() {
                grid.within(*point, reach, at + 1, |other, square| {
                    pair(&mut sums, *i, order[other].0, weight(square));
                });
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::smooth;
    use crate::geo::Kernel;

    proptest! {
        #[test]
        fn the_grid_gives_what_all_pairs_give(
            points in prop::collection::vec([0.0..1e4_f64, 0.0..1e4_f64], 1..80),
            bandwidth in 100.0..6e3_f64,
            kernel in prop::sample::select(Kernel::NAMES),
        ) {
            let kernel = Kernel::parse(kernel).unwrap();
            let values: Vec<f64> = (0..2 * points.len()).map(|at| (at * 37 % 101) as f64).collect();
            let weight = |square: f64| kernel.weight(square / (bandwidth * bandwidth));
            let all = smooth(&points, &values, 2, None, weight, |_| 1.0);
            let near = smooth(&points, &values, 2, Some(kernel.reach() * bandwidth), weight, |_| 1.0);
            for (all, near) in all.iter().zip(&near) {
                prop_assert!((all - near).abs() <= 1e-12 * all.abs().max(1.0), "{all} {near}");
            }
        }
    }
}
