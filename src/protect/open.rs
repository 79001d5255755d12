//! The open route: what a producer has published itself, with its own status kept.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
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
/// SAMSYN-5020 when an ancestor is not public, 5021 when a value is NULL without a status that says why, or is there
/// although its status says that it is confidential; 5022 when there is nothing, 5023 for a column that is missing.
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
    let Some(first) = batches.iter().find(|batch| batch.num_rows() > 0) else {
        return Err(Error::refused(5022, format!("`{table}` would be empty")).hint("check the model"));
    };
    let schema = first.schema();
    for name in values {
        let (mut bare, mut told) = (0, 0);
        for batch in &batches {
            let value = Value::of(batch, name, &table)?;
            bare += value.bare_nulls();
            told += value.confidential_numbers(values.len() == 1);
        }
        if bare > 0 {
            return Err(Error::refused(
                5021,
                format!("column `{name}` of `{table}` has {bare} NULLs without a status that says why"),
            )
            .hint("keep the source's obs_status and conf_status beside the value, or leave the rows out"));
        }
        if told > 0 {
            return Err(Error::refused(
                5021,
                format!("column `{name}` of `{table}` has {told} values whose status says that they are confidential"),
            )
            .hint("its source is not all public, or the model lost a NULL; correct the model or the status"));
        }
    }
    let report = Report {
        method: "open",
        levels: Vec::new(),
        audit: AuditResult::default(),
        additive: true,
    };
    Ok(Protected::new(table, schema, batches, report))
}

/// A column of values with the statuses that stand beside it, its own or the row's.
struct Value<'a> {
    column: &'a ArrayRef,
    obs: Option<ArrayRef>,
    conf: Option<ArrayRef>,
    conf_is_own: bool,
}

impl<'a> Value<'a> {
    fn of(batch: &'a RecordBatch, name: &str, table: &TableId) -> Result<Self> {
        let column = batch.column_by_name(name).ok_or_else(|| {
            Error::invalid(5023, format!("`{table}` has no column `{name}`"))
                .hint("correct `values` of the publication")
        })?;
        let own = |ending: &str| batch.column_by_name(&format!("{name}_{ending}"));
        let text = |found: Option<&ArrayRef>| found.map(|column| cast(column, &DataType::Utf8)).transpose();
        Ok(Self {
            column,
            obs: text(own("obs_status").or_else(|| batch.column_by_name("obs_status")))?,
            conf: text(own("conf_status").or_else(|| batch.column_by_name("conf_status")))?,
            conf_is_own: own("conf_status").is_some(),
        })
    }

    /// Whether a status is there and not the normal one.
    fn says(status: Option<&ArrayRef>, row: usize, normal: &str) -> bool {
        status.is_some_and(|array| {
            let texts = array.as_string::<i32>();
            texts.is_valid(row) && texts.value(row) != normal && !texts.value(row).is_empty()
        })
    }

    /// NULLs whose status is the normal one, or that have none.
    fn bare_nulls(&self) -> usize {
        let nulls = self.column.logical_nulls();
        let bare = |row: &usize| {
            nulls.as_ref().is_some_and(|nulls| nulls.is_null(*row))
                && !Self::says(self.obs.as_ref(), *row, obs_status::NORMAL)
                && !Self::says(self.conf.as_ref(), *row, conf_status::FREE)
        };
        (0..self.column.len()).filter(bare).count()
    }

    /// Values that are there although their status says that they are hidden. A row's status is about its value only
    /// when it has one.
    fn confidential_numbers(&self, one_value: bool) -> usize {
        if !self.conf_is_own && !one_value {
            return 0;
        }
        let nulls = self.column.logical_nulls();
        let told = |row: &usize| {
            nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*row))
                && Self::says(self.conf.as_ref(), *row, conf_status::FREE)
        };
        (0..self.column.len()).filter(told).count()
    }
}
