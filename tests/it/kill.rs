//! Kill -9 at any moment, readers all the while, two runs at once: nothing is lost and nothing is seen half.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Child, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use samsyn::{
    lake::{Lake, Release},
    model::TableId,
};

use crate::{
    cli::{Folder, copy},
    lake::options,
};

const PERSONS: u64 = 2_000;

/// What a lake holds: rows and content of every table of the newest release, and rows of every raw table.
type Content = BTreeMap<String, (u64, String)>;

fn content(lake: &Path) -> Content {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let lake = Lake::open(&lake.to_string_lossy(), &options()).await.unwrap();
        let release = lake.current_release().await.unwrap().unwrap();
        let mut content: Content = release
            .tables
            .iter()
            .map(|(table, pin)| (table.to_string(), (pin.rows, pin.content_hash.clone())))
            .collect();
        let deliveries = lake.deliveries(None).await.unwrap();
        for delivery in &deliveries {
            let (rows, ids) = content.entry(format!("raw.{}", delivery.dataset)).or_default();
            *rows += delivery.rows;
            ids.push_str(&delivery.id);
        }
        // what Delta's own log says of a raw table is what the manifests say: nothing landed twice
        for dataset in deliveries.iter().map(|delivery| &delivery.dataset) {
            let id: TableId = format!("raw.{dataset}").parse().unwrap();
            let (_, files) = lake.newest_files(&id).await.unwrap().unwrap();
            assert_eq!(files.rows(), content[&id.to_string()].0, "{id}");
        }
        content
    })
}

/// Starts a run and kills it after a while; false when it was faster.
fn killed(folder: &Folder, lake: &Path, after: Duration) -> bool {
    let mut child = start(folder, lake);
    std::thread::sleep(after);
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

fn start(folder: &Folder, lake: &Path) -> Child {
    let mut command = folder.command(&["run", "--quiet", "--wait", "60"]);
    command
        .arg("--lake")
        .arg(lake)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn run(folder: &Folder, lake: &Path) {
    let mut command = folder.command(&["run", "--wait", "60"]);
    crate::cli::outcome(command.arg("--lake").arg(lake)).good();
}

/// Reads a lake over and over, until stopped; holds that every release is whole.
struct Reader {
    stop: Arc<AtomicBool>,
    seen: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    /// Starts reading `lake`, which has one of these contents, or none yet.
    fn start(lake: &Path, whole: Vec<Content>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::new(AtomicU64::new(0));
        let (lake, stopped, counter) = (lake.to_owned(), Arc::clone(&stop), Arc::clone(&seen));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                while !stopped.load(Ordering::Relaxed) {
                    if let Some(found) = Lake::find(&lake.to_string_lossy(), &options()).await.unwrap()
                        && let Some(release) = found.current_release().await.unwrap()
                    {
                        holds(&lake, &release, &whole);
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            });
        });
        Self {
            stop,
            seen,
            thread: Some(thread),
        }
    }

    /// Stops; gives how many releases were read.
    fn stop(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        self.seen.load(Ordering::Relaxed)
    }
}

/// A release is whole: it has exactly the tables of one of the contents that there may be, and all their files are there.
fn holds(lake: &Path, release: &Release, whole: &[Content]) {
    let tables: Content = release
        .tables
        .iter()
        .map(|(table, pin)| (table.to_string(), (pin.rows, pin.content_hash.clone())))
        .collect();
    let pinned = |content: &Content| -> Content {
        let kept = content.iter().filter(|(table, _)| !table.starts_with("raw."));
        kept.map(|(table, what)| (table.clone(), what.clone())).collect()
    };
    assert!(
        whole.iter().any(|content| pinned(content) == tables),
        "release {} is not whole",
        release.id
    );
    for pin in release.tables.values() {
        for file in &pin.files.files {
            let size = std::fs::metadata(lake.join(&file.path)).map(|meta| meta.len());
            assert_eq!(size.ok(), Some(file.size), "{}", file.path);
        }
    }
}

/// Kills at `times` moments spread over an undisturbed run, each in a copy of `before`, and holds that the next run makes it whole.
fn kills(folder: &Folder, before: Option<&Path>, whole: &[Content], took: Duration, times: u32, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut hit = 0;
    let mut read = 0;
    for number in 0..times {
        let place = tempfile::tempdir().unwrap();
        let lake = place.path().join("lake");
        if let Some(before) = before {
            copy(before, &lake);
        }
        let reader = Reader::start(&lake, whole.to_vec());
        // one moment in each slice of the run, so that none is left out
        let share = (f64::from(number) + random.random_range(0.0..1.0)) / f64::from(times);
        hit += u32::from(killed(folder, &lake, took.mul_f64(share)));
        run(folder, &lake);
        read += reader.stop();
        assert_eq!(
            &content(&lake),
            whole.last().unwrap(),
            "killed after {share:.3} of a run"
        );
    }
    assert!(
        hit * 2 > times,
        "only {hit} of {times} runs were still running when they were killed"
    );
    assert!(read > 0, "nobody read while it happened");
}

#[test]
fn killed_at_any_moment_the_next_run_makes_the_same() {
    let folder = Folder::demo(PERSONS, (2023, 2024));
    let place = tempfile::tempdir().unwrap();
    let first = place.path().join("first");
    let begun = Instant::now();
    run(&folder, &first);
    let took = begun.elapsed();
    let one = content(&first);
    kills(&folder, None, std::slice::from_ref(&one), took, 50, 1);

    // a second delivery into a lake that is in use
    folder.describe_demo(PERSONS + 50, (2023, 2024));
    let second = place.path().join("second");
    copy(&first, &second);
    let begun = Instant::now();
    run(&folder, &second);
    let took = begun.elapsed();
    let two = content(&second);
    assert_ne!(one, two);
    kills(&folder, Some(&first), &[one, two], took, 12, 2);
}

#[test]
fn of_two_runs_at_once_one_waits_or_is_told() {
    let folder = Folder::demo(PERSONS, (2024, 2024));
    let place = tempfile::tempdir().unwrap();
    let alone = place.path().join("alone");
    run(&folder, &alone);
    let whole = content(&alone);

    let waited = place.path().join("waited");
    let both = [start(&folder, &waited), start(&folder, &waited)];
    for mut child in both {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(content(&waited), whole);

    let told = place.path().join("told");
    let begin = || {
        let mut command = folder.command(&["run", "--wait", "0"]);
        command
            .arg("--lake")
            .arg(&told)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let both = [begin(), begin()];
    let mut done = 0;
    for child in both {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            Some(0) => done += 1,
            code => {
                assert_eq!(code, Some(3), "{said}");
                assert!(said.contains("SAMSYN-4021") && said.contains("help: "), "{said}");
            }
        }
    }
    assert!(done >= 1);
    assert_eq!(content(&told), whole);
}
