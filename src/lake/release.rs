//! Releases: the one object that makes a set of table versions visible together.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{FORMAT, Lake, TableFiles};
use crate::{
    error::{Error, Result},
    model::{ReleaseId, TableId},
};

/// One table that a step read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// The Delta version that was read.
    pub version: u64,
    /// What it held: the hash of its rows, or for a raw table of its deliveries.
    pub content: String,
}

/// What a table was made from, so that a later run can tell what changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Hash of the definition.
    pub definition: String,
    /// Every table that was read.
    pub inputs: BTreeMap<TableId, Input>,
}

/// One table at one version, with all that is needed to read it without its log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pin {
    /// The Delta version.
    pub version: u64,
    /// How many rows.
    pub rows: u64,
    /// How many bytes of Parquet.
    pub bytes: u64,
    /// Hash of the rows in order.
    pub content_hash: String,
    /// Hash of the definition and the inputs that made it; equal means that nothing changed.
    pub fingerprint: String,
    /// What the fingerprint was made of.
    #[serde(default)]
    pub origin: Origin,
    /// The pipeline that made it.
    pub pipeline: String,
    /// The contract of a published table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// What it is, for listings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Columns that identify a row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    /// The data files and the Arrow schema.
    pub files: TableFiles,
}

/// A consistent set of tables.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Release {
    /// Layout of the object.
    pub format: u32,
    /// Its number.
    pub id: ReleaseId,
    /// The release before it.
    pub previous: Option<ReleaseId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// The run that made it.
    pub run: String,
    /// Every table but those of raw and system.
    pub tables: BTreeMap<TableId, Pin>,
    /// For each pipeline the hash of the checks that held, with what they read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub checks: BTreeMap<String, String>,
    /// For each population whose counts are protected by suppression its certificate.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub certificates: BTreeMap<String, CertificatePin>,
}

/// A certificate of published tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificatePin {
    /// The release that it was made for; later ones have the same tables.
    pub release: ReleaseId,
    /// SHA-256 of the object.
    pub sha256: String,
    /// The tables.
    pub tables: Vec<TableId>,
}

impl Release {
    /// The release that follows `previous` (the first when None), with its tables carried over.
    pub fn after(previous: Option<&Self>, run: &str, created_at: DateTime<Utc>) -> Self {
        Self {
            format: FORMAT,
            id: ReleaseId(previous.map_or(1, |release| release.id.0 + 1)),
            previous: previous.map(|release| release.id),
            created_at,
            run: run.to_owned(),
            tables: previous.map(|release| release.tables.clone()).unwrap_or_default(),
            checks: previous.map(|release| release.checks.clone()).unwrap_or_default(),
            certificates: previous.map(|release| release.certificates.clone()).unwrap_or_default(),
        }
    }
}

impl Lake {
    /// The newest release, or None before the first.
    pub async fn current_release(&self) -> Result<Option<Release>> {
        match self.release_ids().await?.last() {
            Some(id) => self.release(*id).await.map(Some),
            None => Ok(None),
        }
    }

    /// The numbers of all releases, rising.
    pub async fn release_ids(&self) -> Result<Vec<ReleaseId>> {
        let paths = self.list(&self.own("releases")).await?;
        Ok(paths
            .iter()
            .filter_map(|path| path.filename()?.strip_suffix(".json")?.parse().ok().map(ReleaseId))
            .collect())
    }

    /// One release.
    ///
    /// # Errors
    /// SAMSYN-4022 when there is none of that number.
    pub async fn release(&self, id: ReleaseId) -> Result<Release> {
        let found: Option<Release> = self.get_json(&self.own(&format!("releases/{:020}.json", id.0))).await?;
        let release = found.ok_or_else(|| {
            Error::not_found(4022, format!("there is no release {id}"))
                .hint("`samsyn release list` shows those there are")
        })?;
        if release.format > FORMAT {
            return Err(
                Error::refused(4010, format!("release {id} was made by a newer samsyn")).hint("use the newer samsyn")
            );
        }
        Ok(release)
    }

    /// Publishes a release: readers see all its tables from now on, at once.
    ///
    /// # Errors
    /// SAMSYN-4020 when another run published the same number first; nothing is changed then.
    pub async fn commit_release(&self, release: &Release) -> Result<()> {
        if self
            .create_json(&self.own(&format!("releases/{:020}.json", release.id.0)), release)
            .await?
        {
            return Ok(());
        }
        Err(
            Error::conflict(4020, format!("another run published release {} first", release.id))
                .hint("run again: it starts from the new release and does only what is left"),
        )
    }

    /// Names a release; the name is a SQL catalog from then on.
    ///
    /// # Errors
    /// SAMSYN-4023 when the name is taken or is none, 4022 when the release does not exist.
    pub async fn tag(&self, name: &str, id: ReleaseId) -> Result<()> {
        let fine = !name.is_empty()
            && name != "samsyn"
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !name.bytes().all(|b| b.is_ascii_digit());
        if !fine {
            return Err(Error::usage(4023, format!("`{name}` cannot be a tag"))
                .hint("use letters a–z, digits, `-` and `_`; not `samsyn` and not a number alone"));
        }
        self.release(id).await?;
        if !self.create_json(&self.own(&format!("tags/{name}.json")), &id).await? {
            return Err(Error::conflict(4023, format!("the tag `{name}` is taken"))
                .hint("choose another name; tags do not move"));
        }
        Ok(())
    }

    /// All tags.
    pub async fn tags(&self) -> Result<BTreeMap<String, ReleaseId>> {
        let mut tags = BTreeMap::new();
        for path in self.list(&self.own("tags")).await? {
            if let Some(name) = path.filename().and_then(|name| name.strip_suffix(".json"))
                && let Some(id) = self.get_json(&path).await?
            {
                tags.insert(name.to_owned(), id);
            }
        }
        Ok(tags)
    }
}
