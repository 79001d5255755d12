//! Landing the files of a source: which there are, which are new, and their rows in the lake.
//!
//! What can go wrong: a file that is read while it is written, so its bytes are hashed when the run is planned and again when they land; made-up
//! files of which a kill left some out, so each says which others belong to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use arrow::{
    array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray},
    datatypes::{DataType, Field, Schema, TimeUnit},
};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{
    plan::{hash, hex},
    project::{Defined, Project, within},
    spec::Source,
};
use crate::{
    config::Settings,
    error::{Error, Result},
    lake::{self, Delivery, Lake, Note, current_deliveries},
    source::{self, Delivered, Quarantined, SourceKind, synthetic},
};

/// Changes of the readers that change what the same bytes give raise this.
const READER: &str = "2";

/// A file that a source delivers.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    /// Its name.
    pub(super) file: String,
    /// Whether it has to land.
    pub(super) new: bool,
    /// Its size; 0 for a file that is not made yet.
    pub(super) bytes: u64,
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
    /// Files whose bytes had landed under this or another name.
    pub(super) already: Vec<String>,
}

/// Made-up files, each set made once in a run although several sources take from it.
#[derive(Debug, Default)]
pub(super) struct Generator(Mutex<BTreeMap<String, Made>>);

type Made = Arc<tokio::sync::OnceCell<Arc<Vec<synthetic::Delivery>>>>;

impl Generator {
    async fn files(&self, spec: &synthetic::Spec) -> Result<Arc<Vec<synthetic::Delivery>>> {
        let cell = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(synthetic::fingerprint(spec)).or_default())
        };
        let spec = spec.clone();
        let make = || async move {
            tokio::task::spawn_blocking(move || synthetic::deliveries(&spec))
                .await
                .map_err(|error| Error::bug(9030, "the generator stopped").with_source(error))?
                .map(Arc::new)
        };
        cell.get_or_try_init(make).await.map(Arc::clone)
    }
}

/// The files of a source.
pub(super) fn arrivals(
    project: &Project,
    settings: &Settings,
    defined: &Defined,
    source: &Source,
    deliveries: &[Delivery],
) -> Result<Vec<Arrival>> {
    let at = || within(&defined.text, &defined.file, &["sources:", &source.name, "path:"]);
    let reading = reading(project, source)?;
    let dataset = dataset(source);
    let all: Vec<Delivery> = deliveries
        .iter()
        .filter(|delivery| delivery.dataset == dataset)
        .cloned()
        .collect();
    let mut current = current_deliveries(&all);
    current.retain(|delivery| delivery.reading == reading);
    if source.kind == SourceKind::Synthetic {
        let pattern = pattern(source)?;
        let landed: Vec<&str> = current.iter().map(|delivery| delivery.file.as_str()).collect();
        let mine = current.iter().find(|delivery| pattern.matches(&delivery.file));
        let whole = mine.is_some_and(|delivery| delivery.together.iter().all(|file| landed.contains(&file.as_str())));
        return Ok(vec![Arrival {
            file: source.path.clone(),
            new: !whole,
            bytes: 0,
            place: Place::MadeUp,
        }]);
    }
    let pattern = settings.extracts().join(&source.path);
    let text = pattern
        .to_str()
        .ok_or_else(|| Error::invalid(3001, format!("the path of `{}` is not UTF-8", source.name)).at(at()))?;
    let paths = glob::glob(text).map_err(|error| {
        Error::invalid(3001, format!("the path of `{}` is no pattern", source.name))
            .at(at())
            .with_source(error)
    })?;
    let mut found = Vec::new();
    for path in paths {
        let path = path.map_err(|error| {
            Error::unavailable(3002, format!("the files of `{}` cannot be read", source.name))
                .hint("check the rights of the folder")
                .with_source(error)
        })?;
        if path.is_dir() {
            continue;
        }
        let (sha256, bytes) = digest(&path).map_err(|error| {
            Error::unavailable(3002, format!("`{}` cannot be read", path.display()))
                .hint("check the rights of the file")
                .with_source(error)
        })?;
        let file = path
            .strip_prefix(settings.extracts())
            .unwrap_or(&path)
            .to_string_lossy()
            .replace('\\', "/");
        found.push((file, path, sha256, bytes));
    }
    let rounds = rounds(
        &current,
        &found
            .iter()
            .map(|(file, _, sha256, _)| (&**file, &**sha256))
            .collect::<Vec<_>>(),
    );
    let mut arrivals: Vec<(Option<usize>, Arrival)> = found
        .into_iter()
        .zip(rounds)
        .map(|((file, path, sha256, bytes), round)| {
            let place = Place::Disk { path, sha256 };
            let new = round.is_some();
            (
                round,
                Arrival {
                    file,
                    new,
                    bytes,
                    place,
                },
            )
        })
        .collect();
    arrivals.sort_by_key(|(round, _)| *round);
    let arrivals: Vec<Arrival> = arrivals.into_iter().map(|(_, arrival)| arrival).collect();
    if arrivals.is_empty() {
        return Err(Error::not_found(
            3003,
            format!(
                "there is no file for the source `{}` at `{}`",
                source.name,
                pattern.display()
            ),
        )
        .hint("give the folder of the extracts with `--extracts DIR` or SAMSYN_EXTRACTS, or correct `path`")
        .at(at()));
    }
    Ok(arrivals)
}

/// For every file, a name and its hash, when it lands: None when its bytes are there already, under whatever name, and stay; else the
/// round. A file that lands takes the place of the delivery of its name, so bytes that were there under that name land anew under the
/// name that they have now, after it.
fn rounds(current: &[&Delivery], files: &[(&str, &str)]) -> Vec<Option<usize>> {
    let mut rounds = vec![None; files.len()];
    let mut gone: BTreeSet<&str> = BTreeSet::new();
    for round in 0..=files.len() {
        let new: Vec<usize> = (0..files.len())
            .filter(|at| {
                let stays =
                    |delivery: &&&Delivery| delivery.sha256 == files[*at].1 && !gone.contains(delivery.id.as_str());
                rounds[*at].is_none() && !current.iter().any(|delivery| stays(&delivery))
            })
            .collect();
        if new.is_empty() {
            break;
        }
        for at in new {
            rounds[at] = Some(round);
            let replaced = current.iter().filter(|delivery| delivery.file == files[at].0);
            gone.extend(replaced.map(|delivery| delivery.id.as_str()));
        }
    }
    rounds
}

/// SHA-256 and size of a file, which may be larger than memory.
fn digest(path: &Path) -> std::io::Result<(String, u64)> {
    let mut file = std::fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut size = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((hex(&hasher.finalize()), size));
        }
        hasher.update(&buffer[..read]);
        size += read as u64;
    }
}

fn pattern(source: &Source) -> Result<glob::Pattern> {
    glob::Pattern::new(&source.path).map_err(|error| {
        Error::invalid(3001, format!("the path of `{}` is no pattern", source.name)).with_source(error)
    })
}

/// Lands what is new; appends to one dataset take turns.
pub(super) async fn land(
    project: &Project,
    lake: &Lake,
    generator: &Generator,
    turn: &tokio::sync::Mutex<()>,
    source: &Source,
    arrivals: &[Arrival],
) -> Result<LandedSource> {
    let reading = reading(project, source)?;
    let contract = project.contract(&source.contract)?;
    let mut files: Vec<(String, Bytes, String)> = Vec::new();
    for arrival in arrivals.iter().filter(|arrival| arrival.new) {
        match &arrival.place {
            Place::Disk { path, sha256 } => {
                let bytes = Bytes::from(std::fs::read(path).map_err(|error| {
                    Error::unavailable(3002, format!("`{}` cannot be read", arrival.file))
                        .hint("check that it is still there, then run again")
                        .with_source(error)
                })?);
                if hex(&Sha256::digest(&bytes)) != *sha256 {
                    return Err(
                        Error::unavailable(3004, format!("`{}` changed while it was read", arrival.file))
                            .hint("wait until it is written, then run again"),
                    );
                }
                files.push((arrival.file.clone(), bytes, sha256.clone()));
            }
            Place::MadeUp => {
                let pattern = pattern(source)?;
                let made = generator.files(&source.synthetic.clone().unwrap_or_default()).await?;
                for delivery in made.iter().filter(|delivery| pattern.matches(&delivery.name)) {
                    let sha256 = hex(&Sha256::digest(&delivery.bytes));
                    files.push((delivery.name.clone(), delivery.bytes.clone(), sha256));
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
    let together: Vec<String> = match source.kind {
        SourceKind::Synthetic => files.iter().map(|(name, ..)| name.clone()).collect(),
        _ => Vec::new(),
    };
    let mut outcome = LandedSource::default();
    let count = files.len();
    for (number, (file, bytes, sha256)) in files.into_iter().enumerate() {
        let parcel = {
            let (kind, layout, contract) = (
                source.reads.unwrap_or(source.kind),
                source.layout.clone(),
                contract.clone(),
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
        let mut delivery = Delivery {
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
            withdraws: Vec::new(),
            together: together.clone(),
            version: 0,
            files: None,
        };
        let set_aside = match parcel.quarantined.as_slice() {
            [] => None,
            rows => Some(quarantine(dataset(source), rows)?),
        };
        let rows = lake::Delivered {
            schema: Arc::new(stamped_schema(&parcel.schema)),
            batches: parcel
                .batches
                .iter()
                .map(|batch| stamped(batch, &source.name, now.timestamp_micros()))
                .collect::<Result<Vec<_>>>()?,
            set_aside,
        };
        let _turn = turn.lock().await;
        if number + 1 == count && !together.is_empty() {
            delivery.withdraws = no_longer_made(lake, source, &together).await?;
        }
        let landed = lake
            .land(delivery, bytes, rows)
            .await
            .map_err(|error| error.context(format!("landing `{file}`")))?;
        if landed.already {
            outcome.already.push(file);
            continue;
        }
        outcome.files += 1;
        outcome.delivered += landed.delivery.delivered;
        outcome.rows += landed.delivery.rows;
        outcome.notes += landed.delivery.notes.len() as u64;
        outcome.quarantined.extend(parcel.quarantined);
    }
    Ok(outcome)
}

/// Deliveries of files that this source made before and, told otherwise, makes no more.
async fn no_longer_made(lake: &Lake, source: &Source, together: &[String]) -> Result<Vec<String>> {
    let all = lake.deliveries(Some(dataset(source))).await?;
    Ok(current_deliveries(&all)
        .into_iter()
        .filter(|delivery| delivery.source == source.name && !together.contains(&delivery.file))
        .map(|delivery| delivery.id.clone())
        .collect())
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

fn quarantine(dataset: &str, rows: &[Quarantined]) -> Result<RecordBatch> {
    let text = |of: &dyn Fn(&Quarantined) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<StringArray>())
    };
    let number = |row: &Quarantined| i64::try_from(row.row).unwrap_or(i64::MAX);
    Ok(RecordBatch::try_from_iter(vec![
        ("dataset", text(&|_| Some(dataset.to_owned()))),
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
