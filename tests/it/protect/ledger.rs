//! One publication after another: what was hidden stays hidden from who kept everything.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use arrow::{
    array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray},
    datatypes::Int64Type,
};
use proptest::{prelude::*, test_runner::TestCaseError};
use samsyn::protect::{
    Amounts, CountTable, CountsOutcome, Dimension, IntervalRule, Level, Policy, Population, Selector, Zeros,
    ledger::{Earlier, Entry, External, attack},
    protect_counts_after, protect_sums_after,
};

use super::attacker::Attacker;

/// Columns of the population: an area in two vintages that are not nested, a year, a group, and the period of the year.
const COLUMNS: [&str; 5] = ["deso_2018", "deso_2025", "ar", "grupp", "period"];

/// A base row: its codes by column.
type Row = Vec<String>;

/// Who is counted, by base row.
type People = BTreeMap<Row, i64>;

fn batch(people: &People) -> RecordBatch {
    let mut columns: Vec<(&str, ArrayRef)> = Vec::new();
    for (at, name) in COLUMNS.iter().enumerate() {
        let codes: StringArray = people.keys().map(|row| Some(row[at].as_str())).collect();
        columns.push((name, Arc::new(codes)));
    }
    columns.push(("n", Arc::new(Int64Array::from_iter_values(people.values().copied()))));
    RecordBatch::try_from_iter(columns).unwrap()
}

/// A table by these columns, each with its total.
fn table(name: &str, columns: &[&str]) -> CountTable {
    let dimension = |column: &&str| Dimension {
        name: (*column).to_owned(),
        levels: vec![Level {
            name: (*column).to_owned(),
            column: (*column).to_owned(),
        }],
        total: Some("alla".to_owned()),
        level_column: None,
    };
    CountTable {
        table: format!("pub.{name}").parse().unwrap(),
        dimensions: columns.iter().map(dimension).collect(),
        measure: "antal".into(),
        filters: Vec::new(),
    }
}

fn policy(threshold: u64) -> Policy {
    Policy {
        threshold,
        complements: false,
        zeros: Zeros::Published,
        ..Policy::preset("standard").unwrap()
    }
}

fn publish(people: &People, tables: &[CountTable], policy: &Policy, entries: &[Entry]) -> CountsOutcome {
    let base = [batch(people)];
    let population = Population {
        name: "folk",
        base: &base,
        count: "n",
    };
    let earlier = Earlier { entries, external: &[] };
    protect_counts_after(&population, tables, policy, &earlier).unwrap()
}

/// Published cells by their codes.
fn cells(outcome: &CountsOutcome, number: usize) -> BTreeMap<Vec<String>, Option<i64>> {
    let mut all = BTreeMap::new();
    for batch in outcome.tables[number].batches() {
        let counts = batch.column_by_name("antal").unwrap().as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let codes =
                (0..batch.num_columns() - 3).map(|at| batch.column(at).as_string::<i32>().value(row).to_owned());
            all.insert(codes.collect(), counts.is_valid(row).then(|| counts.value(row)));
        }
    }
    all
}

/// What a reader has kept: sums of unknowns, where an unknown is a base row with what it holds.
#[derive(Default)]
struct Reader {
    unknowns: HashMap<(Row, i64), u32>,
    shown: BTreeSet<Vec<u32>>,
    hidden: BTreeSet<Vec<u32>>,
}

impl Reader {
    /// Keeps a publication. A small cell that follows from what was shown before is out already, and no secret; a large
    /// one that was hidden for its sake is then none either.
    fn sees(&mut self, people: &People, tables: &[Vec<&str>], outcome: &CountsOutcome, threshold: u64) {
        let (mut shown, mut hidden) = (Vec::new(), Vec::new());
        for (number, columns) in tables.iter().enumerate() {
            let place = |name: &&str| COLUMNS.iter().position(|column| column == name).unwrap();
            let places: Vec<usize> = columns.iter().map(place).collect();
            for (codes, figure) in cells(outcome, number) {
                let mut set = Vec::new();
                for (row, count) in people.iter().filter(|(_, count)| **count > 0) {
                    let fits = places
                        .iter()
                        .zip(&codes)
                        .all(|(at, code)| code == "alla" || row[*at] == *code);
                    if fits {
                        let next = u32::try_from(self.unknowns.len()).unwrap();
                        set.push(*self.unknowns.entry((row.clone(), *count)).or_insert(next));
                    }
                }
                set.sort_unstable();
                if figure.is_some() { &mut shown } else { &mut hidden }.push(set);
            }
        }
        let before = Attacker::new(self.unknowns.len(), &self.shown);
        self.shown.extend(shown);
        let now = Attacker::new(self.unknowns.len(), &self.shown);
        let held: HashMap<u32, i64> = self.unknowns.iter().map(|((_, count), at)| (*at, *count)).collect();
        for set in hidden {
            let small = set.iter().map(|at| held[at]).sum::<i64>() < i64::try_from(threshold).unwrap();
            if !if small { &before } else { &now }.knows(&set) {
                self.hidden.insert(set);
            }
        }
    }

    /// Hidden cells that follow from everything shown.
    fn finds(&self) -> usize {
        let attacker = Attacker::new(self.unknowns.len(), &self.shown);
        self.hidden.iter().filter(|set| attacker.knows(set)).count()
    }
}

fn row(codes: &[&str]) -> Row {
    codes.iter().map(|code| (*code).to_owned()).collect()
}

fn town() -> People {
    let mut people = People::new();
    for (old, new, counts) in [
        ("A", "a", [3, 40]),
        ("A", "b", [2, 9]),
        ("B", "b", [7, 30]),
        ("C", "c", [4, 25]),
        ("D", "d", [8, 21]),
    ] {
        for (group, count) in ["x", "y"].iter().zip(counts) {
            for year in ["2023", "2024"] {
                people.insert(
                    row(&[old, new, year, group, "2023-2024"]),
                    count + i64::from(year == "2024"),
                );
            }
        }
    }
    people
}

/// Publishes after one another, and says how many hidden cells who kept everything finds: with the ledger and without.
fn found(releases: &[(People, Vec<Vec<&str>>)], policy: &Policy) -> (usize, usize) {
    let run = |with: bool| {
        let mut reader = Reader::default();
        let mut entries: Vec<Entry> = Vec::new();
        for (people, tables) in releases {
            let specs: Vec<CountTable> = tables
                .iter()
                .enumerate()
                .map(|(at, of)| table(&format!("t{at}"), of))
                .collect();
            let outcome = publish(people, &specs, policy, if with { &entries } else { &[] });
            reader.sees(people, tables, &outcome, policy.threshold);
            entries.extend(outcome.entry);
        }
        // the program's own attack on all of it agrees with the reader of these tests
        let attacked = attack(&entries).unwrap();
        assert_eq!(attacked.publications, releases.len() as u64);
        if with {
            assert_eq!((attacked.derivable, attacked.since), (0, None));
        }
        if reader.finds() == 0 {
            assert_eq!(attacked.derivable, 0);
        }
        reader.finds()
    };
    (run(true), run(false))
}

#[test]
fn a_second_vintage_reveals_nothing_of_the_first() {
    let releases = [
        (town(), vec![vec!["deso_2018", "ar", "grupp"]]),
        (town(), vec![vec!["deso_2025", "ar", "grupp"]]),
    ];
    let (with, without) = found(&releases, &policy(5));
    assert_eq!(with, 0);
    assert!(without > 0, "the case must be one that a ledger is needed for");
}

#[test]
fn a_cumulative_year_reveals_nothing_of_its_years() {
    let releases = [
        (town(), vec![vec!["deso_2018", "ar", "grupp"]]),
        (town(), vec![vec!["deso_2018", "period", "grupp"]]),
        (
            town(),
            vec![
                vec!["deso_2018", "period"],
                vec!["grupp", "period"],
                vec!["ar", "grupp"],
            ],
        ),
    ];
    assert_eq!(found(&releases, &policy(5)).0, 0);
}

#[test]
fn a_revision_reveals_nothing_that_did_not_change() {
    // the first publication hides C and a partner; in the second the partner is large and C would be the only gap
    let mut revised = town();
    for ((row, count), more) in revised.iter_mut().zip(1..) {
        if row[0] != "C" {
            *count += 10 + more;
        }
    }
    let tables = vec![vec!["deso_2018", "grupp"], vec!["deso_2018", "ar", "grupp"]];
    let releases = [(town(), tables.clone()), (revised.clone(), tables)];
    assert_eq!(found(&releases, &policy(5)).0, 0);
}

#[test]
fn a_softer_policy_later_shows_nothing_that_was_hidden() {
    let tables = [table("t", &["deso_2018", "ar", "grupp"])];
    let strict = publish(&town(), &tables, &policy(10), &[]);
    let entries: Vec<Entry> = strict.entry.clone().into_iter().collect();
    let soft = publish(&town(), &tables, &policy(3), &entries);
    let (then, now) = (cells(&strict, 0), cells(&soft, 0));
    assert_eq!(
        then, now,
        "the same data: what was hidden stays so, what was shown may stay"
    );
    let alone = cells(&publish(&town(), &tables, &policy(3), &[]), 0);
    assert_ne!(alone, now);
}

#[test]
fn a_stricter_policy_later_protects_who_sees_it_alone_and_says_what_is_out_already() {
    let tables = [table("t", &["deso_2018", "grupp"])];
    let soft = publish(&town(), &tables, &policy(3), &[]);
    let entries: Vec<Entry> = soft.entry.clone().into_iter().collect();
    let strict = publish(&town(), &tables, &policy(10), &entries);
    assert!(strict.report.audit.already_public > 0);
    let example = strict.already_public.clone().unwrap();
    assert!(
        example.contains(" = `pub.t` (") && example.ends_with("as published in publication 1"),
        "{example}"
    );
    assert_eq!(strict.report.audit.derivable, 0);
    // who sees the second alone finds nothing
    let mut reader = Reader::default();
    reader.sees(&town(), &[vec!["deso_2018", "grupp"]], &strict, 10);
    assert!(!reader.hidden.is_empty());
    assert_eq!(reader.finds(), 0);
}

#[test]
fn the_same_again_is_the_same() {
    for singletons in [
        policy(5),
        Policy::preset("standard").unwrap(),
        Policy::preset("strict").unwrap(),
    ] {
        let tables = [
            table("t", &["deso_2018", "ar", "grupp"]),
            table("u", &["deso_2025", "grupp"]),
        ];
        let first = publish(&town(), &tables, &singletons, &[]);
        let entries: Vec<Entry> = first.entry.clone().into_iter().collect();
        let again = publish(&town(), &tables, &singletons, &entries);
        assert_eq!(first.entry, again.entry);
        assert_eq!(first.tables[0].batches(), again.tables[0].batches());
        assert_eq!(again.report.audit.already_public, 0);
    }
}

#[test]
fn an_entry_survives_being_written() {
    let outcome = publish(&town(), &[table("t", &["deso_2018", "grupp"])], &policy(5), &[]);
    let entry = outcome.entry.unwrap();
    let text = serde_json::to_string(&entry).unwrap();
    assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
    let mut broken = entry.clone();
    broken.keys.pop();
    let base = [batch(&town())];
    let population = Population {
        name: "folk",
        base: &base,
        count: "n",
    };
    let earlier = Earlier {
        entries: &[broken],
        external: &[],
    };
    let tables = [table("t", &["grupp"])];
    let error = protect_counts_after(&population, &tables, &policy(5), &earlier).unwrap_err();
    assert_eq!(error.code(), 5071);
}

#[test]
fn what_others_publish_is_known() {
    let base = [batch(&town())];
    let population = Population {
        name: "folk",
        base: &base,
        count: "n",
    };
    let tables = [table("t", &["deso_2018", "grupp"])];
    let outside = table("scb", &["deso_2018", "grupp"]);
    let sums = |area: &str, group: &str| -> u64 {
        town()
            .iter()
            .filter(|(row, _)| (area == "alla" || row[0] == area) && (group == "alla" || row[3] == group))
            .map(|(_, count)| u64::try_from(*count).unwrap())
            .sum()
    };
    let key = |area: &str, group: &str| -> Vec<(String, String)> {
        let place = |column: &str, code: &str| {
            let level = if code == "alla" { "total" } else { column };
            (level.to_owned(), code.to_owned())
        };
        vec![place("deso_2018", area), place("grupp", group)]
    };
    // without others: C x (9) and one partner are hidden at threshold 10
    let alone = publish(&town(), &tables, &policy(10), &[]);
    let hidden: Vec<Vec<String>> = cells(&alone, 0)
        .into_iter()
        .filter(|(_, n)| n.is_none())
        .map(|(key, _)| key)
        .collect();
    let partner = hidden.iter().find(|key| key[0] != "C").unwrap();
    // others show the partner, and a figure that is not ours
    let mut figures = HashMap::new();
    figures.insert(key(&partner[0], &partner[1]), Some(sums(&partner[0], &partner[1])));
    figures.insert(key("alla", "x"), Some(sums("alla", "x") + 1));
    figures.insert(key("D", "y"), None);
    let external = [External {
        table: outside,
        figures,
    }];
    let earlier = Earlier {
        entries: &[],
        external: &external,
    };
    let outcome = protect_counts_after(&population, &tables, &policy(10), &earlier).unwrap();
    assert_eq!(outcome.report.audit.deviating, 1);
    let mut reader = Reader::default();
    reader.sees(&town(), &[vec!["deso_2018", "grupp"]], &outcome, 10);
    assert_eq!(reader.finds(), 0);
    let places: Vec<u32> = reader
        .unknowns
        .iter()
        .filter(|((row, _), _)| row[0] == partner[0] && (partner[1] == "alla" || row[3] == partner[1]))
        .map(|(_, at)| *at)
        .collect();
    let mut set = places;
    set.sort_unstable();
    reader.hidden.remove(&set);
    reader.shown.insert(set);
    assert_eq!(reader.finds(), 0, "with what others show no other hidden cell follows");
}

#[test]
fn intervals_are_those_of_who_kept_everything() {
    let narrow = Policy {
        interval: Some(IntervalRule {
            range_min: 4,
            range_percent: 0,
            rule_aware: 1,
        }),
        ..policy(5)
    };
    let first = publish(&town(), &[table("t", &["deso_2018", "ar", "grupp"])], &narrow, &[]);
    let entries: Vec<Entry> = first.entry.into_iter().collect();
    let second = publish(&town(), &[table("u", &["deso_2025", "ar", "grupp"])], &narrow, &entries);
    let found = second.report.audit.intervals.unwrap();
    assert!(found.checked > 0);
    assert!(found.least_width.is_none_or(|width| width >= 4));
}

/// A reader who kept the softer publication knows what it showed; that must not stop a stricter one.
#[test]
fn what_is_out_already_does_not_stop_intervals() {
    let tables = [table("t", &["deso_2018", "ar", "grupp"])];
    let first = publish(&town(), &tables, &policy(3), &[]);
    let entries: Vec<Entry> = first.entry.into_iter().collect();
    let strict = Policy {
        interval: Some(IntervalRule {
            range_min: 4,
            range_percent: 0,
            rule_aware: 1,
        }),
        ..policy(8)
    };
    let second = publish(&town(), &tables, &strict, &entries);
    assert!(second.report.audit.already_public > 0);
    let found = second.report.audit.intervals.unwrap();
    assert!(
        found.checked > 0 && found.least_width.is_none_or(|width| width >= 4),
        "{found:?}"
    );
}

#[test]
fn amounts_have_a_history_too() {
    let rows = |bump: f64| {
        let mut columns: Vec<(Vec<&str>, f64)> = Vec::new();
        for (sector, area, who, amount) in [
            ("s", "A", "f1", 900.0),
            ("s", "A", "f2", 5.0),
            ("s", "B", "f3", 300.0),
            ("s", "B", "f4", 310.0),
            ("s", "B", "f5", 290.0),
            ("t", "A", "f6", 200.0),
            ("t", "A", "f7", 210.0),
            ("t", "A", "f8", 190.0),
            ("t", "B", "f9", 400.0),
            ("t", "B", "g1", 410.0),
            ("t", "B", "g2", 390.0),
            ("s", "C", "g3", 500.0),
            ("s", "C", "g4", 510.0),
            ("s", "C", "g5", 490.0),
            ("t", "C", "g6", 600.0 + bump),
            ("t", "C", "g7", 610.0),
            ("t", "C", "g8", 590.0),
        ] {
            columns.push((vec![sector, area, who], amount));
        }
        let text = |at: usize| -> ArrayRef {
            Arc::new(StringArray::from(
                columns.iter().map(|(codes, _)| codes[at]).collect::<Vec<_>>(),
            ))
        };
        RecordBatch::try_from_iter(vec![
            ("sektor", text(0)),
            ("omrade", text(1)),
            ("orgnr", text(2)),
            (
                "kronor",
                Arc::new(Float64Array::from(
                    columns.iter().map(|(_, amount)| *amount).collect::<Vec<_>>(),
                )) as ArrayRef,
            ),
        ])
        .unwrap()
    };
    let tables = [table("t", &["sektor", "omrade"])];
    let by = Policy::preset("dominance").unwrap();
    let run = |base: &RecordBatch, entries: &[Entry]| {
        let amounts = Amounts {
            name: "bidrag",
            base: std::slice::from_ref(base),
            contributor: "orgnr",
            value: "kronor",
        };
        let earlier = Earlier { entries, external: &[] };
        protect_sums_after(&amounts, &tables, &by, &earlier).unwrap()
    };
    let first = run(&rows(0.0), &[]);
    let entries: Vec<Entry> = first.entry.clone().into_iter().collect();
    let again = run(&rows(0.0), &entries);
    assert_eq!(first.tables[0].batches(), again.tables[0].batches());
    let hidden = |outcome: &CountsOutcome| outcome.report.levels.iter().map(|level| level.hidden).sum::<u64>();
    assert!(hidden(&first) > 0);
    // one amount changes: what did not change stays hidden
    let later = run(&rows(50.0), &entries);
    assert_eq!(later.report.audit.derivable, 0);
    assert!(hidden(&later) >= hidden(&first) - 1);
}

#[test]
fn who_forces_a_cell_that_reveals_an_old_one_is_shown_the_equation() {
    let first = publish(&town(), &[table("gammal", &["deso_2018", "grupp"])], &policy(8), &[]);
    let shown = cells(&first, 0);
    assert!(
        shown[&vec!["A".to_owned(), "x".to_owned()]].is_some()
            && shown[&vec!["B".to_owned(), "x".to_owned()]].is_some()
    );
    let entries: Vec<Entry> = first.entry.into_iter().collect();
    let mut forced = policy(8);
    forced.force = vec![Selector {
        codes: BTreeMap::from([
            ("deso_2025".to_owned(), vec!["b".to_owned()]),
            ("grupp".to_owned(), vec!["x".to_owned()]),
        ]),
        ..Selector::default()
    }];
    let base = [batch(&town())];
    let population = Population {
        name: "folk",
        base: &base,
        count: "n",
    };
    let tables = [table("ny", &["deso_2025", "grupp"])];
    let earlier = Earlier {
        entries: &entries,
        external: &[],
    };
    let error = protect_counts_after(&population, &tables, &forced, &earlier).unwrap_err();
    assert_eq!(error.code(), 5064);
    let text = error.to_string();
    for part in [
        "`pub.ny` (deso_2025 = a, grupp = x) = ",
        "`pub.gammal` (deso_2018 = A, grupp = x) as published in publication 1",
        " − `pub.ny` (deso_2025 = b, grupp = x)",
    ] {
        assert!(text.contains(part), "{text}");
    }
    // without force it is protected further
    let outcome = protect_counts_after(&population, &tables, &policy(8), &earlier).unwrap();
    assert_eq!(cells(&outcome, 0)[&vec!["b".to_owned(), "x".to_owned()]], None);
}

#[test]
fn the_attack_on_everything_says_since_when() {
    // what no ledger stopped: the same table by a softer policy
    let mut entries: Vec<Entry> = Vec::new();
    for threshold in [10, 3] {
        let tables = [table("t", &["deso_2018", "ar", "grupp"])];
        entries.extend(publish(&town(), &tables, &policy(threshold), &[]).entry);
    }
    let alone = attack(&entries[..1]).unwrap();
    assert_eq!((alone.derivable, alone.since), (0, None));
    assert!(alone.secrets > 0 && alone.shown > 10);
    let found = attack(&entries).unwrap();
    assert!(found.derivable > 0);
    assert_eq!((found.publications, found.since), (2, Some(2)));
    // the other way round: a softer policy first is no leak of the stricter one
    let mut entries: Vec<Entry> = Vec::new();
    for threshold in [3, 10] {
        entries.extend(publish(&town(), &[table("t", &["deso_2018", "grupp"])], &policy(threshold), &[]).entry);
    }
    let found = attack(&entries).unwrap();
    assert!(found.already_public > 0);
    assert_eq!(found.derivable, 0);
    assert_eq!(attack(&[]).unwrap().publications, 0);
}

/// Random towns, revisions and tables.
fn releases() -> impl Strategy<Value = Vec<(People, Vec<Vec<&'static str>>)>> {
    let rows = prop::collection::vec((0..3_usize, 0..3_usize, 0..2_usize, 0..2_usize, 0..12_i64), 6..20);
    let tables: Vec<Vec<&'static str>> = vec![
        vec!["deso_2018", "grupp"],
        vec!["deso_2025", "grupp"],
        vec!["deso_2018", "ar"],
        vec!["deso_2018", "ar", "grupp"],
        vec!["deso_2025", "ar"],
        vec!["ar", "grupp"],
        vec!["deso_2018", "deso_2025"],
    ];
    let some = prop::collection::vec(prop::sample::subsequence(tables, 1..3), 2..4);
    let changes = prop::collection::vec(prop::collection::vec((0..20_usize, 0..12_i64), 0..5), 3);
    (rows, some, changes).prop_map(|(rows, some, changes)| {
        let mut people = People::new();
        for (old, new, year, group, count) in rows {
            let key = row(&[
                ["A", "B", "C"][old],
                ["a", "b", "c"][new],
                ["2023", "2024"][year],
                ["x", "y"][group],
                "alltid",
            ]);
            people.insert(key, count);
        }
        let mut all = Vec::new();
        let mut some = some;
        // the reader of these tests knows rows of all columns apart, so the ledger must too
        if let Some(first) = some.first_mut() {
            first.push(vec!["deso_2018", "deso_2025", "ar", "grupp"]);
        }
        for (tables, changes) in some.into_iter().zip(changes) {
            all.push((people.clone(), tables));
            let places = people.len();
            for (at, count) in changes {
                if let Some(value) = people.values_mut().nth(at % places) {
                    *value = count;
                }
            }
        }
        all
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_who_kept_everything_finds_a_hidden_cell(releases in releases(), threshold in 2_u64..6) {
        if releases.iter().any(|(people, _)| people.values().all(|count| *count == 0)) {
            return Err(TestCaseError::reject("nobody lives there"));
        }
        prop_assert_eq!(found(&releases, &policy(threshold)).0, 0);
    }
}
