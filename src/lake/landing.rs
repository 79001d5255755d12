//! Landing: delivered bytes verbatim, their rows as a Delta append, and a manifest that makes the delivery known.
//!
//! The order is bytes, rows set aside, rows, manifest; a delivery counts from the manifest on. A kill in between is repaired by landing
//! again: the bytes are there already, and rows of a delivery without a manifest are found by the id that their files carry.

use std::collections::{BTreeSet, HashMap};

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Lake, TableFiles};
use crate::{
    error::{Error, Result},
    model::{Layer, TableId},
};

/// The table of `system` with the rows that were set aside.
const QUARANTINE: &str = "quarantine";

/// A text that came with the data but is no row: preamble, footnote, correction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// `preamble` or `footnote`.
    pub kind: String,
    /// Line in the delivered file, from 1.
    pub line: u64,
    /// The text.
    pub text: String,
}

/// What is known of one delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// First 16 hexadecimal digits of the SHA-256 of dataset, reading and bytes.
    pub id: String,
    /// Name of the table in `raw`.
    pub dataset: String,
    /// Name of the source in its pipeline.
    pub source: String,
    /// Name of the delivered file.
    pub file: String,
    /// SHA-256 of the bytes; they lie under it.
    pub sha256: String,
    /// Hash of how the bytes were read (layout, contract): the same bytes read otherwise are another delivery.
    pub reading: String,
    /// Number of bytes.
    pub bytes: u64,
    /// Rows delivered, before any was set aside or unpivoted.
    pub delivered: u64,
    /// Rows landed.
    pub rows: u64,
    /// Rows set aside.
    pub quarantined: u64,
    /// Texts that are no rows.
    pub notes: Vec<Note>,
    /// When it was fetched.
    pub retrieved_at: DateTime<Utc>,
    /// The earlier delivery of the same file that this one replaces.
    pub supersedes: Option<String>,
    /// Earlier deliveries of files that the source no longer gives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdraws: Vec<String>,
    /// For made-up files the names of all that were made together: only all of them are a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub together: Vec<String>,
    /// The Delta version of the dataset's table that the rows came with.
    #[serde(default)]
    pub version: u64,
    /// The rows' files.
    pub files: Option<TableFiles>,
}

/// What landing did.
#[derive(Debug, Clone)]
pub struct Landed {
    /// The delivery as it is now known.
    pub delivery: Delivery,
    /// True when the same bytes had landed before, and nothing was done.
    pub already: bool,
}

/// The deliveries of one dataset that no later one replaces or withdraws.
pub fn current_deliveries(all: &[Delivery]) -> Vec<&Delivery> {
    let gone: BTreeSet<&str> = all
        .iter()
        .flat_map(|delivery| delivery.supersedes.iter().chain(&delivery.withdraws))
        .map(String::as_str)
        .collect();
    all.iter()
        .filter(|delivery| !gone.contains(delivery.id.as_str()))
        .collect()
}

/// The rows of a delivery, as its reader gave them.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows that land.
    pub batches: Vec<RecordBatch>,
    /// The rows that were set aside, for `system.quarantine`.
    pub set_aside: Option<RecordBatch>,
}

impl Lake {
    /// Keeps delivered bytes under their SHA-256; false when they were there already.
    ///
    /// # Errors
    /// SAMSYN-3040 when `sha256` is not that of `bytes`; 4001 when the store fails.
    pub async fn put_file(&self, sha256: &str, bytes: Bytes) -> Result<bool> {
        let found = format!("{:x}", Sha256::digest(&bytes));
        if found != sha256 {
            return Err(Error::invalid(
                3040,
                format!("the delivered bytes have the SHA-256 {found}, not {sha256}"),
            )
            .hint("the file changed while it was read, or its upload is not finished; deliver it again"));
        }
        self.create(&self.path(&format!("closed/raw/_files/{sha256}")), bytes)
            .await
    }

    /// The delivered bytes of that SHA-256.
    pub async fn get_file(&self, sha256: &str) -> Result<Option<Bytes>> {
        self.get(&self.path(&format!("closed/raw/_files/{sha256}"))).await
    }

    /// The delivery of that id, if its manifest is there.
    pub async fn delivery(&self, dataset: &str, id: &str) -> Result<Option<Delivery>> {
        self.get_json(&self.own(&format!("deliveries/{dataset}/{id}.json")))
            .await
    }

    /// Every delivery, or those of one dataset, by dataset and time.
    pub async fn deliveries(&self, dataset: Option<&str>) -> Result<Vec<Delivery>> {
        let folder = match dataset {
            Some(name) => format!("deliveries/{name}"),
            None => "deliveries".to_owned(),
        };
        let paths = self.list(&self.own(&folder)).await?;
        let mut found: Vec<Delivery> = futures::stream::iter(paths)
            .map(|path| async move { self.get_json::<Delivery>(&path).await })
            .buffered(32)
            .try_filter_map(|delivery| async move { Ok(delivery) })
            .try_collect()
            .await?;
        found.sort_by(|a, b| (&a.dataset, a.retrieved_at, &a.id).cmp(&(&b.dataset, b.retrieved_at, &b.id)));
        Ok(found)
    }

    /// Lands one delivery: bytes, rows, manifest. Landing bytes that have landed does nothing, whatever the file is called now.
    ///
    /// # Errors
    /// When the store fails or the rows do not fit the dataset's table; nothing is known of the delivery then.
    pub async fn land(&self, mut delivery: Delivery, bytes: Bytes, rows: Delivered) -> Result<Landed> {
        let known = self.deliveries(Some(&delivery.dataset)).await?;
        let current = current_deliveries(&known);
        let same = |found: &&&Delivery| {
            found.id == delivery.id || (found.sha256 == delivery.sha256 && found.reading == delivery.reading)
        };
        if let Some(found) = current.iter().find(same) {
            return Ok(Landed {
                delivery: (*found).clone(),
                already: true,
            });
        }
        self.put_file(&delivery.sha256.clone(), bytes).await?;
        delivery.supersedes = current
            .into_iter()
            .find(|other| other.file == delivery.file)
            .map(|other| other.id.clone());
        if known.iter().any(|found| found.id == delivery.id) {
            // bytes that came back after another version: a delivery of its own, known by its turn
            delivery.id = format!(
                "{}-{}",
                delivery.id,
                known.iter().filter(|d| d.file == delivery.file).count() + 1
            );
        }
        if let Some(batch) = rows.set_aside {
            let id = TableId::new(Layer::System, QUARANTINE)?;
            self.append_once(&id, batch.schema(), vec![batch], ("delivery", &delivery.id))
                .await?;
        }
        let id = TableId::new(Layer::Raw, &delivery.dataset)?;
        let (version, files) = self
            .append_once(&id, rows.schema, rows.batches, ("_delivery", &delivery.id))
            .await?;
        delivery.rows = files.rows();
        delivery.version = version;
        delivery.files = Some(files);
        let path = self.own(&format!("deliveries/{}/{}.json", delivery.dataset, delivery.id));
        let already = !self.create_json(&path, &delivery).await?;
        Ok(Landed { delivery, already })
    }

    /// Appends rows of a delivery, unless an attempt that was killed has done so: its files carry the delivery's id.
    async fn append_once(
        &self,
        id: &TableId,
        schema: SchemaRef,
        batches: Vec<RecordBatch>,
        partition: (&str, &str),
    ) -> Result<(u64, TableFiles)> {
        if let Some((version, table)) = self.newest_files(id).await? {
            let mine: Vec<_> = table
                .files
                .iter()
                .filter(|file| file.partition.first().map(String::as_str) == Some(partition.1))
                .cloned()
                .collect();
            if !mine.is_empty() {
                let schema = table.file_schema()?;
                return Ok((version, TableFiles::new(&schema, table.partition_columns, mine)));
            }
        }
        let stream = Box::pin(RecordBatchStreamAdapter::new(
            schema,
            futures::stream::iter(batches.into_iter().map(Ok)),
        ));
        let app = HashMap::from([("samsyn.delivery".to_owned(), json!(partition.1))]);
        self.append(id, stream, &[partition], app).await
    }
}
