//! The lake: object store, Delta tables, landed files, releases, leases.
//!
//! Everything that is written goes through here, and becomes visible by one conditional put: a table version by Delta's
//! commit, a set of table versions by a [`Release`]. A store that cannot refuse a second create of a key is refused at start,
//! since two runs could then both believe to have published. What can go wrong: a killed run leaves table versions beyond the
//! newest release; nobody reads them, and the next run adopts or replaces them.

mod certificate;
mod delta;
mod hash;
mod landing;
mod lease;
mod ledger;
mod release;
mod scan;
mod shape;
mod store;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use datafusion::execution::runtime_env::RuntimeEnv;
use futures::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, path::Path};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use url::Url;

use crate::{
    error::{Error, Result},
    model::{Clock, TableId, Zone},
};

pub use certificate::AsWritten;
pub use delta::{Committed, WriteMeta, Written};
pub use hash::{ContentHash, hash_batches};
pub use landing::{Delivered, Delivery, Landed, Note, current_deliveries};
pub use lease::RunLock;
pub use ledger::{Published, What};
pub use release::{CertificatePin, Input, Origin, Pin, Release};
pub use scan::{DataFile, PinnedTable, TableFiles};
pub use shape::lake_schema;
pub use store::Place;

/// The layout that this samsyn writes and the newest that it reads.
pub const FORMAT: u32 = 1;

/// The object that says that here is a lake.
const MARKER: &str = "lake.json";

/// What the lake is opened with.
#[derive(Debug, Clone)]
pub struct LakeOptions {
    /// Where the time comes from.
    pub clock: Clock,
    /// Options of the object store, names in lowercase (`aws_endpoint`, …).
    pub storage: BTreeMap<String, String>,
}

/// A lake; cloning is cheap.
#[derive(Clone)]
pub struct Lake(Arc<Inner>);

struct Inner {
    store: Arc<dyn ObjectStore>,
    /// URL of the store's root: scheme and host.
    base: Url,
    /// Path of the lake inside the store.
    root: Path,
    url: Url,
    clock: Clock,
    opened: Mutex<delta::Opened>,
}

impl std::fmt::Debug for Lake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lake({})", self.0.url)
    }
}

#[derive(Serialize, Deserialize)]
struct Marker {
    format: u32,
    created_by: String,
}

impl Lake {
    /// Opens the lake at `url`, a folder or `file://`, `s3://`, `az://`, `gs://` or `memory://`; makes it when nothing is there.
    ///
    /// # Errors
    /// SAMSYN-4003 for a URL that is not understood, 4010 for a lake made by a newer samsyn, 4011 for a store without
    /// conditional put, 4001 when the store cannot be reached.
    pub async fn open(url: &str, options: &LakeOptions) -> Result<Self> {
        let place = store::open(url, &options.storage, true)?;
        Self::with_store(place, options.clock).await
    }

    /// Opens the lake at `url` to read it: nothing is written, not even to try the store. None when there is no lake.
    ///
    /// # Errors
    /// As [`Lake::open`], but for 4011.
    pub async fn find(url: &str, options: &LakeOptions) -> Result<Option<Self>> {
        if store::no_folder(url) {
            return Ok(None);
        }
        let lake = Self::over(store::open(url, &options.storage, false)?, options.clock);
        Ok(lake.known().await?.then_some(lake))
    }

    /// Opens the lake in a given store.
    ///
    /// # Errors
    /// As [`Lake::open`].
    pub async fn with_store(place: Place, clock: Clock) -> Result<Self> {
        let lake = Self::over(place, clock);
        lake.probe().await?;
        if !lake.known().await? {
            let new = Marker {
                format: FORMAT,
                created_by: format!("samsyn {}", env!("CARGO_PKG_VERSION")),
            };
            lake.create_json(&lake.own(MARKER), &new).await?;
        }
        Ok(lake)
    }

    fn over(place: Place, clock: Clock) -> Self {
        let Place { store, base, root, url } = place;
        Self(Arc::new(Inner {
            store,
            base,
            root,
            url,
            clock,
            opened: Mutex::default(),
        }))
    }

    /// Whether there is a lake that this samsyn can read.
    async fn known(&self) -> Result<bool> {
        match self.get_json::<Marker>(&self.own(MARKER)).await? {
            Some(found) if found.format > FORMAT => Err(Error::refused(
                4010,
                format!(
                    "the lake `{}` has format {}, made by {}; this samsyn reads up to format {FORMAT}",
                    self.0.url, found.format, found.created_by
                ),
            )
            .hint("use the newer samsyn, or give another lake with `--lake`")),
            found => Ok(found.is_some()),
        }
    }

    /// Puts one key twice with «create»: the second must be refused, or two runs could both publish.
    async fn probe(&self) -> Result<()> {
        let key = self.own(&format!("probe/{}", uuid::Uuid::new_v4()));
        let first = self.create(&key, Bytes::from_static(b"1")).await?;
        let second = self.create(&key, Bytes::from_static(b"2")).await;
        self.0.store.delete(&key).await.ok();
        if !first || second? {
            return Err(Error::unavailable(4011, format!("the store of `{}` cannot do conditional puts", self.0.url))
                .hint("samsyn needs a store that refuses to create a key twice (If-None-Match); use another store or switch it on"));
        }
        Ok(())
    }

    /// The URL that the lake was opened with.
    pub fn url(&self) -> &Url {
        &self.0.url
    }

    /// The clock of the lake.
    pub fn clock(&self) -> Clock {
        self.0.clock
    }

    /// Makes the lake's store known to a DataFusion runtime.
    pub fn register(&self, runtime: &RuntimeEnv) {
        runtime.register_object_store(&self.0.base, Arc::clone(&self.0.store));
    }

    /// The path in the store of an object of samsyn's own.
    fn own(&self, name: &str) -> Path {
        self.path(&format!("_samsyn/{name}"))
    }

    fn path(&self, name: &str) -> Path {
        name.split('/')
            .filter(|part| !part.is_empty())
            .fold(self.0.root.clone(), Path::join)
    }

    /// The path in the store of a table.
    fn table_path(&self, id: &TableId) -> Path {
        let zone = match id.layer.zone() {
            Zone::Open => "open",
            Zone::Closed => "closed",
        };
        self.path(&format!("{zone}/{}/{}", id.schema(), id.name))
    }

    /// Creates an object; false when it exists already.
    async fn create(&self, path: &Path, bytes: Bytes) -> Result<bool> {
        let options = PutOptions {
            mode: PutMode::Create,
            ..Default::default()
        };
        match self
            .0
            .store
            .put_opts(path, PutPayload::from_bytes(bytes), options)
            .await
        {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(false),
            Err(object_store::Error::NotImplemented { .. }) => Err(Error::unavailable(
                4011,
                format!("the store of `{}` cannot do conditional puts", self.0.url),
            )
            .hint("samsyn needs a store that refuses to create a key twice (If-None-Match)")),
            Err(error) => Err(self.failed("write", path, error)),
        }
    }

    async fn create_json<T: Serialize>(&self, path: &Path, value: &T) -> Result<bool> {
        let text = serde_json::to_vec_pretty(value)
            .map_err(|error| Error::bug(9010, "an object did not serialise").with_source(error))?;
        self.create(path, text.into()).await
    }

    async fn get(&self, path: &Path) -> Result<Option<Bytes>> {
        let found = match self.0.store.get(path).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.failed("read", path, error)),
        };
        found
            .bytes()
            .await
            .map(Some)
            .map_err(|error| self.failed("read", path, error))
    }

    async fn get_json<T: DeserializeOwned>(&self, path: &Path) -> Result<Option<T>> {
        let Some(bytes) = self.get(path).await? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            Error::invalid(
                4004,
                format!("the object `{path}` of the lake is not what samsyn wrote"),
            )
            .hint("it was changed or made by another version; restore it from a backup")
            .with_source(error)
        })
    }

    /// Names (last part of the path) under a folder, sorted.
    async fn list(&self, folder: &Path) -> Result<Vec<Path>> {
        let mut found: Vec<Path> = self
            .0
            .store
            .list(Some(folder))
            .map_ok(|meta| meta.location)
            .try_collect()
            .await
            .map_err(|error| self.failed("list", folder, error))?;
        found.sort_unstable();
        Ok(found)
    }

    fn failed(&self, doing: &str, path: &Path, error: object_store::Error) -> Error {
        Error::unavailable(
            4001,
            format!("could not {doing} `{path}` in the store of `{}`", self.0.url),
        )
        .hint("check that the store is reachable, has room, and that the credentials allow it")
        .with_source(error)
    }
}
