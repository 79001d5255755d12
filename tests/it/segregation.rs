//! Segregation functions against published numbers.

use arrow::{
    array::{Array, AsArray, RecordBatch},
    datatypes::{DataType, Float64Type, Int64Type},
};
use datafusion::prelude::{CsvReadOptions, SessionConfig, SessionContext};
use samsyn::functions::{RecordKeys, register_all};

use crate::shared::shared;

/// Returns a session with the functions and nothing else.
#[expect(clippy::disallowed_methods, reason = "the functions alone, without a lake")]
pub(crate) fn session(partitions: usize) -> SessionContext {
    let mut config = SessionConfig::new()
        .with_target_partitions(partitions)
        .with_batch_size(64);
    let keys = RecordKeys::new(b"a secret of the tests, which is long enough").expect("a secret");
    config.options_mut().extensions.insert(keys);
    let context = SessionContext::new_with_config(config);
    let mut state = context.state();
    register_all(&mut state).expect("the names are free");
    SessionContext::new_with_state(state)
}

/// Runs a query.
pub(crate) async fn rows(context: &SessionContext, sql: &str) -> Vec<RecordBatch> {
    let frame = context.sql(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    frame.collect().await.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// Runs a query of one row and column as a number, NULL as nothing.
pub(crate) async fn number(context: &SessionContext, sql: &str) -> Option<f64> {
    let batches = rows(context, sql).await;
    let batch = batches
        .iter()
        .find(|batch| batch.num_rows() > 0)
        .unwrap_or_else(|| panic!("{sql}: no row"));
    let column = arrow::compute::cast(batch.column(0), &DataType::Float64).expect("a number");
    (!column.is_null(0)).then(|| column.as_primitive::<Float64Type>().value(0))
}

async fn equal(context: &SessionContext, sql: &str, expected: f64) {
    let got = number(context, sql).await.unwrap_or_else(|| panic!("{sql}: NULL"));
    assert!(
        (got - expected).abs() <= 1e-9 * expected.abs().max(1e-3),
        "{sql}: {got}, expected {expected}"
    );
}

pub(crate) async fn csv(context: &SessionContext, name: &str) -> bool {
    let Some(path) = shared(&format!("data/oracles/segregation/{name}.csv")) else {
        return false;
    };
    let path = path.to_str().expect("a path in UTF-8").to_owned();
    context
        .register_csv(name, path, CsvReadOptions::new())
        .await
        .expect("an oracle file");
    true
}

#[tokio::test]
async fn published_values() {
    let context = session(4);
    let Some(path) = shared("data/oracles/segregation/expected_values.csv") else {
        return;
    };
    let mut reader = csv::Reader::from_path(path).expect("the expected values");
    for name in [
        "pysal_sacramento1_tracts",
        "divseg_de_county",
        "oasisr_segdata",
        "elbersb_schools00",
    ] {
        assert!(csv(&context, name).await);
    }
    let mut checked = 0;
    for record in reader.records() {
        let record = record.expect("a row");
        let (dataset, groups, index, status) = (&record[0], &record[1], &record[2], &record[6]);
        if status != "canonical" {
            continue;
        }
        let expected: f64 = record[4].parse().unwrap_or(f64::NAN);
        let sql = match (dataset, index) {
            ("pysal_sacramento1_tracts" | "divseg_de_county", "D" | "H" | "xPx" | "xPy")
                if groups.contains(" vs rest") =>
            {
                let x = groups.split(" vs rest").next().expect("a group");
                let (key, t) = if dataset == "divseg_de_county" {
                    ("GEOID", "pop")
                } else {
                    ("FIPS", "TOT_POP")
                };
                match index {
                    "D" => format!(r#"SELECT seg_dissimilarity("{key}", "{x}", "{t}") FROM {dataset}"#),
                    "H" => format!(r#"SELECT seg_information_theory("{key}", "{x}", "{t}") FROM {dataset}"#),
                    "xPx" => format!(r#"SELECT seg_isolation("{key}", "{x}", "{t}") FROM {dataset}"#),
                    _ => format!(r#"SELECT seg_exposure("{key}", "{x}", "{t}" - "{x}", "{t}") FROM {dataset}"#),
                }
            }
            ("oasisr_segdata", "HTheil[1]") => {
                let p = groups.split_whitespace().last().expect("a pattern");
                format!(r#"SELECT seg_information_theory("SP_ID", "{p}1", "{p}1" + "{p}2") FROM oasisr_segdata"#)
            }
            ("elbersb_schools00", index) if groups == "race x school" => {
                if let Some(group) = index.strip_prefix("isolation ") {
                    format!("SELECT seg_isolation(school, race, n, '{group}') FROM elbersb_schools00")
                } else if let Some((from, to)) = index.strip_prefix("exposure ").and_then(|of| of.split_once("->")) {
                    format!("SELECT seg_exposure(school, race, n, '{from}', '{to}') FROM elbersb_schools00")
                } else {
                    continue;
                }
            }
            _ => continue,
        };
        equal(&context, &sql, expected).await;
        checked += 1;
    }
    assert_eq!(checked, 8 + 8 + 9 + 7, "values compared");
    let schools = [
        ("seg_dissimilarity", 0.619_699_898_863_552),
        ("seg_mutual_information", 0.425_538_975_876_420),
        ("seg_information_theory", 0.418_808_314_641_945),
    ];
    for (function, expected) in schools {
        equal(
            &context,
            &format!("SELECT {function}(school, race, n) FROM elbersb_schools00"),
            expected,
        )
        .await;
    }
    let long = r#"(SELECT "FIPS" AS a, 'W' AS g, "WHITE" AS n FROM pysal_sacramento1_tracts
        UNION ALL SELECT "FIPS", 'B', "BLACK" FROM pysal_sacramento1_tracts
        UNION ALL SELECT "FIPS", 'A', "ASIAN" FROM pysal_sacramento1_tracts
        UNION ALL SELECT "FIPS", 'H', "HISP" FROM pysal_sacramento1_tracts)"#;
    equal(
        &context,
        &format!("SELECT seg_dissimilarity(a, g, n) FROM {long}"),
        0.413_408_725_731_778_06,
    )
    .await;
    equal(
        &context,
        &format!("SELECT seg_mutual_information(a, g, n) FROM {long}"),
        0.166_451_821_342_894_43,
    )
    .await;
    equal(
        &context,
        &format!("SELECT seg_information_theory(a, g, n) FROM {long}"),
        0.171_016_029_785_888_7,
    )
    .await;
}

/// Every school's own segregation, as the R package `segregation` prints it.
#[tokio::test]
async fn local_segregation_of_every_school() {
    let context = session(4);
    if !(csv(&context, "elbersb_schools00").await && csv(&context, "expected_elbersb_schools00_local_by_school").await)
    {
        return;
    }
    let sql = "SELECT count(*), max(abs(l['value'] - ls)), max(abs(l['share'] - p))
        FROM (SELECT unnest(seg_local(school, race, n)) AS l FROM elbersb_schools00)
        JOIN expected_elbersb_schools00_local_by_school ON school = l['area']";
    let batches = rows(&context, sql).await;
    let batch = &batches[0];
    let number = |at: usize| batch.column(at).as_primitive::<Float64Type>().value(0);
    assert_eq!(batch.column(0).as_primitive::<Int64Type>().value(0), 2_045, "schools");
    assert!(number(1) < 1e-12 && number(2) < 1e-15, "{} {}", number(1), number(2));
}

/// Twelve areas of a fictional town: area, inhabitants, households in the lowest and highest quintile, born in the EU, born elsewhere.
const LILLKOPING: &str = "(VALUES
    ('A01', 1200, 90, 180, 60, 60), ('A02', 1500, 120, 240, 75, 90), ('A03', 1100, 70, 210, 50, 40),
    ('A04', 1800, 160, 230, 110, 150), ('A05', 2100, 420, 90, 160, 620), ('A06', 1900, 460, 60, 150, 780),
    ('A07', 1300, 150, 130, 80, 140), ('A08', 1600, 210, 120, 100, 260), ('A09', 2000, 520, 50, 170, 900),
    ('A10', 900, 60, 150, 40, 30), ('A11', 1400, 140, 160, 80, 110), ('A12', 1000, 110, 80, 60, 90)
    ) AS v(area, t, q1, q5, eu, other)";

#[tokio::test]
async fn golden_values_of_a_town() {
    let context = session(2);
    let long = format!(
        "(SELECT area, 'eu' AS g, eu AS n FROM {LILLKOPING} UNION ALL SELECT area, 'other', other FROM {LILLKOPING}
          UNION ALL SELECT area, 'rest', t - eu - other FROM {LILLKOPING})"
    );
    for (call, from, expected) in [
        (
            "100 * seg_dissimilarity(area, q1, q1 + q5)",
            LILLKOPING,
            45.319_896_883_056_02,
        ),
        ("seg_dissimilarity(area, other, t)", LILLKOPING, 0.448_718_353_464_623_5),
        ("seg_isolation(area, other, t)", LILLKOPING, 0.307_548_156_280_652_7),
        (
            "seg_exposure(area, other, t - other, t)",
            LILLKOPING,
            0.692_451_843_719_347_3,
        ),
        (
            "seg_mutual_information(area, g, n)",
            long.as_str(),
            0.079_246_121_342_810_53,
        ),
        (
            "seg_information_theory(area, g, n)",
            long.as_str(),
            0.113_088_001_117_779_59,
        ),
        (
            "seg_location_quotient(900, 2000, 3270, 17800)",
            "(VALUES (1)) AS v(a)",
            2.449_541_284_403_67,
        ),
        ("ci_wilson_lo(7, 40)", "(VALUES (1)) AS v(a)", 0.087_454_1),
    ] {
        let got = number(&context, &format!("SELECT {call} FROM {from}"))
            .await
            .expect("a value");
        // the interval is printed with seven decimals
        let off = if call.starts_with("ci_") {
            5e-8
        } else {
            1e-12 * expected
        };
        assert!((got - expected).abs() <= off, "{call}: {got}, expected {expected}");
    }
}
