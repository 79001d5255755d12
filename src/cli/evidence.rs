//! What `verify` and `audit` have in common: the certificates of a release and the published tables that they are of.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    error::{Error, Result},
    lake::{AsWritten, CertificatePin, Lake, Release},
    model::{ReleaseId, TableId},
    pipeline::certificate_name,
    protect::evidence::{self, Certificate, Rows, Verification},
};

/// The release of a number, or the newest.
pub(super) async fn release(lake: &Lake, number: Option<u64>) -> Result<Release> {
    match number {
        Some(number) => lake.release(ReleaseId(number)).await,
        None => lake
            .current_release()
            .await?
            .ok_or_else(|| Error::not_found(4022, "there is no release yet").hint("run a pipeline first")),
    }
}

/// The certificates of a release, or of one population.
///
/// # Errors
/// SAMSYN-5085 when there is none.
pub(super) fn chosen<'a>(
    release: &'a Release,
    population: Option<&str>,
    run: &str,
) -> Result<Vec<(&'a String, &'a CertificatePin)>> {
    let found: Vec<_> = release
        .certificates
        .iter()
        .filter(|(name, _)| {
            population.is_none_or(|wanted| *name == wanted || name.ends_with(&certificate_name("", wanted)))
        })
        .collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let names: Vec<&str> = release.certificates.keys().map(String::as_str).collect();
    let error = match population {
        Some(population) => format!(
            "release {} has no certificate of the population `{population}`",
            release.id
        ),
        None => format!("release {} has no certificates", release.id),
    };
    Err(Error::not_found(5085, error).hint(if names.is_empty() {
        format!("they are made when count tables are published by suppression: `{run}`")
    } else {
        format!("there are {}", names.join(", "))
    }))
}

/// The published tables of a certificate, as their files have them at a release. Nothing else of the lake is read.
pub(super) async fn read(
    lake: &Lake,
    release: &Release,
    certificate: &Certificate,
) -> Result<BTreeMap<TableId, Arc<AsWritten>>> {
    let mut tables = BTreeMap::new();
    for table in &certificate.tables {
        let id = &table.definition.table;
        if let Some(pin) = release.tables.get(id) {
            tables.insert(id.clone(), Arc::new(lake.as_written(&pin.files).await?));
        }
    }
    Ok(tables)
}

/// Proves a certificate, on a thread of its own.
pub(super) async fn verify(
    certificate: &Certificate,
    tables: &BTreeMap<TableId, Arc<AsWritten>>,
) -> Result<Verification> {
    let rows: BTreeMap<TableId, Rows> = tables
        .iter()
        .map(|(id, table)| {
            let rows = Rows {
                content_hash: table.content_hash.clone(),
                batches: table.batches.clone(),
            };
            (id.clone(), rows)
        })
        .collect();
    let certificate = certificate.clone();
    tokio::task::spawn_blocking(move || evidence::verify(&certificate, &rows))
        .await
        .map_err(|error| Error::bug(9032, "the proof stopped").with_source(error))?
}
