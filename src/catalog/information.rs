//! The `information_schema` of one catalog: DataFusion's, over this catalog alone.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use datafusion::{
    catalog::{
        CatalogProvider, CatalogProviderList, MemoryCatalogProviderList, SchemaProvider, TableFunction, TableProvider,
        information_schema::InformationSchemaProvider,
    },
    datasource::{ViewTable, provider_as_source},
    error::{DataFusionError, Result},
    logical_expr::{LogicalPlanBuilder, col, lit},
};

/// Its name in every catalog.
pub(super) const NAME: &str = "information_schema";
/// The settings of a session.
const SETTINGS: &str = "df_settings";

/// Lists schemas, tables, columns and functions.
#[derive(Debug)]
pub(super) struct Information(InformationSchemaProvider);

impl Information {
    /// Describes `catalog` under its `name`.
    pub(super) fn new(
        name: &str,
        catalog: Arc<dyn CatalogProvider>,
        functions: HashMap<String, Arc<TableFunction>>,
    ) -> Self {
        let list = MemoryCatalogProviderList::new();
        list.register_catalog(name.to_owned(), catalog);
        Self(InformationSchemaProvider::new(Arc::new(list)).with_table_functions(functions))
    }
}

#[async_trait]
impl SchemaProvider for Information {
    fn table_names(&self) -> Vec<String> {
        self.0.table_names()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        let Some(table) = self.0.table(name).await? else {
            return Ok(None);
        };
        if !name.eq_ignore_ascii_case(SETTINGS) {
            return Ok(Some(table));
        }
        // settings of the runtime tell where on the server temporary files lie
        let plan = LogicalPlanBuilder::scan(SETTINGS, provider_as_source(table), None)?
            .filter(col("name").not_like(lit("datafusion.runtime.%")))?
            .build()?;
        Ok(Some(Arc::new(ViewTable::new(plan, None))))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.0.table_exist(name)
    }
}
