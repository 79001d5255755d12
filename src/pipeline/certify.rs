//! The certificate of a population: made of what was just published, and of which areas have somebody in common.

use std::{collections::BTreeMap, fmt::Write as _};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::{compute::cast, datatypes::DataType};
use futures::TryStreamExt;

use super::{
    project::{Defined, Project},
    publish::count_table,
    spec::Publish,
};
use crate::{
    engine::Session,
    error::{Error, Result},
    model::TableId,
    protect::{
        Method,
        evidence::{Certificate, Correspondence, PublicPolicy, Rows, certify, columns_together},
    },
};

/// The name that certificates of a population go by in a lake: populations of two pipelines may be called the same.
pub fn certificate_name(pipeline: &str, population: &str) -> String {
    let mut name = String::new();
    for byte in format!("{pipeline}.{population}").bytes() {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            name.push(char::from(byte));
        } else {
            let _ = write!(name, "={byte:02x}");
        }
    }
    name
}

/// The certificate of a population's tables as they were published; none for a method that hides nothing, or amounts.
/// `counted` is the hash of the rows that were counted.
///
/// # Errors
/// SAMSYN-5080 when an outsider can derive a hidden cell from the published rows.
pub(super) async fn certificate(
    project: &Project,
    defined: &Defined,
    session: &Session,
    name: &str,
    published: &[Publish],
    rows: BTreeMap<TableId, Rows>,
    counted: &str,
) -> Result<Option<Certificate>> {
    let population = defined
        .spec
        .populations
        .iter()
        .find(|population| population.name == name)
        .ok_or_else(|| Error::bug(9020, "a step of a population that is not there"))?;
    let policy = project.policy(&population.policy)?;
    if policy.method != Method::Suppress || population.value.is_some() {
        return Ok(None);
    }
    let policy = PublicPolicy::of(policy, counted)?;
    let tables = published.iter().map(count_table).collect::<Result<Vec<_>>>()?;
    let mut correspondences = Vec::new();
    for columns in columns_together(&tables)
        .into_iter()
        .filter(|columns| columns.len() > 1)
    {
        let list: Vec<String> = columns
            .iter()
            .map(|column| format!("\"{}\"", column.replace('"', "\"\"")))
            .collect();
        let sql = format!("SELECT DISTINCT {} FROM {}", list.join(", "), population.from);
        let batches: Vec<RecordBatch> = session.prepare(&sql).await?.stream().await?.try_collect().await?;
        let mut codes: Vec<Vec<String>> = Vec::new();
        for batch in &batches {
            let texts = batch
                .columns()
                .iter()
                .map(|column| cast(column, &DataType::Utf8))
                .collect::<std::result::Result<Vec<_>, _>>()?;
            for row in 0..batch.num_rows() {
                codes.push(
                    texts
                        .iter()
                        .map(AsArray::as_string::<i32>)
                        .map(|column| if column.is_valid(row) { column.value(row) } else { "" }.to_owned())
                        .collect(),
                );
            }
        }
        codes.sort_unstable();
        correspondences.push(Correspondence { columns, codes });
    }
    let name = name.to_owned();
    tokio::task::spawn_blocking(move || certify(&name, policy, &tables, &rows, correspondences).map(Some))
        .await
        .map_err(|error| Error::bug(9032, "disclosure control stopped").with_source(error))?
}
