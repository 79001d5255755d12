//! Reading a table from a list of its files: a plain Parquet scan, without the Delta log.
//!
//! The lake writes its own files without deletion vectors or column mapping, so the files of a pinned version are all there is
//! to know. A plan over them holds only standard nodes, which any executor can run.

use std::sync::Arc;

use arrow::{
    datatypes::{DataType, Field, FieldRef, Schema, SchemaRef},
    ipc::{
        convert::{IpcSchemaEncoder, fb_to_schema},
        root_as_schema,
    },
};
use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::DateTime;
use datafusion::{
    catalog::{Session, TableProvider},
    common::{Statistics, stats::Precision},
    datasource::{
        listing::PartitionedFile,
        object_store::ObjectStoreUrl,
        physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource, parquet::CachedParquetFileReaderFactory},
        source::DataSourceExec,
        table_schema::TableSchema,
    },
    error::Result as DataFusionResult,
    logical_expr::{Expr, TableProviderFilterPushDown, TableType, utils::conjunction},
    physical_plan::{ExecutionPlan, empty::EmptyExec},
    scalar::ScalarValue,
};
use object_store::ObjectMeta;
use serde::{Deserialize, Serialize};
use url::Url;

use super::Lake;
use crate::error::{Error, Result};

/// One Parquet file of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Path in the store, from the lake's root.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Rows.
    pub rows: u64,
    /// Values of the partition columns, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partition: Vec<String>,
}

/// The files of one version of a table and their schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableFiles {
    /// Arrow schema of the files, as an IPC message in base64 (keeps types, nullability and metadata exactly).
    schema: String,
    /// Text columns that follow those of the files, equal for all rows of one file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partition_columns: Vec<String>,
    /// The files, in the order of their rows.
    pub files: Vec<DataFile>,
}

impl TableFiles {
    /// Describes files of `schema` (without the partition columns).
    pub fn new(schema: &Schema, partition_columns: Vec<String>, files: Vec<DataFile>) -> Self {
        let mut encoder = IpcSchemaEncoder::new();
        let bytes = encoder.schema_to_fb(schema);
        Self {
            schema: BASE64_STANDARD.encode(bytes.finished_data()),
            partition_columns,
            files,
        }
    }

    /// The Arrow schema of the files.
    ///
    /// # Errors
    /// SAMSYN-4031 when the object was changed by somebody else.
    pub fn file_schema(&self) -> Result<SchemaRef> {
        let broken = || {
            Error::invalid(4031, "the schema of a pinned table cannot be read")
                .hint("the release object was changed; roll back to another")
        };
        let bytes = BASE64_STANDARD.decode(&self.schema).map_err(|_| broken())?;
        let message = root_as_schema(&bytes).map_err(|_| broken())?;
        Ok(Arc::new(fb_to_schema(message)))
    }

    /// The Arrow schema of the table: the files' columns, then the partition columns as text.
    ///
    /// # Errors
    /// As [`TableFiles::file_schema`].
    pub fn table_schema(&self) -> Result<SchemaRef> {
        let mut fields: Vec<FieldRef> = self.file_schema()?.fields().iter().cloned().collect();
        fields.extend(self.partition_fields());
        Ok(Arc::new(Schema::new(fields)))
    }

    fn partition_fields(&self) -> Vec<FieldRef> {
        self.partition_columns
            .iter()
            .map(|name| Arc::new(Field::new(name, DataType::Utf8, false)))
            .collect()
    }

    /// Rows of all files.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }
}

/// A table at one version; reads its files and nothing else.
#[derive(Debug)]
pub struct PinnedTable {
    store: Url,
    files: Vec<PartitionedFile>,
    rows: u64,
    table_schema: TableSchema,
}

impl PinnedTable {
    /// The table of these files in `lake`.
    ///
    /// # Errors
    /// As [`TableFiles::file_schema`].
    pub fn new(lake: &Lake, table: &TableFiles) -> Result<Self> {
        let file_schema = table.file_schema()?;
        let files = table
            .files
            .iter()
            .filter(|file| file.rows > 0)
            .map(|file| {
                // by its path as it is: a path made anew from text would have å and the like encoded twice
                let meta = ObjectMeta {
                    location: lake.path(&file.path),
                    last_modified: DateTime::UNIX_EPOCH,
                    size: file.size,
                    e_tag: None,
                    version: None,
                };
                PartitionedFile::new_from_meta(meta).with_partition_values(
                    file.partition
                        .iter()
                        .map(|value| ScalarValue::from(value.as_str()))
                        .collect(),
                )
            })
            .collect();
        Ok(Self {
            store: lake.0.base.clone(),
            files,
            rows: table.rows(),
            table_schema: TableSchema::builder(file_schema)
                .with_table_partition_cols(table.partition_fields())
                .build(),
        })
    }

    /// Splits the files into at most `target` groups of nearly equal bytes, keeping their order.
    fn groups(&self, target: usize) -> Vec<FileGroup> {
        FileGroup::new(self.files.clone()).split_files(target.max(1))
    }
}

#[async_trait]
impl TableProvider for PinnedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.table_schema.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> DataFusionResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    fn statistics(&self) -> Option<Statistics> {
        let mut statistics = Statistics::new_unknown(&self.schema());
        statistics.num_rows = Precision::Exact(usize::try_from(self.rows).ok()?);
        Some(statistics)
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        if self.files.is_empty() {
            let schema = match projection {
                Some(indices) => Arc::new(self.schema().project(indices)?),
                None => self.schema(),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let url = ObjectStoreUrl::parse(self.store.as_str())?;
        let runtime = state.runtime_env();
        // files never change once written, so that their footers need reading but once
        let readers = CachedParquetFileReaderFactory::new(
            runtime.object_store(&url)?,
            runtime.cache_manager.get_file_metadata_cache(),
        );
        let mut source = ParquetSource::new(self.table_schema.clone())
            .with_table_parquet_options(state.table_options().parquet.clone())
            .with_parquet_file_reader_factory(Arc::new(readers));
        if let Some(filter) = conjunction(filters.to_vec()) {
            let schema = datafusion::common::DFSchema::try_from(self.schema())?;
            source = source.with_predicate(state.create_physical_expr(filter, &schema)?);
        }
        let mut statistics = Statistics::new_unknown(&self.schema());
        statistics.num_rows = Precision::Exact(usize::try_from(self.rows).unwrap_or(usize::MAX));
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(self.groups(state.config().target_partitions()))
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}
