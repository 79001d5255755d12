//! The large synthetic case: 300 DeSO by age, sex and origin, with RegSO, kommun and totals, 46,746 cells.

use std::{collections::BTreeMap, sync::Arc};

use arrow::array::{Array, Int64Array, RecordBatch, StringArray};
use samsyn::protect::{
    CountTable, Dimension, Level, Policy, Population, System, Zeros, audit, protect_counts,
    secondary::{Options, Problem, suppress},
};

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

/// The peer's hidden cells, by key.
fn theirs() -> Option<BTreeMap<[String; 4], bool>> {
    let peer = Csv::oracle("bench/out_gs_deso300.csv")?;
    let hidden = peer.flags("suppressed");
    let key = |row: usize| ["deso", "alder", "kon", "ursprung"].map(|name| peer.column(name)[row].clone());
    Some((0..peer.rows()).map(|row| (key(row), hidden[row])).collect())
}

#[test]
fn the_large_case_is_the_peers_cell_for_cell() {
    let Some(rows) = Csv::oracle("bench/bench_deso300.csv") else {
        return;
    };
    let Some(theirs) = theirs() else { return };
    let base = [base(&rows)];
    let population = Population {
        name: "stor",
        base: &base,
        count: "antal",
    };
    // the peer keeps base rows with zero as unknowns, which no combination lacks here
    let system = System::build(&population, &[table()], Zeros::Protected).unwrap();
    let primary: Vec<bool> = system
        .cells
        .iter()
        .map(|cell| cell.count > 0 && cell.count < 5)
        .collect();
    let problem = Problem {
        cells: system.cells.iter().map(|cell| cell.rows.as_slice()).collect(),
        counts: system.cells.iter().map(|cell| cell.count).collect(),
        row_counts: &system.counts,
        primary: primary.clone(),
        forbidden: Vec::new(),
    };
    let secondary = suppress(&problem, Options::default());
    let ours: BTreeMap<[String; 4], bool> = system
        .cells
        .iter()
        .zip(primary.iter().zip(secondary))
        .map(|(cell, (primary, secondary))| {
            let codes: Vec<String> = system.key(cell).map(|(_, code)| code.clone()).collect();
            (codes.try_into().unwrap(), *primary || secondary)
        })
        .collect();
    assert_eq!(
        (ours.len(), ours.values().filter(|hidden| **hidden).count()),
        (46_746, 15_302)
    );
    assert_eq!(ours.iter().zip(&theirs).filter(|(a, b)| a != b).count(), 0);
}

/// By the whole route, where the attacker is taken to know which combinations are empty, no more is hidden.
#[test]
fn the_large_case_is_published_with_no_more_hidden() {
    let Some(rows) = Csv::oracle("bench/bench_deso300.csv") else {
        return;
    };
    let Some(theirs) = theirs() else { return };
    let base = [base(&rows)];
    let population = Population {
        name: "stor",
        base: &base,
        count: "antal",
    };
    let policy = Policy {
        complements: false,
        ..Policy::preset("standard").unwrap()
    };
    let outcome = protect_counts(&population, &[table()], &policy).unwrap();
    let batch = &outcome.tables[0].batches()[0];
    let hidden = batch.column_by_name("antal").unwrap().null_count();
    assert_eq!(batch.num_rows(), theirs.len());
    assert!(hidden <= theirs.values().filter(|hidden| **hidden).count(), "{hidden}");
    assert_eq!(outcome.report.audit.cells_checked, hidden as u64);
    assert_eq!(outcome.report.audit.derivable, 0);
    // with complements, and so with the policy as it is preset
    let strict = protect_counts(&population, &[table()], &Policy::preset("standard").unwrap()).unwrap();
    assert!(strict.report.audit.cells_checked > hidden as u64);
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
