//! Certificates: what they say holds for any tables, whoever changes a figure is found out, and nothing secret is told.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray},
    datatypes::Int64Type,
};
use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed, TestRunner},
};
use samsyn::protect::{
    CountTable, Dimension, Level, Policy, Population, Zeros,
    evidence::{
        Certificate, Correspondence, PublicPolicy, Rows, Verification, Wrong, certify, columns_together, verify,
    },
    protect_counts,
};

use super::{
    attacker::Attacker,
    laws::{Model, batch, case, definitions, policy, protect_by, published},
};

type Tables = BTreeMap<samsyn::model::TableId, Rows>;

/// Which codes of columns that belong together occur together.
fn correspondences(base: &RecordBatch, tables: &[CountTable]) -> Vec<Correspondence> {
    columns_together(tables)
        .into_iter()
        .filter(|columns| columns.len() > 1)
        .map(|columns| {
            let arrays: Vec<_> = columns
                .iter()
                .map(|name| base.column_by_name(name).unwrap().as_string::<i32>().clone())
                .collect();
            let mut codes: Vec<Vec<String>> = (0..base.num_rows())
                .map(|row| arrays.iter().map(|array| array.value(row).to_owned()).collect())
                .collect();
            codes.sort();
            codes.dedup();
            Correspondence { columns, codes }
        })
        .collect()
}

fn kinds(verification: &Verification) -> Vec<Wrong> {
    let mut kinds: Vec<Wrong> = verification.findings.iter().map(|finding| finding.wrong).collect();
    kinds.dedup();
    kinds
}

#[test]
fn a_certificate_holds_for_any_tables_and_covers_the_truth() {
    let mut runner = TestRunner::new(Config {
        cases: 300,
        rng_seed: RngSeed::Fixed(11),
        failure_persistence: None,
        ..Config::default()
    });
    let counted = std::cell::Cell::new((0, 0, 0, 0));
    let result = runner.run(&case(), |case| {
        let Some(model) = Model::new(&case) else {
            return Ok(());
        };
        let base = batch(&case.rows);
        let policy = policy(&case, case.threshold);
        let outcome = protect_by(&case, std::slice::from_ref(&base), &policy);
        let tables = definitions(&case);
        let mut rows: Tables = outcome
            .tables
            .iter()
            .map(|table| {
                let rows = Rows {
                    content_hash: table.table().to_string(),
                    batches: table.batches().to_vec(),
                };
                (table.table().clone(), rows)
            })
            .collect();
        let public = PublicPolicy::of(&policy, "rows").unwrap();
        let made = certify("invanare", public, &tables, &rows, correspondences(&base, &tables));
        let (mut proved, mut pinned, mut told, mut safe) = counted.get();
        let certificate = match made {
            Ok(certificate) => certificate,
            // counts that are not negative may leave one value where sums alone leave several
            Err(error) => {
                prop_assert_eq!(error.code(), 5080);
                prop_assert!(error.message().contains("one value only"), "{}", error);
                pinned += 1;
                counted.set((proved, pinned, told, safe));
                return Ok(());
            }
        };
        let verification = verify(&certificate, &rows).unwrap();
        prop_assert!(verification.findings.is_empty(), "{:?}", verification.findings);
        proved += 1;
        let all = published(&case, &outcome);
        let world = verification.world.as_ref().unwrap();
        let (exact, _) = world.exact(1).unwrap();
        for ((place, (low, high)), exact) in world.hidden().iter().zip(&verification.ends).zip(&exact) {
            let name = world.name(*place);
            let (key, _) = all
                .iter()
                .find(|((table, key), _)| {
                    let areas = tables[*table]
                        .dimensions
                        .first()
                        .is_some_and(|of| of.level_column.is_some());
                    let words = key.iter().enumerate().flat_map(|(at, (level, code))| {
                        if at == 0 && areas {
                            vec![level, code]
                        } else {
                            vec![code]
                        }
                    });
                    *table == place.0 && words.eq(&name.key)
                })
                .unwrap();
            let truth = model.count(&model.cells[key]);
            prop_assert!(*low <= truth && high.is_none_or(|high| truth <= high), "{:?}", name);
            // programs on all sums at once find no more than single sums prove
            prop_assert!(*low <= exact.0 && high.is_none_or(|high| exact.1.is_some_and(|end| end <= high)));
            prop_assert!(exact.0 <= truth && exact.1.is_none_or(|end| truth <= end));
        }
        // one hidden figure is shown after all: what follows then is found, and an attacker of the tests agrees
        let Some(((table, key), _)) = all.iter().find(|(_, cell)| cell.0.is_none()) else {
            counted.set((proved, pinned, told, safe));
            return Ok(());
        };
        let id = &tables[*table].table;
        let (shown, at) = show_first(&rows[id].batches[0], |_| {
            i64::try_from(model.count(&model.cells[&(*table, key.clone())])).unwrap()
        });
        rows.get_mut(id).unwrap().batches = vec![shown];
        let changed = verify(&certificate, &rows).unwrap();
        let open = published_sets(&model, &all, (*table, at));
        let attacker = Attacker::new(model.unknowns.len(), &open.0);
        let known = open.1.iter().filter(|set| attacker.knows(set)).count() as u64;
        prop_assert!(changed.derivable <= known);
        if changed.derivable > 0 {
            told += 1;
            let first = changed
                .findings
                .iter()
                .find(|finding| finding.wrong == Wrong::Derivable)
                .unwrap();
            prop_assert!(first.equation.is_some());
        } else {
            safe += 1;
        }
        counted.set((proved, pinned, told, safe));
        Ok(())
    });
    result.unwrap();
    let (proved, pinned, told, safe) = counted.get();
    assert!(proved > 150 && told > 20 && pinned + safe > 0, "{:?}", counted.get());
}

/// The batch with its first hidden figure shown, and the number of the row.
fn show_first(batch: &RecordBatch, figure: impl Fn(usize) -> i64) -> (RecordBatch, usize) {
    let figures = batch.column_by_name("antal").unwrap().as_primitive::<Int64Type>();
    let at = (0..figures.len()).find(|row| figures.is_null(*row)).unwrap();
    (change(batch, at, Some(figure(at))), at)
}

/// The batch with another figure in a row, and the marks that go with it.
fn change(batch: &RecordBatch, at: usize, figure: Option<i64>) -> RecordBatch {
    let schema = batch.schema();
    let columns: Vec<ArrayRef> = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| -> ArrayRef {
            let text = |shown: &str, hidden: &str| -> ArrayRef {
                let old = column.as_string::<i32>();
                let mark = if figure.is_some() { shown } else { hidden };
                let marks = (0..old.len()).map(|row| if row == at { mark } else { old.value(row) });
                Arc::new(StringArray::from_iter_values(marks))
            };
            match field.name().as_str() {
                "antal" => {
                    let old = column.as_primitive::<Int64Type>();
                    let new = old
                        .iter()
                        .enumerate()
                        .map(|(row, old)| if row == at { figure } else { old });
                    Arc::new(new.collect::<Int64Array>())
                }
                "obs_status" => text("A", "Q"),
                "conf_status" => text("F", "C"),
                _ => Arc::clone(column),
            }
        })
        .collect();
    RecordBatch::try_new(schema, columns).unwrap()
}

/// Sets of shown and of hidden cells when one more, the first hidden of a table, is shown.
fn published_sets(
    model: &Model,
    all: &BTreeMap<super::laws::Key, (Option<i64>, String, String)>,
    (table, _): (usize, usize),
) -> (Vec<Vec<u32>>, Vec<Vec<u32>>) {
    let (mut shown, mut hidden) = (Vec::new(), Vec::new());
    let mut first = true;
    for (key, (figure, ..)) in all {
        let set = model.cells[key].clone();
        if figure.is_some() || key.0 == table && std::mem::take(&mut first) {
            // who sees that nobody is there knows it of every part
            if model.count(&set) == 0 {
                shown.extend(set.iter().map(|row| vec![*row]));
            }
            shown.push(set);
        } else {
            hidden.push(set);
        }
    }
    (shown, hidden)
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

/// Two areas in each of two regions, two sexes; one small count.
fn small() -> (Certificate, Tables) {
    let base = RecordBatch::try_from_iter(vec![
        ("omrade", texts(&["a", "a", "b", "b", "c", "c", "d", "d"])),
        ("region", texts(&["x", "x", "x", "x", "y", "y", "y", "y"])),
        ("kon", texts(&["K", "M", "K", "M", "K", "M", "K", "M"])),
        (
            "n",
            Arc::new(Int64Array::from(vec![2, 40, 31, 17, 23, 50, 19, 60])) as ArrayRef,
        ),
    ])
    .unwrap();
    let level = |name: &str| Level {
        name: name.into(),
        column: name.into(),
    };
    let tables = vec![CountTable {
        table: "pub.folk".parse().unwrap(),
        dimensions: vec![
            Dimension {
                name: "plats".into(),
                levels: vec![level("omrade"), level("region")],
                total: Some("alla".into()),
                level_column: Some("niva".into()),
            },
            Dimension {
                name: "kon".into(),
                levels: vec![level("kon")],
                total: Some("alla".into()),
                level_column: None,
            },
        ],
        measure: "antal".into(),
        filters: Vec::new(),
    }];
    let population = Population {
        name: "folk",
        base: std::slice::from_ref(&base),
        count: "n",
    };
    let policy = Policy::preset("standard").unwrap();
    let outcome = protect_counts(&population, &tables, &policy).unwrap();
    let rows = Tables::from([(
        tables[0].table.clone(),
        Rows {
            content_hash: "1".into(),
            batches: outcome.tables[0].batches().to_vec(),
        },
    )]);
    let public = PublicPolicy::of(&policy, "rows that nobody reads").unwrap();
    let certificate = certify("folk", public, &tables, &rows, correspondences(&base, &tables)).unwrap();
    (certificate, rows)
}

fn rows_with(rows: &Tables, batch: &RecordBatch) -> Tables {
    let mut rows = rows.clone();
    for rows in rows.values_mut() {
        rows.batches = vec![batch.clone()];
    }
    rows
}

#[test]
fn whoever_changes_something_is_found_out() {
    let (certificate, rows) = small();
    let batch = rows.values().next().unwrap().batches[0].clone();
    let figures = batch
        .column_by_name("antal")
        .unwrap()
        .as_primitive::<Int64Type>()
        .clone();
    let is_total = |row: usize| batch.column_by_name("kon").unwrap().as_string::<i32>().value(row) == "alla";
    let hidden = (0..batch.num_rows()).find(|row| figures.is_null(*row)).unwrap();
    let shown = (0..batch.num_rows())
        .find(|row| figures.is_valid(*row) && !is_total(*row))
        .unwrap();
    let proved = verify(&certificate, &rows).unwrap();
    assert_eq!((proved.findings.len(), proved.derivable), (0, 0));
    // four hidden of 21: two areas, two sexes
    assert_eq!((proved.cells, proved.hidden), (21, 4));

    let mut other = rows.clone();
    for rows in other.values_mut() {
        rows.content_hash = "2".into();
    }
    assert_eq!(kinds(&verify(&certificate, &other).unwrap()), [Wrong::Content]);
    assert_eq!(kinds(&verify(&certificate, &Tables::new()).unwrap())[0], Wrong::Content);

    // the hidden count of two is shown: the other three follow, and each with its sum
    let leak = verify(&certificate, &rows_with(&rows, &change(&batch, hidden, Some(2)))).unwrap();
    assert_eq!(leak.derivable, 3);
    let told: Vec<String> = leak
        .findings
        .iter()
        .filter(|finding| finding.wrong == Wrong::Derivable)
        .map(|finding| finding.equation.as_ref().unwrap().to_string())
        .collect();
    let men = "pub.folk (omrade, a, M) = pub.folk (omrade, a, alla) − pub.folk (omrade, a, K)";
    assert!(told.iter().any(|text| text == men), "{told:?}");
    // no finding tells a figure
    assert!(told.iter().all(|text| !text.contains(|c: char| c.is_ascii_digit())));

    let wrong = verify(&certificate, &rows_with(&rows, &change(&batch, shown, Some(24)))).unwrap();
    assert!(kinds(&wrong).contains(&Wrong::NotAdditive), "{:?}", wrong.findings);
    assert!(wrong.findings.iter().any(|finding| finding.equation.is_some()));

    let gone = batch.slice(1, batch.num_rows() - 1);
    let gone = verify(&certificate, &rows_with(&rows, &gone)).unwrap();
    assert!(!gone.findings.is_empty());
    let twice = arrow::compute::concat_batches(&batch.schema(), [&batch, &batch.slice(0, 1)]).unwrap();
    assert!(kinds(&verify(&certificate, &rows_with(&rows, &twice)).unwrap()).contains(&Wrong::Twice));

    // a marker that says more than that a figure is hidden
    let mut columns = batch.columns().to_vec();
    let at = batch.schema().index_of("conf_status").unwrap();
    let old = columns[at].as_string::<i32>().clone();
    columns[at] = Arc::new(StringArray::from_iter_values(
        (0..old.len()).map(|row| if row == hidden { "D" } else { old.value(row) }),
    ));
    let marked = RecordBatch::try_new(batch.schema(), columns).unwrap();
    assert!(kinds(&verify(&certificate, &rows_with(&rows, &marked)).unwrap()).contains(&Wrong::Marker));
    let more = RecordBatch::try_from_iter(
        batch
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .zip(batch.columns().iter().cloned())
            .chain([("orsak".to_owned(), Arc::new(old.clone()) as ArrayRef)]),
    )
    .unwrap();
    assert_eq!(
        kinds(&verify(&certificate, &rows_with(&rows, &more)).unwrap()),
        [Wrong::ExtraColumn]
    );
}

#[test]
fn a_certificate_that_claims_too_much_is_refused() {
    let (certificate, rows) = small();
    let mut wide = certificate.clone();
    wide.intervals.tables[0].cells[0].2 = Some(1_000_000);
    assert_eq!(kinds(&verify(&wide, &rows).unwrap()), [Wrong::Interval]);
    let mut endless = certificate.clone();
    endless.intervals.tables[0].cells[0].2 = None;
    assert_eq!(kinds(&verify(&endless, &rows).unwrap()), [Wrong::Interval]);
    let mut fewer = certificate.clone();
    fewer.intervals.tables[0].cells.pop();
    assert_eq!(kinds(&verify(&fewer, &rows).unwrap()), [Wrong::Interval]);
    // without the word which areas lie in which region nothing can be proved
    let mut blind = certificate.clone();
    blind.correspondences.clear();
    assert_eq!(kinds(&verify(&blind, &rows).unwrap()), [Wrong::Certificate]);
    let mut newer = certificate;
    newer.format += 1;
    assert_eq!(kinds(&verify(&newer, &rows).unwrap()), [Wrong::Certificate]);
}

#[test]
fn a_certificate_is_the_same_every_time_and_tells_no_secret() {
    let (certificate, _) = small();
    let text = serde_json::to_string(&certificate).unwrap();
    assert_eq!(text, serde_json::to_string(&small().0).unwrap());
    assert_eq!(serde_json::from_str::<Certificate>(&text).unwrap(), certificate);
    // a named policy's threshold is in everybody's documentation
    assert_eq!(certificate.policy.threshold, Some(5));
    let own = Policy {
        name: "standard".into(),
        threshold: 7,
        zeros: Zeros::Published,
        ..Policy::default()
    };
    let public = PublicPolicy::of(&own, "rows").unwrap();
    assert_eq!(public.threshold, None);
    // nor can it be found by trying: the same policy over other rows has another commitment
    assert_ne!(
        public.commitment,
        PublicPolicy::of(&own, "other rows").unwrap().commitment
    );
    assert_eq!(public, PublicPolicy::of(&own, "rows").unwrap());
}
