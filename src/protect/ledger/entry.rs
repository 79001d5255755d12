//! One publication of a population, as the ledger keeps it.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::super::{CountTable, Policy, System, Zeros, base::Base};
use crate::error::{Error, Result};

/// A column of the base and its codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its codes, rising.
    pub codes: Vec<String>,
}

/// A published table: every cell that holds a base row was shown, but for those that are named here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// What it counts, by what.
    #[serde(flatten)]
    pub table: CountTable,
    /// Who may read it: its schema.
    pub audience: String,
    /// Cells.
    pub cells: u64,
    /// Of every dimension the level and code of every hidden cell.
    pub hidden: Vec<Vec<(String, String)>>,
    /// Of each of them whether it is unsafe itself; the others were hidden for their sake.
    pub primary: Vec<bool>,
}

/// One publication of a population. Restricted: it holds the counts of the base rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The population.
    pub population: String,
    /// Name of its policy.
    pub policy: String,
    /// What was done with zeros.
    pub zeros: Zeros,
    /// The tables.
    pub tables: Vec<Registered>,
    /// Columns of the base.
    pub columns: Vec<Column>,
    /// Base rows after each other, the place of a code for every column.
    pub keys: Vec<u32>,
    /// How many each base row holds.
    pub counts: Vec<u64>,
    /// Of a population of amounts the sum of each base row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amounts: Vec<f64>,
}

impl Entry {
    /// What is published of a system, of which these cells are hidden.
    pub(in super::super) fn new(
        population: &str,
        policy: &Policy,
        base: &Base,
        system: &System,
        tables: &[CountTable],
        hidden: &[bool],
        primary: &[bool],
    ) -> Self {
        let registered = tables.iter().enumerate().map(|(number, table)| {
            let mine = || (0..system.cells.len()).filter(|at| system.cells[*at].table == number);
            let hidden = || mine().filter(|at| hidden[*at]);
            Registered {
                table: table.clone(),
                audience: table.table.schema().to_owned(),
                cells: mine().count() as u64,
                hidden: hidden()
                    .map(|at| system.key(&system.cells[at]).cloned().collect())
                    .collect(),
                primary: hidden().map(|at| primary[at]).collect(),
            }
        });
        let (columns, keys) = base.parts();
        Self {
            population: population.to_owned(),
            policy: policy.name.clone(),
            zeros: policy.zeros,
            tables: registered.collect(),
            columns,
            keys,
            counts: base.counts.clone(),
            amounts: Vec::new(),
        }
    }

    /// For every cell whether it was hidden because it is unsafe itself.
    pub(in super::super) fn primary(&self, system: &System) -> Vec<bool> {
        let unsafe_cells: Vec<HashSet<Vec<&(String, String)>>> = self
            .tables
            .iter()
            .map(|registered| {
                let both = registered.hidden.iter().zip(&registered.primary);
                both.filter(|(_, primary)| **primary)
                    .map(|(key, _)| key.iter().collect())
                    .collect()
            })
            .collect();
        let cells = system.cells.iter();
        cells
            .map(|cell| unsafe_cells[cell.table].contains(&system.key(cell).collect::<Vec<_>>()))
            .collect()
    }

    /// Its tables.
    pub fn count_tables(&self) -> Vec<CountTable> {
        self.tables.iter().map(|registered| registered.table.clone()).collect()
    }

    /// Its cells, each with whether it was hidden, and its base.
    ///
    /// # Errors
    /// SAMSYN-5071 for an entry that is not what samsyn wrote.
    pub(in super::super) fn system(&self) -> Result<(System, Vec<bool>, Base)> {
        let broken = || {
            Error::invalid(
                5071,
                format!(
                    "what was published of the population `{}` is not readable",
                    self.population
                ),
            )
            .hint("the ledger in the lake was changed; restore it from a backup")
        };
        let width = self.columns.len();
        let fits = self.keys.len() == self.counts.len() * width
            && self
                .keys
                .iter()
                .enumerate()
                .all(|(at, code)| (*code as usize) < self.columns[at % width].codes.len());
        if !fits {
            return Err(broken());
        }
        let base = Base::from_parts(&self.columns, self.keys.clone(), self.counts.clone());
        let system =
            System::over(&base, &self.count_tables(), self.zeros).map_err(|error| broken().with_source(error))?;
        let named: Vec<HashSet<Vec<&(String, String)>>> = self
            .tables
            .iter()
            .map(|registered| registered.hidden.iter().map(|key| key.iter().collect()).collect())
            .collect();
        let hidden: Vec<bool> = system
            .cells
            .iter()
            .map(|cell| named[cell.table].contains(&system.key(cell).collect::<Vec<_>>()))
            .collect();
        let all: usize = named.iter().map(HashSet::len).sum();
        if hidden.iter().filter(|hidden| **hidden).count() != all {
            return Err(broken());
        }
        Ok((system, hidden, base))
    }
}
