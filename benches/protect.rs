//! Disclosure control of the large synthetic case: 300 DeSO by age, sex and origin with RegSO, kommun and totals,
//! 46,746 cells. The peer, GaussSuppression 1.2.3 in R, needs 362 s for the same pattern.

use std::{
    hint::black_box,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use criterion::Criterion;
use samsyn::protect::{
    CountTable, Dimension, Level, Policy, Population, System, Zeros, audit, protect_counts,
    secondary::{Options, Problem, suppress},
};

/// Benches of the group `protect`.
pub(crate) fn benches(criterion: &mut Criterion) {
    let path = shared().join("data/oracles/sdc/bench/bench_deso300.csv");
    let Some(base) = read(&path) else {
        let _ = writeln!(std::io::stderr(), "skipped: protect, for want of {}", path.display());
        return;
    };
    let base = [base];
    let population = Population {
        name: "stor",
        base: &base,
        count: "antal",
    };
    let tables = [table()];
    let Some(standard) = Policy::preset("standard") else {
        return;
    };
    let Ok(system) = System::build(&population, &tables, Zeros::Published) else {
        return;
    };
    let primary: Vec<bool> = system
        .cells
        .iter()
        .map(|cell| cell.count > 0 && cell.count < 5)
        .collect();
    let problem = Problem {
        cells: system.cells.iter().map(|cell| cell.rows.as_slice()).collect(),
        counts: system.cells.iter().map(|cell| cell.count).collect(),
        row_counts: &system.counts,
        known: system.known.clone(),
        primary: primary.clone(),
        forbidden: Vec::new(),
    };
    let secondary = suppress(&problem, Options::default());
    let sets = |wanted: bool| -> Vec<&[u32]> {
        (0..system.cells.len())
            .filter(|cell| (primary[*cell] || secondary[*cell]) == wanted)
            .map(|cell| system.cells[cell].rows.as_slice())
            .collect()
    };
    let (published, hidden) = (sets(false), sets(true));

    let mut group = criterion.benchmark_group("protect");
    group.sample_size(10);
    group.bench_function("system_of_46746_cells", |bench| {
        bench
            .iter(|| System::build(black_box(&population), &tables, Zeros::Published).map(|system| system.cells.len()));
    });
    group.bench_function("elimination", |bench| {
        bench.iter(|| suppress(black_box(&problem), Options::default()));
    });
    group.bench_function("audit", |bench| {
        bench.iter(|| audit::derivable(black_box(&published), &hidden));
    });
    group.bench_function("whole_call", |bench| {
        bench.iter(|| protect_counts(black_box(&population), &tables, &standard).map(|outcome| outcome.tables.len()));
    });
    group.finish();
}

fn shared() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "a bench finds its data by the environment")]
    let given = std::env::var("SAMSYN_SHARED");
    given.map_or_else(
        |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    )
}

fn read(path: &Path) -> Option<RecordBatch> {
    let mut reader = csv::Reader::from_path(path).ok()?;
    let names: Vec<String> = reader.headers().ok()?.iter().map(ToOwned::to_owned).collect();
    let mut columns: Vec<Vec<String>> = vec![Vec::new(); names.len()];
    for record in reader.records() {
        for (column, field) in columns.iter_mut().zip(&record.ok()?) {
            column.push(field.to_owned());
        }
    }
    let arrays = names.into_iter().zip(columns).map(|(name, column)| {
        let array: ArrayRef = if name == "antal" {
            let counts: Vec<Option<i64>> = column.iter().map(|text| text.parse().ok()).collect();
            Arc::new(Int64Array::from(counts))
        } else {
            Arc::new(StringArray::from(column))
        };
        (name, array)
    });
    RecordBatch::try_from_iter(arrays).ok()
}

fn table() -> CountTable {
    let dimension = |name: &str, levels: &[&str]| Dimension {
        name: name.into(),
        levels: levels
            .iter()
            .map(|level| Level {
                name: (*level).into(),
                column: (*level).into(),
            })
            .collect(),
        total: Some("Total".into()),
        level_column: (levels.len() > 1).then(|| "niva".into()),
    };
    CountTable {
        table: samsyn::model::TableId {
            layer: samsyn::model::Layer::Pub,
            name: "stor".into(),
        },
        dimensions: vec![
            dimension("omrade", &["deso", "regso", "kommun"]),
            dimension("alder", &["alder"]),
            dimension("kon", &["kon"]),
            dimension("ursprung", &["ursprung"]),
        ],
        measure: "antal".into(),
        filters: Vec::new(),
    }
}
