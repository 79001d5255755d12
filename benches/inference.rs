//! Bootstraps of M and H of the schools of three American states (8,142 cells of school and race, 877,739 pupils), for
//! which the R package `segregation` takes 3.9 seconds.
#![expect(clippy::expect_used, reason = "a bench that cannot go on should stop")]

use std::{io::Write as _, path::Path, sync::Arc};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray};
use criterion::Criterion;

use crate::segregation::{THREADS, query, session};

/// Returns school, race and pupils; nothing when the reference data are not there.
fn schools() -> Option<RecordBatch> {
    #[expect(clippy::disallowed_methods, reason = "a bench finds its data by the environment")]
    let root =
        std::env::var("SAMSYN_SHARED").unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared").to_owned());
    let path = Path::new(&root).join("data/oracles/segregation/elbersb_schools00.csv");
    let mut reader = csv::Reader::from_path(path).ok()?;
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().ok()?;
    let text = |at: usize| -> ArrayRef { Arc::new(rows.iter().map(|row| row.get(at)).collect::<StringViewArray>()) };
    let n: Int64Array = rows.iter().map(|row| row.get(4).and_then(|n| n.parse().ok())).collect();
    RecordBatch::try_from_iter([("school", text(2)), ("race", text(3)), ("n", Arc::new(n) as ArrayRef)]).ok()
}

/// Benches of the group `bootstrap`.
pub(crate) fn benches(criterion: &mut Criterion) {
    let Some(data) = schools() else {
        let _ = writeln!(
            std::io::stdout(),
            "skipped: bootstrap, because the reference data are missing"
        );
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .build()
        .expect("a runtime");
    let session = runtime.block_on(session(&data));
    let mut group = criterion.benchmark_group("bootstrap");
    group.sample_size(10);
    for (name, call) in [
        (
            "500 of M",
            "seg_bootstrap(school, race, n, 'seg_mutual_information', 500)",
        ),
        (
            "500 of H",
            "seg_bootstrap(school, race, n, 'seg_information_theory', 500)",
        ),
        (
            "500 permutations of H",
            "seg_test(school, race, n, 'seg_information_theory', 'permutation', 'greater', 500)",
        ),
    ] {
        let sql = format!("SELECT {call}['value'] FROM core.t");
        group.bench_function(name, |bench| {
            bench.iter(|| {
                let (rows, value) = runtime.block_on(query(&session, &sql));
                assert!(rows == 1 && value > 0.4, "{sql}: {value}");
            });
        });
    }
    group.finish();
}
