//! Landing the files of a source: which there are, which are new, and their rows in the lake.

use std::{path::PathBuf, sync::Arc};

use arrow::{
    array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray},
    datatypes::{DataType, Field, Schema, TimeUnit},
};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{
    plan::{hash, hex},
    project::Project,
    spec::Source,
};
use crate::{
    config::Settings,
    error::{Error, Result},
    lake::{Delivery, Lake, Note, current_deliveries},
    source::{self, Delivered, Quarantined, SourceKind, synthetic},
};

/// Changes of the readers that change what the same bytes give raise this.
const READER: &str = "1";

/// A file that a source delivers.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    /// Its name.
    pub(super) file: String,
    /// Whether it has to land.
    pub(super) new: bool,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Disk { path: PathBuf, sha256: String },
    MadeUp,
}

/// What landing a source did.
#[derive(Debug, Default)]
pub(super) struct LandedSource {
    pub(super) files: u64,
    pub(super) delivered: u64,
    pub(super) rows: u64,
    pub(super) notes: u64,
    pub(super) quarantined: Vec<Quarantined>,
}

/// The files of a source.
pub(super) fn arrivals(
    project: &Project,
    settings: &Settings,
    source: &Source,
    deliveries: &[Delivery],
) -> Result<Vec<Arrival>> {
    let reading = reading(project, source)?;
    let dataset = dataset(source);
    let all: Vec<Delivery> = deliveries
        .iter()
        .filter(|delivery| delivery.dataset == dataset)
        .cloned()
        .collect();
    let current = current_deliveries(&all);
    if source.kind == SourceKind::Synthetic {
        let landed = current
            .iter()
            .any(|delivery| delivery.source == source.name && delivery.reading == reading);
        return Ok(vec![Arrival {
            file: source.path.clone(),
            new: !landed,
            place: Place::MadeUp,
        }]);
    }
    let pattern = settings.extracts().join(&source.path);
    let text = pattern
        .to_str()
        .ok_or_else(|| Error::invalid(3001, format!("the path of `{}` is not UTF-8", source.name)))?;
    let found = glob::glob(text).map_err(|error| {
        Error::invalid(3001, format!("the path of `{}` is no pattern", source.name)).with_source(error)
    })?;
    let mut arrivals = Vec::new();
    for path in found {
        let path = path.map_err(|error| {
            Error::unavailable(3002, format!("the files of `{}` cannot be read", source.name)).with_source(error)
        })?;
        let bytes = std::fs::read(&path).map_err(|error| {
            Error::unavailable(3002, format!("`{}` cannot be read", path.display()))
                .hint("check the rights of the file")
                .with_source(error)
        })?;
        let sha256 = hex(&Sha256::digest(&bytes));
        let file = path
            .strip_prefix(settings.extracts())
            .unwrap_or(&path)
            .to_string_lossy()
            .replace('\\', "/");
        let new = !current
            .iter()
            .any(|delivery| delivery.file == file && delivery.sha256 == sha256 && delivery.reading == reading);
        arrivals.push(Arrival {
            file,
            new,
            place: Place::Disk { path, sha256 },
        });
    }
    if arrivals.is_empty() {
        return Err(Error::not_found(
            3003,
            format!(
                "there is no file for the source `{}` at `{}`",
                source.name,
                pattern.display()
            ),
        )
        .hint("give the folder of the extracts with `--extracts DIR` or SAMSYN_EXTRACTS, or correct `path`"));
    }
    Ok(arrivals)
}

/// Lands what is new.
pub(super) async fn land(
    project: &Project,
    lake: &Lake,
    source: &Source,
    arrivals: &[Arrival],
) -> Result<LandedSource> {
    let reading = reading(project, source)?;
    let mut files: Vec<(String, Bytes, String)> = Vec::new();
    for arrival in arrivals.iter().filter(|arrival| arrival.new) {
        match &arrival.place {
            Place::Disk { path, sha256 } => {
                let bytes = Bytes::from(std::fs::read(path)?);
                if hex(&Sha256::digest(&bytes)) != *sha256 {
                    return Err(
                        Error::unavailable(3004, format!("`{}` changed while it was read", arrival.file))
                            .hint("wait until it is written, then run again"),
                    );
                }
                files.push((arrival.file.clone(), bytes, sha256.clone()));
            }
            Place::MadeUp => {
                let pattern = glob::Pattern::new(&source.path).map_err(|error| {
                    Error::invalid(3001, format!("the path of `{}` is no pattern", source.name)).with_source(error)
                })?;
                let spec = source.synthetic.clone().unwrap_or_default();
                let made = tokio::task::spawn_blocking(move || synthetic::deliveries(&spec))
                    .await
                    .map_err(|error| Error::bug(9030, "the generator stopped").with_source(error))??;
                for delivery in made {
                    if pattern.matches(&delivery.name) {
                        let sha256 = hex(&Sha256::digest(&delivery.bytes));
                        files.push((delivery.name, delivery.bytes, sha256));
                    }
                }
                if files.is_empty() {
                    return Err(
                        Error::not_found(3003, format!("the generator makes no file `{}`", source.path))
                            .hint("correct `path` of the source"),
                    );
                }
            }
        }
    }
    let mut outcome = LandedSource::default();
    for (file, bytes, sha256) in files {
        let parcel = {
            let (kind, layout, contract) = (
                source.reads.unwrap_or(source.kind),
                source.layout.clone(),
                project.contract(&source.contract)?.clone(),
            );
            let delivered = Delivered {
                name: file.clone(),
                bytes: bytes.clone(),
            };
            tokio::task::spawn_blocking(move || source::read(kind, &layout, Some(&contract), &delivered))
                .await
                .map_err(|error| Error::bug(9031, "a reader stopped").with_source(error))?
                .map_err(|error| error.context(format!("landing `{file}`")))?
        };
        let now = lake.clock().now();
        let delivery = Delivery {
            id: hash([source.dataset.as_str(), &file, &sha256, &reading])[..16].to_owned(),
            dataset: dataset(source).to_owned(),
            source: source.name.clone(),
            file: file.clone(),
            sha256,
            reading: reading.clone(),
            bytes: bytes.len() as u64,
            delivered: parcel.rows_delivered,
            rows: 0,
            quarantined: parcel.quarantined.len() as u64,
            notes: parcel
                .notes
                .iter()
                .map(|note| Note {
                    kind: note.kind.name().to_owned(),
                    line: note.line,
                    text: note.text.clone(),
                })
                .collect(),
            retrieved_at: now,
            supersedes: None,
            files: None,
        };
        let batches = parcel
            .batches
            .iter()
            .map(|batch| stamped(batch, &source.name, now.timestamp_micros()))
            .collect::<Result<Vec<_>>>()?;
        let schema = Arc::new(stamped_schema(&parcel.schema));
        let id = delivery.id.clone();
        let landed = lake
            .land(delivery, bytes, schema, batches)
            .await
            .map_err(|error| error.context(format!("landing `{file}`")))?;
        if !parcel.quarantined.is_empty() && !landed.already {
            lake.system_append("quarantine", quarantine(dataset(source), &id, &parcel.quarantined)?)
                .await?;
        }
        outcome.files += 1;
        outcome.delivered += landed.delivery.delivered;
        outcome.rows += landed.delivery.rows;
        outcome.notes += landed.delivery.notes.len() as u64;
        outcome.quarantined.extend(parcel.quarantined);
    }
    Ok(outcome)
}

fn dataset(source: &Source) -> &str {
    source.dataset.strip_prefix("raw.").unwrap_or(&source.dataset)
}

/// The hash of how a source's bytes are read.
fn reading(project: &Project, source: &Source) -> Result<String> {
    let layout = serde_json::to_string(&source.layout).unwrap_or_default();
    let kind = format!("{:?} {:?}", source.kind, source.reads);
    let made_up = match source.kind {
        SourceKind::Synthetic => synthetic::fingerprint(&source.synthetic.clone().unwrap_or_default()),
        _ => String::new(),
    };
    Ok(hash([
        READER,
        &kind,
        &layout,
        &project.contract(&source.contract)?.text,
        &made_up,
    ]))
}

fn stamped_schema(schema: &Schema) -> Schema {
    let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("_source", DataType::Utf8, true)));
    fields.push(Arc::new(Field::new(
        "_retrieved_at",
        DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        true,
    )));
    Schema::new(fields)
}

fn stamped(batch: &RecordBatch, source: &str, micros: i64) -> Result<RecordBatch> {
    let rows = batch.num_rows();
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    columns.push(Arc::new(StringArray::from(vec![source; rows])));
    columns.push(Arc::new(
        TimestampMicrosecondArray::from(vec![micros; rows]).with_timezone("UTC"),
    ));
    Ok(RecordBatch::try_new(
        Arc::new(stamped_schema(&batch.schema())),
        columns,
    )?)
}

fn quarantine(dataset: &str, delivery: &str, rows: &[Quarantined]) -> Result<RecordBatch> {
    let text = |of: &dyn Fn(&Quarantined) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<StringArray>())
    };
    let number = |row: &Quarantined| i64::try_from(row.row).unwrap_or(i64::MAX);
    Ok(RecordBatch::try_from_iter(vec![
        ("dataset", text(&|_| Some(dataset.to_owned()))),
        ("delivery", text(&|_| Some(delivery.to_owned()))),
        ("file", text(&|row| Some(row.file.clone()))),
        (
            "row",
            Arc::new(rows.iter().map(number).collect::<Int64Array>()) as ArrayRef,
        ),
        ("column", text(&|row| row.column.clone())),
        ("rule", text(&|row| Some(row.rule.to_owned()))),
        ("reason", text(&|row| Some(row.reason.clone()))),
    ])?)
}
