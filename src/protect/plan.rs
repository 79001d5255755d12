//! What a policy says of single cells, and in which order they are tried for publication.

use super::{CountTable, Policy, System, select};
use crate::error::{Error, Result};

/// The cells in order: forced ones, those of the policy's priorities, all others.
#[derive(Debug)]
pub(super) struct Plan {
    /// All cells, those first that are to be kept first.
    pub(super) order: Vec<usize>,
    forced: Vec<bool>,
}

impl Plan {
    /// Sorts `by_worth` by what the policy says.
    ///
    /// # Errors
    /// SAMSYN-5063 for a cell that is not there, 5064 for one that is forced and unsafe.
    pub(super) fn new(
        system: &System,
        tables: &[CountTable],
        policy: &Policy,
        by_worth: Vec<usize>,
        primary: &[bool],
    ) -> Result<Self> {
        let forced = select::any(&policy.force, system, tables, &policy.name)?;
        if let Some(cell) = (0..primary.len()).find(|cell| forced[*cell] && primary[*cell]) {
            return Err(Error::refused(
                5064,
                format!(
                    "the policy `{}` forces a cell to be published that is unsafe itself: {}",
                    policy.name,
                    select::place(system, &system.cells[cell], tables)
                ),
            )
            .hint("leave it out of `force`, or out of the table"));
        }
        let mut rank: Vec<usize> = forced
            .iter()
            .map(|forced| if *forced { 0 } else { policy.priorities.len() + 1 })
            .collect();
        for (number, selector) in policy.priorities.iter().enumerate() {
            for (rank, meant) in rank.iter_mut().zip(selector.cells(system, tables, &policy.name)?) {
                if meant {
                    *rank = (*rank).min(number + 1);
                }
            }
        }
        let mut order = by_worth;
        order.sort_by_key(|cell| rank[*cell]);
        Ok(Self { order, forced })
    }

    /// Refuses a result in which a forced cell is hidden: published, it would have revealed an unsafe one.
    ///
    /// # Errors
    /// SAMSYN-5064.
    pub(super) fn holds(
        &self,
        system: &System,
        tables: &[CountTable],
        policy: &Policy,
        secondary: &[bool],
    ) -> Result<()> {
        let Some(cell) = self.order.iter().find(|cell| self.forced[**cell] && secondary[**cell]) else {
            return Ok(());
        };
        Err(Error::refused(
            5064,
            format!(
                "the cells that the policy `{}` forces to be published contradict it: with {} an unsafe cell could be \
                 derived",
                policy.name,
                select::place(system, &system.cells[*cell], tables)
            ),
        )
        .hint("force fewer cells; `priorities` keeps them as far as it is safe"))
    }
}
