//! The lake: what a reader can see after writes, kills and races.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use arrow::{
    array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array},
    datatypes::{Int64Type, SchemaRef},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use datafusion::{
    error::DataFusionError,
    execution::{SendableRecordBatchStream, runtime_env::RuntimeEnv},
    physical_plan::stream::RecordBatchStreamAdapter,
    prelude::{SessionConfig, SessionContext},
};
use futures::{StreamExt, stream::BoxStream};
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result as StoreResult, memory::InMemory, path::Path,
};
use samsyn::{
    lake::{
        Delivered, Delivery, Lake, LakeOptions, Origin, Pin, PinnedTable, Place, Release, TableFiles, WriteMeta,
        Written,
    },
    model::{Clock, ReleaseId, TableId},
};
use sha2::{Digest, Sha256};

pub(crate) fn options() -> LakeOptions {
    LakeOptions {
        clock: Clock::Fixed(DateTime::<Utc>::from_timestamp(1_700_000_000, 0).unwrap()),
        storage: BTreeMap::new(),
    }
}

/// A lake in memory that no other test sees.
async fn fresh(name: &str) -> Lake {
    Lake::open(&format!("memory://it-lake-{name}"), &options())
        .await
        .unwrap()
}

fn table(text: &str) -> TableId {
    text.parse().unwrap()
}

fn numbers(values: impl IntoIterator<Item = i64>) -> RecordBatch {
    let values: Vec<i64> = values.into_iter().collect();
    let names: StringArray = values.iter().map(|value| Some(format!("n{value}"))).collect();
    RecordBatch::try_from_iter([
        ("n", Arc::new(Int64Array::from(values)) as ArrayRef),
        ("name", Arc::new(names) as ArrayRef),
    ])
    .unwrap()
}

fn stream(schema: SchemaRef, batches: Vec<Result<RecordBatch, DataFusionError>>) -> SendableRecordBatchStream {
    Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter(batches)))
}

fn meta(fingerprint: &str) -> WriteMeta {
    WriteMeta {
        fingerprint: fingerprint.to_owned(),
        run: "run".to_owned(),
    }
}

async fn write(lake: &Lake, id: &TableId, batches: Vec<RecordBatch>, fingerprint: &str) -> Written {
    let schema = batches[0].schema();
    lake.write(
        id,
        stream(schema, batches.into_iter().map(Ok).collect()),
        &meta(fingerprint),
    )
    .await
    .unwrap()
}

async fn read(lake: &Lake, files: &TableFiles) -> Vec<i64> {
    let runtime = Arc::new(RuntimeEnv::default());
    lake.register(&runtime);
    let config = SessionConfig::new().with_target_partitions(1);
    let session = SessionContext::new_with_config_rt(config, runtime);
    let provider = Arc::new(PinnedTable::new(lake, files).unwrap());
    let batches = session.read_table(provider).unwrap().collect().await.unwrap();
    batches
        .iter()
        .flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec())
        .collect()
}

fn pin(written: &Written, fingerprint: &str) -> Pin {
    Pin {
        version: written.version,
        rows: written.rows,
        bytes: written.bytes,
        content_hash: written.content_hash.clone(),
        fingerprint: fingerprint.to_owned(),
        origin: Origin::default(),
        pipeline: "p".to_owned(),
        contract: None,
        description: None,
        key: Vec::new(),
        files: written.files.clone(),
    }
}

pub(crate) fn delivery(dataset: &str, file: &str, bytes: &[u8]) -> Delivery {
    let sha256 = format!("{:x}", Sha256::digest(bytes));
    Delivery {
        id: sha256[..16].to_owned(),
        dataset: dataset.to_owned(),
        source: "s".to_owned(),
        file: file.to_owned(),
        sha256,
        reading: String::new(),
        bytes: bytes.len() as u64,
        delivered: 3,
        rows: 0,
        quarantined: 0,
        notes: Vec::new(),
        retrieved_at: options().clock.now(),
        supersedes: None,
        withdraws: Vec::new(),
        together: Vec::new(),
        version: 0,
        files: None,
    }
}

fn delivered(rows: &RecordBatch) -> Delivered {
    Delivered {
        schema: rows.schema(),
        batches: vec![rows.clone()],
        set_aside: None,
    }
}

/// The smoke test of a place: tables, versions, a release, a delivery, the lock.
pub(crate) async fn whole_path(lake: &Lake) {
    let id = table("mart.numbers");
    assert!(lake.head(&id).await.unwrap().is_none());
    let first = write(lake, &id, vec![numbers(0..3), numbers(3..5)], "a").await;
    let second = write(lake, &id, vec![numbers([9, 7, 8])], "b").await;
    assert!(second.version > first.version);
    assert_eq!(
        read(lake, &first.files).await,
        [0, 1, 2, 3, 4],
        "a pinned version stays"
    );
    assert_eq!(read(lake, &second.files).await, [9, 7, 8], "rows keep their order");

    let mut release = Release::after(None, "run", lake.clock().now());
    release.tables.insert(id.clone(), pin(&second, "b"));
    lake.commit_release(&release).await.unwrap();
    assert_eq!(lake.commit_release(&release).await.unwrap_err().code(), 4020);
    let current = lake.current_release().await.unwrap().unwrap();
    assert_eq!((current.id, current.tables[&id].rows), (ReleaseId(1), 3));
    lake.tag("baslinje", ReleaseId(1)).await.unwrap();
    assert_eq!(lake.tags().await.unwrap()["baslinje"], ReleaseId(1));

    let bytes = Bytes::from_static(b"delivered");
    let rows = numbers(0..3);
    for already in [false, true] {
        let landed = lake
            .land(delivery("numbers", "a.csv", &bytes), bytes.clone(), delivered(&rows))
            .await
            .unwrap();
        assert_eq!((landed.already, landed.delivery.rows), (already, 3));
    }
    let kept = lake.deliveries(Some("numbers")).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(lake.get_file(&kept[0].sha256).await.unwrap(), Some(bytes));

    let lock = lake.lock("first", Duration::ZERO, |_| ()).await.unwrap();
    assert_eq!(
        lake.lock("second", Duration::ZERO, |_| ()).await.unwrap_err().code(),
        4021
    );
    lock.release().await.unwrap();
    lake.lock("second", Duration::ZERO, |_| ())
        .await
        .unwrap()
        .release()
        .await
        .unwrap();
}

#[tokio::test]
async fn the_whole_path_in_memory() {
    whole_path(&fresh("whole").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_path_in_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("a låke");
    let lake = Lake::open(&place.to_string_lossy(), &options()).await.unwrap();
    whole_path(&lake).await;
    // a second process would see the same
    let again = Lake::open(lake.url().as_str(), &options()).await.unwrap();
    let head = again.head(&table("mart.numbers")).await.unwrap().unwrap();
    assert_eq!(head.fingerprint.as_deref(), Some("b"));
    assert_eq!(read(&again, &head.written.unwrap().files).await, [9, 7, 8]);
    assert!(place.join("closed/mart/numbers/_delta_log").is_dir());
}

#[tokio::test]
async fn a_lake_of_a_newer_samsyn_is_refused() {
    let store = Arc::new(InMemory::new());
    store
        .put(
            &Path::from("_samsyn/lake.json"),
            PutPayload::from_static(br#"{"format": 99, "created_by": "samsyn 9.0.0"}"#),
        )
        .await
        .unwrap();
    let error = Lake::with_store(place(store), Clock::System).await.unwrap_err();
    assert_eq!(error.code(), 4010);
    assert!(error.to_string().contains("samsyn 9.0.0"), "{error}");
}

fn place(store: Arc<dyn ObjectStore>) -> Place {
    Place {
        store,
        base: "memory://test".parse().unwrap(),
        root: Path::default(),
        url: "memory://test/".parse().unwrap(),
    }
}

/// A store that overwrites where it was asked to create.
#[derive(Debug)]
struct Careless(InMemory);

impl std::fmt::Display for Careless {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Careless")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Careless {
    async fn put_opts(&self, path: &Path, payload: PutPayload, options: PutOptions) -> StoreResult<PutResult> {
        let mode = PutMode::Overwrite;
        self.0.put_opts(path, payload, PutOptions { mode, ..options }).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> StoreResult<Box<dyn MultipartUpload>> {
        self.0.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> StoreResult<GetResult> {
        self.0.get_opts(path, options).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, StoreResult<Path>>) -> BoxStream<'static, StoreResult<Path>> {
        self.0.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, StoreResult<ObjectMeta>> {
        self.0.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> StoreResult<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> StoreResult<()> {
        self.0.copy_opts(from, to, options).await
    }
}

#[tokio::test]
async fn a_store_without_conditional_put_is_refused() {
    let store = Arc::new(Careless(InMemory::new()));
    let error = Lake::with_store(place(Arc::clone(&store) as _), Clock::System)
        .await
        .unwrap_err();
    assert_eq!(error.code(), 4011);
    assert!(error.hint_text().is_some());
    assert_eq!(store.0.list(None).count().await, 0, "nothing is left behind");
}

#[tokio::test]
async fn the_content_hash_is_that_of_the_rows_not_of_the_batches() {
    let lake = fresh("hash").await;
    let one = write(&lake, &table("mart.one"), vec![numbers(0..10)], "x").await;
    let two = write(&lake, &table("mart.two"), vec![numbers(0..4), numbers(4..10)], "x").await;
    let turned = write(&lake, &table("mart.two"), vec![numbers((0..10).rev())], "x").await;
    assert_eq!(one.content_hash, two.content_hash);
    assert_ne!(one.content_hash, turned.content_hash);
}

#[tokio::test]
async fn a_replacement_may_change_the_columns() {
    let lake = fresh("columns").await;
    let id = table("core.changing");
    write(&lake, &id, vec![numbers(0..2)], "a").await;
    let moments = TimestampMicrosecondArray::from(vec![5, 6]);
    let zoned = TimestampMicrosecondArray::from(vec![5, 6]).with_timezone("Europe/Stockholm");
    let rows = RecordBatch::try_from_iter([
        ("n", Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef),
        ("at", Arc::new(moments) as ArrayRef),
        ("utc", Arc::new(zoned) as ArrayRef),
    ])
    .unwrap();
    let written = write(&lake, &id, vec![rows], "b").await;
    let (version, files) = lake.newest_files(&id).await.unwrap().unwrap();
    assert_eq!(version, written.version);
    assert_eq!(files.table_schema().unwrap(), written.files.table_schema().unwrap());
    assert_eq!(read(&lake, &files).await, [1, 2]);
}

#[tokio::test]
async fn a_write_that_fails_shows_nothing() {
    let lake = fresh("fails").await;
    let id = table("core.broken");
    let rows = numbers(0..3);
    let broken = vec![Ok(rows.clone()), Err(DataFusionError::Execution("broken off".into()))];
    assert!(
        lake.write(&id, stream(rows.schema(), broken), &meta("a"))
            .await
            .is_err()
    );
    assert!(lake.head(&id).await.unwrap().is_none_or(|head| head.written.is_none()));

    let large = RecordBatch::try_from_iter([("n", Arc::new(UInt64Array::from(vec![u64::MAX])) as ArrayRef)]).unwrap();
    let error = lake
        .write(&id, stream(large.schema(), vec![Ok(large)]), &meta("a"))
        .await
        .unwrap_err();
    assert!(
        !format!("{error:?}").contains(&u64::MAX.to_string()),
        "a value stands in {error:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_replacements_at_once_one_is_whole() {
    let lake = fresh("replace-race").await;
    let id = table("mart.raced");
    write(&lake, &id, vec![numbers(0..1)], "a").await;
    let tries = (0..4_i64).map(|writer| {
        let (lake, id) = (lake.clone(), id.clone());
        async move {
            let rows = numbers(writer * 10..writer * 10 + 3);
            lake.write(&id, stream(rows.schema(), vec![Ok(rows)]), &meta(&writer.to_string()))
                .await
        }
    });
    let outcomes = futures::future::join_all(tries).await;
    assert!(outcomes.iter().any(Result::is_ok));
    for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert_eq!(error.code(), 4033, "{error:?}");
    }
    let (_, files) = lake.newest_files(&id).await.unwrap().unwrap();
    assert_eq!(files.rows(), 3, "rows of two writers are mixed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_releases_at_once_one_wins() {
    let lake = fresh("release-race").await;
    let release = Release::after(None, "run", lake.clock().now());
    let tries = (0..8).map(|_| lake.commit_release(&release));
    let outcomes = futures::future::join_all(tries).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert_eq!(error.code(), 4020);
    }
    assert_eq!(lake.release_ids().await.unwrap(), [ReleaseId(1)]);
    assert_eq!(lake.release(ReleaseId(7)).await.unwrap_err().code(), 4022);
    assert_eq!(lake.tag("x/y", ReleaseId(1)).await.unwrap_err().code(), 4023);
}

#[tokio::test]
async fn a_delivery_whose_manifest_was_lost_is_not_landed_twice() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(&dir.path().to_string_lossy(), &options()).await.unwrap();
    let bytes = Bytes::from_static(b"delivered");
    let rows = numbers(0..3);
    let land = || lake.land(delivery("numbers", "a.csv", &bytes), bytes.clone(), delivered(&rows));
    let first = land().await.unwrap();
    // killed after the rows were committed, before the manifest
    let manifest = format!("_samsyn/deliveries/numbers/{}.json", first.delivery.id);
    std::fs::remove_file(dir.path().join(manifest)).unwrap();
    assert!(lake.deliveries(None).await.unwrap().is_empty());
    let second = land().await.unwrap();
    assert_eq!(second.delivery.rows, 3);
    let (_, files) = lake.newest_files(&table("raw.numbers")).await.unwrap().unwrap();
    assert_eq!(files.rows(), 3, "the rows are there twice");
    assert_eq!(files.files[0].partition, [first.delivery.id]);
    assert_eq!(read(&lake, &files).await, [0, 1, 2]);
}

#[tokio::test]
async fn rows_set_aside_are_kept_once_although_the_manifest_was_lost() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(&dir.path().to_string_lossy(), &options()).await.unwrap();
    let bytes = Bytes::from_static(b"delivered");
    let rows = numbers(0..3);
    let land = || {
        let mut rows = delivered(&rows);
        rows.set_aside = Some(numbers(7..9));
        lake.land(delivery("numbers", "a.csv", &bytes), bytes.clone(), rows)
    };
    for _ in 0..2 {
        let landed = land().await.unwrap();
        let (_, files) = lake.newest_files(&table("system.quarantine")).await.unwrap().unwrap();
        assert_eq!(read(&lake, &files).await, [7, 8]);
        assert_eq!(
            files.files[0].partition,
            std::slice::from_ref(&landed.delivery.id),
            "known by its delivery"
        );
        let manifest = format!("_samsyn/deliveries/numbers/{}.json", landed.delivery.id);
        std::fs::remove_file(dir.path().join(manifest)).unwrap();
    }
}

#[tokio::test]
async fn the_same_bytes_under_another_name_do_not_land_again() {
    let lake = fresh("renamed").await;
    let bytes = Bytes::from_static(b"delivered");
    for (file, already) in [("a.csv", false), ("b.csv", true)] {
        let landed = lake
            .land(
                delivery("numbers", file, &bytes),
                bytes.clone(),
                delivered(&numbers(0..3)),
            )
            .await
            .unwrap();
        assert_eq!((landed.already, landed.delivery.file.as_str()), (already, "a.csv"));
    }
}

#[tokio::test]
async fn looking_for_a_lake_makes_none() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("lake");
    assert!(
        Lake::find(&place.to_string_lossy(), &options())
            .await
            .unwrap()
            .is_none()
    );
    assert!(!place.exists());
    std::fs::create_dir(&place).unwrap();
    assert!(
        Lake::find(&place.to_string_lossy(), &options())
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(std::fs::read_dir(&place).unwrap().count(), 0);
    Lake::open(&place.to_string_lossy(), &options()).await.unwrap();
    assert!(
        Lake::find(&place.to_string_lossy(), &options())
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn a_later_delivery_of_a_file_supersedes_and_may_widen_but_not_change() {
    let lake = fresh("supersede").await;
    let rows = numbers(0..3);
    let land = |bytes: &'static [u8], rows: RecordBatch| {
        let lake = lake.clone();
        async move {
            let delivery = delivery("numbers", "a.csv", bytes);
            lake.land(delivery, Bytes::from_static(bytes), delivered(&rows)).await
        }
    };
    let first = land(b"one", rows.clone()).await.unwrap().delivery;
    let wider = RecordBatch::try_from_iter([
        ("n", Arc::new(Int64Array::from(vec![7])) as ArrayRef),
        ("more", Arc::new(StringArray::from(vec!["x"])) as ArrayRef),
    ])
    .unwrap();
    let second = land(b"two", wider).await.unwrap().delivery;
    assert_eq!(second.supersedes, Some(first.id));
    let (_, files) = lake.newest_files(&table("raw.numbers")).await.unwrap().unwrap();
    let names: Vec<_> = files
        .table_schema()
        .unwrap()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    assert_eq!(names, ["n", "name", "more", "_delivery"]);
    let other = RecordBatch::try_from_iter([("n", Arc::new(StringArray::from(vec!["x"])) as ArrayRef)]).unwrap();
    assert_eq!(land(b"three", other).await.unwrap_err().code(), 4035);
    let wrong = Delivery {
        sha256: "0".repeat(64),
        ..delivery("numbers", "b.csv", b"four")
    };
    let error = lake.land(wrong, Bytes::from_static(b"four"), delivered(&rows)).await;
    assert_eq!(error.unwrap_err().code(), 3040);
}

#[tokio::test]
async fn the_lock_of_a_dead_process_is_taken_over_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(&dir.path().to_string_lossy(), &options()).await.unwrap();
    let lock = lake.lock("alive", Duration::ZERO, |_| ()).await.unwrap();
    let mut told = Vec::new();
    let error = lake
        .lock("second", Duration::from_millis(300), |holder| {
            told.push(holder.to_owned());
        })
        .await
        .unwrap_err();
    assert_eq!((error.code(), told), (4021, vec!["alive".to_owned()]));
    assert!(error.to_string().contains("alive"), "{error}");
    // what a kill leaves: the lease of a process that is no more
    let leases = dir.path().join("_samsyn/leases");
    let text = std::fs::read_to_string(leases.join(format!("{:020}.json", lock.number()))).unwrap();
    let mut lease: serde_json::Value = serde_json::from_str(&text).unwrap();
    lease["process"]["started"] = "1".into();
    std::fs::write(leases.join(format!("{:020}.json", 99)), lease.to_string()).unwrap();
    if std::path::Path::new("/proc/self/stat").exists() {
        let lock = lake.lock("third", Duration::ZERO, |_| ()).await.unwrap();
        assert_eq!(lock.number(), 100);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_takes_the_lock_and_a_dropped_lock_is_free() {
    let lake = fresh("locks").await;
    let tries = (0..6).map(|_| lake.lock("somebody", Duration::ZERO, |_| ()));
    let mut taken: Vec<_> = futures::future::join_all(tries)
        .await
        .into_iter()
        .filter_map(Result::ok)
        .collect();
    assert_eq!(taken.len(), 1);
    drop(taken.pop());
    lake.lock("next", Duration::from_secs(2), |_| ()).await.unwrap();
}

#[tokio::test]
async fn system_tables_grow() {
    let lake = fresh("system").await;
    for run in 0..3 {
        lake.system_append("runs", numbers([run])).await.unwrap();
    }
    let (_, files) = lake.newest_files(&table("system.runs")).await.unwrap().unwrap();
    let mut rows = read(&lake, &files).await;
    rows.sort_unstable();
    assert_eq!(rows, [0, 1, 2]);
}
