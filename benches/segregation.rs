//! Segregation indices of every kommun and year, against the same written by hand in DuckDB SQL, in one run.
//!
//! 720,000 rows: 6,000 areas × 15 years × 8 groups, as 290 kommuner have them. `benches/peers/run` makes the peer's
//! environment; where it cannot, its lines are missing and a line says so.
#![expect(clippy::expect_used, reason = "a bench that cannot go on should stop")]

use std::{
    cell::Cell,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use arrow::{
    array::{AsArray, Int32Array, Int64Array, RecordBatch, StringViewArray},
    datatypes::Float64Type,
};
use criterion::{Criterion, Throughput};
use datafusion::datasource::MemTable;
use futures::TryStreamExt;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use samsyn::{
    catalog::{Entry, Rows, Tables},
    engine::{Engine, EngineOptions, Session},
    lake::{Lake, LakeOptions},
    model::{Clock, Layer, TableId},
};

const AREAS: usize = 6_000;
const YEARS: i32 = 15;
const GROUPS: usize = 8;
pub(crate) const THREADS: usize = 2;

/// The rows, with kommun and area coded as Statistics Sweden does.
fn rows(shuffled: bool) -> RecordBatch {
    let mut rng = StdRng::seed_from_u64(1);
    let mut cells = Vec::with_capacity(AREAS * GROUPS * 15);
    for area in 0..AREAS {
        let kommun = area * 290 / AREAS;
        let weight = rng.random_range(2..=16_i64);
        for year in 0..YEARS {
            for (group, most) in [480_i64, 240, 160, 120, 96, 80, 68, 60].into_iter().enumerate() {
                let n = rng.random_range(0..=most) * weight / 9;
                cells.push((kommun, area, 2010 + year, group, n));
            }
        }
    }
    if shuffled {
        cells.shuffle(&mut rng);
    }
    let kommun: StringViewArray = cells.iter().map(|of| Some(format!("{:04}", 114 + of.0 * 8))).collect();
    let area: StringViewArray = cells
        .iter()
        .map(|of| Some(format!("{:04}A{:04}", 114 + of.0 * 8, of.1)))
        .collect();
    let group: StringViewArray = cells.iter().map(|of| Some(format!("grupp {}", of.3))).collect();
    RecordBatch::try_from_iter([
        ("kommun", Arc::new(kommun) as _),
        ("area", Arc::new(area) as _),
        (
            "year",
            Arc::new(cells.iter().map(|of| of.2).collect::<Int32Array>()) as _,
        ),
        ("grp", Arc::new(group) as _),
        ("n", Arc::new(cells.iter().map(|of| of.4).collect::<Int64Array>()) as _),
    ])
    .expect("columns of one length")
}

pub(crate) async fn session(data: &RecordBatch) -> Session {
    let options = LakeOptions {
        clock: Clock::System,
        storage: std::collections::BTreeMap::default(),
    };
    let lake = Lake::open("memory://bench", &options).await.expect("a lake in memory");
    let options = EngineOptions {
        threads: THREADS,
        memory: None,
    };
    let engine = Engine::new(lake, options).expect("an engine");
    let half = data.num_rows() / THREADS;
    let parts = (0..THREADS)
        .map(|part| {
            let part = data.slice(part * half, half);
            (0..half)
                .step_by(8192)
                .map(|at| part.slice(at, 8192.min(half - at)))
                .collect()
        })
        .collect();
    let table = MemTable::try_new(data.schema(), parts).expect("a table");
    let entry = Entry {
        source: Rows::Memory(Arc::new(table)),
        description: None,
        key: Vec::new(),
    };
    let id = TableId::new(Layer::Core, "t").expect("a name");
    engine.workspace(Tables::from([(id, entry)])).expect("a session")
}

/// Runs a query and returns how many results there are and their sum.
pub(crate) async fn query(session: &Session, sql: &str) -> (usize, f64) {
    let stream = session
        .prepare(sql)
        .await
        .expect("a plan")
        .stream()
        .await
        .expect("a stream");
    let batches: Vec<RecordBatch> = stream.try_collect().await.expect("rows");
    let values = |batch: &RecordBatch| {
        let last = batch.column(batch.num_columns() - 1);
        last.as_primitive_opt::<Float64Type>()
            .map_or(0.0, |column| column.iter().flatten().sum())
    };
    (
        batches.iter().map(RecordBatch::num_rows).sum(),
        batches.iter().map(values).sum(),
    )
}

/// DuckDB in a process of its own.
struct Peer {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Peer {
    fn start(data: &RecordBatch, folder: &Path) -> Option<Self> {
        let path = folder.join("rows.parquet");
        let file = std::fs::File::create(&path).ok()?;
        let mut writer = parquet::arrow::ArrowWriter::try_new(file, data.schema(), None).ok()?;
        writer.write(data).ok()?;
        writer.close().ok()?;
        let mut child = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/run"))
            .arg("duckdb_indices.py")
            .arg(&path)
            .arg(THREADS.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut peer = Self {
            to: child.stdin.take()?,
            from: BufReader::new(child.stdout.take()?),
            child,
        };
        peer.ask("D", 1)?;
        Some(peer)
    }

    fn ask(&mut self, name: &str, times: u64) -> Option<(Duration, usize, f64)> {
        writeln!(self.to, "{name} {times}").ok()?;
        let mut line = String::new();
        self.from.read_line(&mut line).ok()?;
        let mut words = line.split_whitespace();
        let seconds: f64 = words.next()?.parse().ok()?;
        Some((
            Duration::from_secs_f64(seconds),
            words.next()?.parse().ok()?,
            words.next()?.parse().ok()?,
        ))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The shortest time of one repetition.
#[derive(Debug, Default)]
struct Best(Cell<Option<Duration>>);

impl Best {
    fn note(&self, all: Duration, times: u64) -> Duration {
        let one = all / u32::try_from(times.max(1)).unwrap_or(u32::MAX);
        self.0.set(Some(self.0.get().map_or(one, |best| best.min(one))));
        all
    }
}

fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Rows of one group of areas in no order: a group and the total.
fn areas(count: u32) -> RecordBatch {
    let mut rng = StdRng::seed_from_u64(2);
    let mut code: Vec<u32> = (0..count).collect();
    code.shuffle(&mut rng);
    let area: StringViewArray = code.iter().map(|code| Some(format!("{code:09}"))).collect();
    let total: Int64Array = code.iter().map(|_| rng.random_range(1..1000_i64)).collect();
    let part: Int64Array = total.values().iter().map(|t| rng.random_range(0..=*t)).collect();
    RecordBatch::try_from_iter([
        ("area", Arc::new(area) as _),
        ("x", Arc::new(part) as _),
        ("t", Arc::new(total) as _),
    ])
    .expect("columns of one length")
}

/// One group of ever more areas: time per area may grow with its logarithm and no faster.
fn growth(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    runtime: &tokio::runtime::Runtime,
) {
    let mut lines = Vec::new();
    for count in [1_000_u32, 10_000, 100_000, 1_000_000, 10_000_000] {
        let session = std::sync::OnceLock::new();
        for (name, call) in [
            ("D", "seg_dissimilarity(area, x, t)"),
            ("Gini", "seg_gini(area, x, t)"),
            ("H", "seg_information_theory(area, x, t)"),
            ("income Gini", "ineq_gini(area, x, t)"),
        ] {
            let sql = format!("SELECT {call} FROM core.t");
            let best = Best::default();
            group.throughput(Throughput::Elements(count.into()));
            group.bench_function(format!("{name} of one group of {count} areas"), |bench| {
                let session = session.get_or_init(|| runtime.block_on(self::session(&areas(count))));
                bench.iter_custom(|times| {
                    let start = Instant::now();
                    for _ in 0..times {
                        runtime.block_on(query(session, &sql));
                    }
                    best.note(start.elapsed(), times)
                });
            });
            if let Some(best) = best.0.get() {
                let each = best.as_secs_f64() / f64::from(count);
                let by = each / f64::from(count).log2();
                lines.push(format!(
                    "{name}: {count} areas {best:.1?}, {:.0} ns an area, {:.1} by log2 n",
                    each * 1e9,
                    by * 1e9
                ));
            }
        }
    }
    for line in &lines {
        say(line);
    }
}

/// Benches of the group `segregation`.
pub(crate) fn benches(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .build()
        .expect("a runtime");
    let mut group = criterion.benchmark_group("segregation");
    group.sample_size(10);
    group.throughput(Throughput::Elements(720_000));
    let folder = tempfile::tempdir().expect("a folder");
    let mut peer: Option<Option<Peer>> = None;
    let mut results: Vec<(&str, Rc<Best>, Rc<Best>)> = Vec::new();
    for (order, shuffled) in [("in order", false), ("shuffled", true)] {
        let data = std::sync::OnceLock::new();
        let session = std::sync::OnceLock::new();
        for (name, function) in [
            ("D", "seg_dissimilarity"),
            ("M", "seg_mutual_information"),
            ("H", "seg_information_theory"),
            ("Gini", "seg_gini"),
        ] {
            let sql = format!("SELECT kommun, year, {function}(area, grp, n) FROM core.t GROUP BY kommun, year");
            let (ours, theirs) = (Rc::new(Best::default()), Rc::new(Best::default()));
            let mut sum = None;
            group.bench_function(format!("{name} {order}"), |bench| {
                let data = data.get_or_init(|| rows(shuffled));
                let session = session.get_or_init(|| runtime.block_on(self::session(data)));
                bench.iter_custom(|times| {
                    let start = Instant::now();
                    for _ in 0..times {
                        sum = Some(runtime.block_on(query(session, &sql)));
                    }
                    ours.note(start.elapsed(), times)
                });
            });
            if sum.is_none() || shuffled || name == "Gini" {
                continue;
            }
            let started = peer.get_or_insert_with(|| Peer::start(data.get_or_init(|| rows(false)), folder.path()));
            let Some(peer) = started else {
                say("skipped: DuckDB by hand, because Python or its package is missing");
                continue;
            };
            group.bench_function(format!("{name} DuckDB by hand"), |bench| {
                bench.iter_custom(|times| {
                    let (all, count, total) = peer.ask(name, times).expect("the peer answers");
                    let (rows, mine) = sum.expect("a result of ours");
                    assert_eq!(rows, count, "results of {name}");
                    assert!((mine - total).abs() < 1e-9 * total.abs(), "{name}: {mine} and {total}");
                    theirs.note(all, times)
                });
            });
            results.push((name, ours, theirs));
        }
    }
    growth(&mut group, &runtime);
    group.finish();
    for (name, ours, theirs) in results {
        if let (Some(ours), Some(theirs)) = (ours.0.get(), theirs.0.get()) {
            let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
            say(&format!(
                "{name}: samsyn {ours:.1?}, DuckDB by hand {theirs:.1?}, ratio {ratio:.2} ({THREADS} threads each, best of each)"
            ));
        }
    }
}
