//! The lake on S3: a real S3 server, in the test's process.

use std::{collections::BTreeMap, path::Path};

use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use samsyn::lake::{Lake, LakeOptions};
use tokio::{net::TcpListener, task::JoinSet};

use crate::lake::{options, whole_path};

/// A server of S3 on a free port; it ends when dropped. The bucket is `lake`.
pub(crate) struct Server {
    /// Settings with which `object_store` reaches it.
    pub(crate) storage: BTreeMap<String, String>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Serves the folders in `root` as buckets.
    pub(crate) async fn start(root: &Path) -> Self {
        std::fs::create_dir_all(root.join("lake")).unwrap();
        let service = {
            let mut builder = S3ServiceBuilder::new(FileSystem::new(root).unwrap());
            builder.set_auth(SimpleAuth::from_single("key", "secret"));
            builder.build()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let server = Builder::new(TokioExecutor::new());
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let connection = server
                    .serve_connection(TokioIo::new(socket), service.clone())
                    .into_owned();
                connections.spawn(async move {
                    // a client that hangs up is no failure of the server
                    drop(connection.await);
                });
            }
        });
        let storage = [
            ("aws_endpoint", format!("http://{address}")),
            ("aws_access_key_id", "key".to_owned()),
            ("aws_secret_access_key", "secret".to_owned()),
            ("aws_region", "eu-north-1".to_owned()),
            ("aws_allow_http", "true".to_owned()),
        ];
        Self {
            storage: storage
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
            _tasks: tasks,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_path_on_s3() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    let settings = LakeOptions {
        storage: server.storage.clone(),
        ..options()
    };
    let lake = Lake::open("s3://lake/some/where", &settings).await.unwrap();
    whole_path(&lake).await;
    assert!(dir.path().join("lake/some/where/_samsyn/lake.json").is_file());
    assert!(
        dir.path()
            .join("lake/some/where/closed/mart/numbers/_delta_log")
            .is_dir()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_are_said_to_be_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    let mut storage = server.storage.clone();
    storage.insert("aws_secret_access_key".to_owned(), "wrong".to_owned());
    let error = Lake::open("s3://lake/x", &LakeOptions { storage, ..options() })
        .await
        .unwrap_err();
    assert_eq!(error.kind(), samsyn::error::Kind::Unavailable, "{error:?}");
    assert!(error.hint_text().is_some());
}
