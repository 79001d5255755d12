//! The open route: what a producer has published itself, with its own status kept.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::{compute::cast, datatypes::DataType};

use super::{AuditResult, Protected, Report};
use crate::{
    error::{Error, Result},
    model::{Sensitivity, TableId, conf_status, obs_status},
};

/// Why a table may be published as it is.
#[derive(Debug, Clone)]
pub struct OpenEvidence {
    /// The contract of the published table.
    pub contract: String,
    /// Whether the contracts of all sources attest that they are public.
    pub attested_public: bool,
    /// Every landed dataset that the table was made from.
    pub ancestors: Vec<(String, Sensitivity)>,
}

/// Publishes a table of public data.
///
/// # Errors
/// SAMSYN-5020 when an ancestor is not public, 5021 when a value is NULL without a status that says why.
pub fn protect_open(
    table: TableId,
    batches: Vec<RecordBatch>,
    evidence: &OpenEvidence,
    values: &[String],
) -> Result<Protected> {
    if let Some((name, _)) = evidence
        .ancestors
        .iter()
        .find(|(_, class)| *class != Sensitivity::Public)
    {
        return Err(Error::refused(
            5020,
            format!("`{table}` cannot be published as open: it was made from `{name}`, which is not public"),
        )
        .hint("publish it with `protect: {counts: …}` or `{derived: …}`"));
    }
    if !evidence.attested_public || evidence.ancestors.is_empty() {
        return Err(Error::refused(
            5020,
            format!("`{table}` cannot be published as open: no contract attests that its sources are public"),
        )
        .hint("set `classification: public` in the contracts of the sources, if their producers publish them"));
    }
    let Some(first) = batches.first() else {
        return Err(Error::refused(5022, format!("`{table}` would be empty")).hint("check the model"));
    };
    let schema = first.schema();
    for name in values {
        let mut bare = 0;
        for batch in &batches {
            bare += bare_nulls(batch, name, &table)?;
        }
        if bare > 0 {
            return Err(Error::refused(
                5021,
                format!("column `{name}` of `{table}` has {bare} NULLs without a status that says why"),
            )
            .hint("keep the source's obs_status and conf_status beside the value, or leave the rows out"));
        }
    }
    let report = Report {
        method: "open",
        levels: Vec::new(),
        audit: AuditResult::default(),
    };
    Ok(Protected::new(table, schema, batches, report))
}

/// NULLs of `name` whose status is the normal one, or that have none.
fn bare_nulls(batch: &RecordBatch, name: &str, table: &TableId) -> Result<usize> {
    let column = batch.column_by_name(name).ok_or_else(|| {
        Error::invalid(5023, format!("`{table}` has no column `{name}`")).hint("correct `values` of the publication")
    })?;
    if column.null_count() == 0 {
        return Ok(0);
    }
    let status = |ending: &str| {
        let found = batch
            .column_by_name(&format!("{name}_{ending}"))
            .or_else(|| batch.column_by_name(ending));
        found.map(|column| cast(column, &DataType::Utf8)).transpose()
    };
    let (obs, conf) = (status("obs_status")?, status("conf_status")?);
    let says = |array: &Option<arrow::array::ArrayRef>, row: usize, normal: &str| {
        array.as_ref().is_some_and(|array| {
            let texts = array.as_string::<i32>();
            texts.is_valid(row) && texts.value(row) != normal && !texts.value(row).is_empty()
        })
    };
    Ok((0..batch.num_rows())
        .filter(|row| {
            column.is_null(*row) && !says(&obs, *row, obs_status::NORMAL) && !says(&conf, *row, conf_status::FREE)
        })
        .count())
}
