//! Laws that hold for any population and any tables: random areas that nest and that cross, several tables of one
//! population, totals, filters.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use arrow::{
    array::{Array, AsArray, Int64Array, RecordBatch, StringArray},
    datatypes::Int64Type,
};
use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed, TestRunner},
};
use samsyn::protect::{
    CountTable, CountsOutcome, Dimension, Level, Policy, Population, Singletons, Zeros, protect_counts,
};

use super::attacker::Attacker;

const COLUMNS: [&str; 7] = ["deso", "regso", "kommun", "nyko", "kon", "fodelse", "form"];
const AREA_LEVELS: usize = 4;

/// A row of the base: codes of [`COLUMNS`] and the count.
pub(super) type Row = ([u8; 7], u64);

#[derive(Debug, Clone)]
pub(super) struct Table {
    /// Which of the area levels; none: no area dimension.
    areas: Vec<bool>,
    area_total: bool,
    /// For each other column: left out, shown, shown with a total.
    others: Vec<u8>,
    /// Only rows with this code of this column.
    filter: Option<(usize, u8)>,
}

#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) rows: Vec<Row>,
    tables: Vec<Table>,
    pub(super) threshold: u64,
    complements: bool,
    singletons: bool,
    pub(super) zeros_protected: bool,
}

pub(super) fn case() -> impl Strategy<Value = Case> {
    let places = prop::collection::vec((0..5_u8, 0..3_u8), 2..7);
    let nesting = (prop::collection::vec(0..3_u8, 5), prop::collection::vec(0..2_u8, 3));
    let count = prop_oneof![1 => Just(0_u64), 6 => 1..4_u64, 3 => 4..9_u64, 2 => 9..60_u64];
    let rows = prop::collection::vec((any::<prop::sample::Index>(), 0..2_u8, 0..3_u8, 0..2_u8, count), 2..28);
    let table = (
        prop::collection::vec(any::<bool>(), AREA_LEVELS),
        any::<bool>(),
        prop::collection::vec(0..3_u8, 3),
        prop::option::weighted(0.2, (4..7_usize, 0..2_u8)),
    )
        .prop_map(|(areas, area_total, others, filter)| Table {
            areas,
            area_total,
            others,
            filter,
        });
    let rule = (
        2..6_u64,
        any::<bool>(),
        prop::bool::weighted(0.7),
        prop::bool::weighted(0.3),
    );
    (places, nesting, rows, prop::collection::vec(table, 1..4), rule).prop_map(
        |(places, (regso, kommun), rows, tables, (threshold, complements, singletons, zeros_protected))| {
            let rows = rows
                .into_iter()
                .map(|(place, kon, fodelse, form, count)| {
                    let (deso, nyko) = places[place.index(places.len())];
                    let regso = regso[deso as usize];
                    ([deso, regso, kommun[regso as usize], nyko, kon, fodelse, form], count)
                })
                .collect();
            Case {
                rows,
                tables,
                threshold,
                complements,
                singletons,
                zeros_protected,
            }
        },
    )
}

fn code(column: usize, value: u8) -> String {
    format!("{}{value}", &COLUMNS[column][..2])
}

impl Table {
    fn level_columns(&self) -> Vec<usize> {
        (0..AREA_LEVELS).filter(|level| self.areas[*level]).collect()
    }

    /// The dimensions: column numbers, and whether there is a total.
    fn dimensions(&self) -> Vec<(Vec<usize>, bool)> {
        let mut all = Vec::new();
        if !self.level_columns().is_empty() {
            all.push((self.level_columns(), self.area_total));
        }
        for (at, how) in self.others.iter().enumerate() {
            if *how > 0 {
                all.push((vec![AREA_LEVELS + at], *how == 2));
            }
        }
        all
    }

    fn spec(&self, number: usize) -> CountTable {
        let dimensions = self
            .dimensions()
            .into_iter()
            .map(|(columns, total)| {
                let area = columns[0] < AREA_LEVELS;
                Dimension {
                    name: if area {
                        "omrade".into()
                    } else {
                        COLUMNS[columns[0]].into()
                    },
                    levels: columns
                        .iter()
                        .map(|column| Level {
                            name: COLUMNS[*column].into(),
                            column: COLUMNS[*column].into(),
                        })
                        .collect(),
                    total: total.then(|| "alla".into()),
                    level_column: area.then(|| "niva".into()),
                }
            })
            .collect();
        CountTable {
            table: format!("pub.tabell_{number}").parse().unwrap(),
            dimensions,
            measure: "antal".into(),
            filters: self
                .filter
                .iter()
                .map(|(column, value)| (COLUMNS[*column].to_owned(), vec![code(*column, *value)]))
                .collect(),
        }
    }

    fn fits(&self, row: &Row) -> bool {
        self.filter.is_none_or(|(column, value)| row.0[column] == value)
    }
}

pub(super) fn batch(rows: &[Row]) -> RecordBatch {
    let mut columns: Vec<(&str, Arc<dyn Array>)> = Vec::new();
    for (at, name) in COLUMNS.iter().enumerate() {
        let codes: StringArray = rows.iter().map(|row| Some(code(at, row.0[at]))).collect();
        columns.push((name, Arc::new(codes)));
    }
    let counts: Int64Array = rows
        .iter()
        .map(|row| i64::try_from(row.1).unwrap())
        .collect::<Vec<_>>()
        .into();
    columns.push(("n", Arc::new(counts)));
    RecordBatch::try_from_iter(columns).unwrap()
}

/// A cell as the published tables show it: its table, and level and code in every dimension.
pub(super) type Key = (usize, Vec<(String, String)>);

pub(super) struct Model {
    /// Distinct combinations with their counts; empty ones too when zeros are protected, else none.
    pub(super) unknowns: Vec<Row>,
    pub(super) cells: BTreeMap<Key, Vec<u32>>,
}

impl Model {
    /// Every cell by its definition. `None` when a table would be empty.
    pub(super) fn new(case: &Case) -> Option<Self> {
        let mut sums: BTreeMap<[u8; 7], u64> = BTreeMap::new();
        for (key, count) in &case.rows {
            *sums.entry(*key).or_default() += count;
        }
        let mut seen: BTreeSet<[u8; 7]> = sums.keys().copied().collect();
        if case.zeros_protected {
            let places: BTreeSet<[u8; 4]> = seen.iter().map(|key| [key[0], key[1], key[2], key[3]]).collect();
            let values = |column: usize| -> BTreeSet<u8> { seen.iter().map(|key| key[column]).collect() };
            let (kon, fodelse, form) = (values(4), values(5), values(6));
            let mut all = BTreeSet::new();
            for p in &places {
                for k in &kon {
                    for f in &fodelse {
                        for u in &form {
                            all.insert([p[0], p[1], p[2], p[3], *k, *f, *u]);
                        }
                    }
                }
            }
            seen = all;
        }
        let rows: Vec<Row> = seen
            .iter()
            .map(|key| (*key, sums.get(key).copied().unwrap_or(0)))
            .collect();
        let mut cells: BTreeMap<Key, Vec<u32>> = BTreeMap::new();
        let mut unknowns = Vec::new();
        for row in rows {
            let number = u32::try_from(unknowns.len()).unwrap();
            let known_zero = row.1 == 0 && !case.zeros_protected;
            for (at, table) in case.tables.iter().enumerate() {
                if !table.fits(&row) {
                    continue;
                }
                let mut keys: Vec<Vec<(String, String)>> = vec![Vec::new()];
                for (columns, total) in table.dimensions() {
                    let mut options: Vec<(String, String)> = columns
                        .iter()
                        .map(|column| (COLUMNS[*column].to_owned(), code(*column, row.0[*column])))
                        .collect();
                    if total {
                        options.push(("total".into(), "alla".into()));
                    }
                    keys = keys
                        .iter()
                        .flat_map(|key| {
                            options
                                .iter()
                                .map(|option| [key.clone(), vec![option.clone()]].concat())
                        })
                        .collect();
                }
                for key in keys {
                    let set = cells.entry((at, key)).or_default();
                    if !known_zero {
                        set.push(number);
                    }
                }
            }
            if !known_zero {
                unknowns.push(row);
            }
        }
        let tables: BTreeSet<usize> = cells.keys().map(|key| key.0).collect();
        (tables.len() == case.tables.len()).then_some(Self { unknowns, cells })
    }

    pub(super) fn count(&self, set: &[u32]) -> u64 {
        set.iter().map(|row| self.unknowns[*row as usize].1).sum()
    }
}

pub(super) fn policy(case: &Case, threshold: u64) -> Policy {
    Policy {
        name: "lag".into(),
        description: String::new(),
        threshold,
        zeros: if case.zeros_protected {
            Zeros::Protected
        } else {
            Zeros::Published
        },
        complements: case.complements,
        singletons: if case.singletons {
            Singletons::AnySum
        } else {
            Singletons::None
        },
        ..Policy::default()
    }
}

fn protect(case: &Case, batches: &[RecordBatch], threshold: u64) -> CountsOutcome {
    protect_by(case, batches, &policy(case, threshold))
}

pub(super) fn protect_by(case: &Case, batches: &[RecordBatch], policy: &Policy) -> CountsOutcome {
    let population = Population {
        name: "invanare",
        base: batches,
        count: "n",
    };
    let tables: Vec<CountTable> = case
        .tables
        .iter()
        .enumerate()
        .map(|(at, table)| table.spec(at))
        .collect();
    protect_counts(&population, &tables, policy).unwrap()
}

/// What is published: every cell with its value, and the marker that stands there.
pub(super) fn published(case: &Case, outcome: &CountsOutcome) -> BTreeMap<Key, (Option<i64>, String, String)> {
    let mut all = BTreeMap::new();
    for (at, (table, result)) in case.tables.iter().zip(&outcome.tables).enumerate() {
        for batch in result.batches() {
            let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
            let values = batch
                .column_by_name("antal")
                .unwrap()
                .as_primitive::<Int64Type>()
                .clone();
            let (obs, conf) = (text("obs_status"), text("conf_status"));
            for row in 0..batch.num_rows() {
                let key = table
                    .dimensions()
                    .into_iter()
                    .map(|(columns, _)| {
                        if columns[0] < AREA_LEVELS {
                            (text("niva").value(row).to_owned(), text("omrade").value(row).to_owned())
                        } else {
                            let code = text(COLUMNS[columns[0]]).value(row).to_owned();
                            let level = if code == "alla" { "total" } else { COLUMNS[columns[0]] };
                            (level.to_owned(), code)
                        }
                    })
                    .collect();
                let value = values.is_valid(row).then(|| values.value(row));
                let cell = (value, obs.value(row).to_owned(), conf.value(row).to_owned());
                assert!(all.insert((at, key), cell).is_none(), "a cell twice");
            }
        }
    }
    all
}

pub(super) fn unsafe_alone(case: &Case, count: u64, threshold: u64) -> bool {
    (count > 0 && count < threshold) || (count == 0 && case.zeros_protected)
}

fn holds(case: &Case) -> Result<(), TestCaseError> {
    let Some(model) = Model::new(case) else {
        return Err(TestCaseError::reject("a table would be empty"));
    };
    let outcome = protect(case, &[batch(&case.rows)], case.threshold);
    let cells = published(case, &outcome);
    prop_assert_eq!(
        cells.keys().collect::<Vec<_>>(),
        model.cells.keys().collect::<Vec<_>>(),
        "not the cells of the definition"
    );
    let mut markers = BTreeSet::new();
    let mut known = Vec::new();
    let mut hidden = Vec::new();
    for (key, (value, obs, conf)) in &cells {
        let set = &model.cells[key];
        match value {
            Some(value) => {
                prop_assert_eq!(
                    u64::try_from(*value).unwrap(),
                    model.count(set),
                    "a published value is wrong"
                );
                prop_assert_eq!((obs.as_str(), conf.as_str()), ("A", "F"));
                prop_assert!(
                    !unsafe_alone(case, model.count(set), case.threshold),
                    "an unsafe cell is shown"
                );
                known.push(set.as_slice());
            }
            None => {
                markers.insert((obs.clone(), conf.clone()));
                hidden.push(set.as_slice());
            }
        }
    }
    prop_assert!(markers.len() <= 1, "the reason can be told from the marker");

    // no hidden cell, no small complement, no sum of ones
    let attacker = Attacker::new(model.unknowns.len(), &known);
    for set in &hidden {
        prop_assert!(!attacker.knows(set), "a hidden cell is derivable");
    }
    if case.complements {
        for whole in model.cells.values() {
            for part in model.cells.values() {
                let rest: Vec<u32> = whole.iter().copied().filter(|row| !part.contains(row)).collect();
                let left = model.count(&rest);
                if rest.len() + part.len() == whole.len() && !part.is_empty() && left > 0 && left < case.threshold {
                    prop_assert!(!attacker.knows(&rest), "a small complement is derivable");
                }
            }
        }
    }
    if case.singletons {
        let one = u64::from(!case.zeros_protected);
        let ones: Vec<u32> = (0..u32::try_from(model.unknowns.len()).unwrap())
            .filter(|row| model.unknowns[*row as usize].1 == one && model.cells.values().any(|set| set == &[*row]))
            .collect();
        prop_assert!(
            ones.is_empty() || !attacker.knows(&ones),
            "the sum of all ones is derivable"
        );
        let few = &ones[..ones.len().min(9)];
        for subset in 1..1_u32 << few.len() {
            let chosen = few.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1);
            let sum: Vec<u32> = chosen.map(|(_, row)| *row).collect();
            prop_assert!(!attacker.knows(&sum), "a sum of ones is derivable");
        }
    }

    // the log names exactly the unsafe ones as primary, and every other hidden one as secondary
    let reasons = reasons(&outcome);
    let mut expected: Vec<(String, bool)> = cells
        .iter()
        .filter(|(_, cell)| cell.0.is_none())
        .map(|(key, _)| {
            let codes: Vec<&str> = key.1.iter().map(|part| part.1.as_str()).collect();
            let levels: Vec<&str> = key.1.iter().map(|part| part.0.as_str()).collect();
            (
                format!(
                    "pub.tabell_{} {} {}",
                    key.0,
                    levels.join(" × "),
                    serde_json::to_string(&codes).unwrap()
                ),
                unsafe_alone(case, model.count(&model.cells[key]), case.threshold),
            )
        })
        .collect();
    expected.sort();
    prop_assert_eq!(reasons, expected);
    prop_assert_eq!(outcome.report.audit.derivable, 0);
    prop_assert!(outcome.report.audit.cells_checked >= hidden.len() as u64);

    // the order of the rows, and in how many batches they come, make no difference; nor does doing it again
    let mut turned = case.rows.clone();
    turned.reverse();
    let half = turned.len() / 2;
    let again = protect(case, &[batch(&turned[..half]), batch(&turned[half..])], case.threshold);
    for (a, b) in outcome.tables.iter().zip(&again.tables) {
        prop_assert_eq!(a.batches(), b.batches());
    }
    let same = protect(case, &[batch(&case.rows)], case.threshold);
    prop_assert_eq!(&outcome.suppressions, &same.suppressions);

    // a higher threshold shows no cell that is unsafe at a lower one
    let higher = published(case, &protect(case, &[batch(&case.rows)], case.threshold + 1));
    for (key, set) in &model.cells {
        if unsafe_alone(case, model.count(set), case.threshold) {
            prop_assert_eq!(higher[key].0, None);
        }
    }
    Ok(())
}

/// Of every hidden cell its place and whether it is primary.
fn reasons(outcome: &CountsOutcome) -> Vec<(String, bool)> {
    let log = &outcome.suppressions;
    let text = |name: &str| log.column_by_name(name).unwrap().as_string::<i32>().clone();
    let (table, level, key, reason) = (text("table_name"), text("level"), text("key"), text("reason"));
    let mut all: Vec<(String, bool)> = (0..log.num_rows())
        .map(|row| {
            (
                format!("{} {} {}", table.value(row), level.value(row), key.value(row)),
                reason.value(row) == "primary",
            )
        })
        .collect();
    all.sort();
    all
}

#[test]
fn nothing_hidden_is_derivable_in_any_system_of_tables() {
    let mut runner = TestRunner::new(Config {
        cases: 600,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_260_127),
        ..Config::default()
    });
    runner.run(&case(), |case| holds(&case)).unwrap();
}

/// The same attacker recovers nearly all cells when only the unsafe ones are hidden: the laws above can fail.
#[test]
fn hiding_only_unsafe_cells_protects_nobody() {
    let mut rows = Vec::new();
    for deso in 0..4_u8 {
        for fodelse in 0..3_u8 {
            for form in 0..2_u8 {
                let count = u64::from((deso * 7 + fodelse * 5 + form * 3) % 11 + 1);
                rows.push(([deso, deso / 2, 0, 0, 0, fodelse, form], count));
            }
        }
    }
    let case = Case {
        rows,
        tables: vec![Table {
            areas: vec![true, true, true, false],
            area_total: false,
            others: vec![0, 2, 2],
            filter: None,
        }],
        threshold: 5,
        complements: false,
        singletons: false,
        zeros_protected: false,
    };
    holds(&case).unwrap();
    let model = Model::new(&case).unwrap();
    let (hidden, known): (Vec<&Vec<u32>>, Vec<&Vec<u32>>) = model
        .cells
        .values()
        .partition(|set| unsafe_alone(&case, model.count(set), case.threshold));
    let attacker = Attacker::new(model.unknowns.len(), known);
    let recovered = hidden.iter().filter(|set| attacker.knows(set)).count();
    assert!(
        hidden.len() > 5 && recovered * 10 > hidden.len() * 9,
        "{recovered} of {}",
        hidden.len()
    );
}
