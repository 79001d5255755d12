//! All values that rows may have, and the largest value of a weighted sum of them.

use clarabel::{
    algebra::CscMatrix,
    solver::{DefaultSettingsBuilder, DefaultSolver, IPSolver, NonnegativeConeT, SolverStatus, ZeroConeT},
};

use super::reduce::bounds;

/// Tables that are found are kept in parts of a unit: corners of the polytope are often no whole numbers, but their
/// denominators are small. All numbers up to 16 divide it.
pub(super) const UNIT: i128 = 720_720;

/// Denominators that are tried, small ones first: they forgive the solver most.
const DENOMINATORS: [i128; 22] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20, 24, 30, 60, 120, 840,
];

/// Binary digits after the point of the multipliers in a proof.
const DIGITS: u32 = 40;

/// Equations and bounds of a few rows. All factors are 1, all rows are bounded.
#[derive(Debug, Clone, Default)]
pub(super) struct Polytope {
    pub(super) equations: Vec<(Vec<u32>, i128)>,
    pub(super) low: Vec<i128>,
    pub(super) high: Vec<i128>,
    /// Rows whose upper bound does not follow from the equations.
    pub(super) capped: Vec<bool>,
}

impl Polytope {
    /// Whether values fit, given in parts of a unit.
    pub(super) fn holds(&self, values: &[i128], unit: i128) -> bool {
        let within = values.iter().zip(&self.low).zip(&self.high);
        within
            .clone()
            .all(|((value, low), high)| low * unit <= *value && *value <= high * unit)
            && self
                .equations
                .iter()
                .all(|(rows, sum)| rows.iter().map(|row| values[*row as usize]).sum::<i128>() == sum * unit)
    }

    /// The values that are whole numbers of parts of a unit near given ones, if they fit.
    pub(super) fn round(&self, values: &[f64], unit: i128) -> Option<Vec<i128>> {
        #[expect(clippy::cast_possible_truncation, reason = "what is too large does not fit")]
        let table: Vec<i128> = values
            .iter()
            .map(|value| (value * unit as f64).round() as i128)
            .collect();
        self.holds(&table, unit).then_some(table)
    }

    /// The corner near values, in parts of [`UNIT`], if its denominator is small.
    pub(super) fn corner(&self, values: &[f64]) -> Option<Vec<i128>> {
        DENOMINATORS.iter().find_map(|denominator| {
            let table = self.round(values, *denominator)?;
            Some(table.into_iter().map(|value| value * (UNIT / denominator)).collect())
        })
    }

    /// Sets bounds of a row and draws the others' from them; false when nothing fits any more.
    pub(super) fn narrow(&mut self, row: usize, low: i128, high: i128) -> bool {
        (self.low[row], self.high[row]) = (low, high);
        self.capped[row] = true;
        let mut tops: Vec<Option<i128>> = self.high.iter().map(|high| Some(*high)).collect();
        let equations = self.equations.iter().map(|(rows, sum)| (rows.as_slice(), *sum));
        let fits = bounds(&equations, &mut self.low, &mut tops).is_ok();
        for (high, top) in self.high.iter_mut().zip(tops) {
            *high = top.unwrap_or(*high);
        }
        fits
    }

    /// Something that no value of the sum exceeds, proved in whole numbers from multipliers of the equations: whatever
    /// these are, the sum is what they make of the equations, and a rest that is bounded row by row.
    fn proof(&self, weights: &[i64], multipliers: impl Iterator<Item = f64>) -> Option<i128> {
        let mut rest: Vec<i128> = weights.iter().map(|weight| i128::from(*weight) << DIGITS).collect();
        let mut all = 0_i128;
        for ((rows, sum), multiplier) in self.equations.iter().zip(multipliers) {
            let scaled = (multiplier * (1_i64 << DIGITS) as f64).round();
            if !scaled.is_finite() || scaled.abs() >= 1e18 {
                return None;
            }
            #[expect(clippy::cast_possible_truncation, reason = "below 10^18, as was seen")]
            let multiplier = i128::from(scaled as i64);
            for row in rows {
                rest[*row as usize] -= multiplier;
            }
            all = all.checked_add(multiplier.checked_mul(*sum)?)?;
        }
        for ((rest, low), high) in rest.iter().zip(&self.low).zip(&self.high) {
            all = all.checked_add(rest.checked_mul(if *rest < 0 { *low } else { *high })?)?;
        }
        Some(all >> DIGITS)
    }
}

/// What a program gave.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// The bound that no value exceeds, and values of the rows near the largest.
    Solved(i128, Vec<f64>),
    /// Nothing fits.
    Empty,
    /// The solver gave up.
    Failed,
}

/// A solver for one polytope and many sums.
pub(super) struct Solver {
    inner: Option<DefaultSolver<f64>>,
    /// Rows that can vary.
    free: Vec<usize>,
    equations: usize,
}

impl Solver {
    pub(super) fn new(polytope: &Polytope) -> Self {
        let free: Vec<usize> = (0..polytope.low.len())
            .filter(|row| polytope.low[*row] < polytope.high[*row])
            .collect();
        let mut column = vec![usize::MAX; polytope.low.len()];
        for (at, row) in free.iter().enumerate() {
            column[*row] = at;
        }
        let (mut at, mut columns, mut values, mut right) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut entry = |row: usize, column: usize, value: f64| {
            at.push(row);
            columns.push(column);
            values.push(value);
        };
        for (number, (rows, sum)) in polytope.equations.iter().enumerate() {
            // from the lower bounds up, so that large numbers that do not vary cost no digits
            let mut rest = *sum;
            for row in rows {
                rest -= polytope.low[*row as usize];
                if column[*row as usize] != usize::MAX {
                    entry(number, column[*row as usize], 1.0);
                }
            }
            right.push(rest as f64);
        }
        let equations = right.len();
        for column in 0..free.len() {
            entry(right.len(), column, -1.0);
            right.push(0.0);
        }
        for (column, row) in free.iter().enumerate() {
            if polytope.capped[*row] {
                entry(right.len(), column, 1.0);
                right.push((polytope.high[*row] - polytope.low[*row]) as f64);
            }
        }
        let matrix = CscMatrix::new_from_triplets(right.len(), free.len(), at, columns, values);
        let cones = [ZeroConeT(equations), NonnegativeConeT(right.len() - equations)];
        let nothing = CscMatrix::<f64>::zeros((free.len(), free.len()));
        let settings = DefaultSettingsBuilder::default()
            .verbose(false)
            .presolve_enable(false)
            .max_iter(100)
            .tol_gap_abs(1e-9)
            .tol_gap_rel(1e-9)
            .tol_feas(1e-9)
            .build();
        let inner = match settings {
            Ok(settings) if !free.is_empty() => {
                let costs = vec![0.0; free.len()];
                Some(DefaultSolver::new(&nothing, &costs, &matrix, &right, &cones, settings))
            }
            _ => None,
        };
        Self { inner, free, equations }
    }

    /// The largest value of a weighted sum.
    pub(super) fn largest(&mut self, polytope: &Polytope, weights: &[i64]) -> Answer {
        if self.free.is_empty() {
            let values: Vec<f64> = polytope.low.iter().map(|low| *low as f64).collect();
            let all = weights
                .iter()
                .zip(&polytope.low)
                .map(|(weight, low)| i128::from(*weight) * low)
                .sum();
            return if polytope.holds(&polytope.low, 1) {
                Answer::Solved(all, values)
            } else {
                Answer::Empty
            };
        }
        let Some(solver) = &mut self.inner else {
            return Answer::Failed;
        };
        let scale = self
            .free
            .iter()
            .map(|row| weights[*row].unsigned_abs())
            .max()
            .unwrap_or(1)
            .max(1) as f64;
        let costs: Vec<f64> = self.free.iter().map(|row| -(weights[*row] as f64) / scale).collect();
        if solver.update_q(&costs).is_err() {
            return Answer::Failed;
        }
        solver.solve();
        match solver.solution.status {
            SolverStatus::Solved
            | SolverStatus::AlmostSolved
            | SolverStatus::InsufficientProgress
            | SolverStatus::MaxIterations
            | SolverStatus::NumericalError => {}
            SolverStatus::PrimalInfeasible | SolverStatus::AlmostPrimalInfeasible => {
                // that nothing fits is proved like a bound: the sum of nothing would be less than 0
                let multipliers = &solver.solution.z[..self.equations];
                let largest = multipliers.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
                let scaled = multipliers.iter().map(|value| value / largest * 1024.0);
                let nothing = vec![0; weights.len()];
                let proof = polytope.proof(&nothing, scaled);
                return if proof.is_some_and(|bound| bound < 0) {
                    Answer::Empty
                } else {
                    Answer::Failed
                };
            }
            _ => return Answer::Failed,
        }
        let multipliers = solver.solution.z[..self.equations].iter().map(|value| value * scale);
        let Some(bound) = polytope.proof(weights, multipliers) else {
            return Answer::Failed;
        };
        let mut values: Vec<f64> = polytope.low.iter().map(|low| *low as f64).collect();
        for (row, value) in self.free.iter().zip(&solver.solution.x) {
            values[*row] += value;
        }
        Answer::Solved(bound, values)
    }
}
