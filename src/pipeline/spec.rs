//! The definition of a pipeline, as `pipelines/<name>.yaml` writes it. Unknown keys are refused.
//!
//! The JSON Schema `schemas/pipeline.schema.json` is generated from these types, so the words here are the documentation.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    protect::DerivedRule,
    source::{Layout, SourceKind, synthetic},
};

/// A pipeline: sources that land, models that compute, checks, and what is published under which protection.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// Version of this format; 1.
    pub version: u32,
    /// Name, equal to the file's.
    pub pipeline: String,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether `samsyn run` without a name takes it.
    #[serde(default)]
    pub default: bool,
    /// Values that models use as `$name`.
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
    /// What lands.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// Models, `schema.table`, each a file `sql/<schema>/<table>.sql`; their order comes from the SQL.
    #[serde(default)]
    pub models: Vec<String>,
    /// Queries that return the rows that are wrong.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Populations that count tables are protected over.
    #[serde(default)]
    pub populations: Vec<PopulationSpec>,
    /// What is published.
    #[serde(default)]
    pub publish: Vec<Publish>,
}

/// A typed value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a parameter is one value: true or false, a number, or a text")]
pub enum Parameter {
    /// Yes or no.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
}

/// One source of raw data.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Name in this pipeline.
    pub name: String,
    /// What kind of files it delivers, or `synthetic` for files that samsyn makes up.
    pub kind: SourceKind,
    /// File or glob; relative paths start from `--extracts`. For `synthetic` the name of the made-up file or a glob over them.
    pub path: String,
    /// The table in `raw` that rows land in, `raw.<name>`.
    pub dataset: String,
    /// How the file is laid out.
    #[serde(default)]
    pub layout: Layout,
    /// The contract, `schemas/<contract>.odcs.yaml`.
    pub contract: String,
    /// For `synthetic`: what is made up.
    #[serde(default)]
    pub synthetic: Option<synthetic::Spec>,
    /// For `synthetic`: the kind of the made-up file.
    #[serde(default)]
    pub reads: Option<SourceKind>,
}

/// What a failed check does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Stops the run; nothing is published.
    #[default]
    Error,
    /// Is reported.
    Warn,
}

/// A check.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What must hold.
    pub name: String,
    /// The table that it is about.
    pub on: String,
    /// A query that returns the rows that are wrong.
    pub sql: String,
    /// Columns of that query that name a row of an aggregate, such as area and year, and may be shown when it does not hold. Of public data
    /// everything is shown, of all other only these and the place in the delivery (`_file`, `_row`, `_delivery`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub show: Vec<String>,
    /// What a failure does.
    #[serde(default)]
    pub severity: Severity,
}

/// A population: the rows that counts count.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PopulationSpec {
    /// Name in this pipeline.
    pub name: String,
    /// The table with one row a person, or a row for each combination with a count.
    pub from: String,
    /// The column that counts; without it each row is one.
    #[serde(default)]
    pub count: Option<String>,
    /// The column that names the person or other entity that a row is about: each once when a policy perturbs by cell key; with `value` the
    /// contributor, in as many rows as it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// Of a population of amounts the column with what the entity gives: its tables show sums of it and are protected by the policy's rules of
    /// concentration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// A column such as a year: a person may be in one row for each of its values, and no table sums over them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// The policy: a preset or `schemas/policies/<name>.yaml`.
    #[serde(default = "standard")]
    pub policy: String,
    /// Other populations that come from the same protected data, although no difference between counts of theirs and of this one can
    /// tell of few persons. Each population is protected by itself, so this is yours to know; without it such a pair is refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub independent_of: Vec<String>,
}

fn standard() -> String {
    "standard".into()
}

/// One published table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    /// `pub.<name>`.
    pub table: String,
    /// The table that it shows; count tables are counted from their population instead.
    #[serde(default)]
    pub from: Option<String>,
    /// Its contract, `schemas/<contract>.odcs.yaml`.
    pub contract: String,
    /// How it is protected.
    pub protect: Protect,
}

/// The three routes to publication.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub enum Protect {
    /// Counts of a population: primary rule, secondary suppression over all tables of the population, audit.
    Counts(Counts),
    /// Public data: every ancestor's contract says so, and the source's own status is kept.
    Open(Open),
    /// Computed from published tables only, or above minima with rounding.
    Derived(DerivedRule),
}

/// A table of counts.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// The population.
    pub population: String,
    /// Name of the column with the counts.
    #[serde(default = "count_column")]
    pub measure: String,
    /// What it is broken down by, in order of the columns.
    pub dimensions: Vec<DimensionSpec>,
    /// Only rows with these codes in these columns.
    #[serde(default)]
    pub filters: BTreeMap<String, Vec<String>>,
}

fn count_column() -> String {
    "antal".into()
}

/// One dimension of a count table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DimensionSpec {
    /// Name of the column.
    pub name: String,
    /// Columns of the population, each a level; the name of the level is that of the column. Left out: one level, of the dimension's name.
    #[serde(default)]
    pub levels: Vec<String>,
    /// Code of «all»; left out when there is no total.
    #[serde(default)]
    pub total: Option<String>,
    /// Name of the column that tells the level; needed with several levels.
    #[serde(default)]
    pub level_column: Option<String>,
}

/// The open route.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// Columns with values: a NULL in them needs a status beside it.
    pub values: Vec<String>,
}
