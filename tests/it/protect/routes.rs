//! The three routes to a protected table, and what each refuses.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray, UInt64Array},
    compute::cast,
    datatypes::{DataType, Float64Type, Int64Type},
};
use samsyn::{
    error::Error,
    model::{Sensitivity, TableId},
    protect::{
        CountTable, CountsOutcome, DerivedRule, Dimension, Level, OpenEvidence, Policy, Population, Protected,
        ShareRule, Zeros, protect_counts, protect_derived, protect_open,
    },
};

use super::peers::Csv;

fn text(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn whole(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

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

fn policy(threshold: u64, zeros: Zeros, complements: bool) -> Policy {
    Policy {
        threshold,
        zeros,
        complements,
        ..Policy::preset("standard").unwrap()
    }
}

fn protect(base: &RecordBatch, tables: &[CountTable], policy: &Policy) -> Result<CountsOutcome, Error> {
    let population = Population {
        name: "folk",
        base: std::slice::from_ref(base),
        count: "n",
    };
    protect_counts(&population, tables, policy)
}

/// Values by the codes of the given columns, joined by a space.
fn values(protected: &Protected, columns: &[&str]) -> BTreeMap<String, Option<i64>> {
    let mut all = BTreeMap::new();
    for batch in protected.batches() {
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

#[test]
fn the_whole_route_gives_the_peers_tables() {
    for (name, year, threshold, zeros) in [
        ("T2_example1_2014_age_geo_eu_maxN2", "2014", 3, Zeros::Protected),
        ("T4_protectZerosFALSE_maxN4", "2014", 5, Zeros::Published),
        ("T7_2015_maxN2", "2015", 3, Zeros::Protected),
    ] {
        let Some(rows) = Csv::oracle("gauss/in_example1.csv") else {
            return;
        };
        let Some(theirs) = Csv::oracle(&format!("gauss/out_{name}.csv")) else {
            return;
        };
        let rows = rows.filter("year", |text| text == year);
        let column = |name: &str| -> ArrayRef { Arc::new(StringArray::from(rows.column(name).to_vec())) };
        let base = batch(vec![
            ("age", column("age")),
            ("geo", column("geo")),
            ("eu", column("eu")),
            ("n", Arc::new(UInt64Array::from(rows.numbers("freq")))),
        ]);
        let dimensions = vec![dimension("age", &["age"], true), dimension("geo", &["geo", "eu"], true)];
        let keys = ["age", "geo"];
        let outcome = protect(&base, &[table("t", dimensions)], &policy(threshold, zeros, false)).unwrap();
        let expected: BTreeMap<String, Option<i64>> = (0..theirs.rows())
            .map(|row| {
                let key: Vec<&str> = keys.iter().map(|name| theirs.column(name)[row].as_str()).collect();
                let count = i64::try_from(theirs.numbers("freq")[row]).unwrap();
                (key.join(" "), (!theirs.flags("suppressed")[row]).then_some(count))
            })
            .collect();
        assert_eq!(values(&outcome.tables[0], &keys), expected, "{name}");
    }
}

#[test]
fn a_single_area_and_a_single_category_are_protected_too() {
    let base = batch(vec![
        ("deso", text(&["a", "a", "a"])),
        ("kommun", text(&["k", "k", "k"])),
        ("kon", text(&["kvinna", "man", "okänt"])),
        ("n", whole(&[40, 30, 2])),
    ]);
    let tables = [table(
        "t",
        vec![
            dimension("omrade", &["deso", "kommun"], true),
            dimension("kon", &["kon"], true),
        ],
    )];
    let outcome = protect(&base, &tables, &policy(5, Zeros::Published, true)).unwrap();
    let all = values(&outcome.tables[0], &["omrade", "kon"]);
    // the same persons on three levels: shown everywhere or nowhere
    for kon in ["kvinna", "man", "okänt", "Total"] {
        let same: Vec<Option<i64>> = ["a", "k", "Total"]
            .iter()
            .map(|area| all[&format!("{area} {kon}")])
            .collect();
        assert!(same.windows(2).all(|pair| pair[0] == pair[1]), "{kon}: {same:?}");
    }
    assert_eq!(all["a Total"], Some(72));
    assert_eq!(all["a okänt"], None);
    assert_eq!(
        [all["a kvinna"], all["a man"]]
            .iter()
            .filter(|value| value.is_none())
            .count(),
        1
    );
}

#[test]
fn complements_hold_across_tables_and_dimensions() {
    // 100 live here; a table of its own tells that 98 of them work, another that 97 are women who work
    let base = batch(vec![
        ("deso", text(&["a", "a", "a", "a"])),
        ("arbetar", text(&["ja", "ja", "nej", "nej"])),
        ("kon", text(&["kvinna", "man", "kvinna", "man"])),
        ("n", whole(&[97, 1, 0, 2])),
    ]);
    let all = table("alla", vec![dimension("deso", &["deso"], false)]);
    let mut working = table("arbetar", vec![dimension("deso", &["deso"], false)]);
    working.filters = vec![("arbetar".into(), vec!["ja".into()])];
    let mut women = table("kvinnor", vec![dimension("deso", &["deso"], false)]);
    women.filters = vec![
        ("arbetar".into(), vec!["ja".into()]),
        ("kon".into(), vec!["kvinna".into()]),
    ];
    let tables = [all, working, women];
    let shown = |complements: bool| -> Vec<Option<i64>> {
        let outcome = protect(&base, &tables, &policy(5, Zeros::Published, complements)).unwrap();
        outcome
            .tables
            .iter()
            .map(|table| values(table, &["deso"])["a"])
            .collect()
    };
    assert_eq!(shown(false), [Some(100), Some(98), Some(97)]);
    assert_eq!(shown(true), [Some(100), None, None]);
}

#[test]
fn complements_hold_where_areas_cross_and_an_overlap_is_empty() {
    // all 9 of nyko x live in DeSO a, since nobody lives where x and b overlap: then 3 of a's 12 live elsewhere
    let base = batch(vec![
        ("deso", text(&["a", "a", "b", "b"])),
        ("nyko", text(&["x", "y", "x", "y"])),
        ("n", whole(&[9, 3, 0, 40])),
    ]);
    let tables = [
        table("deso", vec![dimension("deso", &["deso"], false)]),
        table("nyko", vec![dimension("nyko", &["nyko"], false)]),
    ];
    let shown = |complements: bool| -> [Option<i64>; 2] {
        let outcome = protect(&base, &tables, &policy(5, Zeros::Published, complements)).unwrap();
        [
            values(&outcome.tables[0], &["deso"])["a"],
            values(&outcome.tables[1], &["nyko"])["x"],
        ]
    };
    assert_eq!(shown(false), [Some(12), Some(9)]);
    assert_eq!(shown(true), [Some(12), None]);
}

#[test]
fn protected_zeros_are_hidden_also_where_the_base_has_no_row() {
    let base = batch(vec![
        ("deso", text(&["a", "a", "b", "c", "c"])),
        ("kommun", text(&["k", "k", "k", "l", "l"])),
        ("kon", text(&["kvinna", "man", "man", "kvinna", "man"])),
        ("n", whole(&[20, 20, 30, 40, 50])),
    ]);
    let dimensions = vec![
        dimension("omrade", &["deso", "kommun"], true),
        dimension("kon", &["kon"], true),
    ];
    let tables = [table("t", dimensions)];
    let keys = ["omrade", "kon"];
    let open = protect(&base, &tables, &policy(5, Zeros::Published, false)).unwrap();
    assert!(!values(&open.tables[0], &keys).contains_key("b kvinna"));
    let closed = protect(&base, &tables, &policy(5, Zeros::Protected, false)).unwrap();
    let cells = values(&closed.tables[0], &keys);
    assert_eq!(cells["b kvinna"], None, "its absence would tell that nobody is there");
    assert_eq!(cells.len(), 6 * 3, "an area keeps to its parents");
}

#[test]
fn nobody_is_shown_when_all_are_few() {
    let base = batch(vec![("kon", text(&["kvinna", "man"])), ("n", whole(&[1, 2]))]);
    let tables = [table("t", vec![dimension("kon", &["kon"], true)])];
    let outcome = protect(&base, &tables, &policy(5, Zeros::Published, true)).unwrap();
    assert!(values(&outcome.tables[0], &["kon"]).values().all(Option::is_none));
}

#[test]
fn counts_refuse_what_they_cannot_protect() {
    let kon = || text(&["kvinna", "man"]);
    let tables = [table("t", vec![dimension("kon", &["kon"], true)])];
    let standard = policy(5, Zeros::Published, true);
    let code = |base: &RecordBatch, tables: &[CountTable], policy: &Policy| {
        protect(base, tables, policy).err().map(|error| error.code())
    };
    let of = |n: ArrayRef| batch(vec![("kon", kon()), ("n", n)]);
    let missing: ArrayRef = Arc::new(StringArray::from(vec![Some("kvinna"), None]));
    assert_eq!(
        code(&batch(vec![("kön", kon()), ("n", whole(&[9, 9]))]), &tables, &standard),
        Some(5001)
    );
    assert_eq!(
        code(
            &batch(vec![("kon", missing), ("n", whole(&[9, 9]))]),
            &tables,
            &standard
        ),
        Some(5002)
    );
    assert_eq!(code(&of(whole(&[9, -1])), &tables, &standard), Some(5003));
    assert_eq!(
        code(&of(Arc::new(Float64Array::from(vec![9.5, 9.0]))), &tables, &standard),
        Some(5003)
    );
    assert_eq!(
        code(&of(Arc::new(Int64Array::from(vec![Some(9), None]))), &tables, &standard),
        Some(5003)
    );
    assert_eq!(
        code(&of(whole(&[i64::MAX, i64::MAX])), &tables, &standard),
        Some(5004),
        "the total does not fit"
    );
    assert_eq!(code(&of(whole(&[i64::MAX - 9, 9])), &tables, &standard), None);
    let twice = [tables[0].clone(), tables[0].clone()];
    assert_eq!(code(&of(whole(&[9, 9])), &twice, &standard), Some(5005));
    let with_total = batch(vec![("kon", text(&["Total", "man"])), ("n", whole(&[18, 9]))]);
    assert_eq!(
        code(&with_total, &tables, &standard),
        Some(5005),
        "a total among the codes"
    );
    assert_eq!(
        code(&of(whole(&[9, 9])), &tables, &policy(1, Zeros::Published, true)),
        Some(5007)
    );
    let nobody = batch(vec![("kon", text(&[])), ("n", whole(&[]))]);
    assert_eq!(code(&nobody, &tables, &standard), Some(5022));
    let mut filtered = tables.clone();
    filtered[0].filters = vec![("kon".into(), vec!["kvinnna".into()])];
    assert_eq!(
        code(&of(whole(&[9, 9])), &filtered, &standard),
        Some(5022),
        "a filter that nothing fits"
    );
}

fn rule(keys: &[&str], values: &[(&str, u32)], minima: &[(&str, f64)]) -> DerivedRule {
    DerivedRule {
        keys: keys.iter().map(ToString::to_string).collect(),
        values: values
            .iter()
            .map(|(name, decimals)| ((*name).to_owned(), *decimals))
            .collect(),
        minima: minima
            .iter()
            .map(|(name, least)| ((*name).to_owned(), *least))
            .collect(),
        ..DerivedRule::default()
    }
}

fn derived(batch: RecordBatch, rule: &DerivedRule) -> Result<Protected, Error> {
    protect_derived("pub.andel".parse().unwrap(), &[batch], rule, &[])
}

#[test]
fn a_percentage_is_hidden_with_the_counts_behind_it() {
    let row = |part: i64, whole: i64| (part, whole, part as f64 / whole as f64 * 100.0);
    let rows = [
        row(4, 101),
        row(5, 100),
        row(95, 100),
        row(96, 100),
        row(100, 100),
        row(0, 19),
        row(0, 4),
    ];
    let names: Vec<String> = (0..rows.len()).map(|at| format!("o{at}")).collect();
    let base = |part: ArrayRef| {
        batch(vec![
            ("omrade", Arc::new(StringArray::from(names.clone()))),
            (
                "andel",
                Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.2))),
            ),
            ("antal", part),
            ("alla", whole(&rows.map(|row| row.1))),
        ])
    };
    let shares = |threshold, least| DerivedRule {
        shares: vec![ShareRule {
            part: "antal".into(),
            whole: "alla".into(),
            threshold,
            least,
        }],
        ..rule(&["omrade"], &[("andel", 1)], &[])
    };
    let good = || base(whole(&rows.map(|row| row.0)));
    let shown = |least| -> Vec<bool> {
        let protected = derived(good(), &shares(5, least)).unwrap();
        assert!(protected.schema().field_with_name("antal").is_err());
        let column = Arc::clone(protected.batches()[0].column_by_name("andel").unwrap());
        (0..column.len()).map(|row| column.is_valid(row)).collect()
    };
    assert_eq!(shown(0), [false, true, true, false, true, true, false]);
    assert_eq!(shown(20), [false, true, true, false, true, false, false]);
    let code = |batch: RecordBatch, rule: &DerivedRule| derived(batch, rule).unwrap_err().code();
    assert_eq!(code(good(), &shares(1, 0)), 5027);
    assert_eq!(code(base(whole(&[-1; 7])), &shares(5, 0)), 5026);
    assert_eq!(
        code(base(Arc::new(Float64Array::from(vec![0.5; 7]))), &shares(5, 0)),
        5026
    );
    let published = DerivedRule {
        values: [("antal".to_owned(), 0)].into(),
        ..shares(5, 0)
    };
    assert_eq!(code(good(), &published), 5025, "the percentage is not named");
}

#[test]
fn derived_figures_are_rounded_and_hidden_below_their_minima() {
    let share: ArrayRef = Arc::new(Float64Array::from(vec![12.345, 50.0, f64::NAN, -0.04]));
    let base = |share: ArrayRef| {
        batch(vec![
            ("omrade", text(&["d", "c", "b", "a"])),
            ("andel", share),
            ("personer", whole(&[100, 19, 30, 20])),
        ])
    };
    let rule = rule(&["omrade"], &[("andel", 1)], &[("personer", 20.0)]);
    let result = derived(base(Arc::clone(&share)), &rule).unwrap();
    let batch = &result.batches()[0];
    assert_eq!(
        batch
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect::<Vec<_>>(),
        ["omrade", "andel", "obs_status", "conf_status"],
        "minima are not published"
    );
    let shown = batch.column_by_name("andel").unwrap().as_primitive::<Float64Type>();
    // in the order of the keys, so that rows do not tell in which order they were
    assert_eq!(shown.iter().collect::<Vec<_>>(), [Some(0.0), None, None, Some(12.3)]);
    assert!(shown.value(0).is_sign_positive());
    let status = |name: &str| {
        batch
            .column_by_name(name)
            .unwrap()
            .as_string::<i32>()
            .iter()
            .flatten()
            .collect::<String>()
    };
    assert_eq!(
        (status("obs_status"), status("conf_status")),
        ("ALQA".into(), "FFCF".into())
    );
    assert_eq!(result.report().levels[0].hidden, 1);
    // a decimal is a number too
    let finite: ArrayRef = Arc::new(Float64Array::from(vec![12.345, 50.0, 1.0, 2.0]));
    let exact = cast(&finite, &DataType::Decimal128(9, 3)).unwrap();
    let rounded = derived(base(exact), &rule).unwrap();
    let shown = rounded.batches()[0]
        .column_by_name("andel")
        .unwrap()
        .as_primitive::<Float64Type>()
        .clone();
    assert_eq!(
        shown.iter().collect::<Vec<_>>(),
        [Some(2.0), Some(1.0), None, Some(12.3)]
    );
}

#[test]
fn derived_figures_refuse_what_they_cannot_protect() {
    let figures = || -> ArrayRef { Arc::new(Float64Array::from(vec![1.0, 2.0])) };
    let base = |key: ArrayRef, value: ArrayRef, least: ArrayRef| {
        batch(vec![("omrade", key), ("andel", value), ("personer", least)])
    };
    let good = || base(text(&["a", "b"]), figures(), whole(&[50, 60]));
    let usual = rule(&["omrade"], &[("andel", 1)], &[("personer", 20.0)]);
    let code = |batch: RecordBatch, rule: &DerivedRule| derived(batch, rule).err().map(|error| error.code());
    assert_eq!(code(good(), &usual), None);
    let missing: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
    assert_eq!(code(base(missing, figures(), whole(&[50, 60])), &usual), Some(5028));
    assert_eq!(
        code(base(text(&["a", "a"]), figures(), whole(&[50, 60])), &usual),
        Some(5028)
    );
    assert_eq!(
        code(base(text(&["a", "b"]), figures(), text(&["50", "60"])), &usual),
        Some(5026)
    );
    assert_eq!(
        code(base(text(&["a", "b"]), text(&["1", "2"]), whole(&[50, 60])), &usual),
        Some(5026)
    );
    assert_eq!(
        code(base(text(&["a", "b"]), whole(&[1, 2]), whole(&[50, 60])), &usual),
        Some(5029),
        "counts"
    );
    let counts = rule(&["omrade"], &[("andel", 1), ("personer", 0)], &[("personer", 20.0)]);
    assert_eq!(code(good(), &counts), Some(5029), "the minimum itself");
    for least in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(
            code(good(), &rule(&["omrade"], &[("andel", 1)], &[("personer", least)])),
            Some(5027)
        );
    }
    assert_eq!(code(good(), &rule(&["omrade"], &[("andel", 1)], &[])), Some(5024));
    assert_eq!(
        code(good(), &rule(&["omrade"], &[("andel", 1)], &[("persner", 20.0)])),
        Some(5023)
    );
    assert_eq!(
        code(good(), &rule(&["andel"], &[("andel", 1)], &[("personer", 20.0)])),
        Some(5027)
    );
    let unnamed = batch(vec![
        ("omrade", text(&["a"])),
        ("andel", Arc::new(Float64Array::from(vec![1.0]))),
        ("inkomst", whole(&[1])),
        ("personer", whole(&[50])),
    ]);
    assert_eq!(code(unnamed, &usual), Some(5025));
    assert_eq!(code(good().slice(0, 0), &usual), Some(5022));
    let published = DerivedRule {
        only_published: true,
        ..rule(&["omrade"], &[("andel", 1), ("personer", 0)], &[])
    };
    let from = |names: &[&str]| {
        let ids: Vec<TableId> = names.iter().map(|name| name.parse().unwrap()).collect();
        let result = protect_derived("pub.andel".parse().unwrap(), &[good()], &published, &ids);
        result.err().map(|error| error.code())
    };
    assert_eq!(from(&["pub.antal", "ref.omrade"]), None);
    assert_eq!(from(&["pub.antal", "core.person"]), Some(5024));
    assert_eq!(from(&[]), Some(5024));
}

#[test]
fn open_data_keep_their_status_and_say_why_a_value_is_missing() {
    let evidence = |class: Sensitivity| OpenEvidence {
        contract: "folk".into(),
        attested_public: class == Sensitivity::Public,
        ancestors: vec![("raw.folk".into(), class)],
    };
    let public = evidence(Sensitivity::Public);
    let counts: ArrayRef = Arc::new(Int64Array::from(vec![Some(5), None, None]));
    let base = |obs: &[Option<&str>], conf: &[Option<&str>]| {
        batch(vec![
            ("kommun", text(&["a", "b", "c"])),
            ("antal", Arc::clone(&counts)),
            ("obs_status", Arc::new(StringArray::from(obs.to_vec()))),
            ("conf_status", Arc::new(StringArray::from(conf.to_vec()))),
        ])
    };
    let open = |batch: RecordBatch, evidence: &OpenEvidence| {
        let values = ["antal".to_owned()];
        protect_open("pub.folk".parse().unwrap(), vec![batch], evidence, &values)
    };
    let code = |batch: RecordBatch| open(batch, &public).err().map(|error| error.code());
    let (a, f, none) = (Some("A"), Some("F"), None);
    let good = base(&[a, Some("M"), Some("Q")], &[f, f, Some("C")]);
    assert_eq!(
        open(good.clone(), &public).unwrap().batches(),
        std::slice::from_ref(&good)
    );
    assert_eq!(
        code(base(&[a, Some("M"), a], &[f, f, f])),
        Some(5021),
        "normal and free, and yet NULL"
    );
    assert_eq!(
        code(base(&[a, Some("M"), none], &[f, f, none])),
        Some(5021),
        "no status"
    );
    assert_eq!(
        code(base(&[a, Some("M"), Some("")], &[f, f, none])),
        Some(5021),
        "an empty status"
    );
    assert_eq!(
        code(batch(vec![("antal", Arc::clone(&counts))])),
        Some(5021),
        "no column of statuses"
    );
    assert_eq!(
        code(base(&[a, Some("M"), Some("M")], &[Some("C"), f, f])),
        Some(5021),
        "a value that its producer calls confidential"
    );
    assert_eq!(code(good.slice(0, 0)), Some(5022));
    assert_eq!(code(batch(vec![("kommun", text(&["a"]))])), Some(5023));
    for class in [Sensitivity::Internal, Sensitivity::Protected] {
        let error = open(good.clone(), &evidence(class)).unwrap_err();
        assert_eq!(error.code(), 5020);
    }
    let nothing = OpenEvidence {
        ancestors: Vec::new(),
        ..public.clone()
    };
    assert_eq!(open(good, &nothing).unwrap_err().code(), 5020);
}
