//! The certificate of a population's count tables: what a stranger needs to prove again that nothing hidden is told.
//!
//! It holds definitions, which area lies in which, and what the published figures tell of each hidden one; all of it
//! follows from what is published, but for one thing: which areas of several divisions have somebody in common. Of the
//! policy it tells the name, who is protected, and whether zeros are shown. The threshold is told when the policy is one
//! that samsyn names, whose rules everybody can read; else neither it nor any other parameter. The commitment binds the
//! publisher to the whole policy. It is blinded by the hash of rows that no reader has: without that, whoever tries all
//! thresholds would find the right one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::{CountTable, Entity, Policy, Zeros};
use crate::{
    error::{Error, Result},
    model::TableId,
};

/// The layout that this samsyn writes and the newest that it reads.
pub const FORMAT: u32 = 1;

/// A certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Layout of the object.
    pub format: u32,
    /// The population.
    pub population: String,
    /// What everybody may know of the policy.
    pub policy: PublicPolicy,
    /// All count tables of the population: they are protected as one.
    pub tables: Vec<CertifiedTable>,
    /// Which codes of columns that belong together have somebody in common.
    pub correspondences: Vec<Correspondence>,
    /// What the published figures tell of each hidden one.
    pub intervals: Intervals,
}

/// What everybody may know of a policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicPolicy {
    /// Its name.
    pub name: String,
    /// Who is protected.
    pub entity: Entity,
    /// How.
    pub method: String,
    /// Whether zeros are shown.
    pub zeros: Zeros,
    /// Counts below this are unsafe; told when the policy is one that samsyn names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<u64>,
    /// Combinations that cannot be, and that everybody knows to be empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub impossible: Vec<BTreeMap<String, Vec<String>>>,
    /// SHA-256 of the whole policy as JSON, a line feed, and the hash of the rows that were counted.
    pub commitment: String,
}

impl PublicPolicy {
    /// What may be told of a policy. `rows` is the hash of the rows that were counted.
    pub fn of(policy: &Policy, rows: &str) -> Result<Self> {
        let text = serde_json::to_string(policy)
            .map_err(|error| Error::bug(9010, "a policy did not serialise").with_source(error))?;
        let digest = Sha256::digest(format!("{text}\n{rows}"));
        Ok(Self {
            name: policy.name.clone(),
            entity: policy.entity,
            method: "suppress".into(),
            zeros: policy.zeros,
            threshold: (Policy::preset(&policy.name).as_ref() == Some(policy)).then_some(policy.threshold),
            impossible: policy.impossible.clone(),
            commitment: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }
}

/// A published table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertifiedTable {
    /// Its definition.
    pub definition: CountTable,
    /// Hash of its rows in order, as the release has it.
    pub content_hash: String,
    /// Its rows.
    pub rows: u64,
    /// Those whose figure is hidden.
    pub hidden: u64,
}

/// Columns that belong together, such as divisions of one land, and the codes in them that have somebody in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correspondence {
    /// The columns.
    pub columns: Vec<String>,
    /// The combinations of their codes, rising.
    pub codes: Vec<Vec<String>>,
}

/// How intervals were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalMethod {
    /// Sum by sum until nothing changes: proved, and no narrower than what an outsider can derive, but perhaps wider.
    Bounds,
    /// None were found: the tables have more combinations than can be attacked.
    None,
}

/// What the published figures tell of each hidden one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intervals {
    /// How they were found.
    pub method: IntervalMethod,
    /// What that means, in words.
    pub reading: String,
    /// By table.
    pub tables: Vec<TableIntervals>,
}

/// The intervals of a table's hidden cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableIntervals {
    /// The table.
    pub table: TableId,
    /// The key columns of the rows.
    pub columns: Vec<String>,
    /// The hidden cells in the order of their keys: key, least and largest value; no largest when there is no end.
    pub cells: Vec<(Vec<String>, u64, Option<u64>)>,
}

impl IntervalMethod {
    /// What it means, for the certificate.
    pub(super) fn reading(self) -> &'static str {
        match self {
            Self::Bounds => {
                "For a reader who knows all published tables of the population and that counts are whole numbers from 0. Both \
                 ends are proved by single sums of cells, applied until nothing changes, without linear programs: the \
                 figure lies in the interval, and what an outsider can derive with all sums taken together is no wider \
                 and may be narrower. Exact ends: samsyn audit --intervals."
            }
            Self::None => "The tables have more combinations of codes than could be attacked.",
        }
    }
}
