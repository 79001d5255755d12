//! Writing Delta tables: rows stream into Parquet files, one commit makes them a version.
//!
//! The only file that knows Delta's library. Files are written by us, in the order of the rows, because a table's content must not
//! depend on threads; the commit protocol, conflicts and checkpoints are the library's. What can go wrong: a kill between files and
//! commit leaves files that no version names, which cost room and are never read.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, MutexGuard, PoisonError},
};

use arrow::{
    array::RecordBatch,
    datatypes::{DataType, Field, FieldRef, Schema, SchemaRef},
};
use datafusion::execution::SendableRecordBatchStream;
use deltalake::{
    DeltaTable, DeltaTableError,
    kernel::{
        Action, Add, MetadataExt as _, Protocol, Remove, StructType,
        engine::arrow_conversion::TryIntoKernel,
        transaction::{CommitBuilder, CommitProperties, TableReference, TransactionError},
    },
    logstore::{StorageConfig, default_logstore},
    operations::create::CreateBuilder,
    protocol::{DeltaOperation, SaveMode},
};
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectStore as _, ObjectStoreExt, buffered::BufWriter, path::Path, prefix::PrefixStore};
use parquet::{
    arrow::AsyncArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};
use serde_json::{Value, json};

use super::{
    ContentHash, DataFile, Lake, TableFiles,
    shape::{lake_schema, to_lake, widened},
};
use crate::{
    error::{Error, Result},
    model::TableId,
};

/// A new file is begun when one has reached this many bytes.
const TARGET_FILE_BYTES: usize = 128 << 20;
const ROW_GROUP_ROWS: usize = 1 << 20;

/// The tables of a lake that were opened.
pub(super) type Opened = BTreeMap<TableId, DeltaTable>;

/// A file that is being written: its path, its writer, its rows so far.
type OpenFile = (Path, AsyncArrowWriter<BufWriter>, u64);

/// What a commit says about itself.
#[derive(Debug, Clone, Default)]
pub struct WriteMeta {
    /// Hash of the definition and the inputs.
    pub fingerprint: String,
    /// The run that writes.
    pub run: String,
}

/// A version that was written.
#[derive(Debug, Clone)]
pub struct Written {
    /// The Delta version.
    pub version: u64,
    /// Rows.
    pub rows: u64,
    /// Bytes of Parquet.
    pub bytes: u64,
    /// Hash of the rows in order.
    pub content_hash: String,
    /// The files and the schema.
    pub files: TableFiles,
}

/// The newest version of a table, as its commit describes it.
#[derive(Debug, Clone)]
pub struct Committed {
    /// The Delta version.
    pub version: u64,
    /// The fingerprint that its commit carries; None when it was not written by a step.
    pub fingerprint: Option<String>,
    /// What was written, when the commit carries it.
    pub written: Option<Written>,
}

impl Lake {
    /// The newest version of `id`, also one that no release names yet; None when the table does not exist.
    pub async fn head(&self, id: &TableId) -> Result<Option<Committed>> {
        let Some(table) = self.load(id).await? else {
            return Ok(None);
        };
        let version = table.version().unwrap_or_default();
        let mut info = table.history(Some(1));
        let info = match info.next().await {
            Some(info) => info.map_err(|error| delta_failed(id, error))?.info,
            None => HashMap::new(),
        };
        let text = |key: &str| info.get(key).and_then(Value::as_str).map(str::to_owned);
        let written = (|| {
            Some(Written {
                version,
                rows: info.get("samsyn.rows")?.as_u64()?,
                bytes: info.get("samsyn.bytes")?.as_u64()?,
                content_hash: text("samsyn.contentHash")?,
                files: serde_json::from_value(info.get("samsyn.files")?.clone()).ok()?,
            })
        })();
        Ok(Some(Committed {
            version,
            fingerprint: text("samsyn.fingerprint"),
            written,
        }))
    }

    /// Replaces the whole content of `id` by the rows of `stream`, in their order.
    ///
    /// # Errors
    /// SAMSYN-4032 for a column type that a table cannot have, 4033 when another writer was faster, and whatever the stream says;
    /// nothing becomes visible then.
    pub async fn write(&self, id: &TableId, stream: SendableRecordBatchStream, meta: &WriteMeta) -> Result<Written> {
        let schema = lake_schema(&stream.schema()).map_err(|error| error.context(format!("writing `{id}`")))?;
        let (files, content_hash) = self.write_files(id, &schema, stream).await?;
        let table = self.load_or_create(id, &schema, &[]).await?;
        let mut actions = self.adds(id, &files, &[]);
        let state = table.snapshot().map_err(|error| delta_failed(id, error))?;
        let now = self.clock().now().timestamp_millis();
        for file in state.log_data().iter() {
            let path = file.path().to_string();
            actions.push(Action::Remove(Remove {
                path,
                data_change: true,
                deletion_timestamp: Some(now),
                extended_file_metadata: Some(true),
                partition_values: Some(HashMap::new()),
                size: Some(file.size()),
                ..Default::default()
            }));
        }
        let kernel: StructType = kernel_schema(id, &schema)?;
        if state.schema().as_ref() != &kernel {
            actions.extend(redefined(id, &table, &schema)?);
        }
        let files = TableFiles::new(&schema, Vec::new(), files);
        let bytes = files.files.iter().map(|file| file.size).sum();
        let app = HashMap::from([
            ("samsyn.fingerprint".to_owned(), json!(meta.fingerprint)),
            ("samsyn.run".to_owned(), json!(meta.run)),
            ("samsyn.contentHash".to_owned(), json!(content_hash)),
            ("samsyn.rows".to_owned(), json!(files.rows())),
            ("samsyn.bytes".to_owned(), json!(bytes)),
            (
                "samsyn.files".to_owned(),
                serde_json::to_value(&files).unwrap_or_default(),
            ),
        ]);
        let operation = DeltaOperation::Write {
            mode: SaveMode::Overwrite,
            partition_by: None,
            predicate: None,
        };
        let version = commit(id, &table, actions, app, operation).await?;
        Ok(Written {
            version,
            rows: files.rows(),
            bytes,
            content_hash,
            files,
        })
    }

    /// Adds rows to `id`, a table partitioned by the text columns `partition` whose values are the same for all these rows.
    /// The commit carries `app`, so that whoever comes after a kill can see what it was.
    pub(super) async fn append(
        &self,
        id: &TableId,
        stream: SendableRecordBatchStream,
        partition: &[(&str, &str)],
        app: HashMap<String, Value>,
    ) -> Result<(u64, TableFiles)> {
        let schema = lake_schema(&stream.schema()).map_err(|error| error.context(format!("writing `{id}`")))?;
        let (mut files, _) = self.write_files(id, &schema, stream).await?;
        for file in &mut files {
            file.partition = partition.iter().map(|(_, value)| (*value).to_owned()).collect();
        }
        let columns: Vec<String> = partition.iter().map(|(name, _)| (*name).to_owned()).collect();
        let table = self.load_or_create(id, &schema, &columns).await?;
        let mut actions = self.adds(id, &files, &columns);
        let known: Schema = delta_to_arrow(id, &table)?;
        let wider = widened(&known, &with_columns(&schema, &columns), &id.to_string())?;
        if wider.fields().len() > known.fields().len() {
            actions.extend(redefined(id, &table, &wider)?);
        }
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: (!columns.is_empty()).then(|| columns.clone()),
            predicate: None,
        };
        let version = commit(id, &table, actions, app, operation).await?;
        Ok((version, TableFiles::new(&schema, columns, files)))
    }

    /// Appends to a table of the system schema, whose columns are those of the batch.
    ///
    /// # Errors
    /// As [`Lake::write`].
    pub async fn system_append(&self, name: &str, batch: RecordBatch) -> Result<()> {
        let id = TableId::new(crate::model::Layer::System, name)?;
        let schema = batch.schema();
        let stream = Box::pin(datafusion::physical_plan::stream::RecordBatchStreamAdapter::new(
            schema,
            futures::stream::iter([Ok(batch)]),
        ));
        self.append(&id, stream, &[], HashMap::new()).await?;
        Ok(())
    }

    /// The files of the newest version of a table that no release pins (raw, system); None when it does not exist.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn newest_files(&self, id: &TableId) -> Result<Option<(u64, TableFiles)>> {
        let Some(table) = self.load(id).await? else {
            return Ok(None);
        };
        let state = table.snapshot().map_err(|error| delta_failed(id, error))?;
        let partition_columns: Vec<String> = state.metadata().partition_columns().to_vec();
        let prefix = self.relative(&self.table_path(id));
        let mut files: Vec<DataFile> = state
            .log_data()
            .iter()
            .map(|file| DataFile {
                path: format!("{prefix}/{}", file.path()),
                size: u64::try_from(file.size()).unwrap_or_default(),
                rows: file.num_records().unwrap_or_default() as u64,
                partition: {
                    let mut values = file.partition_values_map();
                    partition_columns
                        .iter()
                        .map(|column| values.remove(column).flatten().unwrap_or_default())
                        .collect()
                },
            })
            .collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let all = delta_to_arrow(id, &table)?;
        let fields: Vec<FieldRef> = all
            .fields()
            .iter()
            .filter(|field| !partition_columns.contains(field.name()))
            .cloned()
            .collect();
        Ok(Some((
            table.version().unwrap_or_default(),
            TableFiles::new(&Schema::new(fields), partition_columns, files),
        )))
    }

    /// Path of an object from the lake's root.
    fn relative(&self, path: &Path) -> String {
        let skip = self.0.root.parts().count();
        path.parts()
            .skip(skip)
            .map(|part| part.as_ref().to_owned())
            .collect::<Vec<_>>()
            .join("/")
    }

    async fn write_files(
        &self,
        id: &TableId,
        schema: &SchemaRef,
        mut stream: SendableRecordBatchStream,
    ) -> Result<(Vec<DataFile>, String)> {
        let mut open = None;
        let written = self.write_rows(id, schema, &mut stream, &mut open).await;
        if written.is_err()
            && let Some((path, writer, _)) = open.take()
            && let Err(error) = writer.into_inner().abort().await
        {
            tracing::warn!(%path, %error, "a half-written file could not be withdrawn");
        }
        written
    }

    async fn write_rows(
        &self,
        id: &TableId,
        schema: &SchemaRef,
        stream: &mut SendableRecordBatchStream,
        open: &mut Option<OpenFile>,
    ) -> Result<(Vec<DataFile>, String)> {
        let mut hash = ContentHash::new(schema);
        let mut files = Vec::new();
        let folder = self.table_path(id);
        while let Some(batch) = stream.next().await {
            let batch = to_lake(&batch?, schema)?;
            if batch.num_rows() == 0 {
                continue;
            }
            hash.update(&batch)?;
            let (_, writer, rows) = if let Some(open) = &mut *open {
                open
            } else {
                let path = folder
                    .clone()
                    .join(format!("part-{}.zstd.parquet", uuid::Uuid::new_v4()));
                let sink = BufWriter::new(Arc::clone(&self.0.store), path.clone());
                let writer = AsyncArrowWriter::try_new(sink, Arc::clone(schema), Some(properties()?))
                    .map_err(|error| write_failed(id, error))?;
                open.insert((path, writer, 0))
            };
            writer.write(&batch).await.map_err(|error| write_failed(id, error))?;
            *rows += batch.num_rows() as u64;
            if writer.bytes_written() + writer.in_progress_size() >= TARGET_FILE_BYTES
                && let Some(done) = open.take()
            {
                files.push(self.finish_file(id, done).await?);
            }
        }
        if let Some(done) = open.take() {
            files.push(self.finish_file(id, done).await?);
        }
        Ok((files, hash.finish()))
    }

    async fn finish_file(&self, id: &TableId, (path, writer, rows): OpenFile) -> Result<DataFile> {
        writer.close().await.map_err(|error| write_failed(id, error))?;
        let meta = self
            .0
            .store
            .head(&path)
            .await
            .map_err(|error| self.failed("read", &path, error))?;
        Ok(DataFile {
            path: self.relative(&path),
            size: meta.size,
            rows,
            partition: Vec::new(),
        })
    }

    fn adds(&self, id: &TableId, files: &[DataFile], partition_columns: &[String]) -> Vec<Action> {
        let prefix = format!("{}/", self.relative(&self.table_path(id)));
        let now = self.clock().now().timestamp_millis();
        files
            .iter()
            .map(|file| {
                Action::Add(Add {
                    path: file.path.strip_prefix(&prefix).unwrap_or(&file.path).to_owned(),
                    partition_values: partition_columns
                        .iter()
                        .cloned()
                        .zip(file.partition.iter().cloned().map(Some))
                        .collect(),
                    size: i64::try_from(file.size).unwrap_or(i64::MAX),
                    modification_time: now,
                    data_change: true,
                    stats: Some(json!({ "numRecords": file.rows }).to_string()),
                    ..Default::default()
                })
            })
            .collect()
    }

    /// The table as Delta's library sees it, its log not yet read. Whatever the scheme, it commits by «create if absent».
    fn table(&self, id: &TableId) -> Result<DeltaTable> {
        let path = self.table_path(id);
        let location = self
            .0
            .url
            .join(&format!("{}/", self.relative(&path)))
            .map_err(|error| Error::bug(9011, format!("the place of `{id}` is no URL")).with_source(error))?;
        let own = Arc::new(PrefixStore::new(Arc::clone(&self.0.store), path));
        let log = default_logstore(own, Arc::clone(&self.0.store), &location, &StorageConfig::default());
        Ok(DeltaTable::new(log))
    }

    /// The number of the newest version; None when the table does not exist. Versions after `known` are looked for.
    async fn newest(&self, id: &TableId, known: Option<u64>) -> Result<Option<u64>> {
        let log = self.table_path(id).join("_delta_log");
        let store = &self.0.store;
        let listing = match known {
            Some(version) => store.list_with_offset(Some(&log), &log.clone().join(format!("{version:020}.json"))),
            None => store.list(Some(&log)),
        };
        listing
            .try_fold(known, |newest, meta| async move {
                let version = meta
                    .location
                    .filename()
                    .and_then(|name| name.strip_suffix(".json"))
                    .filter(|digits| digits.len() == 20)
                    .and_then(|digits| digits.parse().ok());
                Ok(newest.max(version))
            })
            .await
            .map_err(|error| self.failed("list", &log, error))
    }

    /// The table at its newest version; None when it does not exist.
    async fn load(&self, id: &TableId) -> Result<Option<DeltaTable>> {
        let known = self.opened().get(id).cloned();
        let before = known.as_ref().and_then(DeltaTable::version);
        let Some(newest) = self.newest(id, before).await? else {
            return Ok(None);
        };
        if let Some(known) = known
            && before == Some(newest)
        {
            return Ok(Some(known));
        }
        let mut table = self.table(id)?;
        table
            .load_version(newest)
            .await
            .map_err(|error| delta_failed(id, error))?;
        self.opened().insert(id.clone(), table.clone());
        Ok(Some(table))
    }

    /// The tables that were opened, each at the newest version that was seen.
    fn opened(&self) -> MutexGuard<'_, Opened> {
        self.0.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn load_or_create(
        &self,
        id: &TableId,
        schema: &SchemaRef,
        partition_columns: &[String],
    ) -> Result<DeltaTable> {
        if let Some(table) = self.load(id).await? {
            return Ok(table);
        }
        let kernel = kernel_schema(id, &Arc::new(with_columns(schema, partition_columns)))?;
        let created = CreateBuilder::new()
            .with_log_store(self.table(id)?.log_store())
            .with_columns(kernel.fields().cloned())
            .with_partition_columns(partition_columns.to_vec())
            .with_configuration(PROPERTIES.map(|(key, value)| (key.to_owned(), Some(value.to_owned()))))
            .await;
        match created {
            Ok(table) => Ok(table),
            // another writer made it a moment ago
            Err(_) => self.load(id).await?.ok_or_else(|| {
                Error::unavailable(4034, format!("could not create the table `{id}`"))
                    .hint("check the rights on the store, then run again")
            }),
        }
    }
}

const PROPERTIES: [(&str, &str); 1] = [("delta.enableExpiredLogCleanup", "false")];

async fn commit(
    id: &TableId,
    table: &DeltaTable,
    actions: Vec<Action>,
    app: HashMap<String, Value>,
    operation: DeltaOperation,
) -> Result<u64> {
    let state = table.snapshot().map_err(|error| delta_failed(id, error))?;
    let properties = CommitProperties::default()
        .with_metadata(app)
        .with_cleanup_expired_logs(Some(false))
        // a replacement knows only the files it saw, so it must not be put on top of another commit; appends commute
        .with_max_retries(match &operation {
            DeltaOperation::Write {
                mode: SaveMode::Append, ..
            } => 15,
            _ => 0,
        });
    let done = CommitBuilder::from(properties)
        .with_actions(actions)
        .build(Some(state as &dyn TableReference), table.log_store(), operation)
        .await
        .map_err(|error| match error {
            DeltaTableError::Transaction {
                source:
                    source @ (TransactionError::VersionAlreadyExists(_)
                    | TransactionError::CommitConflict(_)
                    | TransactionError::MaxCommitAttempts(_)),
            } => Error::conflict(4033, format!("another writer changed `{id}` at the same time"))
                .hint("run again")
                .with_source(source),
            other => delta_failed(id, other),
        })?;
    Ok(done.version())
}

fn properties() -> Result<WriterProperties> {
    let level =
        ZstdLevel::try_new(3).map_err(|error| Error::bug(9012, "the compression level is none").with_source(error))?;
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .build())
}

fn with_columns(schema: &Schema, columns: &[String]) -> Schema {
    let mut fields: Vec<FieldRef> = schema.fields().iter().cloned().collect();
    fields.extend(
        columns
            .iter()
            .map(|name| Arc::new(Field::new(name, DataType::Utf8, true))),
    );
    Schema::new(fields)
}

fn kernel_schema(id: &TableId, schema: &SchemaRef) -> Result<StructType> {
    schema.as_ref().try_into_kernel().map_err(|error| {
        Error::invalid(4032, format!("`{id}` has a column type that Delta cannot hold"))
            .hint("cast the column to text or a number")
            .with_source(error)
    })
}

fn delta_to_arrow(id: &TableId, table: &DeltaTable) -> Result<Schema> {
    use deltalake::kernel::engine::arrow_conversion::TryIntoArrow;
    let state = table.snapshot().map_err(|error| delta_failed(id, error))?;
    state
        .schema()
        .as_ref()
        .try_into_arrow()
        .map_err(|error| Error::invalid(4032, format!("the schema of `{id}` cannot be read")).with_source(error))
}

/// The actions that give a table the columns of `schema`: metadata, and a newer protocol if a column holds local time.
fn redefined(id: &TableId, table: &DeltaTable, schema: &Schema) -> Result<Vec<Action>> {
    let state = table.snapshot().map_err(|error| delta_failed(id, error))?;
    let kernel = kernel_schema(id, &Arc::new(schema.clone()))?;
    let metadata = state
        .metadata()
        .clone()
        .with_schema(&kernel)
        .map_err(|error| delta_failed(id, error))?;
    let mut actions = Vec::new();
    let known = serde_json::to_string(state.protocol()).is_ok_and(|text| text.contains("timestampNtz"));
    if !known && schema.fields().iter().any(|field| has_local_time(field.data_type())) {
        let protocol: Protocol = serde_json::from_value(json!({
            "minReaderVersion": 3,
            "minWriterVersion": 7,
            "readerFeatures": ["timestampNtz"],
            "writerFeatures": ["appendOnly", "invariants", "timestampNtz"],
        }))
        .map_err(|error| Error::bug(9013, "the protocol of a table is none").with_source(error))?;
        actions.push(Action::Protocol(protocol));
    }
    actions.push(Action::Metadata(metadata));
    Ok(actions)
}

fn has_local_time(data_type: &DataType) -> bool {
    match data_type {
        DataType::Timestamp(_, None) => true,
        DataType::List(item) => has_local_time(item.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| has_local_time(field.data_type())),
        _ => false,
    }
}

fn delta_failed(id: &TableId, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::unavailable(4036, format!("the Delta table `{id}` could not be read or written"))
        .hint("check that the store is reachable and that nobody else changes the table")
        .with_source(error)
}

fn write_failed(id: &TableId, error: parquet::errors::ParquetError) -> Error {
    Error::unavailable(4037, format!("a file of `{id}` could not be written"))
        .hint("check that the store has room")
        .with_source(error)
}
