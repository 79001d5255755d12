//! Trends and composites against the handbook's golden values, published examples and slower ways to the same number.

use std::fmt::Write as _;

use crate::{
    segregation::{number, rows, session},
    shared::shared,
};

/// Values with their limits, of the golden series.
const SERIES: [(&str, [[f64; 3]; 5]); 3] = [
    (
        "trend_up",
        [
            [10.0, 9.0, 11.0],
            [11.0, 10.0, 12.0],
            [12.2, 11.2, 13.2],
            [13.1, 12.1, 14.1],
            [14.5, 13.5, 15.5],
        ],
    ),
    (
        "trend_noise",
        [
            [10.0, 8.0, 12.0],
            [11.0, 9.0, 13.0],
            [9.8, 7.8, 11.8],
            [10.6, 8.6, 12.6],
            [10.4, 8.4, 12.4],
        ],
    ),
    (
        "trend_outlier",
        [
            [10.0, 9.5, 10.5],
            [10.0, 9.5, 10.5],
            [9.9, 9.4, 10.4],
            [9.8, 9.3, 10.3],
            [14.0, 13.5, 14.5],
        ],
    ),
];

async fn text(sql: &str) -> String {
    let batches = rows(&session(2), sql).await;
    let batch = batches.iter().find(|batch| batch.num_rows() == 1).unwrap();
    arrow::util::display::array_value_to_string(batch.column(0), 0).unwrap()
}

async fn near(sql: &str, expected: f64) {
    let got = number(&session(2), sql).await;
    assert!(
        got.is_some_and(|got| (got - expected).abs() <= 1e-9 * expected.abs().max(1.0)),
        "{sql}: {got:?}, expected {expected}"
    );
}

#[tokio::test]
async fn recent_trends() {
    let Some(path) = shared("domain/golden/golden.json") else {
        return;
    };
    let golden: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for (name, series) in SERIES {
        let mut values = String::from("(2010, 50.0, 1.0, 99.0)");
        for (year, [v, lo, hi]) in (2019..).zip(series) {
            write!(values, ", ({year}, {v:?}, {lo:?}, {hi:?})").unwrap();
        }
        // a sixth, older period must not count
        let from = format!("FROM (VALUES {values}) AS s(y, v, lo, hi)");
        let call = |field: &str| format!("SELECT trend_recent(y, v, lo, hi)['{field}'] {from}");
        assert_eq!(
            text(&call("marker")).await,
            golden[name]["marker"].as_str().unwrap(),
            "{name}"
        );
        near(&call("slope"), golden[name]["slope"].as_f64().unwrap()).await;
        near(&call("chi2"), golden[name]["chi2"].as_f64().unwrap()).await;
        // the same test on a gap
        let gap = format!("SELECT gap_trend(y, v, (hi - lo) / 3.92)['chi2'] {from}");
        near(&gap, golden[name]["chi2"].as_f64().unwrap()).await;
    }
}

/// The doctors' example of R's `prop.trend.test`: X² = 8.2249, p = 0.004132.
#[tokio::test]
async fn cochran_armitage_is_a_weighted_line() {
    let data = [(83.0, 86.0), (90.0, 93.0), (129.0, 136.0), (70.0, 82.0)];
    let mut values = Vec::new();
    for (year, (x, n)) in (2019..).zip(data) {
        values.push(format!("({year}, {x:?}, {n:?})"));
    }
    let from = format!("FROM (VALUES {}) AS s(y, x, n)", values.join(", "));
    let chi2 = number(
        &session(2),
        &format!("SELECT trend_cochran_armitage(y, x, n)['chi2'] {from}"),
    )
    .await
    .unwrap();
    assert!((chi2 - 8.2249).abs() < 5e-5, "{chi2}");
    let p = number(&session(2), &format!("SELECT trend_cochran_armitage_p(y, x, n) {from}"))
        .await
        .unwrap();
    assert!((p - 0.004_132).abs() < 5e-7, "{p}");
    // slope by regr_slope over one row a person
    let people = format!(
        "SELECT regr_slope(CAST(k <= x AS INT), y) FROM (SELECT y, x, unnest(generate_series(1, CAST(n AS BIGINT))) AS k {from})"
    );
    let slope = number(&session(2), &people).await.unwrap();
    near(
        &format!("SELECT trend_cochran_armitage(y, x, n)['slope'] {from}"),
        slope,
    )
    .await;
}

/// S and Sen's slope by SQL over all pairs, on a series with ties and a gap.
#[tokio::test]
async fn mann_kendall_counts_pairs() {
    let from = "(VALUES (2001, 4.0), (2002, 4.0), (2003, 6.5), (2005, 5.0), (2006, 7.0), (2007, 7.0), (2008, 7.0), (2010, 9.0)) AS s(y, v)";
    let pairs = format!("FROM {from} JOIN {} ON b.y > s.y", from.replace("AS s(", "AS b("));
    for (field, sql) in [
        ("s", format!("SELECT sum(signum(b.v - s.v)) {pairs}")),
        ("sen_slope", format!("SELECT median((b.v - s.v) / (b.y - s.y)) {pairs}")),
    ] {
        let expected = number(&session(2), &sql).await.unwrap();
        near(&format!("SELECT trend_mk(y, v)['{field}'] FROM {from}"), expected).await;
    }
    // eight periods, ties of two and three: S = 28 − 4 ties − 2·1 fall; var = (8·7·21 − 2·1·9 − 3·2·11)/18
    let z = 21.0 / (1092.0_f64 / 18.0).sqrt();
    near(&format!("SELECT trend_mk(y, v)['z'] FROM {from}"), z).await;
    near(
        &format!("SELECT trend_mk(y, v)['tau'] FROM {from}"),
        22.0 / (28.0_f64 * 24.0).sqrt(),
    )
    .await;
}

/// Contributions sum to the index, whatever the method.
#[tokio::test]
async fn composites_say_what_they_are_made_of() {
    let from = "(VALUES ('A', 'a', 3.0, 1.0), ('B', 'a', 5.0, 1.0), ('C', 'a', 5.0, 1.0), ('D', 'a', 9.0, 1.0),
        ('A', 'b', 0.4, -2.0), ('B', 'b', 0.1, -2.0), ('C', 'b', 0.7, -2.0), ('D', 'b', 0.2, -2.0)) AS v(area, i, v, w)";
    for method in ["z", "minmax", "rank_exp"] {
        let sql = format!(
            "SELECT max(abs(value - parts)) FROM (SELECT area, value, sum(p['contribution']) AS parts
             FROM (SELECT l['area'] AS area, l['value'] AS value, unnest(l['parts']) AS p
             FROM (SELECT unnest(idx_compose(area, i, v, w, '{method}')) AS l FROM {from})) GROUP BY area, value)"
        );
        let apart = number(&session(2), &sql).await.unwrap();
        assert!(apart < 1e-12, "{method}: {apart}");
    }
    // z by the engine's own functions
    let z = format!(
        "SELECT value FROM (SELECT area, sum(CASE WHEN w < 0 THEN -1 ELSE 1 END * abs(w) * z) / 3 AS value FROM
         (SELECT area, w, (v - avg(v) OVER (PARTITION BY i)) / stddev_pop(v) OVER (PARTITION BY i) AS z FROM {from})
         GROUP BY area) WHERE area = 'C'"
    );
    let expected = number(&session(2), &z).await.unwrap();
    near(
        &format!("SELECT idx_compose(area, i, v, w)[3]['value'] FROM {from}"),
        expected,
    )
    .await;
    // the highest rank has 100 points: the English transformation runs to there
    near(
        "SELECT idx_compose(area, 'a', v, 'rank_exp')[2]['value'] FROM (VALUES ('A', 1), ('B', 2)) AS v(area, v)",
        100.0,
    )
    .await;
}
