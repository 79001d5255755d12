//! Spatial indices against PySAL's `segregation` and EquiPop, in one run.
//!
//! 6,160 areas, as many as there are DeSO, with a kernel of 2 km and with proximity over all pairs; 100,000 cells of
//! 100 m with the nearest 200 to 1,600 people. `benches/peers/run_spatial` makes the peers' environment; where it cannot,
//! their lines are missing. Peers' results are no oracle here: PySAL's clustering is wrong and its kernels are others.

use std::{
    cell::RefCell,
    fmt::Write as _,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use arrow::{
    array::{AsArray as _, Float64Array, RecordBatch, StringViewArray},
    datatypes::Float64Type,
};
use criterion::Criterion;
use futures::TryStreamExt;
use rand::{Rng, SeedableRng, rngs::StdRng};
use samsyn::engine::Session;

use crate::segregation::THREADS;

/// Areas in towns of many sizes, metres; or cells of a lattice.
fn places(count: usize, lattice: bool) -> RecordBatch {
    let mut rng = StdRng::seed_from_u64(9);
    let towns: Vec<[f64; 3]> = (0..40)
        .map(|_| {
            [
                rng.random_range(0.0..300_000.0),
                rng.random_range(0.0..300_000.0),
                rng.random_range(2_000.0..12_000.0),
            ]
        })
        .collect();
    let (mut east, mut north, mut x, mut t) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for at in 0..count {
        if lattice {
            // a square town with holes
            let side = 340;
            east.push((at * 8 / 7 % side) as f64 * 100.0 + 50.0);
            north.push((at * 8 / 7 / side) as f64 * 100.0 + 50.0);
            t.push(f64::from(rng.random_range(1..16_u32)));
        } else {
            let [e, n, spread] = towns[rng.random_range(0..towns.len())];
            let off = |rng: &mut StdRng| (0..4).map(|_| rng.random_range(-1.0..1.0)).sum::<f64>() * spread;
            east.push((e + off(&mut rng)).round());
            north.push((n + off(&mut rng)).round());
            t.push(f64::from(rng.random_range(700..2_700_u32)));
        }
        let share = 0.5 + 0.4 * (east[at] / 3_000.0).sin() * (north[at] / 5_000.0).cos();
        x.push((t[at] * share * rng.random_range(0.5..1.0)).floor());
    }
    RecordBatch::try_from_iter([
        (
            "area",
            Arc::new(
                (0..count)
                    .map(|at| Some(format!("A{at:06}")))
                    .collect::<StringViewArray>(),
            ) as _,
        ),
        ("east", Arc::new(Float64Array::from(east)) as _),
        ("north", Arc::new(Float64Array::from(north)) as _),
        ("x", Arc::new(Float64Array::from(x)) as _),
        ("t", Arc::new(Float64Array::from(t)) as _),
    ])
    .expect("columns of one length")
}

/// A peer in a process of its own.
struct Peer {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Peer {
    fn start(data: &RecordBatch, path: &Path) -> Option<Self> {
        let column = |at: usize| data.column(at).as_primitive::<Float64Type>().values();
        let mut text = "area,east,north,x,t\n".to_owned();
        for row in 0..data.num_rows() {
            let _ = writeln!(
                text,
                "{row},{},{},{},{}",
                column(1)[row],
                column(2)[row],
                column(3)[row],
                column(4)[row]
            );
        }
        std::fs::write(path, text).ok()?;
        let mut child = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/run_spatial"))
            .arg("spatial_indices.py")
            .arg(path)
            .env("OMP_NUM_THREADS", THREADS.to_string())
            .env("NUMBA_NUM_THREADS", THREADS.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        Some(Self {
            to: child.stdin.take()?,
            from: BufReader::new(child.stdout.take()?),
            child,
        })
    }

    /// Seconds of a call, and the megabytes of the process.
    fn ask(&mut self, name: &str) -> Option<(f64, f64)> {
        writeln!(self.to, "{name} 1").ok()?;
        let mut line = String::new();
        self.from.read_line(&mut line).ok()?;
        let mut words = line.split_whitespace();
        let seconds = words.next()?.parse().ok()?;
        Some((seconds, words.nth(1)?.parse().ok()?))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Benches of the group `spatial`.
pub(crate) fn benches(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .build()
        .expect("a runtime");
    let mut group = criterion.benchmark_group("spatial");
    group.sample_size(10);
    let folder = tempfile::tempdir().expect("a folder");
    let mut lines = Vec::new();
    for (lattice, count, calls) in [
        (
            false,
            6_160,
            &[
                (
                    "kernel D",
                    "seg_spatial_dissimilarity(area, east, north, x, t, 2000, 'triangular')",
                ),
                ("SP", "seg_spatial_proximity(area, east, north, 1e6, x, t)"),
            ][..],
        ),
        (
            true,
            100_000,
            &[(
                "kNN",
                "seg_neighbourhood_profile(area, east, north, x, t, '200 400 800 1600')[4]['si']",
            )][..],
        ),
    ] {
        let data = std::sync::OnceLock::new();
        let session = std::sync::OnceLock::new();
        for (name, call) in calls {
            let sql = format!("SELECT {call} FROM core.t");
            let best = RefCell::new(None::<Duration>);
            group.bench_function(*name, |bencher| {
                let data = data.get_or_init(|| places(count, lattice));
                let session = session.get_or_init(|| runtime.block_on(crate::segregation::session(data)));
                bencher.iter_custom(|times| {
                    let start = Instant::now();
                    for _ in 0..times {
                        let value = runtime.block_on(value(session, &sql));
                        assert!(value > 0.0, "{name}: {value}");
                    }
                    let all = start.elapsed();
                    let one = all / u32::try_from(times.max(1)).unwrap_or(u32::MAX);
                    let mut best = best.borrow_mut();
                    *best = Some(best.map_or(one, |best| best.min(one)));
                    all
                });
            });
            let (Some(best), Some(data)) = (*best.borrow(), data.get()) else {
                continue;
            };
            let peer = Peer::start(data, &folder.path().join(format!("{count}.csv")));
            let theirs = peer.and_then(|mut peer| {
                let tries: Option<Vec<(f64, f64)>> = (0..3).map(|_| peer.ask(name)).collect();
                tries?.into_iter().min_by(|left, right| left.0.total_cmp(&right.0))
            });
            lines.push(match theirs {
                Some((seconds, megabytes)) => format!(
                    "{name}: samsyn {best:.1?}, peer {seconds:.3} s ({megabytes} MB), {:.1} times ({THREADS} threads each, best of each)",
                    seconds / best.as_secs_f64()
                ),
                None => format!("{name}: samsyn {best:.1?}, no peer here"),
            });
        }
    }
    group.finish();
    for line in lines {
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}

async fn value(session: &Session, sql: &str) -> f64 {
    let stream = session
        .prepare(sql)
        .await
        .expect("a plan")
        .stream()
        .await
        .expect("a stream");
    let batches: Vec<RecordBatch> = stream.try_collect().await.expect("rows");
    let batch = batches.iter().find(|batch| batch.num_rows() > 0).expect("a row");
    batch.column(0).as_primitive::<Float64Type>().value(0)
}
