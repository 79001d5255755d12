//! Policies as data: what YAML may say, what single cells are told, groups, and what is refused.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use arrow::{
    array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray},
    datatypes::Int64Type,
};
use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed, TestRunner},
};
use samsyn::{
    contract::yaml::parse_yaml,
    error::Error,
    protect::{
        CountTable, CountsOutcome, Dimension, Level, Policy, Population, Selector, Zeros,
        primary::{GroupDisclosure, Rule},
        protect_counts,
    },
};

use super::attacker::Attacker;

const FULL: &str = "
name: halsa
description: hälsa efter område
entity: person
threshold: 5
zeros: hideable
rules:
  - group: {coalition: 1, largest: 50}
priorities:
  - levels: {omrade: [kommun]}
  - {table: pub.halsa, codes: {kon: [Total]}}
force:
  - codes: {omrade: [Total], kon: [Total]}
hide:
  - codes: {kon: [okänt]}
impossible:
  - {kon: [man], diagnos: [graviditet]}
";

#[test]
fn a_policy_is_data() {
    let policy: Policy = parse_yaml(FULL, "halsa.yaml").unwrap();
    policy.check().unwrap();
    assert_eq!(policy.zeros, Zeros::Hideable);
    assert_eq!(
        policy.rules,
        [Rule::Group(GroupDisclosure {
            coalition: 1,
            largest: Some(50)
        })]
    );
    assert_eq!(policy.priorities[0].levels["omrade"], ["kommun"]);
    let words = policy.in_words().join("; ");
    for part in [
        "1 to 4 is unsafe",
        "0 is safe, but may be hidden",
        "at most 50, leaves at most 1",
    ] {
        assert!(words.contains(part), "{words}");
    }
    let amounts = "
name: omsattning
entity: organisation
threshold: 3
rules:
  - dominance: {n: 1, k: 75}
  - dominance: {n: 2, k: 90, at_least: true}
  - p_percent: {p: 10, coalition: 2}
  - pq: {p: 10, q: 50}
remove: [övriga]
worth: contributors
";
    let policy: Policy = parse_yaml(amounts, "omsattning.yaml").unwrap();
    policy.check().unwrap();
    let words = policy.in_words().join("; ");
    for part in [
        "1 to 2 contributors",
        "1 largest contributors give more than 75 %",
        "give at least 90 %",
    ] {
        assert!(words.contains(part), "{words}");
    }
}

#[test]
fn words_that_are_not_known_are_refused_with_the_nearest_one() {
    for (from, to, near) in [
        ("threshold: 5", "treshold: 5", "threshold"),
        ("zeros: hideable", "zeros: hidable", "hideable"),
        ("- group:", "- gruop:", "group"),
        ("coalition: 1", "coalitoin: 1", "coalition"),
        ("entity: person", "entity: persons", "person"),
        ("codes: {kon", "code: {kon", "codes"),
    ] {
        let error = parse_yaml::<Policy>(&FULL.replacen(from, to, 1), "halsa.yaml").unwrap_err();
        assert_eq!(error.code(), 2010, "{to}");
        assert_eq!(
            error.hint_text(),
            Some(format!("did you mean `{near}`?").as_str()),
            "{to}"
        );
    }
}

#[test]
fn every_preset_holds_and_says_what_it_does() {
    let table = Policy::table();
    for policy in Policy::presets() {
        policy.check().unwrap();
        assert!(!policy.description.is_empty());
        assert!(
            table.contains(&format!("| `{}` | {} |", policy.name, policy.description)),
            "{table}"
        );
        let text = serde_json::to_string(&policy).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy);
    }
}

fn dimension(name: &str, levels: &[&str]) -> Dimension {
    Dimension {
        name: name.into(),
        levels: levels
            .iter()
            .map(|level| Level {
                name: (*level).into(),
                column: (*level).into(),
            })
            .collect(),
        total: Some("Total".into()),
        level_column: (levels.len() > 1).then(|| format!("{name}_niva")),
    }
}

fn table(name: &str, dimensions: Vec<Dimension>) -> CountTable {
    CountTable {
        table: format!("pub.{name}").parse().unwrap(),
        dimensions,
        measure: "antal".into(),
        filters: Vec::new(),
    }
}

/// Rows of codes and counts.
fn base(columns: &[&str], rows: &[(&[&str], i64)]) -> RecordBatch {
    let mut all: Vec<(&str, ArrayRef)> = Vec::new();
    for (at, name) in columns.iter().enumerate() {
        all.push((
            name,
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.0[at]))),
        ));
    }
    all.push((
        "n",
        Arc::new(rows.iter().map(|row| Some(row.1)).collect::<Int64Array>()),
    ));
    RecordBatch::try_from_iter(all).unwrap()
}

fn protect(base: &RecordBatch, tables: &[CountTable], policy: &Policy) -> Result<CountsOutcome, Error> {
    let population = Population {
        name: "folk",
        base: std::slice::from_ref(base),
        count: "n",
    };
    protect_counts(&population, tables, policy)
}

/// Values by the codes of all dimensions, joined by a space.
fn values(outcome: &CountsOutcome, table: usize, columns: &[&str]) -> BTreeMap<String, Option<i64>> {
    let mut all = BTreeMap::new();
    for batch in outcome.tables[table].batches() {
        let counts = batch.column_by_name("antal").unwrap().as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let codes: Vec<&str> = columns
                .iter()
                .map(|name| batch.column_by_name(name).unwrap().as_string::<i32>().value(row))
                .collect();
            all.insert(codes.join(" "), counts.is_valid(row).then(|| counts.value(row)));
        }
    }
    all
}

fn codes(of: &[(&str, &[&str])]) -> Selector {
    Selector {
        codes: of
            .iter()
            .map(|(name, codes)| ((*name).to_owned(), codes.iter().map(ToString::to_string).collect()))
            .collect(),
        ..Selector::default()
    }
}

fn areas() -> (RecordBatch, Vec<CountTable>) {
    let base = base(
        &["deso", "kommun", "kon"],
        &[
            (&["a", "k", "kvinna"], 3),
            (&["a", "k", "man"], 40),
            (&["b", "k", "kvinna"], 30),
            (&["b", "k", "man"], 50),
            (&["c", "l", "kvinna"], 60),
            (&["c", "l", "man"], 70),
        ],
    );
    let tables = vec![table(
        "t",
        vec![dimension("omrade", &["deso", "kommun"]), dimension("kon", &["kon"])],
    )];
    (base, tables)
}

#[test]
fn cells_of_a_priority_are_kept_where_others_can_be_hidden() {
    let (base, tables) = areas();
    let plain = Policy {
        complements: false,
        ..Policy::default()
    };
    let keys = ["omrade", "kon"];
    let before = values(&protect(&base, &tables, &plain).unwrap(), 0, &keys);
    // large cells are kept: the small one's neighbours are hidden
    assert_eq!(
        (before["a man"], before["b kvinna"], before["a Total"]),
        (None, None, Some(43))
    );
    let kept = Policy {
        priorities: vec![codes(&[("omrade", &["a"]), ("kon", &["man"])])],
        ..plain.clone()
    };
    let after = values(&protect(&base, &tables, &kept).unwrap(), 0, &keys);
    assert_eq!((after["a man"], after["a Total"]), (Some(40), None));
    // a hidden cell is as unsafe as a small one
    let hidden = Policy {
        hide: vec![codes(&[("omrade", &["c"]), ("kon", &["man"])])],
        ..plain
    };
    let after = values(&protect(&base, &tables, &hidden).unwrap(), 0, &keys);
    assert_eq!(after["c man"], None);
    assert!(after["c kvinna"].is_none() || after["c Total"].is_none());
    assert!(after["l man"].is_none(), "the same persons on another level");
}

#[test]
fn forced_cells_are_published_or_nothing_is() {
    let (base, tables) = areas();
    let force = |cells: Vec<Selector>| Policy {
        complements: false,
        force: cells,
        ..Policy::default()
    };
    let keys = ["omrade", "kon"];
    let one = force(vec![codes(&[("omrade", &["b"]), ("kon", &["kvinna"])])]);
    let after = values(&protect(&base, &tables, &one).unwrap(), 0, &keys);
    assert_eq!(
        (after["b kvinna"], after["a kvinna"], after["k kvinna"]),
        (Some(30), None, None)
    );
    // with both of these, the small cell would be their difference
    let both = force(vec![
        codes(&[("omrade", &["b"]), ("kon", &["kvinna"])]),
        codes(&[("omrade", &["k"]), ("kon", &["kvinna"])]),
    ]);
    let error = protect(&base, &tables, &both).unwrap_err();
    assert_eq!(error.code(), 5064);
    let text = error.to_string();
    assert!(
        text.contains("`pub.t` (omrade = ") && text.contains("kon = kvinna"),
        "{text}"
    );
    let itself = force(vec![codes(&[("omrade", &["a"]), ("kon", &["kvinna"])])]);
    let error = protect(&base, &tables, &itself).unwrap_err();
    assert_eq!(error.code(), 5064);
    assert!(!error.to_string().contains('3'), "an error tells no count: {error}");
}

#[test]
fn cells_that_are_not_there_are_refused_with_the_nearest_name() {
    let (base, tables) = areas();
    for (selector, near) in [
        (codes(&[("omrde", &["a"])]), Some("omrade")),
        (codes(&[("kon", &["kvinnor"])]), Some("kvinna")),
        (
            Selector {
                levels: BTreeMap::from([("omrade".to_owned(), vec!["komun".to_owned()])]),
                ..Selector::default()
            },
            Some("kommun"),
        ),
        (
            Selector {
                table: Some("pub.tt".into()),
                ..Selector::default()
            },
            Some("pub.t"),
        ),
        (
            Selector {
                levels: BTreeMap::from([("omrade".to_owned(), vec!["kommun".to_owned()])]),
                ..codes(&[("omrade", &["a"])])
            },
            None,
        ),
    ] {
        let policy = Policy {
            priorities: vec![selector],
            ..Policy::default()
        };
        let error = protect(&base, &tables, &policy).unwrap_err();
        assert_eq!(error.code(), 5063);
        if let Some(near) = near {
            assert_eq!(error.hint_text(), Some(format!("did you mean `{near}`?").as_str()));
        }
    }
}

#[test]
fn what_cannot_be_is_shown_as_zero_and_protects_nothing() {
    let base = base(
        &["alder", "status"],
        &[
            (&["barn", "elev"], 40),
            (&["barn", "annat"], 6),
            (&["vuxen", "elev"], 9),
            (&["vuxen", "annat"], 50),
            (&["vuxen", "pension"], 70),
            (&["äldre", "pension"], 30),
            (&["äldre", "annat"], 20),
            (&["äldre", "elev"], 0),
        ],
    );
    let tables = [table(
        "t",
        vec![dimension("alder", &["alder"]), dimension("status", &["status"])],
    )];
    let keys = ["alder", "status"];
    let protected = Policy {
        complements: false,
        zeros: Zeros::Protected,
        ..Policy::default()
    };
    let all = values(&protect(&base, &tables, &protected).unwrap(), 0, &keys);
    assert_eq!((all["barn pension"], all["äldre elev"]), (None, None));
    let impossible = |age: &str| {
        let pair = [("alder", age), ("status", "pension")];
        BTreeMap::from(pair.map(|(column, code)| (column.to_owned(), vec![code.to_owned()])))
    };
    let ruled = Policy {
        impossible: vec![impossible("barn")],
        ..protected.clone()
    };
    let all = values(&protect(&base, &tables, &ruled).unwrap(), 0, &keys);
    assert_eq!((all["barn pension"], all["äldre elev"]), (Some(0), None));
    // somebody is there
    let wrong = Policy {
        impossible: vec![impossible("vuxen")],
        ..protected.clone()
    };
    assert_eq!(protect(&base, &tables, &wrong).unwrap_err().code(), 5065);
    let misspelt = Policy {
        impossible: vec![BTreeMap::from([("aldr".to_owned(), vec!["barn".to_owned()])])],
        ..protected
    };
    let error = protect(&base, &tables, &misspelt).unwrap_err();
    assert_eq!((error.code(), error.hint_text()), (5065, Some("did you mean `alder`?")));
}

#[test]
fn rules_that_would_do_nothing_are_refused() {
    let (base, tables) = areas();
    for name in ["dominance", "p10"] {
        let error = protect(&base, &tables, &Policy::preset(name).unwrap()).unwrap_err();
        assert_eq!(error.code(), 5061);
    }
    let zeros_shown = Policy {
        zeros: Zeros::Published,
        ..Policy::preset("group").unwrap()
    };
    assert_eq!(zeros_shown.check().unwrap_err().code(), 5061);
}

/// All of a village are unemployed: neither that, nor the zeros beside it, is shown.
#[test]
fn that_all_of_a_group_have_something_is_not_shown() {
    let base = base(
        &["by", "status"],
        &[
            (&["a", "arbetslös"], 12),
            (&["b", "arbetslös"], 10),
            (&["b", "anställd"], 40),
            (&["c", "arbetslös"], 20),
            (&["c", "anställd"], 80),
            (&["c", "studerar"], 30),
            (&["b", "studerar"], 15),
        ],
    );
    let tables = [table(
        "t",
        vec![dimension("by", &["by"]), dimension("status", &["status"])],
    )];
    let keys = ["by", "status"];
    let shown = values(&protect(&base, &tables, &Policy::default()).unwrap(), 0, &keys);
    assert_eq!(
        (shown["a arbetslös"], shown["a Total"]),
        (Some(12), Some(12)),
        "what the rule is for"
    );
    let outcome = protect(&base, &tables, &Policy::preset("group").unwrap()).unwrap();
    let all = values(&outcome, 0, &keys);
    assert_eq!(all["Total Total"], Some(207));
    assert!(all["a arbetslös"].is_none() || all["a Total"].is_none());
    let zeros = [all["a anställd"], all["a studerar"]];
    assert_ne!(zeros, [Some(0), Some(0)], "the zeros would tell it");
}

/// Random counts with many zeros in areas of two kinds that cross: by their definition no rest of a group is derivable,
/// for who also takes every part of a shown zero for zero.
#[test]
fn no_rest_of_a_group_is_derivable() {
    let config = Config {
        cases: 96,
        rng_seed: RngSeed::Fixed(60_601),
        failure_persistence: None,
        ..Config::default()
    };
    let count = prop_oneof![3 => Just(0_i64), 2 => 1..4_i64, 3 => 4..40_i64];
    let rows = prop::collection::vec((0..4_usize, 0..2_usize, 0..3_usize, count), 3..20);
    let law = |(rows, coalition): (Vec<(usize, usize, usize, i64)>, u64)| {
        let names: Vec<[String; 3]> = rows
            .iter()
            .map(|row| [format!("a{}", row.0), format!("n{}", row.1), format!("s{}", row.2)])
            .collect();
        let texts: Vec<[&str; 3]> = names.iter().map(|names| names.each_ref().map(String::as_str)).collect();
        let given: Vec<(&[&str], i64)> = texts
            .iter()
            .zip(&rows)
            .map(|(texts, row)| (&texts[..], row.3))
            .collect();
        let tables = [
            table(
                "t",
                vec![dimension("omrade", &["a", "nyko"]), dimension("status", &["status"])],
            ),
            table("s", vec![dimension("status", &["status"])]),
        ];
        let rule = GroupDisclosure {
            coalition,
            largest: None,
        };
        let policy = Policy {
            threshold: 3,
            zeros: Zeros::Hideable,
            rules: vec![Rule::Group(rule)],
            ..Policy::default()
        };
        let outcome = protect(&base(&["a", "nyko", "status"], &given), &tables, &policy).unwrap();

        // places that occur, with every status that occurs
        let places: BTreeSet<(usize, usize)> = rows.iter().map(|row| (row.0, row.1)).collect();
        let states: BTreeSet<usize> = rows.iter().map(|row| row.2).collect();
        let atoms: Vec<(usize, usize, usize)> = places
            .iter()
            .flat_map(|(a, n)| states.iter().map(move |s| (*a, *n, *s)))
            .collect();
        let sum = |atom: &(usize, usize, usize)| -> i64 {
            rows.iter()
                .filter(|row| (row.0, row.1, row.2) == *atom)
                .map(|row| row.3)
                .sum()
        };
        let fits = |codes: &str, atom: &(usize, usize, usize)| {
            codes.split(' ').all(|code| {
                code == "Total"
                    || code == format!("a{}", atom.0)
                    || code == format!("n{}", atom.1)
                    || code == format!("s{}", atom.2)
            })
        };
        let mut cells: Vec<(Vec<u32>, bool)> = Vec::new();
        for (number, columns) in [&["omrade", "status"][..], &["status"]].iter().enumerate() {
            for (codes, value) in values(&outcome, number, columns) {
                let set = (0_u32..)
                    .zip(&atoms)
                    .filter(|(_, atom)| fits(&codes, atom))
                    .map(|(at, _)| at)
                    .collect();
                cells.push((set, value.is_some()));
            }
        }
        let count = |set: &[u32]| -> u64 {
            set.iter()
                .map(|at| sum(&atoms[*at as usize]))
                .sum::<i64>()
                .unsigned_abs()
        };
        let shown = || cells.iter().filter(|(_, shown)| *shown).map(|(set, _)| set.clone());
        let zeros = shown().filter(|set| count(set) == 0).flatten().map(|at| vec![at]);
        let attacker = Attacker::new(atoms.len(), shown().chain(zeros));
        for (set, shown) in &cells {
            prop_assert!(*shown || !attacker.knows(set), "a hidden cell is derivable");
        }
        for (part, _) in &cells {
            for (whole, _) in &cells {
                let within = part.len() < whole.len() && part.iter().all(|at| whole.contains(at));
                if within && rule.is_unsafe(count(part), count(whole)) {
                    let rest: Vec<u32> = whole.iter().copied().filter(|at| !part.contains(at)).collect();
                    prop_assert!(!attacker.knows(&rest), "the rest of a group is derivable");
                }
            }
        }
        Ok(())
    };
    TestRunner::new(config).run(&(rows, 0..3_u64), law).unwrap();
}

/// Peers stop when a dimension has one code only.
#[test]
fn dimensions_of_one_code_and_of_none_are_protected() {
    let base = base(
        &["lan", "kon", "alla"],
        &[
            (&["01", "kvinna", "x"], 3),
            (&["01", "man", "x"], 50),
            (&["01", "okänt", "x"], 20),
        ],
    );
    let tables = [
        table(
            "t",
            vec![
                dimension("lan", &["lan"]),
                dimension("kon", &["kon"]),
                dimension("alla", &["alla"]),
            ],
        ),
        table("n", vec![]),
    ];
    let outcome = protect(&base, &tables, &Policy::default()).unwrap();
    let all = values(&outcome, 0, &["lan", "kon", "alla"]);
    for lan in ["01", "Total"] {
        for other in ["x", "Total"] {
            assert_eq!(all[&format!("{lan} kvinna {other}")], None);
            assert_eq!(all[&format!("{lan} man {other}")], Some(50));
        }
    }
    assert_eq!(values(&outcome, 1, &[])[""], Some(73));
}
