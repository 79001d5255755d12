//! What others publish about the same persons, such as a national statistical office.

use std::collections::HashMap;

use super::super::{CountTable, System, Zeros, base::Base, system::Coordinate};
use crate::error::Result;

/// A table that somebody else has published.
#[derive(Debug, Clone)]
pub struct External {
    /// What it counts, by what; in the columns of the population.
    pub table: CountTable,
    /// Its figures by the level and code in every dimension; none where it hides one.
    pub figures: HashMap<Vec<Coordinate>, Option<u64>>,
}

/// What follows from such a table.
#[derive(Debug, Default)]
pub(super) struct Sets {
    /// Base rows whose sums it shows, with these, and the number of the cell.
    pub(super) shown: Vec<(Vec<u32>, u64, usize)>,
    /// How many of its figures are not what the population has.
    pub(super) deviating: u64,
}

impl External {
    /// The sets of base rows whose sums it shows, and how many of its figures are not what this population has: such a
    /// figure was perturbed, or counts other persons.
    ///
    /// # Errors
    /// SAMSYN-5005 for a table that does not fit the population.
    pub(super) fn sets(&self, base: &Base, system: &System) -> Result<Sets> {
        let zeros = if system.known.contains(&true) {
            Zeros::Published
        } else {
            Zeros::Hideable
        };
        let cells = System::over(base, std::slice::from_ref(&self.table), zeros)?;
        let mut sets = Sets::default();
        for (at, cell) in cells.cells.iter().enumerate() {
            let key: Vec<Coordinate> = cells.key(cell).cloned().collect();
            match self.figures.get(&key) {
                Some(Some(figure)) if *figure == cell.count => sets.shown.push((cell.rows.clone(), cell.count, at)),
                Some(Some(_)) => sets.deviating += 1,
                Some(None) | None => {}
            }
        }
        Ok(sets)
    }
}
