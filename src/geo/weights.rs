//! Who is whose neighbour, and how much it counts: a sparse matrix by rows.

/// Weights of neighbours.
#[derive(Debug, Clone, Default)]
pub struct Weights {
    starts: Vec<usize>,
    to: Vec<usize>,
    of: Vec<f64>,
}

impl Weights {
    /// Collects edges (from, to, weight) of so many units; edges that are there twice are added up.
    pub fn new(units: usize, mut edges: Vec<(usize, usize, f64)>) -> Self {
        edges.sort_by_key(|(from, to, _)| (*from, *to));
        let mut weights = Self {
            starts: vec![0; units + 1],
            ..Self::default()
        };
        let mut last = None;
        for (from, to, weight) in edges {
            match weights.of.last_mut() {
                Some(of) if last == Some((from, to)) => *of += weight,
                _ => {
                    weights.starts[from + 1] += 1;
                    weights.to.push(to);
                    weights.of.push(weight);
                }
            }
            last = Some((from, to));
        }
        for at in 0..units {
            weights.starts[at + 1] += weights.starts[at];
        }
        weights
    }

    /// Returns how many edges there are.
    pub fn edges(&self) -> usize {
        self.to.len()
    }

    /// Returns how many units there are.
    pub fn units(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Returns the neighbours of a unit and their weights, in order.
    pub fn of(&self, unit: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.starts[unit]..self.starts[unit + 1];
        self.to[range.clone()]
            .iter()
            .copied()
            .zip(self.of[range].iter().copied())
    }

    /// Returns how many neighbours a unit has.
    pub fn degree(&self, unit: usize) -> usize {
        self.starts[unit + 1] - self.starts[unit]
    }

    /// Returns the weight of one edge, 0 when it is not there.
    pub fn weight(&self, from: usize, to: usize) -> f64 {
        let start = self.starts[from];
        let row = &self.to[start..self.starts[from + 1]];
        row.binary_search(&to).map_or(0.0, |at| self.of[start + at])
    }

    /// Returns the sum of a row.
    pub fn row(&self, unit: usize) -> f64 {
        self.of(unit).map(|(_, weight)| weight).sum()
    }

    /// Divides every row by its sum.
    pub fn standardise(&mut self) {
        for unit in 0..self.units() {
            let sum = self.row(unit);
            if sum > 0.0 {
                let range = self.starts[unit]..self.starts[unit + 1];
                self.of[range].iter_mut().for_each(|weight| *weight /= sum);
            }
        }
    }

    /// Returns the same without some units, which are numbered anew, and edges to them.
    #[must_use]
    pub fn without(&self, gone: &[bool]) -> Self {
        let mut next = 0;
        let numbers: Vec<usize> = gone
            .iter()
            .map(|gone| {
                next += usize::from(!gone);
                next.saturating_sub(1)
            })
            .collect();
        let mut edges = Vec::new();
        for unit in (0..self.units()).filter(|unit| !gone[*unit]) {
            edges.extend(
                self.of(unit)
                    .filter(|(to, _)| !gone[*to])
                    .map(|(to, weight)| (numbers[unit], numbers[to], weight)),
            );
        }
        Self::new(next, edges)
    }

    /// Returns Σ_j w_ij v_j of every unit.
    pub fn lag(&self, values: &[f64]) -> Vec<f64> {
        (0..self.units())
            .map(|unit| self.of(unit).map(|(to, weight)| weight * values[to]).sum())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Weights;

    #[test]
    fn rows_are_in_order_and_edges_add_up() {
        let mut weights = Weights::new(4, vec![(2, 0, 1.0), (0, 2, 3.0), (0, 1, 1.0), (0, 2, 2.0), (3, 3, 1.0)]);
        assert_eq!(weights.of(0).collect::<Vec<_>>(), [(1, 1.0), (2, 5.0)]);
        assert_eq!((weights.degree(1), weights.edges(), weights.units()), (0, 4, 4));
        assert_eq!(weights.lag(&[1.0, 10.0, 100.0, 7.0]), [510.0, 0.0, 1.0, 7.0]);
        weights.standardise();
        assert!((weights.weight(0, 2) - 5.0 / 6.0).abs() < 1e-15 && weights.weight(1, 2) <= 0.0);
        let less = weights.without(&[false, true, false, false]);
        assert_eq!(less.of(0).map(|(to, _)| to).collect::<Vec<_>>(), [1]);
        assert_eq!(less.units(), 3);
    }
}
