//! SQL catalogs over the lake: which tables there are at a release, for one reader.
//!
//! A catalog is a fixed list of tables; it never changes under a running statement. The current release is the catalog `samsyn`, each tag
//! is one more. Tables that a reader may not see are not in their catalog at all, so no listing, error or plan can name them.
//! Each catalog has an `information_schema` of its own, which lists this catalog only: a tool that navigates by SQL would else see every
//! table once for each tag.

mod information;

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::{
    catalog::{CatalogProvider, SchemaProvider, TableFunction, TableProvider},
    datasource::MemTable,
    error::{DataFusionError, Result as DataFusionResult},
};

use crate::{
    error::Result,
    lake::{Delivery, Lake, PinnedTable, Release, TableFiles, current_deliveries},
    model::{Layer, TableId},
};

/// The name of the current catalog.
pub const CURRENT: &str = "samsyn";

/// One table of a catalog.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where its rows are.
    pub source: Rows,
    /// What it is.
    pub description: Option<String>,
    /// Columns that identify a row.
    pub key: Vec<String>,
}

/// Where rows come from.
#[derive(Debug, Clone)]
pub enum Rows {
    /// Parquet files of the lake.
    Files(Arc<TableFiles>),
    /// Rows that the engine itself knows.
    Memory(Arc<MemTable>),
    /// A schema without rows: for planning before there is any data.
    Declared(SchemaRef),
}

impl Entry {
    /// The columns.
    ///
    /// # Errors
    /// When a pinned schema cannot be read.
    pub fn schema(&self) -> Result<SchemaRef> {
        match &self.source {
            Rows::Files(files) => files.table_schema(),
            Rows::Memory(table) => Ok(table.schema()),
            Rows::Declared(schema) => Ok(Arc::clone(schema)),
        }
    }
}

/// The tables of one catalog.
pub type Tables = BTreeMap<TableId, Entry>;

/// The tables that a release pins.
pub fn released(release: &Release) -> Tables {
    let entry = |pin: &crate::lake::Pin| Entry {
        source: Rows::Files(Arc::new(pin.files.clone())),
        description: pin.description.clone(),
        key: pin.key.clone(),
    };
    release
        .tables
        .iter()
        .map(|(id, pin)| (id.clone(), entry(pin)))
        .collect()
}

/// The tables of `raw`: of every dataset the rows of the deliveries that no later one replaces.
///
/// # Errors
/// When the schema of a delivery cannot be read.
pub fn landed(deliveries: &[Delivery]) -> Result<Tables> {
    let mut tables = Tables::new();
    let datasets: BTreeSet<&str> = deliveries.iter().map(|delivery| delivery.dataset.as_str()).collect();
    for dataset in datasets {
        let all: Vec<Delivery> = deliveries
            .iter()
            .filter(|delivery| delivery.dataset == dataset)
            .cloned()
            .collect();
        let mut fields: Vec<FieldRef> = Vec::new();
        let mut files = Vec::new();
        for delivery in current_deliveries(&all) {
            let Some(table) = &delivery.files else { continue };
            for field in table.file_schema()?.fields() {
                if !fields.iter().any(|known| known.name() == field.name()) {
                    fields.push(Arc::clone(field));
                }
            }
            files.extend(table.files.iter().cloned());
        }
        let table = TableFiles::new(&Schema::new(fields), vec!["_delivery".to_owned()], files);
        let description = Some(format!("landed rows of `{dataset}`"));
        let entry = Entry {
            source: Rows::Files(Arc::new(table)),
            description,
            key: Vec::new(),
        };
        tables.insert(TableId::new(Layer::Raw, dataset)?, entry);
    }
    Ok(tables)
}

/// A catalog of fixed tables.
#[derive(Debug)]
pub struct LakeCatalog {
    layers: Arc<Layers>,
    information: Arc<information::Information>,
}

/// The schemas of a catalog but for `information_schema`, which is made from them.
#[derive(Debug)]
struct Layers(BTreeMap<&'static str, Arc<LakeSchema>>);

impl LakeCatalog {
    /// The catalog `name` of these tables; every schema in `layers` is listed even when it is empty. The functions are listed
    /// in its `information_schema`.
    pub fn new(
        lake: &Lake,
        name: &str,
        tables: &Tables,
        layers: &[Layer],
        functions: HashMap<String, Arc<TableFunction>>,
    ) -> Self {
        let schemas = layers
            .iter()
            .map(|layer| {
                let mine = tables.iter().filter(|(id, _)| id.layer == *layer);
                let tables = mine.map(|(id, entry)| (id.name.to_string(), entry.clone())).collect();
                (
                    layer.name(),
                    Arc::new(LakeSchema {
                        lake: lake.clone(),
                        tables,
                    }),
                )
            })
            .collect();
        let layers = Arc::new(Layers(schemas));
        let listed = Arc::clone(&layers) as Arc<dyn CatalogProvider>;
        Self {
            information: Arc::new(information::Information::new(name, listed, functions)),
            layers,
        }
    }
}

impl CatalogProvider for LakeCatalog {
    fn schema_names(&self) -> Vec<String> {
        let mut names = self.layers.schema_names();
        names.push(information::NAME.to_owned());
        names
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        if name == information::NAME {
            return Some(Arc::clone(&self.information) as Arc<dyn SchemaProvider>);
        }
        self.layers.schema(name)
    }
}

impl CatalogProvider for Layers {
    fn schema_names(&self) -> Vec<String> {
        self.0.keys().map(|name| (*name).to_owned()).collect()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        self.0
            .get(name)
            .map(|schema| Arc::clone(schema) as Arc<dyn SchemaProvider>)
    }
}

#[derive(Debug)]
struct LakeSchema {
    lake: Lake,
    tables: BTreeMap<String, Entry>,
}

#[async_trait]
impl SchemaProvider for LakeSchema {
    fn table_names(&self) -> Vec<String> {
        self.tables.keys().cloned().collect()
    }

    async fn table(&self, name: &str) -> DataFusionResult<Option<Arc<dyn TableProvider>>, DataFusionError> {
        let Some(entry) = self.tables.get(name) else {
            return Ok(None);
        };
        Ok(Some(match &entry.source {
            Rows::Files(files) => Arc::new(PinnedTable::new(&self.lake, files)?),
            Rows::Memory(table) => Arc::clone(table) as Arc<dyn TableProvider>,
            Rows::Declared(schema) => Arc::new(datafusion::datasource::empty::EmptyTable::new(Arc::clone(schema))),
        }))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.tables.contains_key(name)
    }
}

/// Keeps the trait object castable for tests and tools.
pub fn is_pinned(provider: &dyn Any) -> bool {
    provider.is::<PinnedTable>()
}
