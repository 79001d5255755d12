//! The ledger: everything that was ever published, with date and audience. Restricted, append-only.
//!
//! A record is written before the table versions that it is about. A run that is killed or stopped in between leaves a
//! record of something that no release shows: it was readable in the open part of the lake or was about to be, so it
//! counts as published.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{FORMAT, Lake};
use crate::{
    error::{Error, Result},
    model::TableId,
    protect::{DerivedRule, ledger::Entry},
};

/// Where it lies.
const FOLDER: &str = "closed/ledger";

/// One publication.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Published {
    /// Layout of the record.
    pub format: u32,
    /// The run.
    pub run: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The pipeline.
    pub pipeline: String,
    /// What.
    pub what: What,
}

/// What was published.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Tables of a population, as sums of its base rows.
    Sums {
        /// The table that the population is read from.
        from: TableId,
        /// The tables.
        entry: Box<Entry>,
    },
    /// Perturbed tables of a population: no figure is an exact sum.
    Perturbed {
        /// The population.
        population: String,
        /// The table that it is read from.
        from: TableId,
        /// `cell_key` or `rounding`.
        method: String,
        /// The tables.
        tables: Vec<TableId>,
    },
    /// Figures that were computed from others and rounded.
    Derived {
        /// The table.
        table: TableId,
        /// Its figures with their decimals, and its minima.
        rule: Box<DerivedRule>,
        /// What was read, with the hash of its rows.
        inputs: BTreeMap<TableId, String>,
    },
    /// Public data of others.
    Open {
        /// The table.
        table: TableId,
        /// What was read, with the hash of its rows.
        inputs: BTreeMap<TableId, String>,
    },
}

impl Lake {
    /// Everything that was ever published, the oldest first.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn ledger(&self) -> Result<Vec<Published>> {
        let mut records = Vec::new();
        for path in self.list(&self.path(FOLDER)).await? {
            let Some(record) = self.get_json::<Published>(&path).await? else {
                continue;
            };
            if record.format > FORMAT {
                return Err(Error::refused(4010, format!("`{path}` was written by a newer samsyn"))
                    .hint("use the newer samsyn"));
            }
            records.push(record);
        }
        Ok(records)
    }

    /// Adds to the ledger, unless it says so already.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub async fn enter(&self, record: &Published) -> Result<()> {
        let failed = |error| Error::bug(9010, "an object did not serialise").with_source(error);
        let what = serde_json::to_vec(&(&record.pipeline, &record.what)).map_err(failed)?;
        let hash: String = Sha256::digest(&what)
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let paths = self.list(&self.path(FOLDER)).await?;
        let names: Vec<&str> = paths.iter().filter_map(object_store::path::Path::filename).collect();
        if names.iter().any(|name| name.ends_with(&format!("-{hash}.json"))) {
            return Ok(());
        }
        let last = names
            .iter()
            .filter_map(|name| name.split('-').next()?.parse::<u64>().ok())
            .max();
        // steps of one run may take the same number: the order among them says nothing
        let path = self.path(&format!("{FOLDER}/{:08}-{hash}.json", last.map_or(1, |last| last + 1)));
        self.create(&path, serde_json::to_vec(record).map_err(failed)?.into())
            .await?;
        Ok(())
    }
}
