//! Inference and what-ifs around segregation indices: published numbers, exact distributions, and every index by name.

use datafusion::prelude::SessionContext;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use samsyn::{error::Error, functions::catalogue};

use crate::segregation::{csv, number, rows, session};

async fn value(context: &SessionContext, sql: &str) -> f64 {
    number(context, sql).await.unwrap_or_else(|| panic!("{sql}: NULL"))
}

async fn near(context: &SessionContext, sql: &str, expected: f64, by: f64) {
    let got = value(context, sql).await;
    assert!((got - expected).abs() <= by, "{sql}: {got}, expected {expected}");
}

/// The README of the R package: 500 bootstraps of M and H of pupils' races in schools.
#[tokio::test]
async fn schools_without_bias() {
    let context = session(2);
    if !csv(&context, "elbersb_schools00").await {
        return;
    }
    let call = |index: &str, field: &str| {
        format!("SELECT seg_bootstrap(school, race, n, '{index}', 100)['{field}'] FROM elbersb_schools00")
    };
    near(
        &context,
        &call("seg_mutual_information", "value"),
        0.425_538_975_876_420,
        1e-12,
    )
    .await;
    near(&context, &call("seg_mutual_information", "corrected"), 0.422, 0.0005).await;
    near(&context, &call("seg_mutual_information", "bias"), 0.0036, 0.0002).await;
    near(&context, &call("seg_mutual_information", "se"), 0.0007, 0.0002).await;
    near(&context, &call("seg_information_theory", "corrected"), 0.415, 0.0005).await;
}

/// What the PySAL module decomposes the difference of D of two groups in Sacramento into.
#[tokio::test]
async fn sacramento_in_parts() {
    let context = session(2);
    if !csv(&context, "pysal_sacramento1_tracts").await {
        return;
    }
    for (method, attributes, structure) in [
        ("composition", -0.161_388_198_429_11, -0.005_104_643_275_80),
        ("share", -0.154_382_857_927_99, -0.012_109_983_776_92),
        ("dual_composition", -0.161_595_269_462_35, -0.004_897_572_242_56),
    ] {
        let call = |field: &str| {
            format!(
                r#"SELECT seg_counterfactual("FIPS", "HISP", "TOT_POP", "BLACK", "TOT_POP", 'seg_dissimilarity', '{method}')['{field}']
                FROM pysal_sacramento1_tracts"#
            )
        };
        near(&context, &call("attributes"), attributes, 1e-13).await;
        near(&context, &call("structure"), structure, 1e-13).await;
    }
}

/// The indices that a call knows, from what it says when asked for another one.
async fn known(context: &SessionContext, sql: &str) -> Vec<String> {
    let frame = context.sql(sql).await.expect("a plan");
    let error = Error::from(frame.collect().await.expect_err("no such index"));
    assert_eq!(error.code(), 6005);
    let names: Vec<String> = error
        .hint_text()
        .unwrap_or_default()
        .split('\'')
        .filter(|word| word.starts_with("seg_"))
        .map(str::to_owned)
        .collect();
    assert!(names.len() > 6, "{names:?}");
    names
}

#[tokio::test]
async fn every_index_of_one_number_can_be_asked_about() {
    const WIDE: &str = "(VALUES ('A', 30, 90), ('B', 5, 60), ('C', 21, 70), ('D', 44, 61)) AS v(area, x, t)";
    const LONG: &str = "(VALUES ('A', 'x', 30), ('A', 'y', 41), ('A', 'z', 9), ('B', 'x', 5), ('B', 'y', 60), ('C', 'x', 33), \
                        ('C', 'y', 8), ('C', 'z', 21)) AS v(area, grp, n)";
    let context = session(1);
    let mut asked = 0;
    for (arguments, from) in [("area, x, t", WIDE), ("area, grp, n", LONG)] {
        let all = known(
            &context,
            &format!("SELECT seg_bootstrap({arguments}, 'none') FROM {from}"),
        )
        .await;
        for index in &all {
            let direct = if index == "seg_exposure" || index == "seg_exposure_exact" {
                format!("SELECT {index}(area, x, t - x, t) FROM {from}")
            } else {
                format!("SELECT {index}({arguments}) FROM {from}")
            };
            let direct = value(&context, &direct).await;
            for (call, field) in [
                (format!("seg_bootstrap({arguments}, '{index}', 50)"), "value"),
                (
                    format!("seg_test({arguments}, '{index}', 'evenness', 'two', 50)"),
                    "value",
                ),
            ] {
                let sql = format!("SELECT {call}['{field}'] FROM {from}");
                assert_eq!(value(&context, &sql).await.to_bits(), direct.to_bits(), "{sql}");
                let sql = format!("SELECT {call}['reps'] FROM {from}");
                near(&context, &sql, 50.0, 0.0).await;
            }
            let sql = format!(
                "SELECT c['without'] + c['contribution'] FROM (SELECT seg_contribution({arguments}, '{index}')[2] AS c FROM {from})"
            );
            near(&context, &sql, direct, 1e-12).await;
            asked += 1;
        }
        // none of the numbers that the catalogue has of such rows is missing
        for definition in catalogue().iter().filter(|of| of.name.starts_with("seg_")) {
            let forms = definition.forms().into_iter().zip(definition.returns());
            let plain = forms.into_iter().any(|(takes, gives)| {
                let names: Vec<&str> = takes.iter().filter(|of| !of.is_optional()).map(|of| of.name).collect();
                gives.to_string() == "DOUBLE"
                    && names == arguments.replace("grp", "group").split(", ").collect::<Vec<_>>()
            });
            let twin = catalogue()
                .iter()
                .any(|of| of.twins.iter().any(|twin| twin.name == definition.name));
            if plain && !twin {
                assert!(all.iter().any(|of| of == definition.name), "{}", definition.name);
            }
        }
    }
    assert!(asked > 20, "{asked}");
}

/// A town without segregation: its people are dealt to areas by lot.
fn dealt(rng: &mut StdRng, town: usize) -> String {
    let sizes = [14, 23, 9, 31, 17, 26];
    let mut people: Vec<bool> = (0..sizes.iter().sum()).map(|at| at % 3 == 0).collect();
    people.shuffle(rng);
    let mut from = 0;
    let rows = sizes.iter().enumerate().map(|(area, size)| {
        let x = people[from..from + size].iter().filter(|of| **of).count();
        from += size;
        format!("({town}, 'A{area}', {x}, {size})")
    });
    rows.collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn p_values_are_even_where_nothing_is_to_be_found() {
    const TOWNS: usize = 400;
    let context = session(2);
    let mut rng = StdRng::seed_from_u64(20);
    let values: Vec<String> = (0..TOWNS).map(|town| dealt(&mut rng, town)).collect();
    for null in ["permutation", "evenness", "systematic"] {
        let sql = format!(
            "SELECT avg(p), avg(CASE WHEN p <= 0.1 THEN 1.0 ELSE 0.0 END), avg(CASE WHEN p <= 0.5 THEN 1.0 ELSE 0.0 END) FROM (
               SELECT seg_test(area, x, t, 'seg_mutual_information', '{null}', 'greater', 99)['p'] AS p
               FROM (VALUES {}) AS v(town, area, x, t) GROUP BY town)",
            values.join(", ")
        );
        let batches = rows(&context, &sql).await;
        let text = |at: usize| -> f64 {
            let column = batches[0].column(at);
            arrow::util::display::array_value_to_string(column, 0)
                .expect("text")
                .parse()
                .expect("a number")
        };
        // standard errors are 0.015 and at most 0.025; evenness and systematic know less than the towns' margins
        let (mean, tenth, half) = (text(0), text(1), text(2));
        assert!((mean - 0.5).abs() < 0.06, "{null}: {mean}");
        assert!((tenth - 0.1).abs() < 0.06, "{null}: {tenth}");
        assert!((half - 0.5).abs() < 0.1, "{null}: {half}");
    }
}

/// Of two areas a permutation is Fisher's exact test.
#[tokio::test]
async fn permutations_of_two_areas_are_fishers() {
    let context = session(1);
    let choose = |n: u32, k: u32| -> f64 { (0..k).map(|at| f64::from(n - at) / f64::from(at + 1)).product() };
    for (x, t, y, u) in [(7_u32, 10_u32, 3_u32, 12_u32), (40, 60, 30, 70)] {
        let (group, all) = (x + y, t + u);
        let chance = |k: u32| choose(t, k) * choose(u, group - k) / choose(all, group);
        let apart = |k: u32| (f64::from(k) / f64::from(t) - f64::from(group - k) / f64::from(u)).abs();
        let p: f64 = (group.saturating_sub(u)..=group.min(t))
            .filter(|k| apart(*k) >= apart(x) - 1e-9)
            .map(chance)
            .sum();
        let sql = format!(
            "SELECT seg_test(area, x, t, 'seg_dissimilarity', 'permutation', 'greater', 20000)['p'] FROM (VALUES ('A', {x}, {t}), ('B', {y}, {u})) AS v(area, x, t)"
        );
        near(&context, &sql, p, 5.0 * (p * (1.0 - p) / 20_000.0).sqrt() + 1e-4).await;
    }
}

/// Lillköping's mean D of all deals, by the hypergeometric distribution of every area.
#[tokio::test]
async fn the_mean_of_permutations_is_known() {
    let context = session(2);
    let town = "(VALUES ('A01', 60, 1200), ('A02', 90, 1500), ('A03', 40, 1100), ('A04', 150, 1800), ('A05', 620, 2100), \
                ('A06', 780, 1900), ('A07', 140, 1300), ('A08', 260, 1600), ('A09', 900, 2000), ('A10', 30, 900), \
                ('A11', 110, 1400), ('A12', 90, 1000)) AS v(area, x, t)";
    let sql = format!(
        "SELECT seg_test(area, x, t, 'seg_dissimilarity', 'permutation', 'greater', 20000)['expected'] FROM {town}"
    );
    near(&context, &sql, 0.025_351_096_998_197_74, 0.0002).await;
}

/// Intervals hold what they should nearly as often as they say.
#[tokio::test]
async fn intervals_hold_the_index_of_the_town_that_was_drawn_from() {
    const TOWNS: usize = 200;
    const TRUE: [(f64, u32); 5] = [(0.1, 300), (0.2, 200), (0.5, 250), (0.35, 150), (0.05, 100)];
    let context = session(2);
    let mut rng = StdRng::seed_from_u64(21);
    let mut values = Vec::new();
    for town in 0..TOWNS {
        for (area, (share, size)) in TRUE.iter().enumerate() {
            let x = (0..*size).filter(|_| rng.random_bool(*share)).count();
            values.push(format!("({town}, 'A{area}', {x}, {size})"));
        }
    }
    let truth: Vec<String> = TRUE
        .iter()
        .enumerate()
        .map(|(area, (share, size))| format!("('A{area}', {}, {size})", share * f64::from(*size)))
        .collect();
    let truth = value(
        &context,
        &format!(
            "SELECT seg_mutual_information(area, x, t) FROM (VALUES {}) AS v(area, x, t)",
            truth.join(", ")
        ),
    )
    .await;
    let sql = format!(
        "SELECT avg(CASE WHEN b['lo'] <= {truth} AND {truth} <= b['hi'] THEN 1.0 ELSE 0.0 END) FROM (
           SELECT seg_bootstrap(area, x, t, 'seg_mutual_information', 200, 1, 0.9) AS b FROM (VALUES {}) AS v(town, area, x, t) GROUP BY town)",
        values.join(", ")
    );
    near(&context, &sql, 0.9, 0.08).await;
}

#[tokio::test]
async fn a_difference_that_is_there_is_found() {
    let context = session(1);
    let data = "(VALUES ('A', 90, 100, 50, 100), ('B', 5, 100, 45, 100), ('C', 80, 100, 52, 100), ('D', 10, 100, 48, 100), \
                ('E', 88, 100, 55, 100), ('F', 7, 100, 44, 100), ('G', 93, 100, 47, 100), ('H', 12, 100, 51, 100)) AS v(area, x1, t1, x2, t2)";
    for null in [
        "random_label",
        "swap",
        "bootstrap",
        "composition",
        "share",
        "dual_composition",
    ] {
        let p = format!("SELECT seg_difference_test(area, x1, t1, x2, t2, 'seg_gini', '{null}')['p'] FROM {data}");
        let found = value(&context, &p).await;
        assert!(found <= 0.05, "{null}: {found}");
        // the other way round it is the same difference
        let turned = format!("SELECT seg_difference_test(area, x2, t2, x1, t1, 'seg_gini', '{null}')['p'] FROM {data}");
        assert!(value(&context, &turned).await <= 0.05, "{null}");
    }
}
