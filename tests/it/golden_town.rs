//! The handbook's fictional town and the rule of the official area types: every golden value that a function answers.

use std::fmt::Write as _;

use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    segregation::{number, rows, session},
    shared::shared,
};

/// Area, inhabitants, households in the lowest and highest quintile, born in the EU, born elsewhere.
const TOWN: &str = "(VALUES
    ('A01', 1200, 90, 180, 60, 60), ('A02', 1500, 120, 240, 75, 90), ('A03', 1100, 70, 210, 50, 40),
    ('A04', 1800, 160, 230, 110, 150), ('A05', 2100, 420, 90, 160, 620), ('A06', 1900, 460, 60, 150, 780),
    ('A07', 1300, 150, 130, 80, 140), ('A08', 1600, 210, 120, 100, 260), ('A09', 2000, 520, 50, 170, 900),
    ('A10', 900, 60, 150, 40, 30), ('A11', 1400, 140, 160, 80, 110), ('A12', 1000, 110, 80, 60, 90)
    ) AS v(area, t, q1, q5, eu, other)";

fn golden() -> Option<serde_json::Value> {
    let path = shared("domain/golden/golden.json")?;
    Some(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
}

async fn all_equal(checks: &[(String, f64)], by: f64) {
    let context = session(2);
    let mut wrong = String::new();
    for (sql, expected) in checks {
        let got = number(&context, sql).await;
        if got.is_none_or(|got| (got - expected).abs() > by * expected.abs().max(1e-3)) {
            writeln!(wrong, "{sql}: {got:?}, expected {expected}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[tokio::test]
async fn segregation_of_the_town() {
    let Some(golden) = golden() else { return };
    let long = format!(
        "(SELECT area, 'eu' AS g, eu AS n FROM {TOWN} UNION ALL SELECT area, 'other', other FROM {TOWN}
          UNION ALL SELECT area, 'rest', t - eu - other FROM {TOWN})"
    );
    let checks: Vec<(String, f64)> = [
        (
            "100 * seg_dissimilarity(area, q1, q1 + q5)",
            TOWN,
            "ojamlikhetsindex_q1_q5_x100",
        ),
        (
            "seg_dissimilarity(area, other, t)",
            TOWN,
            "dissimilarity_otherabroad_vs_rest",
        ),
        ("seg_isolation(area, other, t)", TOWN, "isolation_xPx"),
        ("seg_exposure(area, other, t - other, t)", TOWN, "exposure_xPy_to_rest"),
        ("seg_variance_ratio(area, other, t)", TOWN, "correlation_ratio_eta2"),
        ("seg_gini(area, other, t)", TOWN, "gini_segregation"),
        ("seg_mutual_information(area, g, n)", &long, "mutual_information_M"),
        ("seg_information_theory(area, g, n)", &long, "theil_H"),
        ("div_shannon(g, n)", &long, "entropy_E"),
        (
            "max(q) FILTER (WHERE area = 'A09')",
            &format!(
                "(SELECT area, seg_location_quotient(other, t, sum(other) OVER (), sum(t) OVER ()) AS q FROM {TOWN})"
            ),
            "location_quotient_A09",
        ),
        (
            "max(ice) FILTER (WHERE area = 'A06')",
            &format!("(SELECT area, seg_ice(q5, q1, q1 + q5) AS ice FROM {TOWN})"),
            "ICE_q5_minus_q1_A06",
        ),
    ]
    .map(|(call, from, name)| (format!("SELECT {call} FROM {from}"), golden[name].as_f64().unwrap()))
    .to_vec();
    all_equal(&checks, 1e-12).await;
    // the share of those concerned who live in the three areas with the highest rates
    let captured = format!(
        "SELECT sum(other) FILTER (WHERE place <= 3) / CAST(sum(other) AS DOUBLE)
         FROM (SELECT other, row_number() OVER (ORDER BY CAST(other AS DOUBLE) / t DESC) AS place FROM {TOWN})"
    );
    all_equal(
        &[(captured, golden["extra"]["captured_by_3_worst"].as_f64().unwrap())],
        1e-12,
    )
    .await;
}

/// Between- and within-area variance of Marshall's estimator, by the weight that each area's own rate gets.
#[tokio::test]
async fn empirical_bayes_has_the_golden_moments() {
    let Some(golden) = golden() else { return };
    let of = &golden["eb_marshall"];
    let (a, b) = (of["a"].as_f64().unwrap(), of["b"].as_f64().unwrap());
    let cases = [2, 1, 0, 4, 19, 24, 3, 6, 31, 0, 4, 1];
    let children = [240, 310, 230, 380, 520, 490, 280, 330, 540, 170, 300, 200];
    let areas: Vec<String> = (0..12)
        .map(|at| format!("('A{:02}', {}, {})", at + 1, cases[at], children[at]))
        .collect();
    let from = format!("(VALUES {}) AS v(area, x, n)", areas.join(", "));
    let checks: Vec<(String, f64)> = (0..12)
        .map(|at| {
            (
                format!("SELECT eb_global(area, x, n)[{}]['weight'] FROM {from}", at + 1),
                a / (a + b / f64::from(children[at])),
            )
        })
        .collect();
    all_equal(&checks, 1e-9).await;
}

/// A trend begins where χ² passes the golden quantile, and not before.
#[tokio::test]
async fn trends_begin_at_the_critical_value() {
    let Some(golden) = golden() else { return };
    let critical = golden["qchisq_0.998_df1"].as_f64().unwrap();
    let context = session(1);
    for (times, marker) in [(1.0 - 1e-9, "no_change"), (1.0 + 1e-9, "increasing")] {
        // with se 1 everywhere, χ² of a line is 10 slope²
        let slope = (critical * times / 10.0).sqrt();
        let sql = format!(
            "SELECT CASE WHEN trend_recent(2000 + y, {slope:?} * y, {slope:?} * y - 1.96, {slope:?} * y + 1.96)['marker'] = '{marker}' THEN 1 ELSE 0 END
             FROM (VALUES (1), (2), (3), (4), (5)) AS v(y)"
        );
        assert_eq!(number(&context, &sql).await, Some(1.0), "{marker}");
    }
}

/// An area published among the tests of PHEindicatormethods, with the directly standardised rate that it prints.
#[tokio::test]
async fn a_published_standardised_rate() {
    let area = [
        (127, 636),
        (25, 558),
        (18, 609),
        (21, 543),
        (12, 384),
        (27, 594),
        (48, 669),
        (27, 843),
        (29, 660),
        (32, 576),
        (32, 606),
        (34, 522),
        (45, 426),
        (65, 273),
        (38, 300),
        (68, 288),
        (74, 153),
        (82, 123),
        (91, 207),
    ];
    let bands: Vec<String> = (0..)
        .step_by(5)
        .zip(area)
        .map(|(age, (x, n))| format!("({age}, {x}, {n})"))
        .collect();
    let from = format!("(VALUES {}) AS v(age, x, n)", bands.join(", "));
    let checks: Vec<(String, f64)> = [
        ("value", 1_043.024_799_146_9),
        ("lo", 971.770_906_798_6),
        ("hi", 1_117.894_091_547_9),
    ]
    .map(|(field, expected)| {
        (
            format!("SELECT std_direct(age, x, n, 'ESP2013', 10000)['{field}'] FROM {from}"),
            expected,
        )
    })
    .to_vec();
    all_equal(&checks, 1e-12).await;
}

/// The rule as its authors write it.
fn class(index: f64, mean: f64, sd: f64) -> i64 {
    [2.0, 1.0, 0.0, -1.0]
        .iter()
        .position(|times| index >= mean + times * sd)
        .map_or(5, |at| i64::try_from(at).unwrap() + 1)
}

/// The classes of `(year, area, index)` rows, in that order, cut at mean and deviation of the year.
async fn classes(from: &str) -> Vec<Option<i64>> {
    let sql = format!(
        "SELECT CAST(area_type(i, avg(i) OVER (PARTITION BY year), stddev_samp(i) OVER (PARTITION BY year)) AS BIGINT) AS c
         FROM {from} ORDER BY year, area"
    );
    rows(&session(4), &sql)
        .await
        .iter()
        .flat_map(|batch| {
            let column = arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(batch.column(0));
            column.iter().collect::<Vec<_>>()
        })
        .collect()
}

#[tokio::test]
async fn golden_area_types() {
    let Some(golden) = golden() else { return };
    let small = &golden["area_types_small"];
    let list = |name: &str| -> Vec<f64> {
        small[name]
            .as_array()
            .unwrap()
            .iter()
            .map(|of| of.as_f64().unwrap())
            .collect()
    };
    let (index, types) = (list("index"), list("type"));
    let values: Vec<String> = index
        .iter()
        .enumerate()
        .map(|(area, index)| format!("(2022, {area}, {index:?})"))
        .collect();
    let got = classes(&format!("(VALUES {}) AS v(year, area, i)", values.join(", "))).await;
    let got: Vec<f64> = got.into_iter().map(|of| of.unwrap() as f64).collect();
    assert_eq!(got, types);
    let national = &golden["area_types_national_2022_cut"];
    let number_of = |name: &str| national[name].as_f64().unwrap();
    let (mean, sd) = (number_of("mean"), number_of("sd"));
    let mut checks = Vec::new();
    for index in ["20.04", "14.56", "9.10", "3.62"] {
        checks.push((
            format!("SELECT area_type({index}, {mean:?}, {sd:?})"),
            number_of(&format!("index_{index}->")),
        ));
    }
    for (at, cut) in national["cuts"].as_array().unwrap().iter().enumerate() {
        // the cut itself belongs to the weaker type, what lies under it does not
        let (cut, class) = (cut.as_f64().unwrap(), at as f64 + 1.0);
        checks.push((format!("SELECT area_type({cut:?}, {mean:?}, {sd:?})"), class));
        checks.push((
            format!("SELECT area_type({:?}, {mean:?}, {sd:?})", cut - 1e-9),
            class + 1.0,
        ));
    }
    all_equal(&checks, 0.0).await;
}

/// Ties on every cut: nine areas around 10 with a deviation of exactly 1, three around 10 with one of exactly 1.
#[tokio::test]
async fn areas_on_a_cut_belong_to_the_weaker_type() {
    let mut nine = vec![12.0, 8.0];
    nine.extend([10.0; 7]);
    for (index, expected) in [
        (nine, vec![1, 5, 3, 3, 3, 3, 3, 3, 3]),
        (vec![11.0, 10.0, 9.0], vec![2, 3, 4]),
        // all alike: there is no deviation to cut at
        (vec![7.0, 7.0, 7.0], vec![]),
        (vec![7.0], vec![]),
    ] {
        let values: Vec<String> = index
            .iter()
            .enumerate()
            .map(|(area, index)| format!("(2022, {area}, {index:?})"))
            .collect();
        let got = classes(&format!("(VALUES {}) AS v(year, area, i)", values.join(", "))).await;
        assert_eq!(got.len(), index.len());
        assert_eq!(got.into_iter().flatten().collect::<Vec<_>>(), expected, "{index:?}");
    }
}

/// Three years of made-up shares, some of them unknown: the index is no mean of two parts, an area without one has no
/// type and takes no part in mean and deviation, and no year is cut at another's.
#[tokio::test]
async fn types_are_cut_at_their_own_year() {
    const AREAS: usize = 400;
    let mut rng = StdRng::seed_from_u64(3_363);
    let mut values = Vec::new();
    let mut expected = Vec::new();
    let mut seen = [0; 6];
    for year in 0..3_u32 {
        let mut index: Vec<Option<f64>> = Vec::new();
        for area in 0..AREAS {
            let weak = rng.random_range(0.0..1.0_f64).powi(3) * 25.0 * f64::from(year + 1);
            let parts = [0; 3].map(|_| {
                let share = (weak + rng.random_range(0.0..4.0_f64)).min(100.0);
                (rng.random_range(0..40) > 0).then_some((share * 10.0).round() / 10.0)
            });
            let text = parts.map(|part| part.map_or_else(|| "NULL".to_owned(), |part| format!("{part:?}")));
            values.push(format!("({year}, {area}, {})", text.join(", ")));
            index.push(match parts {
                [Some(a), Some(b), Some(c)] => Some((a + b + c) / 3.0),
                _ => None,
            });
        }
        let known: Vec<f64> = index.iter().copied().flatten().collect();
        let n = known.len() as f64;
        let mean = known.iter().sum::<f64>() / n;
        let sd = (known.iter().map(|of| (of - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        for of in index {
            let class = of.map(|of| {
                // no area so near a cut that rounding could decide
                assert!(
                    [2.0, 1.0, 0.0, -1.0]
                        .iter()
                        .all(|times| (of - mean - times * sd).abs() > 1e-9)
                );
                class(of, mean, sd)
            });
            seen[usize::try_from(class.unwrap_or(0)).unwrap()] += 1;
            expected.push(class);
        }
    }
    let parts = format!("(VALUES {}) AS v(year, area, low, short, out)", values.join(", "));
    let got = classes(&format!(
        "(SELECT year, area, socioeconomic_index(low, short, out) AS i FROM {parts})"
    ))
    .await;
    assert_eq!(got, expected);
    assert!(seen[..5].iter().all(|seen| *seen > 20), "{seen:?}");
    // people by type, and moves between years, of the same rows
    let typed = format!(
        "(SELECT year, area, area_type(i, avg(i) OVER (PARTITION BY year), stddev_samp(i) OVER (PARTITION BY year)) AS c
          FROM (SELECT year, area, socioeconomic_index(low, short, out) AS i FROM {parts}))"
    );
    let moves = format!(
        "SELECT sum(m['n']) FROM (SELECT unnest(area_transitions(b.area, b.c, a.c)) AS m FROM {typed} AS b JOIN {typed} AS a
           ON a.area = b.area AND b.year = 0 AND a.year = 1 WHERE a.c IS NOT NULL AND b.c IS NOT NULL)"
    );
    let both = (0..AREAS)
        .filter(|at| expected[*at].is_some() && expected[AREAS + at].is_some())
        .count();
    assert_eq!(number(&session(2), &moves).await, Some(both as f64));
    let stayed = moves.replacen(
        "sum(m['n'])",
        "sum(CASE WHEN m['from'] = m['to'] THEN m['n'] ELSE 0 END)",
        1,
    );
    let same = (0..AREAS)
        .filter(|at| expected[*at].is_some() && expected[*at] == expected[AREAS + at])
        .count();
    assert_eq!(number(&session(2), &stayed).await, Some(same as f64));
}
