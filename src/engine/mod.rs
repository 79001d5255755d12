//! The engine: the only place where DataFusion sessions are made.
//!
//! A session belongs to one identity and one release. It plans read-only statements, refuses everything else before it runs, and its
//! catalog holds only what the identity may read. What can go wrong: a statement that writes, reads files or sets options would go round
//! the release and the guard; so statements are allowed by kind, not forbidden by list.

mod diagnostics;
mod failure;
mod guard;
mod memory;
mod size;
mod statement;
mod system;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use datafusion::{
    execution::{
        FunctionRegistry as _, SessionStateBuilder,
        memory_pool::FairSpillPool,
        runtime_env::{RuntimeEnv, RuntimeEnvBuilder},
    },
    prelude::{SessionConfig, SessionContext},
};

use crate::{
    catalog::{CURRENT, LakeCatalog, Tables, landed, released},
    error::Result,
    functions::RecordKeys,
    lake::{Lake, Release},
    model::{Layer, ReleaseId},
    policy::{Identity, Role},
};

pub use diagnostics::{SqlText, explain};
pub use statement::Statement;

/// What the engine is made with.
#[derive(Debug, Clone, Copy)]
pub struct EngineOptions {
    /// Partitions that a query runs on.
    pub threads: usize,
    /// Memory limit of all queries together, in bytes (`None`: three quarters of what the machine has); operators spill
    /// to disk before they fail.
    pub memory: Option<usize>,
}

/// The engine over one lake; cloning is cheap.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    lake: Lake,
    options: EngineOptions,
    /// What makes record keys, in sessions that may.
    record_keys: OnceLock<RecordKeys>,
    runtime: Arc<RuntimeEnv>,
    /// Releases never change, so they are kept.
    releases: Mutex<BTreeMap<ReleaseId, Arc<Release>>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Engine({:?})", self.0.lake)
    }
}

/// What there is to know of a table in a listing.
#[derive(Debug, Clone)]
pub struct TableMeta {
    /// The SQL catalog.
    pub catalog: String,
    /// The SQL schema.
    pub schema: String,
    /// The table.
    pub name: String,
    /// Its columns; field metadata may hold `description` and `unit`.
    pub arrow: arrow::datatypes::SchemaRef,
    /// What it is.
    pub description: Option<String>,
    /// Columns that identify a row.
    pub primary_key: Vec<String>,
}

/// A session of one identity at one release; cloning is cheap.
#[derive(Clone)]
pub struct Session {
    context: SessionContext,
    identity: Arc<Identity>,
    release: Option<ReleaseId>,
    catalogs: Arc<Vec<(String, Tables)>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({}, release {:?})", self.identity.name, self.release)
    }
}

impl Engine {
    /// The engine over `lake`.
    ///
    /// # Errors
    /// When the runtime cannot be set up.
    pub fn new(lake: Lake, options: EngineOptions) -> Result<Self> {
        let mut builder = RuntimeEnvBuilder::new();
        if let Some(bytes) = options.memory.or_else(memory::default_limit) {
            builder = builder.with_memory_pool(Arc::new(FairSpillPool::new(bytes)));
        }
        let runtime = builder.build_arc()?;
        lake.register(&runtime);
        Ok(Self(Arc::new(Inner {
            lake,
            options,
            record_keys: OnceLock::new(),
            runtime,
            releases: Mutex::default(),
        })))
    }

    /// Gives all later sessions of engineers what makes record keys; the first call counts.
    #[must_use]
    pub fn with_record_keys(self, keys: RecordKeys) -> Self {
        self.0.record_keys.get_or_init(|| keys);
        self
    }

    /// The lake below.
    pub fn lake(&self) -> &Lake {
        &self.0.lake
    }

    /// A session of `identity`, at the newest release there is now.
    ///
    /// # Errors
    /// When the lake cannot be read.
    pub async fn session(&self, identity: &Identity) -> Result<Session> {
        let ids = self.0.lake.release_ids().await?;
        let current = match ids.last() {
            Some(id) => Some(self.release(*id).await?),
            None => None,
        };
        let mut tables = current.as_deref().map(released).unwrap_or_default();
        if identity.role == Role::Engineer {
            tables.extend(landed(&self.0.lake.deliveries(None).await?)?);
            tables.extend(system::tables(self, current.as_deref()).await?);
        }
        let mut catalogs = vec![(CURRENT.to_owned(), tables)];
        let tags = self.0.lake.tags().await?;
        for (tag, id) in &tags {
            catalogs.push((tag.clone(), released(&*self.release(*id).await?)));
        }
        self.keep(|id| current.as_ref().is_some_and(|release| release.id == id) || tags.values().any(|tag| *tag == id));
        for (_, tables) in &mut catalogs {
            tables.retain(|id, _| identity.may_read(id.layer));
        }
        self.over(identity, current.map(|release| release.id), catalogs)
    }

    /// A session of the process itself over given tables: how a run reads what it has pinned and written.
    ///
    /// # Errors
    /// When the session cannot be set up.
    pub fn workspace(&self, tables: Tables) -> Result<Session> {
        self.over(&Identity::operator(), None, vec![(CURRENT.to_owned(), tables)])
    }

    async fn release(&self, id: ReleaseId) -> Result<Arc<Release>> {
        let known = self
            .0
            .releases
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .map(Arc::clone);
        if let Some(release) = known {
            return Ok(release);
        }
        let release = Arc::new(self.0.lake.release(id).await?);
        self.0
            .releases
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, Arc::clone(&release));
        Ok(release)
    }

    /// Forgets the releases that nobody can ask for by a new session; statements under way hold what they need themselves.
    fn keep(&self, wanted: impl Fn(ReleaseId) -> bool) {
        let mut releases = self.0.releases.lock().unwrap_or_else(PoisonError::into_inner);
        releases.retain(|id, _| wanted(*id));
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place where sessions are made")]
    fn over(
        &self,
        identity: &Identity,
        release: Option<ReleaseId>,
        catalogs: Vec<(String, Tables)>,
    ) -> Result<Session> {
        let mut config = SessionConfig::new()
            .with_target_partitions(self.0.options.threads)
            .with_default_catalog_and_schema(CURRENT, Layer::Pub.name())
            .with_create_default_catalog_and_schema(false)
            .set_bool("datafusion.sql_parser.collect_spans", true)
            .set_bool("datafusion.execution.parquet.pushdown_filters", true)
            // the check compares descriptions and units too, and a UNION of two columns gives the logical and the physical plan
            // different ones
            .set_bool("datafusion.execution.skip_physical_aggregate_schema_check", true);
        if identity.role == Role::Reader {
            // a physical plan tells where files lie
            config = config.set_bool("datafusion.explain.logical_plan_only", true);
        }
        // whoever can make record keys of persons can take the noise out of what he is shown
        if let Some(keys) = self.0.record_keys.get()
            && identity.role == Role::Engineer
        {
            config.options_mut().extensions.insert(keys.clone());
        }
        let mut state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(Arc::clone(&self.0.runtime))
            .with_default_features()
            .build();
        crate::functions::register_all(&mut state)?;
        // it tells where files lie
        state.deregister_udf("input_file_name")?;
        let context = SessionContext::new_with_state(state);
        let layers: Vec<Layer> = Layer::ALL
            .into_iter()
            .filter(|layer| identity.may_read(*layer))
            .collect();
        let table_functions = context.state().table_functions().clone();
        for (name, tables) in &catalogs {
            let catalog = LakeCatalog::new(&self.0.lake, name, tables, &layers, table_functions.clone());
            context.register_catalog(name, Arc::new(catalog));
        }
        Ok(Session {
            context,
            identity: Arc::new(identity.clone()),
            release,
            catalogs: Arc::new(catalogs),
        })
    }
}

impl Session {
    /// The release that this session reads.
    pub fn release(&self) -> Option<ReleaseId> {
        self.release
    }

    /// Who this session belongs to.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The SQL catalogs: the current one, then the tags by name.
    pub fn catalogs(&self) -> Vec<String> {
        self.catalogs.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The schemas of a catalog.
    pub fn schemas(&self) -> Vec<&'static str> {
        Layer::ALL
            .into_iter()
            .filter(|layer| self.identity.may_read(*layer))
            .map(Layer::name)
            .collect()
    }

    /// The tables of one catalog, or of the current one.
    ///
    /// # Errors
    /// When the schema of a pinned table cannot be read.
    #[expect(clippy::unused_async, reason = "listings may come to read the lake")]
    pub async fn tables(&self, catalog: Option<&str>) -> Result<Vec<TableMeta>> {
        let wanted = catalog.unwrap_or(CURRENT);
        let mut found = Vec::new();
        for (name, tables) in self.catalogs.iter().filter(|(name, _)| name == wanted) {
            for (id, entry) in tables {
                found.push(TableMeta {
                    catalog: name.clone(),
                    schema: id.schema().to_owned(),
                    name: id.name.to_string(),
                    arrow: entry.schema()?,
                    description: entry.description.clone(),
                    primary_key: entry.key.clone(),
                });
            }
        }
        Ok(found)
    }

    /// Names of every function that a statement can call, sorted.
    pub fn function_names(&self) -> Vec<String> {
        let state = self.context.state();
        let mut names: Vec<String> = state
            .scalar_functions()
            .keys()
            .chain(state.aggregate_functions().keys())
            .chain(state.window_functions().keys())
            .cloned()
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}
