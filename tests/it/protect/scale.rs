//! The size of a country, and of a register of many codes: time and memory, measured when asked for:
//! `cargo test --release --test it -- --ignored --nocapture protect::scale`.

use std::{io::Write as _, sync::Arc, time::Instant};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use rand::{Rng, SeedableRng};
use samsyn::protect::{CountTable, Dimension, Level, Policy, Population, protect_counts};

fn dimension(name: &str, levels: &[&str], total: bool) -> Dimension {
    Dimension {
        name: name.into(),
        levels: levels
            .iter()
            .map(|level| Level {
                name: (*level).into(),
                column: (*level).into(),
            })
            .collect(),
        total: total.then(|| "Total".into()),
        level_column: (levels.len() > 1).then(|| "niva".into()),
    }
}

fn table(dimensions: Vec<Dimension>) -> CountTable {
    CountTable {
        table: "pub.stor".parse().unwrap(),
        dimensions,
        measure: "antal".into(),
        filters: Vec::new(),
    }
}

/// Most memory that this process has had, in MB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() / 1024
}

/// DeSO in RegSO in kommuner in län, by age, sex and origin, so many kommuner of about 21 DeSO each.
fn country(kommuner: usize) -> RecordBatch {
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let ages = [0.18, 0.12, 0.26, 0.24, 0.14, 0.06];
    let mut codes: Vec<Vec<String>> = vec![Vec::new(); 7];
    let mut counts: Vec<i64> = Vec::new();
    let mut regso = 0;
    for kommun in 0..kommuner {
        let areas = 6160 * (kommun + 1) / 290 - 6160 * kommun / 290;
        for deso in 0..areas {
            if deso % 2 == 0 || deso % 11 == 5 {
                regso += 1;
            }
            let persons: f64 = random.random_range(700.0..2700.0);
            let foreign = 0.6 * random.random::<f64>().powi(3) + 0.03;
            let origins = [
                1.0 - foreign,
                foreign * 0.2,
                foreign * 0.25,
                foreign * 0.45,
                foreign * 0.1,
            ];
            for (age, of_age) in ages.iter().enumerate() {
                for sex in 0..2 {
                    for (origin, of_origin) in origins.iter().enumerate() {
                        let expected = persons * of_age * 0.5 * of_origin;
                        let count = (expected + expected.sqrt() * random.random_range(-1.7..1.7))
                            .round()
                            .max(0.0);
                        for (at, code) in [
                            format!("D{kommun:03}{deso:03}"),
                            format!("R{regso:05}"),
                            format!("{kommun:04}"),
                            format!("{:02}", kommun * 21 / 290),
                            format!("a{age}"),
                            format!("k{sex}"),
                            format!("u{origin}"),
                        ]
                        .into_iter()
                        .enumerate()
                        {
                            codes[at].push(code);
                        }
                        counts.push(format!("{count:.0}").parse::<i64>().unwrap());
                    }
                }
            }
        }
    }
    let names = ["deso", "regso", "kommun", "lan", "alder", "kon", "ursprung"];
    let mut columns: Vec<(&str, ArrayRef)> = Vec::new();
    for (name, codes) in names.iter().zip(codes) {
        columns.push((name, Arc::new(StringArray::from(codes))));
    }
    columns.push(("antal", Arc::new(Int64Array::from(counts))));
    RecordBatch::try_from_iter(columns).unwrap()
}

fn measure(what: &str, base: &[RecordBatch], table: CountTable) {
    let population = Population {
        name: "stor",
        base,
        count: "antal",
    };
    let begun = Instant::now();
    let outcome = protect_counts(&population, &[table], &Policy::preset("standard").unwrap()).unwrap();
    let (cells, hidden) = outcome.report.levels.iter().fold((0, 0), |(cells, hidden), level| {
        (cells + level.cells, hidden + level.hidden)
    });
    let _ = writeln!(
        std::io::stderr(),
        "{what}: {cells} cells, {hidden} hidden, {:.1} s, at most {} MB",
        begun.elapsed().as_secs_f64(),
        peak()
    );
}

#[test]
#[ignore = "measures speed"]
fn kommuner_to_the_whole_country() {
    for kommuner in [10, 30, 90, 290] {
        let base = [country(kommuner)];
        let levels = ["deso", "regso", "kommun", "lan"];
        let dimensions = vec![
            dimension("omrade", &levels, true),
            dimension("alder", &["alder"], true),
            dimension("kon", &["kon"], true),
            dimension("ursprung", &["ursprung"], true),
        ];
        measure(&format!("{kommuner} kommuner"), &base, table(dimensions));
    }
}

/// A whole number from 0, less than `most`, small ones more often.
fn skewed(random: &mut rand_chacha::ChaCha8Rng, most: f64, power: f64) -> u32 {
    format!("{:.0}", (most * random.random::<f64>().powf(power)).floor())
        .parse()
        .unwrap()
}

#[test]
#[ignore = "measures speed"]
fn a_sparse_register_of_many_codes() {
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(11);
    let rows = 650_000;
    let mut codes: Vec<Vec<String>> = vec![Vec::new(); 7];
    for _ in 0..rows {
        let area = skewed(&mut random, 3000.0, 1.3);
        let parts = [
            format!("A{area:04}"),
            format!("M{:03}", area / 10),
            format!("S{:02}", area / 100),
            format!("b{}", skewed(&mut random, 10.0, 2.0)),
            format!("c{}", random.random_range(0..2)),
            format!("d{:02}", skewed(&mut random, 75.0, 2.0)),
            format!("e{}", skewed(&mut random, 10.0, 2.0)),
        ];
        for (column, code) in codes.iter_mut().zip(parts) {
            column.push(code);
        }
    }
    let names = ["liten", "mellan", "stor", "b", "c", "d", "e"];
    let mut columns: Vec<(&str, ArrayRef)> = Vec::new();
    for (name, codes) in names.iter().zip(codes) {
        columns.push((name, Arc::new(StringArray::from(codes))));
    }
    columns.push(("antal", Arc::new(Int64Array::from(vec![1; rows]))));
    let base = [RecordBatch::try_from_iter(columns).unwrap()];
    let dimensions = vec![
        dimension("omrade", &["liten", "mellan", "stor"], true),
        dimension("b", &["b"], true),
        dimension("c", &["c"], true),
        dimension("d", &["d"], true),
        dimension("e", &["e"], true),
    ];
    measure("650,000 rows", &base, table(dimensions));
}
