//! From what an attacker knows to few and short equations: what is determined goes out, what follows from the rest goes
//! out, long sums become differences of them and of sums that they hold, and bounds are drawn from equations.

use std::collections::{HashMap, HashSet};

use super::{Contradiction, Sum};

/// Rounds of bounds from equations; any number is sound.
const ROUNDS: usize = 50;

/// A sum of rows that is known. Every row has the factor 1.
#[derive(Debug, Clone)]
pub(super) struct Equation {
    /// Rows, rising.
    pub(super) rows: Vec<u32>,
    /// What they add up to.
    pub(super) sum: i128,
    /// Number of the attacker's sum that it comes from.
    pub(super) source: usize,
}

/// Unknown rows with their bounds, and equations between them.
#[derive(Debug, Clone, Default)]
pub(super) struct Reduced {
    pub(super) low: Vec<i128>,
    /// Least upper bound found; none when a row can be anything.
    pub(super) high: Vec<Option<i128>>,
    /// Rows whose upper bound is given, and does not follow from the equations.
    pub(super) capped: Vec<bool>,
    /// Rows that have no upper bound, whatever `high` says: a value beyond `high` changes nothing for the others.
    pub(super) endless: Vec<bool>,
    pub(super) equations: Vec<Equation>,
    /// The sum that each row from `rows` on fills up: the sum's rows and what they and the new row add up to.
    pub(super) slack: Vec<(Vec<u32>, i128)>,
}

impl Reduced {
    /// Reduces sums over so many rows.
    pub(super) fn new(rows: usize, sums: &[Sum<'_>]) -> Result<Self, Contradiction> {
        let mut reduced = Self {
            low: vec![0; rows],
            high: vec![None; rows],
            capped: vec![false; rows],
            endless: vec![false; rows],
            equations: Vec::new(),
            slack: Vec::new(),
        };
        for (source, sum) in sums.iter().enumerate() {
            let (low, high) = (i128::from(sum.low), sum.high.map(i128::from));
            if high.is_some_and(|high| high < low) {
                return Err(Contradiction::Sum(source));
            }
            if let [row] = sum.rows {
                reduced.bound(*row as usize, low, high, source)?;
            } else if high == Some(low) {
                reduced.equations.push(Equation {
                    rows: sum.rows.to_vec(),
                    sum: low,
                    source,
                });
            }
        }
        reduced.shorten()?;
        let (above, below): (Vec<_>, Vec<_>) = sums
            .iter()
            .enumerate()
            .filter(|(_, sum)| sum.rows.len() != 1 && sum.high != Some(sum.low))
            .partition(|(_, sum)| sum.high.is_some());
        for within in [above, below] {
            if !within.is_empty() {
                reduced.fill(&within)?;
                reduced.shorten()?;
            }
        }
        Ok(reduced)
    }

    fn bound(&mut self, row: usize, low: i128, high: Option<i128>, source: usize) -> Result<(), Contradiction> {
        self.low[row] = self.low[row].max(low);
        if let Some(high) = high {
            self.high[row] = Some(self.high[row].map_or(high, |old| old.min(high)));
            self.capped[row] = true;
        }
        if self.high[row].is_some_and(|high| high < self.low[row]) {
            return Err(Contradiction::Sum(source));
        }
        Ok(())
    }

    /// Whether the row has one value only.
    pub(super) fn is_fixed(&self, row: u32) -> bool {
        self.high[row as usize] == Some(self.low[row as usize])
    }

    /// Makes equations of sums that are known within bounds, by a row more that fills up.
    fn fill(&mut self, within: &[(usize, &Sum<'_>)]) -> Result<(), Contradiction> {
        // a row without an upper bound needs no more than to reach every lower bound by itself
        for (_, sum) in within {
            for row in sum.rows {
                let row = *row as usize;
                if sum.high.is_none() && (self.high[row].is_none() || self.endless[row]) {
                    let enough = i128::from(sum.low).max(self.low[row]);
                    self.high[row] = Some(self.high[row].map_or(enough, |old| old.max(enough)));
                    (self.endless[row], self.capped[row]) = (true, true);
                }
            }
        }
        for (source, sum) in within.iter().copied() {
            let low: i128 = sum.rows.iter().map(|row| self.low[*row as usize]).sum();
            let high = sum
                .rows
                .iter()
                .try_fold(0_i128, |all, row| Some(all + self.high[*row as usize]?));
            let most = match (sum.high.map(i128::from), high) {
                (Some(given), Some(all)) => given.min(all),
                (given, all) => given.or(all).unwrap_or_default(),
            };
            if most < low || most < i128::from(sum.low) {
                return Err(Contradiction::Sum(source));
            }
            if low >= i128::from(sum.low) && high == Some(most) {
                continue;
            }
            let row = u32::try_from(self.low.len()).unwrap_or(u32::MAX);
            self.low.push(0);
            self.high.push(Some(most - i128::from(sum.low).max(low)));
            self.capped.push(true);
            self.endless.push(false);
            self.slack.push((sum.rows.to_vec(), most));
            let mut rows = sum.rows.to_vec();
            rows.push(row);
            self.equations.push(Equation {
                rows,
                sum: most,
                source,
            });
        }
        Ok(())
    }

    /// Takes out what is determined or follows, until nothing more does.
    fn shorten(&mut self) -> Result<(), Contradiction> {
        loop {
            let before = self.size();
            self.simplify()?;
            self.difference()?;
            self.propagate()?;
            if self.size() == before {
                break;
            }
        }
        self.simplify()
    }

    fn size(&self) -> (usize, usize) {
        let terms = self.equations.iter().map(|equation| equation.rows.len()).sum();
        (self.equations.len(), terms)
    }

    /// Puts in what is determined, and takes equal equations once; the short ones come first.
    fn simplify(&mut self) -> Result<(), Contradiction> {
        let mut open: Vec<Equation> = Vec::with_capacity(self.equations.len());
        for mut equation in std::mem::take(&mut self.equations) {
            equation.rows.retain(|row| {
                let fixed = self.is_fixed(*row);
                if fixed {
                    equation.sum -= self.low[*row as usize];
                }
                !fixed
            });
            if equation.rows.is_empty() && equation.sum != 0 {
                return Err(Contradiction::Sum(equation.source));
            }
            if !equation.rows.is_empty() {
                open.push(equation);
            }
        }
        open.sort_by(|a, b| a.rows.len().cmp(&b.rows.len()).then_with(|| a.rows.cmp(&b.rows)));
        for pair in open.windows(2) {
            if pair[0].rows == pair[1].rows && pair[0].sum != pair[1].sum {
                return Err(Contradiction::Sum(pair[1].source));
            }
        }
        open.dedup_by(|a, b| a.rows == b.rows);
        self.equations = open;
        Ok(())
    }

    /// Subtracts from every equation others that hold part of its rows, the largest first. Expects the short ones
    /// first.
    fn difference(&mut self) -> Result<(), Contradiction> {
        let mut parts = Parts {
            by_first: HashMap::new(),
            all: Vec::new(),
        };
        let mut left = vec![false; self.low.len()];
        let mut result: Vec<Equation> = Vec::with_capacity(self.equations.len());
        let mut seen: HashSet<Vec<u32>> = HashSet::new();
        for equation in std::mem::take(&mut self.equations) {
            for row in &equation.rows {
                left[*row as usize] = true;
            }
            let mut sum = equation.sum;
            for row in &equation.rows {
                if left[*row as usize]
                    && let Some(part) = parts.largest(*row, &left)
                {
                    for row in &part.rows {
                        left[*row as usize] = false;
                    }
                    sum -= part.sum;
                }
            }
            let rows: Vec<u32> = equation
                .rows
                .iter()
                .copied()
                .filter(|row| left[*row as usize])
                .collect();
            for row in &equation.rows {
                left[*row as usize] = false;
            }
            if rows.is_empty() {
                if sum != 0 {
                    return Err(Contradiction::Sum(equation.source));
                }
                continue;
            }
            let shorter = rows.len() < equation.rows.len();
            if seen.insert(rows.clone()) {
                let rest = Equation {
                    rows,
                    sum,
                    source: equation.source,
                };
                result.push(rest.clone());
                parts.add(rest);
            }
            if shorter {
                parts.add(equation);
            }
        }
        self.equations = result;
        Ok(())
    }

    fn propagate(&mut self) -> Result<(), Contradiction> {
        let equations = self
            .equations
            .iter()
            .map(|equation| (equation.rows.as_slice(), equation.sum));
        match bounds(&equations, &mut self.low, &mut self.high) {
            Ok(()) => Ok(()),
            Err(at) => Err(Contradiction::Sum(self.equations[at].source)),
        }
    }
}

/// Equations by their first row.
struct Parts {
    by_first: HashMap<u32, Vec<usize>>,
    all: Vec<Equation>,
}

impl Parts {
    fn add(&mut self, equation: Equation) {
        self.by_first.entry(equation.rows[0]).or_default().push(self.all.len());
        self.all.push(equation);
    }

    /// The largest whose first row is this and whose rows are all left.
    fn largest(&self, first: u32, left: &[bool]) -> Option<&Equation> {
        let mut best: Option<&Equation> = None;
        for at in self.by_first.get(&first)?.iter().rev() {
            let part = &self.all[*at];
            if best.is_none_or(|best| best.rows.len() < part.rows.len())
                && part.rows.iter().all(|row| left[*row as usize])
            {
                best = Some(part);
            }
        }
        best
    }
}

/// Draws bounds of rows from equations and each other. The error is the number of an equation that cannot hold.
pub(super) fn bounds<'a>(
    equations: &(impl Iterator<Item = (&'a [u32], i128)> + Clone),
    low: &mut [i128],
    high: &mut [Option<i128>],
) -> Result<(), usize> {
    for _ in 0..ROUNDS {
        let mut changed = false;
        for (at, (rows, sum)) in equations.clone().enumerate() {
            let mut least: i128 = rows.iter().map(|row| low[*row as usize]).sum();
            let (mut most, mut endless) = (0_i128, 0);
            for row in rows {
                match high[*row as usize] {
                    Some(high) => most += high,
                    None => endless += 1,
                }
            }
            if least > sum || (endless == 0 && most < sum) {
                return Err(at);
            }
            for row in rows {
                let row = *row as usize;
                let above = sum - (least - low[row]);
                let now = match high[row] {
                    Some(old) if old <= above => old,
                    old => {
                        match old {
                            Some(old) => most -= old - above,
                            None => (most, endless) = (most + above, endless - 1),
                        }
                        high[row] = Some(above);
                        changed = true;
                        above
                    }
                };
                let below = sum - (most - now);
                if endless == 0 && below > low[row] {
                    least += below - low[row];
                    low[row] = below;
                    changed = true;
                }
                if low[row] > now {
                    return Err(at);
                }
            }
        }
        if !changed {
            break;
        }
    }
    Ok(())
}
