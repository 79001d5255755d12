//! The large synthetic case: 300 DeSO by age, sex and origin, with RegSO, kommun and totals, 46,746 cells.

use std::{collections::HashSet, sync::Arc};

use arrow::{
    array::{Array, AsArray, Int64Array, RecordBatch, StringArray},
    datatypes::Int64Type,
};
use samsyn::protect::{CountTable, Dimension, Level, Policy, Population, System, Zeros, audit, protect_counts};

use super::peers::Csv;

fn base(rows: &Csv) -> RecordBatch {
    let mut columns: Vec<(&str, Arc<dyn Array>)> = Vec::new();
    for name in ["kommun", "regso", "deso", "alder", "kon", "ursprung"] {
        columns.push((name, Arc::new(StringArray::from(rows.column(name).to_vec()))));
    }
    let counts: Vec<i64> = rows
        .numbers("antal")
        .into_iter()
        .map(|n| i64::try_from(n).unwrap())
        .collect();
    columns.push(("antal", Arc::new(Int64Array::from(counts))));
    RecordBatch::try_from_iter(columns).unwrap()
}

/// The base of the first so many DeSO.
pub(super) fn areas(number: usize) -> Option<RecordBatch> {
    let rows = Csv::oracle("bench/bench_deso300.csv")?;
    let mut names = rows.column("deso").to_vec();
    names.dedup();
    names.truncate(number);
    Some(base(&rows.filter("deso", |deso| names.iter().any(|name| name == deso))))
}

/// All cells, and which of them the peer hides.
pub(super) fn as_the_peer_hides() -> Option<(System, Vec<bool>)> {
    let rows = Csv::oracle("bench/bench_deso300.csv")?;
    let theirs = Csv::oracle("bench/out_gs_deso300.csv")?;
    let base = [base(&rows)];
    let population = Population {
        name: "stor",
        base: &base,
        count: "antal",
    };
    let system = System::build(&population, &[table()], Zeros::Published).unwrap();
    let flags = theirs.flags("suppressed");
    let names = ["deso", "alder", "kon", "ursprung"];
    let hidden: HashSet<Vec<&str>> = (0..theirs.rows())
        .filter(|row| flags[*row])
        .map(|row| names.iter().map(|name| theirs.column(name)[row].as_str()).collect())
        .collect();
    let of = system
        .cells
        .iter()
        .map(|cell| hidden.contains(&system.key(cell).map(|(_, code)| code.as_str()).collect::<Vec<_>>()))
        .collect();
    Some((system, of))
}

/// Which base rows lie in the kommun that comes first.
pub(super) fn first_kommun(system: &System) -> Vec<bool> {
    let mut within = vec![false; system.counts.len()];
    let cell = system.cells.iter().find(|cell| {
        let key: Vec<&str> = system
            .key(cell)
            .map(|(level, code)| if level == "total" { level } else { code }.as_str())
            .collect();
        key == ["1980", "total", "total", "total"]
    });
    for row in &cell.unwrap().rows {
        within[*row as usize] = true;
    }
    within
}

pub(super) fn table() -> CountTable {
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
        table: "pub.stor".parse().unwrap(),
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

#[test]
fn the_large_case_is_the_peers_cell_for_cell() {
    let Some(rows) = Csv::oracle("bench/bench_deso300.csv") else {
        return;
    };
    let Some(theirs) = Csv::oracle("bench/out_gs_deso300.csv") else {
        return;
    };
    let base = [base(&rows)];
    let population = Population {
        name: "stor",
        base: &base,
        count: "antal",
    };
    let standard = Policy::preset("standard").unwrap();
    let like_the_peer = Policy {
        complements: false,
        ..standard.clone()
    };
    let outcome = protect_counts(&population, &[table()], &like_the_peer).unwrap();
    let batch = &outcome.tables[0].batches()[0];
    let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>();
    let keys = ["omrade", "alder", "kon", "ursprung"].map(text);
    let counts = batch.column_by_name("antal").unwrap().as_primitive::<Int64Type>();
    let mut ours: Vec<_> = (0..batch.num_rows())
        .map(|row| {
            (
                keys.map(|key| key.value(row)),
                counts.is_valid(row).then(|| counts.value(row)),
            )
        })
        .collect();
    ours.sort_unstable();
    let (hidden, counts) = (theirs.flags("suppressed"), theirs.numbers("antal"));
    let keys = ["deso", "alder", "kon", "ursprung"].map(|name| theirs.column(name));
    let mut expected: Vec<_> = (0..theirs.rows())
        .map(|row| {
            let count = i64::try_from(counts[row]).unwrap();
            (keys.map(|key| key[row].as_str()), (!hidden[row]).then_some(count))
        })
        .collect();
    expected.sort_unstable();
    assert_eq!(ours.len(), 46_746);
    assert_eq!(ours.iter().filter(|cell| cell.1.is_none()).count(), 15_302);
    assert_eq!(ours.iter().zip(&expected).filter(|(a, b)| a != b).count(), 0);
    assert_eq!(
        (outcome.report.audit.cells_checked, outcome.report.audit.derivable),
        (15_302, 0)
    );
    // with complements, as the policy is preset
    let strict = protect_counts(&population, &[table()], &standard).unwrap();
    assert!(strict.report.audit.cells_checked > 15_302);
    assert_eq!(strict.report.audit.derivable, 0);
}

/// With only the 7,526 unsafe cells hidden, 7,444 are found again: 98.9 %. The auditor sees each of them.
#[test]
fn the_auditor_finds_what_hiding_only_unsafe_cells_leaves_open() {
    let Some(rows) = Csv::oracle("bench/bench_deso300.csv") else {
        return;
    };
    let base = [base(&rows)];
    let population = Population {
        name: "stor",
        base: &base,
        count: "antal",
    };
    let system = System::build(&population, &[table()], Zeros::Published).unwrap();
    let small = |count: u64| count > 0 && count < 5;
    let sets = |hidden: bool| -> Vec<&[u32]> {
        let cells = system.cells.iter().filter(|cell| small(cell.count) == hidden);
        cells.map(|cell| cell.rows.as_slice()).collect()
    };
    let found = audit::derivable(&sets(false), &sets(true));
    assert_eq!(
        (found.len(), found.iter().filter(|known| **known).count()),
        (7526, 7444)
    );
}
