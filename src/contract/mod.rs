//! Contracts: what a dataset promises, as Open Data Contract Standard 3.1 files.
//!
//! One file is the contract of a source or of a published table, its documentation and its catalogue entry. It gives columns, types, keys,
//! ranges, code lists, missing markers, sensitivity, licence. What can go wrong: a contract that is looser than the data lets bad
//! rows through, so unknown keys in a contract are refused, never ignored.

mod check;
mod odcs;
pub mod yaml;

use std::{collections::BTreeMap, sync::Arc};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::model::Sensitivity;

pub use check::Violation;

/// What the text of a marker such as `..` means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marker {
    /// SDMX observation status; `A` when left out.
    #[serde(default = "normal")]
    pub obs_status: String,
    /// SDMX confidentiality status; `F` when left out.
    #[serde(default = "free")]
    pub conf_status: String,
    /// The value that it stands for; NULL when left out. In PX, `-` is zero.
    #[serde(default)]
    pub value: Option<f64>,
}

fn normal() -> String {
    crate::model::obs_status::NORMAL.into()
}

fn free() -> String {
    crate::model::conf_status::FREE.into()
}

/// The type of a column, in the words of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogicalType {
    /// Text; codes are text.
    String,
    /// Whole number, 64 bit.
    Integer,
    /// Floating-point number, 64 bit.
    Number,
    /// Yes or no.
    Boolean,
    /// A day.
    Date,
    /// A moment, UTC, microseconds.
    Timestamp,
    /// Bytes: a geometry as WKB.
    Object,
}

impl LogicalType {
    /// The Arrow type.
    pub fn arrow(self) -> DataType {
        match self {
            Self::String => DataType::Utf8,
            Self::Integer => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Boolean => DataType::Boolean,
            Self::Date => DataType::Date32,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Object => DataType::Binary,
        }
    }
}

/// One column of a contract.
#[derive(Debug, Clone)]
pub struct Column {
    /// Name in the lake.
    pub name: String,
    /// Name as delivered, when it differs.
    pub header: Option<String>,
    /// Type.
    pub logical_type: LogicalType,
    /// Whether NULL is refused.
    pub required: bool,
    /// Whether values differ from row to row.
    pub unique: bool,
    /// Position in the primary key, from 1.
    pub primary_key: Option<u32>,
    /// What it is.
    pub description: Option<String>,
    /// Unit of measure.
    pub unit: Option<String>,
    /// How much it must be protected.
    pub sensitivity: Sensitivity,
    /// Smallest value allowed.
    pub minimum: Option<f64>,
    /// Largest value allowed.
    pub maximum: Option<f64>,
    /// Regular expression that the whole text matches.
    pub pattern: Option<regex::Regex>,
    /// The values allowed.
    pub codes: Option<Vec<String>>,
    /// Markers and what they mean.
    pub markers: BTreeMap<String, Marker>,
}

/// A contract.
#[derive(Debug, Clone)]
pub struct Contract {
    /// Identifier, equal to the file's name without `.odcs.yaml`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Version of the contract.
    pub version: String,
    /// What the data is for.
    pub description: Option<String>,
    /// How much the dataset must be protected.
    pub classification: Sensitivity,
    /// Licence.
    pub licence: Option<String>,
    /// The words that name the source wherever a value is shown.
    pub attribution: Option<String>,
    /// The columns in order.
    pub columns: Vec<Column>,
    /// The text of the file, for fingerprints.
    pub text: Arc<str>,
}

impl Contract {
    /// The schema that rows of this contract have; field metadata holds `description` and `unit`.
    pub fn arrow_schema(&self) -> SchemaRef {
        Arc::new(Schema::new(
            self.columns.iter().map(Column::arrow_field).collect::<Vec<_>>(),
        ))
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The columns of the primary key, in its order.
    pub fn primary_key(&self) -> Vec<String> {
        let mut key: Vec<_> = self
            .columns
            .iter()
            .filter_map(|c| c.primary_key.map(|at| (at, c.name.clone())))
            .collect();
        key.sort();
        key.into_iter().map(|(_, name)| name).collect()
    }
}

impl Column {
    /// The Arrow field with its description and unit.
    pub fn arrow_field(&self) -> Field {
        let mut metadata = std::collections::HashMap::new();
        if let Some(text) = &self.description {
            metadata.insert("description".to_owned(), text.clone());
        }
        if let Some(unit) = &self.unit {
            metadata.insert("unit".to_owned(), unit.clone());
        }
        Field::new(&self.name, self.logical_type.arrow(), true).with_metadata(metadata)
    }

    /// The header that a delivery has for this column.
    pub fn delivered_as(&self) -> &str {
        self.header.as_deref().unwrap_or(&self.name)
    }
}
