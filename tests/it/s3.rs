//! The lake on S3: a real S3 server, in the test's process.

use std::{collections::BTreeMap, path::Path, process::Command};

use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use samsyn::lake::{Lake, LakeOptions};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{
    cli::{Folder, Outcome, outcome},
    lake::{options, whole_path},
};

/// A server of S3 on a free port; it ends when dropped. The bucket is `lake`.
pub(crate) struct Server {
    /// Settings with which `object_store` reaches it.
    pub(crate) storage: BTreeMap<String, String>,
    tasks: JoinSet<()>,
}

impl Server {
    /// Serves the folders in `root` as buckets.
    pub(crate) async fn start(root: &Path) -> Self {
        Self::serve(root, true).await
    }

    async fn serve(root: &Path, locked: bool) -> Self {
        std::fs::create_dir_all(root.join("lake")).unwrap();
        let service = {
            let mut builder = S3ServiceBuilder::new(FileSystem::new(root).unwrap());
            if locked {
                builder.set_auth(SimpleAuth::from_single("key", "secret"));
            }
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
            tasks,
        }
    }

    /// A server that overwrites where it is asked to create, as some do: a proxy makes the condition unreadable.
    async fn careless(root: &Path) -> Self {
        let mut server = Self::serve(root, false).await;
        let behind = server.storage["aws_endpoint"].replace("http://", "");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        server.tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let upstream = TcpStream::connect(&behind).await.unwrap();
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = upstream.into_split();
                connections.spawn(async move {
                    let mut buffer = vec![0; 1 << 16];
                    while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
                        let text = buffer[..read].to_vec();
                        let changed = without_condition(text);
                        if to_server.write_all(&changed).await.is_err() {
                            break;
                        }
                    }
                });
                connections.spawn(async move {
                    // a client that hangs up is no failure
                    drop(tokio::io::copy(&mut from_server, &mut to_client).await);
                });
            }
        });
        server
            .storage
            .insert("aws_endpoint".to_owned(), format!("http://{address}"));
        server
            .storage
            .insert("aws_skip_signature".to_owned(), "true".to_owned());
        server
    }

    /// The program on a project, with its lake on this server.
    async fn samsyn(&self, folder: &Folder, arguments: &[&str]) -> Outcome {
        let mut command: Command = folder.command(arguments);
        command.args(["--lake", "s3://lake/some/where"]);
        for (name, value) in &self.storage {
            command.env(name.to_uppercase(), value);
        }
        tokio::task::spawn_blocking(move || outcome(&mut command))
            .await
            .unwrap()
    }
}

fn without_condition(mut bytes: Vec<u8>) -> Vec<u8> {
    let name = b"if-none-match";
    let found: Vec<usize> = bytes
        .windows(name.len())
        .enumerate()
        .filter(|(_, window)| window.eq_ignore_ascii_case(name))
        .map(|(at, _)| at)
        .collect();
    for at in found {
        bytes[at..at + name.len()].copy_from_slice(b"x-never-heard");
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_runs_on_s3_and_a_second_run_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    let folder = Folder::demo(1_000, (2023, 2024));
    let run = server.samsyn(&folder, &["run"]).await.good();
    assert!(run.out.contains("release 1 in s3://lake/some/where"), "{}", run.out);
    assert!(run.out.contains("serve --project"), "{}", run.out);
    let again = server.samsyn(&folder, &["run"]).await.good();
    assert!(again.out.starts_with("nothing changed"), "{}", again.out);
    let query = "SELECT sum(antal) AS n FROM pub.befolkning_omrade
        WHERE omrade_niva = 'lan' AND ar = '2024' AND kon = 'totalt' AND fodelseregion = 'totalt'";
    let published = server
        .samsyn(&folder, &["sql", "--format", "json", query])
        .await
        .good()
        .json();
    let register = "SELECT count(*) AS n FROM core.fiktiv_person WHERE ar = 2024";
    let counted = server
        .samsyn(&folder, &["sql", "--format", "json", register])
        .await
        .good()
        .json();
    assert_eq!(published, counted);
    assert!(published[0]["n"].as_i64() > Some(500), "{published}");
    // the same as on a disk, by the hash of every table
    folder.samsyn(&["run"]).good();
    let tables = "SELECT table_name, rows, content_hash FROM system.releases ORDER BY table_name";
    let there = server
        .samsyn(&folder, &["sql", "--format", "json", tables])
        .await
        .good()
        .json();
    assert_eq!(there, folder.sql(tables));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_conditional_put_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::careless(dir.path()).await;
    let folder = Folder::small();
    server.samsyn(&folder, &["run"]).await.fails(
        3,
        4011,
        &["s3://lake/some/where", "conditional put", "If-None-Match"],
    );
    let left = std::fs::read_dir(dir.path().join("lake/some/where/_samsyn"));
    assert!(left.is_err() || left.unwrap().all(|entry| entry.unwrap().file_name() != "lake.json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_said_to_be() {
    let folder = Folder::small();
    let mut server = Server::start(folder.path("store").as_path()).await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    server
        .storage
        .insert("aws_endpoint".to_owned(), format!("http://{free}"));
    server
        .samsyn(&folder, &["run"])
        .await
        .fails(3, 4001, &["s3://lake/some/where"]);
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
