//! Points in square cells: who is within a radius, and who comes next when a circle grows.

use super::distance::{Point, square};

/// Two squared distances are the same when they differ by less than this share: coordinates of metres with decimals do
/// not give the same bits for the same distance.
const SAME: f64 = 1e-9;

/// Points of one distance from an origin: squared distance and number of each.
pub type Ring<'a> = &'a [(f64, usize)];

/// An index of points.
#[derive(Debug)]
pub struct Grid {
    /// Points in the order of their cells.
    points: Vec<Point>,
    /// The number of each, as it was given.
    numbers: Vec<usize>,
    /// Where each cell starts; cells are row by row.
    starts: Vec<usize>,
    low: Point,
    size: f64,
    columns: usize,
    rows: usize,
}

/// Returns a whole number from 0 to below `end`.
fn index(of: f64, end: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast saturates and makes 0 of NaN, and the bounds follow"
    )]
    let of = of as usize;
    of.min(end.saturating_sub(1))
}

impl Grid {
    /// Indexes points in cells of at least the given size, and not many more cells than points.
    pub fn new(points: &[Point], least: f64) -> Self {
        let bound = |at: usize, pick: fn(f64, f64) -> f64, start: f64| points.iter().map(|of| of[at]).fold(start, pick);
        let low = [bound(0, f64::min, f64::INFINITY), bound(1, f64::min, f64::INFINITY)];
        let high = [
            bound(0, f64::max, f64::NEG_INFINITY),
            bound(1, f64::max, f64::NEG_INFINITY),
        ];
        let (width, height) = (high[0] - low[0], high[1] - low[1]);
        let count = points.len().max(1) as f64;
        let mut size = least
            .max((width * height / count).sqrt())
            .max(width.max(height) / (4.0 * count));
        if !(size > 0.0 && size.is_finite()) {
            size = f64::MAX;
        }
        let cells = |length: f64| index(length / size, 4 * points.len() + 4) + 1;
        let (columns, rows) = (cells(width), cells(height));
        let mut grid = Self {
            points: Vec::with_capacity(points.len()),
            numbers: Vec::with_capacity(points.len()),
            starts: vec![0; columns * rows + 1],
            low,
            size,
            columns,
            rows,
        };
        let places: Vec<usize> = points
            .iter()
            .map(|of| {
                let [column, row] = grid.cell(*of);
                row * columns + column
            })
            .collect();
        for place in &places {
            grid.starts[place + 1] += 1;
        }
        for at in 0..columns * rows {
            grid.starts[at + 1] += grid.starts[at];
        }
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by_key(|at| places[*at]);
        grid.points.extend(order.iter().map(|at| points[*at]));
        grid.numbers = order;
        grid
    }

    fn cell(&self, of: Point) -> [usize; 2] {
        [
            index((of[0] - self.low[0]) / self.size, self.columns),
            index((of[1] - self.low[1]) / self.size, self.rows),
        ]
    }

    /// Returns the points in the order of the cells, with their numbers.
    pub fn sorted(&self) -> impl Iterator<Item = (usize, Point)> + '_ {
        self.numbers.iter().copied().zip(self.points.iter().copied())
    }

    /// Calls `visit` with the place in [`Self::sorted`] and the squared distance of every point within a radius, from a
    /// place on.
    pub fn within(&self, center: Point, radius: f64, from: usize, mut visit: impl FnMut(usize, f64)) {
        let [left, bottom] = self.cell([center[0] - radius, center[1] - radius]);
        let [right, top] = self.cell([center[0] + radius, center[1] + radius]);
        let most = radius * radius;
        for row in bottom..=top {
            let start = self.starts[row * self.columns + left].max(from);
            let end = self.starts[row * self.columns + right + 1].max(start);
            for (at, point) in (start..end).zip(&self.points[start..end]) {
                let square = square(center, *point);
                if square <= most {
                    visit(at, square);
                }
            }
        }
    }

    /// Calls `visit` with rings of points around an origin, nearest first, until it returns `false`. Points of a ring
    /// are in the order of their numbers. `space` is memory to use again.
    pub fn rings(&self, origin: Point, space: &mut Vec<(f64, usize)>, mut visit: impl FnMut(Ring<'_>) -> bool) {
        space.clear();
        let [column, row] = self.cell(origin);
        let mut done = 0;
        for reach in 0.. {
            let (left, right) = (column.saturating_sub(reach), (column + reach).min(self.columns - 1));
            let (bottom, top) = (row.saturating_sub(reach), (row + reach).min(self.rows - 1));
            for line in bottom..=top {
                let mut take = |from: usize, to: usize| {
                    let (start, end) = (
                        self.starts[line * self.columns + from],
                        self.starts[line * self.columns + to + 1],
                    );
                    space.extend(
                        self.points[start..end]
                            .iter()
                            .zip(&self.numbers[start..end])
                            .map(|(point, number)| (square(origin, *point), *number)),
                    );
                };
                if line + reach == row || line == row + reach {
                    take(left, right);
                } else {
                    if column >= reach {
                        take(left, left);
                    }
                    if column + reach < self.columns {
                        take(right, right);
                    }
                }
            }
            // nothing that is not there yet is nearer than the nearest side that has something behind it
            let mut safe = f64::INFINITY;
            for (at, cell, end) in [(0, column, self.columns), (1, row, self.rows)] {
                let edge = |cell: usize| self.low[at] + cell as f64 * self.size;
                if cell > reach {
                    safe = safe.min(origin[at] - edge(cell - reach));
                }
                if cell + reach + 1 < end {
                    safe = safe.min(edge(cell + reach + 1) - origin[at]);
                }
            }
            let safe = (safe - SAME * self.size).max(0.0).powi(2);
            space[done..].sort_unstable_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
            while let Some((nearest, _)) = space.get(done) {
                let end = nearest * (1.0 + SAME);
                if end > safe {
                    break;
                }
                let count = space[done..].iter().take_while(|(square, _)| *square <= end).count();
                let ring = &mut space[done..done + count];
                ring.sort_unstable_by_key(|(_, number)| *number);
                if !visit(ring) {
                    return;
                }
                done += count;
            }
            if safe.is_infinite() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Grid, Point, square};

    fn points() -> impl Strategy<Value = Vec<Point>> {
        let place = prop_oneof![
            (-5..5_i32).prop_map(|at| f64::from(at) * 100.1),
            -1e3..1e3_f64,
            Just(7.0)
        ];
        prop::collection::vec([place.clone(), place], 1..60)
    }

    proptest! {
        #[test]
        fn a_radius_finds_whom_a_search_of_all_finds(points in points(), radius in 0.0..900.0_f64, least in 0.0..300.0_f64) {
            let grid = Grid::new(&points, least);
            let numbers: Vec<usize> = grid.sorted().map(|(number, _)| number).collect();
            for center in &points {
                let mut found = Vec::new();
                grid.within(*center, radius, 0, |at, _| found.push(numbers[at]));
                found.sort_unstable();
                let all: Vec<usize> = (0..points.len()).filter(|at| square(*center, points[*at]) <= radius * radius).collect();
                prop_assert_eq!(found, all);
            }
        }

        #[test]
        fn rings_come_in_order_and_leave_nobody_out(points in points()) {
            let grid = Grid::new(&points, 0.0);
            let mut space = Vec::new();
            for origin in &points {
                let mut seen = Vec::new();
                let mut last = -1.0;
                grid.rings(*origin, &mut space, |ring| {
                    let nearest = ring.iter().map(|of| of.0).fold(f64::INFINITY, f64::min);
                    let farthest = ring.iter().map(|of| of.0).fold(0.0, f64::max);
                    assert!(nearest > last && farthest <= nearest * (1.0 + 1e-8));
                    last = farthest;
                    seen.extend(ring.iter().map(|of| of.1));
                    true
                });
                seen.sort_unstable();
                prop_assert_eq!(seen, (0..points.len()).collect::<Vec<_>>());
            }
        }
    }
}
