//! The words of samsyn as types: tables and layers, releases and runs, statuses, clocks, secrets.
//!
//! Everything here is plain data without I/O. A table is `schema.name`; its schema is a [`Layer`], which decides in
//! which zone of the lake it lies and who may read it.

use std::{fmt, str::FromStr, sync::Arc};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A layer of the lake; each is a SQL schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Landed rows, immutable.
    Raw,
    /// Areas, code lists, standards.
    Ref,
    /// Conformed observations and registers; may be person-level.
    Core,
    /// Computed, before protection.
    Mart,
    /// Protected and released.
    Pub,
    /// The catalogue.
    Meta,
    /// Runs, steps, releases, quarantine, suppressions: written by the engine.
    System,
}

/// Where in the lake a layer lies: `open/` may be opened to anybody's reader, `closed/` never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Zone {
    /// ref, meta, pub.
    Open,
    /// raw, core, mart, system.
    Closed,
}

impl Layer {
    /// All layers in reading order.
    pub const ALL: [Self; 7] = [
        Self::Raw,
        Self::Ref,
        Self::Core,
        Self::Mart,
        Self::Pub,
        Self::Meta,
        Self::System,
    ];

    /// The name of the SQL schema.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Ref => "ref",
            Self::Core => "core",
            Self::Mart => "mart",
            Self::Pub => "pub",
            Self::Meta => "meta",
            Self::System => "system",
        }
    }

    /// The zone that the layer lies in.
    pub fn zone(self) -> Zone {
        match self {
            Self::Ref | Self::Meta | Self::Pub => Zone::Open,
            Self::Raw | Self::Core | Self::Mart | Self::System => Zone::Closed,
        }
    }

    /// Whether a release pins the layer's tables; raw and system are append-only and read at their newest version.
    pub fn pinned(self) -> bool {
        !matches!(self, Self::Raw | Self::System)
    }
}

impl FromStr for Layer {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|layer| layer.name() == text).ok_or_else(|| {
            Error::invalid(2001, format!("`{text}` is no schema of the lake"))
                .hint("the schemas are raw, ref, core, mart, pub, meta and system")
        })
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A table of the lake, `schema.name`; both are lowercase ASCII letters, digits and `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId {
    /// The layer, which is the SQL schema.
    pub layer: Layer,
    /// The name inside the schema.
    pub name: Arc<str>,
}

impl TableId {
    /// Returns the table `layer.name`.
    ///
    /// # Errors
    /// When `name` is empty or has other characters than `a–z`, `0–9` and `_`, or starts with a digit.
    pub fn new(layer: Layer, name: &str) -> Result<Self> {
        let fine = name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            && name.bytes().next().is_some_and(|b| !b.is_ascii_digit());
        if !fine {
            return Err(Error::invalid(2002, format!("`{name}` is no table name"))
                .hint("use lowercase letters a–z, digits and `_`, starting with a letter"));
        }
        Ok(Self {
            layer,
            name: name.into(),
        })
    }

    /// The name of the SQL schema.
    pub fn schema(&self) -> &'static str {
        self.layer.name()
    }
}

impl FromStr for TableId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let Some((schema, name)) = text.split_once('.') else {
            return Err(Error::invalid(2003, format!("`{text}` lacks a schema"))
                .hint("write `schema.table`, for example `core.befolkning`"));
        };
        Self::new(schema.parse()?, name)
    }
}

impl fmt::Display for TableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.layer, self.name)
    }
}

impl Serialize for TableId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TableId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// The number of a release; the first is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReleaseId(pub u64);

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How much a column or a dataset must be protected; the order is rising.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sensitivity {
    /// Published by its producer; may be shown to anybody.
    Public,
    /// For the organisation.
    Internal,
    /// About persons or other protected entities; leaves the lake only through disclosure control.
    Protected,
}

/// Observation status, SDMX code list `CL_OBS_STATUS`.
pub mod obs_status {
    /// Normal value.
    pub const NORMAL: &str = "A";
    /// Break in the series.
    pub const BREAK: &str = "B";
    /// Estimated.
    pub const ESTIMATED: &str = "E";
    /// Imputed.
    pub const IMPUTED: &str = "I";
    /// Missing: it exists but was not collected or not delivered.
    pub const MISSING: &str = "M";
    /// Missing: the value cannot exist (not applicable).
    pub const NOT_APPLICABLE: &str = "L";
    /// Missing: suppressed; `conf_status` says why.
    pub const SUPPRESSED: &str = "Q";
    /// Low reliability.
    pub const LOW_RELIABILITY: &str = "U";
    /// Not significant: less than half of the unit shown.
    pub const NOT_SIGNIFICANT: &str = "N";
    /// Every code of the list that samsyn knows.
    pub const ALL: &[&str] = &[
        "A", "B", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "S", "U", "V", "W",
    ];
}

/// Confidentiality status, SDMX code list `CL_CONF_STATUS`.
pub mod conf_status {
    /// Free for publication.
    pub const FREE: &str = "F";
    /// Confidential statistical information: hidden, by whatever rule. The one public marker.
    pub const CONFIDENTIAL: &str = "C";
    /// Not for publication, restricted for internal use.
    pub const NOT_FOR_PUBLICATION: &str = "N";
    /// Every code that samsyn knows.
    pub const ALL: &[&str] = &["F", "N", "C", "R", "S", "D"];
}

/// Where the time comes from. A fixed clock makes a run reproducible.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The machine's time.
    System,
    /// Always this moment.
    Fixed(DateTime<Utc>),
}

impl Clock {
    /// The present moment, to the microsecond (Delta keeps no finer).
    pub fn now(&self) -> DateTime<Utc> {
        let moment = match self {
            Self::System => Utc::now(),
            Self::Fixed(moment) => *moment,
        };
        DateTime::from_timestamp_micros(moment.timestamp_micros()).unwrap_or(moment)
    }
}

/// A value that can be used but not printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// Wraps a secret.
    pub fn new(secret: T) -> Self {
        Self(secret)
    }

    /// The secret; say at the call why it may be seen.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

impl<T> fmt::Display for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_ids_are_strict() {
        assert_eq!(
            "core.befolkning".parse::<TableId>().unwrap().to_string(),
            "core.befolkning"
        );
        for wrong in ["befolkning", "corr.x", "core.Å", "core.", "core.1x", "core.a.b"] {
            assert!(wrong.parse::<TableId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn secrets_do_not_print() {
        assert_eq!(format!("{:?} {}", Redacted::new("x"), Redacted::new("x")), "**** ****");
    }
}
