//! Certificates of published tables, and published tables as they lie in their files.
//!
//! A certificate is put before the release that it is for, under its number; a run that is killed in between leaves one
//! that the next run of that number replaces. A population that a run leaves as it is keeps the certificate of an
//! earlier release.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use bytes::Bytes;
use object_store::{ObjectStoreExt, PutPayload};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sha2::{Digest, Sha256};

use super::{CertificatePin, Lake, Release, TableFiles, hash_batches};
use crate::{
    error::{Error, Result},
    model::{ReleaseId, TableId},
    protect::evidence::Certificate,
};

/// A published table as its files have it.
#[derive(Debug)]
pub struct AsWritten {
    /// Hash of the rows in order.
    pub content_hash: String,
    /// The rows.
    pub batches: Vec<RecordBatch>,
    /// Of every file its path from the lake's root and its bytes.
    pub files: Vec<(String, Bytes)>,
}

impl Lake {
    /// Keeps the certificates that a run made, and pins them in the release that it is about to publish. A population
    /// without one any more, or whose tables are gone, loses the old one.
    pub async fn certify(
        &self,
        release: &mut Release,
        certificates: BTreeMap<String, Option<Certificate>>,
    ) -> Result<()> {
        for (name, certificate) in certificates {
            let Some(certificate) = certificate else {
                release.certificates.remove(&name);
                continue;
            };
            let text = serde_json::to_vec(&certificate)
                .map_err(|error| Error::bug(9010, "a certificate did not serialise").with_source(error))?;
            let pin = CertificatePin {
                release: release.id,
                sha256: sha256(&text),
                tables: certificate
                    .tables
                    .into_iter()
                    .map(|table| table.definition.table)
                    .collect(),
            };
            let path = self.own(&object(&name, release.id));
            match self.0.store.put(&path, PutPayload::from(text)).await {
                Ok(_) => release.certificates.insert(name, pin),
                Err(error) => return Err(self.failed("write", &path, error)),
            };
        }
        let pinned = &release.tables;
        release
            .certificates
            .retain(|_, pin| pin.tables.iter().all(|table| pinned.contains_key(table)));
        Ok(())
    }

    /// A certificate that a release pins.
    ///
    /// # Errors
    /// SAMSYN-5082 when it is missing, or is not the one that was pinned.
    pub async fn certificate(&self, name: &str, pin: &CertificatePin) -> Result<(Certificate, Bytes)> {
        let wrong = |what: &str| {
            Error::refused(5082, format!("the certificate `{name}` {what}"))
                .hint("restore it from a backup, or publish the population again")
        };
        let path = self.own(&object(name, pin.release));
        let bytes = self.get(&path).await?.ok_or_else(|| wrong("is missing"))?;
        if sha256(&bytes) != pin.sha256 {
            return Err(wrong("is not the one that the release pins"));
        }
        let certificate = serde_json::from_slice(&bytes).map_err(|error| wrong("cannot be read").with_source(error))?;
        Ok((certificate, bytes))
    }

    /// Reads a pinned table from its files, with what they tell besides rows.
    ///
    /// # Errors
    /// SAMSYN-5083 when a file is missing or is no Parquet.
    pub async fn as_written(&self, table: &TableFiles) -> Result<AsWritten> {
        let (mut batches, mut files) = (Vec::new(), Vec::new());
        for file in &table.files {
            let path = self.path(&file.path);
            let broken = |what: &str| {
                Error::invalid(5083, format!("the file `{}` of a published table {what}", file.path))
                    .hint("it was removed or changed by hand; restore it from a backup, or run the pipeline again")
            };
            let bytes = self.get(&path).await?.ok_or_else(|| broken("is missing"))?;
            let reader = ParquetRecordBatchReaderBuilder::try_new(bytes.clone())
                .and_then(ParquetRecordBatchReaderBuilder::build)
                .map_err(|error| broken("cannot be read").with_source(error))?;
            for batch in reader {
                batches.push(batch.map_err(|error| broken("cannot be read").with_source(error))?);
            }
            files.push((file.path.clone(), bytes));
        }
        let schema = table.file_schema()?;
        Ok(AsWritten {
            content_hash: hash_batches(&schema, &batches)?,
            batches,
            files,
        })
    }
}

impl Lake {
    /// Parquet files in the folder of a table, by their path from the lake's root.
    pub async fn files_of(&self, table: &TableId) -> Result<Vec<String>> {
        let paths = self.list(&self.table_path(table)).await?;
        let root = self.0.root.parts().count();
        Ok(paths
            .iter()
            .map(|path| {
                path.parts()
                    .skip(root)
                    .map(|part| part.as_ref().to_owned())
                    .collect::<Vec<_>>()
                    .join("/")
            })
            .filter(|path| path.ends_with(".parquet"))
            .collect())
    }
}

fn object(name: &str, release: ReleaseId) -> String {
    format!("certificates/{:020}/{name}.json", release.0)
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
