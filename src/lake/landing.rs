//! Landing: delivered bytes verbatim, their rows as a Delta append, and a manifest that makes the delivery known.
//!
//! The order is bytes, rows, manifest; a delivery counts from the manifest on. A kill in between is repaired by landing again: the
//! bytes are there already, and rows of a delivery without a manifest are found by the id that their files carry.

use std::collections::HashMap;

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

/// The deliveries that no later one replaces.
pub fn current_deliveries(all: &[Delivery]) -> Vec<&Delivery> {
    all.iter()
        .filter(|delivery| {
            !all.iter()
                .any(|other| other.supersedes.as_deref() == Some(delivery.id.as_str()))
        })
        .collect()
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

    /// Lands one delivery: bytes, rows, manifest. Landing what has landed does nothing.
    ///
    /// # Errors
    /// When the store fails or the rows do not fit the dataset's table; nothing is known of the delivery then.
    pub async fn land(
        &self,
        mut delivery: Delivery,
        bytes: Bytes,
        schema: SchemaRef,
        batches: Vec<RecordBatch>,
    ) -> Result<Landed> {
        let known = self.deliveries(Some(&delivery.dataset)).await?;
        if let Some(found) = known.iter().find(|found| found.id == delivery.id) {
            let current = current_deliveries(&known).iter().any(|current| current.id == found.id);
            if current {
                return Ok(Landed {
                    delivery: found.clone(),
                    already: true,
                });
            }
        }
        self.put_file(&delivery.sha256.clone(), bytes).await?;
        delivery.supersedes = current_deliveries(&known)
            .into_iter()
            .find(|other| other.file == delivery.file && other.id != delivery.id)
            .map(|other| other.id.clone());
        if known.iter().any(|found| found.id == delivery.id) {
            // bytes that came back after another version: a delivery of its own, known by its turn
            delivery.id = format!(
                "{}-{}",
                delivery.id,
                known.iter().filter(|d| d.file == delivery.file).count() + 1
            );
        }
        let id = TableId::new(Layer::Raw, &delivery.dataset)?;
        let earlier = self.newest_files(&id).await?.and_then(|(_, table)| {
            let mine: Vec<_> = table
                .files
                .iter()
                .filter(|file| file.partition.first() == Some(&delivery.id))
                .cloned()
                .collect();
            (!mine.is_empty()).then(|| {
                table
                    .file_schema()
                    .map(|schema| TableFiles::new(&schema, table.partition_columns.clone(), mine))
            })
        });
        let files = if let Some(files) = earlier {
            files?
        } else {
            let stream = Box::pin(RecordBatchStreamAdapter::new(
                schema,
                futures::stream::iter(batches.into_iter().map(Ok)),
            ));
            let app = HashMap::from([("samsyn.delivery".to_owned(), json!(delivery.id))]);
            self.append(&id, stream, &[("_delivery", &delivery.id)], app).await?.1
        };
        delivery.rows = files.rows();
        delivery.files = Some(files);
        let path = self.own(&format!("deliveries/{}/{}.json", delivery.dataset, delivery.id));
        let already = !self.create_json(&path, &delivery).await?;
        Ok(Landed { delivery, already })
    }
}
