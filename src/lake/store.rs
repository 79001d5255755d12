//! From a URL to an object store.
//!
//! `memory://name` is one store per name in the process. S3, Azure and Google are `object_store`'s own clients: the default Delta
//! log store commits through their conditional puts, so no cloud SDK is linked.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use object_store::{ObjectStore, local::LocalFileSystem, memory::InMemory, path::Path};
use url::Url;

use crate::error::{Error, Result};

/// An object store and the place in it where a lake lies.
#[derive(Debug, Clone)]
pub struct Place {
    /// The store, rooted at scheme and host.
    pub store: Arc<dyn ObjectStore>,
    /// URL of the store's root.
    pub base: Url,
    /// Path of the lake in the store.
    pub root: Path,
    /// The URL of the lake.
    pub url: Url,
}

static MEMORY: Mutex<BTreeMap<String, Arc<InMemory>>> = Mutex::new(BTreeMap::new());

/// Opens the store that `url` names; `options` are those of `object_store` in lowercase.
/// A folder that is not there is made when `make` says so.
pub(super) fn open(url: &str, options: &BTreeMap<String, String>, make: bool) -> Result<Place> {
    if let Some(path) = as_folder(url)? {
        return folder(&path, make);
    }
    let parsed = Url::parse(url).map_err(|_| unknown(url))?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(Error::usage(4003, "the URL of the lake holds a user or a password")
            .hint("give credentials in the environment, where no log shows them: for S3 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"));
    }
    match parsed.scheme() {
        "memory" => {
            let name = parsed.host_str().unwrap_or("lake").to_owned();
            let mut stores = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
            let store = Arc::clone(stores.entry(name.clone()).or_default());
            place(store, &parsed, &format!("memory://{name}"))
        }
        scheme => cloud(scheme, &parsed, options),
    }
}

/// The folder that `url` names, if it names one: a path without a scheme, or `file://`.
fn as_folder(url: &str) -> Result<Option<PathBuf>> {
    match Url::parse(url) {
        Ok(parsed) if parsed.scheme() == "file" => parsed.to_file_path().map(Some).map_err(|()| unknown(url)),
        // a one-letter scheme is a drive on Windows
        Ok(parsed) if parsed.scheme().len() > 1 => Ok(None),
        _ => Ok(Some(PathBuf::from(url))),
    }
}

/// Whether `url` names a folder that is not there.
pub(super) fn no_folder(url: &str) -> bool {
    as_folder(url).is_ok_and(|path| path.is_some_and(|path| !path.exists()))
}

fn folder(path: &std::path::Path, make: bool) -> Result<Place> {
    let made = if make { std::fs::create_dir_all(path) } else { Ok(()) };
    made.map_err(|error| {
        Error::unavailable(
            4005,
            format!("could not make the folder `{}` of the lake", path.display()),
        )
        .hint("check the path and the rights, or give another with `--lake`")
        .with_source(error)
    })?;
    let absolute = std::fs::canonicalize(path)?;
    #[cfg(unix)]
    if make {
        // what is not published is its owner's alone, whoever may read the open part
        use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
        let closed = absolute.join("closed");
        if !closed.exists() {
            std::fs::DirBuilder::new().mode(0o700).recursive(true).create(&closed)?;
            std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700))?;
        }
    }
    let url = Url::from_directory_path(&absolute).map_err(|()| unknown(&absolute.display().to_string()))?;
    let root = Path::from_absolute_path(&absolute).map_err(|error| unknown(&error.to_string()))?;
    let base = Url::parse("file:///").map_err(|error| unknown(&error.to_string()))?;
    Ok(Place {
        store: Arc::new(LocalFileSystem::new()),
        base,
        root,
        url,
    })
}

fn place(store: Arc<dyn ObjectStore>, url: &Url, base: &str) -> Result<Place> {
    let base = Url::parse(base).map_err(|error| unknown(&error.to_string()))?;
    let root = Path::from_url_path(url.path()).map_err(|error| unknown(&error.to_string()))?;
    let mut url = url.clone();
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(Place { store, base, root, url })
}

fn unknown(url: &str) -> Error {
    Error::usage(4003, format!("`{url}` is no place for a lake")).hint(
        "give a folder, file:///…, s3://bucket/prefix, az://container/prefix, gs://bucket/prefix or memory://name",
    )
}

fn cloud(scheme: &str, url: &Url, options: &BTreeMap<String, String>) -> Result<Place> {
    let host = url.host_str().ok_or_else(|| unknown(url.as_str()))?;
    let wrong = |error: object_store::Error| {
        Error::usage(4006, format!("the store of `{url}` cannot be set up"))
            .hint("check the environment: for S3 AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT, AWS_ALLOW_HTTP")
            .with_source(error)
    };
    let base = format!("{scheme}://{host}");
    match scheme {
        #[cfg(feature = "s3")]
        "s3" | "s3a" => {
            let mut builder = object_store::aws::AmazonS3Builder::new().with_url(url.as_str());
            for (name, value) in options {
                if let Ok(key) = name.parse() {
                    builder = builder.with_config(key, value);
                }
            }
            place(Arc::new(builder.build().map_err(wrong)?), url, &base)
        }
        #[cfg(feature = "azure")]
        "az" | "abfs" | "abfss" => {
            let mut builder = object_store::azure::MicrosoftAzureBuilder::new().with_url(url.as_str());
            for (name, value) in options {
                if let Ok(key) = name.parse() {
                    builder = builder.with_config(key, value);
                }
            }
            place(Arc::new(builder.build().map_err(wrong)?), url, &base)
        }
        #[cfg(feature = "gcs")]
        "gs" => {
            let mut builder = object_store::gcp::GoogleCloudStorageBuilder::new().with_url(url.as_str());
            for (name, value) in options {
                if let Ok(key) = name.parse() {
                    builder = builder.with_config(key, value);
                }
            }
            place(Arc::new(builder.build().map_err(wrong)?), url, &base)
        }
        _ if ["s3", "s3a", "az", "abfs", "abfss", "gs"].contains(&scheme) => Err(Error::usage(
            4007,
            format!("this samsyn was built without `{scheme}://`"),
        )
        .hint("build it with `--features s3`, `azure` or `gcs`")),
        _ => Err(unknown(url.as_str())),
    }
}
