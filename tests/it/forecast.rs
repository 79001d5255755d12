//! Forecasts, allocation, recurrence, breaks and composites against statsmodels, published examples, the handbook's golden
//! values and slower ways to the same number.
//!
//! Numbers named «statsmodels» come from statsmodels 0.15.0 with scipy 1.17.1: `ETSModel(y, error='add', …,
//! initialization_method='estimated').fit()` for smoothing, with variances times n/(n − parameters) as in R's forecast
//! package; `GLM(y, X, family, offset=log(exposure)).fit()` and `NegativeBinomial(y, X, offset=…).fit()` for counts,
//! with limits from `nbinom.ppf(p, 1/a, 1/(1 + a*mean))`; `SurvfuncRight` for survival; `OLS` for lines.

use std::fmt::Write as _;

use arrow::{array::AsArray, datatypes::Float64Type};
use rand::{Rng, SeedableRng, rngs::StdRng};
use rand_distr::{Distribution, Poisson};

use crate::segregation::{number, rows, session};

/// Saudi oil production 1996–2013 in megatonnes, and Australian air passengers 1990–2016 in millions: the examples of
/// Hyndman & Athanasopoulos.
const OIL: (i32, &[f64]) = (
    1996,
    &[
        445.36, 453.20, 454.41, 422.38, 456.04, 440.39, 425.19, 486.21, 500.43, 521.28, 508.95, 488.89, 509.87, 456.72,
        473.82, 525.95, 549.83, 542.34,
    ],
);
const AIR: (i32, &[f64]) = (
    1990,
    &[
        17.55, 21.86, 23.89, 26.93, 26.89, 28.83, 30.08, 30.95, 30.19, 31.58, 32.58, 33.48, 39.02, 41.39, 41.60, 44.66,
        46.95, 48.73, 51.49, 50.03, 60.64, 63.36, 66.36, 68.20, 68.12, 69.78, 72.60,
    ],
);
const COUNTS: &str = "(VALUES (2014, 31, 10, 9800, 4.1), (2015, 42, 55, 9900, 4.6), (2016, 28, 12, 10050, 4.0), (2017, 35, 80, 10200, 4.4), (2018, 51, 25, 10300, 5.2), (2019, 39, 95, 10450, 4.7), (2020, 62, 20, 10500, 5.9), (2021, 44, 70, 10650, 4.9), (2022, 58, 110, 10700, 5.3), (2023, 49, 30, 10900, 5.0), (2024, NULL, NULL, 11000, 5.1), (2025, NULL, NULL, 11200, 5.2)) AS s(y, n, wild, pop, x)";
/// Households in income quintiles 1 and 5 of Lillköping.
const TOWN: &str = "(VALUES ('A01', 90, 180), ('A02', 120, 240), ('A03', 70, 210), ('A04', 160, 230), ('A05', 420, 90), ('A06', 460, 60), ('A07', 150, 130), ('A08', 210, 120), ('A09', 520, 50), ('A10', 60, 150), ('A11', 140, 160), ('A12', 110, 80)) AS v(area, q1, q5)";

fn values((first, of): (i32, &[f64])) -> String {
    let rows: Vec<String> = (first..).zip(of).map(|(year, v)| format!("({year}, {v:?})")).collect();
    format!("(VALUES {}) AS s(y, v)", rows.join(", "))
}

async fn near(sql: &str, expected: f64, by: f64) {
    let got = number(&session(2), sql).await;
    assert!(
        got.is_some_and(|got| (got - expected).abs() <= by * expected.abs().max(1.0)),
        "{sql}: {got:?}, expected {expected}"
    );
}

async fn text(sql: &str) -> String {
    let batches = rows(&session(2), sql).await;
    let batch = batches.iter().find(|batch| batch.num_rows() == 1).unwrap();
    arrow::util::display::array_value_to_string(batch.column(0), 0).unwrap()
}

/// The numbers of columns, row by row.
async fn table(sql: &str) -> Vec<Vec<f64>> {
    let mut all = Vec::new();
    for batch in rows(&session(2), sql).await {
        for row in 0..batch.num_rows() {
            let of = |column| {
                arrow::compute::cast(batch.column(column), &arrow::datatypes::DataType::Float64)
                    .unwrap()
                    .as_primitive::<Float64Type>()
                    .value(row)
            };
            all.push((0..batch.num_columns()).map(of).collect());
        }
    }
    all
}

#[tokio::test]
async fn smoothing_as_statsmodels_and_the_book() {
    // mean, lo80, hi95 of the first and the third period ahead; parameters searched for by differential evolution in the
    // bounds of R's ets, whose sums of squares statsmodels reaches too (ses to 1e-11, trends to 3e-4: its β may be lower)
    for (series, method, expected) in [
        (
            OIL,
            "ses",
            [
                542.679_138,
                504.451_113,
                601.143_857,
                542.679_138,
                483.575_223,
                633.070_776,
            ],
        ),
        (
            OIL,
            "holt",
            [
                535.035_601,
                499.329_367,
                589.643_574,
                546.375_161,
                510.668_925,
                600.983_138,
            ],
        ),
        (
            OIL,
            "damped",
            [
                531.168_852,
                493.764_645,
                588.373_649,
                540.241_46,
                502.837_251,
                597.446_261,
            ],
        ),
        (
            AIR,
            "ses",
            [72.599_718, 68.552_712, 78.789_079, 72.599_718, 65.590_565, 83.319_292],
        ),
        (
            AIR,
            "holt",
            [74.595_729, 71.567_292, 79.227_324, 78.792_042, 74.148_89, 85.893_129],
        ),
        (
            AIR,
            "damped",
            [73.989_56, 70.786_771, 78.887_801, 76.942_642, 71.776_819, 84.843_086],
        ),
    ] {
        let from = values(series);
        for (at, (step, field)) in [
            (1, "mean"),
            (1, "lo80"),
            (1, "hi95"),
            (3, "mean"),
            (3, "lo80"),
            (3, "hi95"),
        ]
        .into_iter()
        .enumerate()
        {
            let sql = format!("SELECT fc_forecast(y, v, 3, '{method}')[{step}]['{field}'] FROM {from}");
            near(&sql, expected[at], 2e-7).await;
        }
    }
    // the book's tables: 542.7 for oil, 74.6, 76.7, 78.8 for passengers; auto takes the smallest AICc
    let auto = |series| format!("SELECT fc_forecast(y, v)[1]['method'] FROM {}", values(series));
    assert_eq!(text(&auto(OIL)).await, "ses");
    assert_eq!(text(&auto(AIR)).await, "holt");
}

#[tokio::test]
async fn a_forecast_from_earlier_periods_is_a_try_of_the_back_test() {
    for method in ["naive", "drift", "ses", "holt", "damped", "auto"] {
        let tries = table(&format!(
            "SELECT i['origin'], i['horizon'], i['mean'], i['lo95'], i['actual'], i['error'] FROM (SELECT unnest(fc_backtest(y, v, 2, '{method}')) AS i FROM {})",
            values(OIL)
        ))
        .await;
        assert_eq!(tries.len(), 25, "{method}");
        for origin in [2000, 2007, 2012] {
            let mine = table(&format!(
                "SELECT fc_forecast(y, v, 1, '{method}')[1]['mean'], fc_forecast(y, v, 1, '{method}')[1]['lo95'] FROM {} WHERE y <= {origin}",
                values(OIL)
            ))
            .await;
            let of = tries
                .iter()
                .find(|of| (of[0] - f64::from(origin)).abs() < 0.5 && of[1] < 1.5)
                .unwrap();
            assert_eq!(mine[0], of[2..4], "{method} {origin}");
            assert!((of[4] - of[2] - of[5]).abs() < 1e-12);
        }
        let all = table(&format!(
            "SELECT a['mae'], a['rmse'], a['bias'], a['n'] FROM (SELECT fc_accuracy(y, v, 2, '{method}') AS a FROM {})",
            values(OIL)
        ))
        .await;
        let mean = |of: &dyn Fn(f64) -> f64| tries.iter().map(|row| of(row[5])).sum::<f64>() / 25.0;
        let expected = [mean(&f64::abs), mean(&|e| e * e).sqrt(), mean(&|e| e), 25.0];
        for (got, expected) in all[0].iter().zip(expected) {
            assert!((got - expected).abs() < 1e-9, "{method}: {got} {expected}");
        }
    }
}

#[tokio::test]
async fn counts_as_statsmodels() {
    for (call, expected) in [
        ("n, pop, 'poisson'", [59.740_980_583_539, 48.0, 72.0, 42.0, 80.0]),
        ("n, pop", [59.740_980_583_539, 48.0, 72.0, 42.0, 80.0]),
        ("n, pop, 'negbin'", [59.929_738_493, 45.0, 75.0, 39.0, 85.0]),
        ("n, pop, x, 'poisson'", [50.610_850_080_891, 39.0, 62.0, 34.0, 69.0]),
        (
            "n, pop, x, x * x, 'poisson', 'none'",
            [52.123_329_587_156, 42.0, 62.0, 37.0, 68.0],
        ),
        (
            "n, pop, 'poisson', 'none'",
            [46.679_555_340_744, 38.0, 56.0, 33.0, 61.0],
        ),
        ("wild, pop", [88.174_161_568, 14.0, 191.0, 4.0, 292.0]),
    ] {
        for (field, expected) in ["mean", "lo80", "hi80", "lo95", "hi95"].into_iter().zip(expected) {
            let sql = format!("SELECT fc_poisson(y, {call})[1]['{field}'] FROM {COUNTS}");
            near(&sql, expected, 1e-7).await;
        }
    }
    let dispersion = |call: &str| format!("SELECT fc_poisson(y, {call})[2]['dispersion'] FROM {COUNTS}");
    near(&dispersion("n, pop, 'negbin'"), 0.008_673_592_2, 1e-6).await;
    near(&dispersion("wild, pop"), 0.450_791_160_9, 1e-6).await;
}

#[tokio::test]
async fn limits_of_counts_hold_what_comes() {
    let mut rng = StdRng::seed_from_u64(17);
    let mut sql = String::new();
    for area in 0..300 {
        for year in 0..12 {
            let pop = 900.0 + 20.0 * f64::from(year) + f64::from(area);
            let n: f64 = Poisson::new(pop * 0.02 * (0.03 * f64::from(year)).exp())
                .unwrap()
                .sample(&mut rng);
            write!(
                sql,
                "{}({area}, {}, {n:?}, {pop:?})",
                if sql.is_empty() { "" } else { ", " },
                2010 + year
            )
            .unwrap();
        }
    }
    let covered = table(&format!(
        "WITH s AS (SELECT * FROM (VALUES {sql}) AS s(area, y, n, pop)), \
         f AS (SELECT area, fc_poisson(y, CASE WHEN y < 2021 THEN n END, pop, 'poisson')[1] AS i FROM s GROUP BY area) \
         SELECT avg(CASE WHEN n BETWEEN i['lo80'] AND i['hi80'] THEN 1.0 ELSE 0.0 END), \
                avg(CASE WHEN n BETWEEN i['lo95'] AND i['hi95'] THEN 1.0 ELSE 0.0 END) \
         FROM f JOIN s ON f.area = s.area AND s.y = 2021"
    ))
    .await;
    // whole-number limits hold a little more than they must; ±3 standard errors of 300 tries
    assert!((0.76..0.93).contains(&covered[0][0]), "{covered:?}");
    assert!((0.92..=1.0).contains(&covered[0][1]), "{covered:?}");
}

#[tokio::test]
async fn reconciliation_is_a_projection() {
    // numpy 2: S(S′W⁻¹S)⁻¹S′W⁻¹ŷ, and the roots of the diagonal of S(S′W⁻¹S)⁻¹S′
    let from = "(VALUES ('City', '', 1000.0, 20.0), ('North', 'City', 420.0, 15.0), ('South', 'City', 610.0, 25.0), ('N1', 'North', 150.0, 10.0), ('N2', 'North', 250.0, 12.0), ('S1', 'South', 300.0, 15.0), ('S2', 'South', 330.0, 18.0)) AS v(a, p, f, se)";
    for (call, expected) in [
        (
            "a, p, f",
            [1_012.857_142_857_142_9, 152.380_952_380_952_4, 608.095_238_095_238_2],
        ),
        ("a, p, f, 'structural'", [1_020.0, 152.5, 615.0]),
        (
            "a, p, f, se",
            [1_015.347_296_817_780_7, 152.423_698_409_381_33, 609.433_472_698_890_2],
        ),
        ("a, p, f, 'bottom_up'", [1_030.0, 150.0, 630.0]),
        (
            "a, p, f, 'top_down'",
            [1_000.0, 1_000.0 * 420.0 / 1_030.0 * 0.375, 1_000.0 * 610.0 / 1_030.0],
        ),
    ] {
        for (place, expected) in [1, 2, 7].into_iter().zip(expected) {
            near(
                &format!("SELECT fc_reconcile({call})[{place}]['value'] FROM {from}"),
                expected,
                1e-12,
            )
            .await;
        }
    }
    for (place, expected) in [
        (1, 14.223_396_965_121_143),
        (2, 8.708_287_136_545_86),
        (7, 13.664_678_264_319_123),
    ] {
        near(
            &format!("SELECT fc_reconcile(a, p, f, se)[{place}]['se'] FROM {from}"),
            expected,
            1e-12,
        )
        .await;
    }
}

#[tokio::test]
async fn reconciled_districts_sum_to_the_city() {
    let mut rng = StdRng::seed_from_u64(23);
    for _ in 0..15 {
        let areas = rng.random_range(2..60_usize);
        let rows: Vec<String> = (0..areas)
            .map(|at| {
                let parent = if at == 0 { 0 } else { rng.random_range(0..at) };
                let (f, se) = (rng.random_range(0.0..900.0), rng.random_range(0.5..30.0));
                format!("('{at:02}', '{parent:02}', {f:?}, {se:?})")
            })
            .collect();
        let sql = |call: &str| {
            format!(
                "WITH r AS (SELECT i['area'] AS a, i['parent'] AS p, i['value'] AS v FROM (SELECT unnest({call}) AS i FROM (VALUES {}) AS v(a, p, f, se))) \
                 SELECT max(abs(r.v - s.v) / (1 + abs(r.v))) FROM r JOIN (SELECT p, sum(v) AS v FROM r GROUP BY p) AS s ON s.p = r.a",
                rows.join(", ")
            )
        };
        for call in [
            "fc_reconcile(a, p, f, se)",
            "fc_reconcile(a, p, f, 'ols')",
            "fc_reconcile(a, p, f, 'structural')",
            "fc_reconcile(a, p, f, 'top_down')",
        ] {
            near(&sql(call), 0.0, 1e-12).await;
        }
    }
}

#[tokio::test]
async fn a_budget_is_divided_to_the_last_step() {
    let mut rng = StdRng::seed_from_u64(29);
    for _ in 0..40 {
        let units = rng.random_range(1..80_usize);
        let budget = f64::from(rng.random_range(1_000_000..90_000_000_u32)) / 100.0;
        let rows: Vec<String> = (0..units)
            .map(|at| {
                let floor = f64::from(rng.random_range(0..100_u32));
                format!(
                    "('u{at}', {:?}, {floor:?}, {:?})",
                    rng.random_range(0.0..1e4) + 0.1,
                    budget - f64::from(rng.random_range(0..99_u32))
                )
            })
            .collect();
        let rows = rows.join(", ");
        // whole öre, so that a sum in decimals is exact
        let sql = format!(
            "SELECT sum(CAST(round(i['amount'] * 100) AS BIGINT)), sum(CASE WHEN abs(i['amount'] * 100 - round(i['amount'] * 100)) < 1e-6 AND i['amount'] >= v.f AND (i['amount'] <= v.c OR {units} = 1) THEN 0 ELSE 1 END) \
             FROM (SELECT unnest(allocate(u, w, {budget:?}, f, CASE WHEN {units} = 1 THEN {budget:?} ELSE c END, 0.01)) AS i FROM (VALUES {rows}) AS v(u, w, f, c)) JOIN (VALUES {rows}) AS v(u, w, f, c) ON v.u = i['unit']"
        );
        let got = table(&sql).await;
        assert!((got[0][0] - (budget * 100.0).round()).abs() < 0.5, "{sql}");
        assert!(got[0][1].abs() < 0.5, "{sql}");
    }
}

#[tokio::test]
async fn recurrence_of_the_handbook() {
    let events = "(VALUES ('p1', '2021-01-10'), ('p1', '2021-06-01'), ('p2', '2021-02-01'), ('p3', '2021-03-05'), ('p3', '2022-03-05'), ('p4', '2021-03-05'), ('p4', '2022-03-06'), ('p5', '2022-09-01'), ('p5', '2022-10-01')) AS v(p, d)";
    let rate = |field: &str| format!("SELECT recurrence_rate(p, d, 365, '2022-12-31')['{field}'] FROM {events}");
    assert_eq!(text(&rate("num")).await, "2");
    assert_eq!(text(&rate("den")).await, "4");
    assert_eq!(text(&rate("n_censored")).await, "1");
    // statsmodels, times 30, 142, 365, 365, 365 with events at the first three; log-log limits by hand
    for (field, expected) in [
        ("risk", 0.6),
        ("se", 0.219_089_023_002_066_48),
        ("lo", 0.247_184_208_641_244_68),
        ("hi", 0.948_024_249_622_532_5),
    ] {
        let sql = format!("SELECT recurrence_km(p, d, 365, '2022-12-31')['{field}'] FROM {events}");
        near(&sql, expected, 1e-12).await;
    }
}

#[tokio::test]
async fn nobody_is_named_in_an_error() {
    for call in [
        "recurrence_rate(p, d, 365, '2022-12-31')",
        "recurrence_km(p, d, 365, '2022-12-31')",
    ] {
        let sql = format!("SELECT {call} FROM (VALUES ('19121212-1212', '3 May 2021')) AS v(p, d)");
        let error = async { session(1).sql(&sql).await?.collect().await }
            .await
            .unwrap_err()
            .to_string();
        assert!(!error.contains("1212") && !error.contains("May"), "{error}");
        assert!(error.contains("a date that it cannot read"), "{error}");
    }
}

#[tokio::test]
async fn indices_caseload_and_goals() {
    near(
        &format!("SELECT ojamlikhetsindex(area, q1, q5) FROM {TOWN}"),
        45.319_896_883_056_02,
        1e-14,
    )
    .await;
    for (call, expected) in [
        ("11200, 40", 280.0),
        ("11500, 46", 250.0),
        ("2400, 40", 60.0),
        ("3200, 46", 69.565_217_391_304_35),
        ("1900, 40", 47.5),
        ("2400, 46", 52.173_913_043_478_26),
    ] {
        near(&format!("SELECT caseload({call})"), expected, 1e-15).await;
    }
    // scipy: t.sf((projected − target)/s, 3) with s of a random walk with drift
    let goal = "SELECT goal_status(y, v, 0.5, 2030)['p_reach'] FROM (VALUES (2019, 9.0), (2020, 8.1), (2021, 7.2), (2022, 5.8), (2023, 5.1)) AS s(y, v)";
    near(goal, 0.905_992_037_343_633_5, 1e-12).await;
    // twice as far in the other direction: the chance that is left
    let turned = "SELECT goal_status(y, v, 0.5, 2030, 'up')['p_reach'] FROM (VALUES (2019, 9.0), (2020, 8.1), (2021, 7.2), (2022, 5.8), (2023, 5.1)) AS s(y, v)";
    near(turned, 1.0 - 0.905_992_037_343_633_5, 1e-12).await;
}

#[tokio::test]
async fn breaks_by_hand_and_as_statsmodels() {
    let from = "(VALUES (2012, 20.1), (2013, 20.9), (2014, 21.4), (2015, 22.3), (2016, 27.8), (2017, 28.1), (2018, 29.2), (2019, 29.9)) AS s(y, v)";
    // U = 7, 12, 15, 16, 15, 12, 7; p = 2·exp(−6·256/(512 + 64))
    for (call, before, change, p) in [
        ("y, v", 21.175, 7.575, 0.138_966_902_445_603_1),
        (
            "y, v, CASE WHEN y = 2016 THEN 1 ELSE 0 END",
            22.987_5,
            4.675,
            7.078_510_25e-6,
        ),
    ] {
        assert_eq!(
            text(&format!("SELECT series_break({call})['period'] FROM {from}")).await,
            "2016"
        );
        near(
            &format!("SELECT series_break({call})['before'] FROM {from}"),
            before,
            1e-12,
        )
        .await;
        near(
            &format!("SELECT series_break({call})['change'] FROM {from}"),
            change,
            1e-12,
        )
        .await;
        near(
            &format!("SELECT 1e6 * series_break({call})['p'] FROM {from}"),
            1e6 * p,
            1e-8,
        )
        .await;
    }
}

#[tokio::test]
async fn the_first_principal_component_as_numpy() {
    // numpy: eigh(corrcoef(…)) of share born elsewhere, income turned, and inhabitants
    let town = "(VALUES ('A01', 1200, 60, 412), ('A02', 1500, 90, 398), ('A03', 1100, 40, 441), ('A04', 1800, 150, 371), ('A05', 2100, 620, 262), ('A06', 1900, 780, 241), ('A07', 1300, 140, 334), ('A08', 1600, 260, 309), ('A09', 2000, 900, 228), ('A10', 900, 30, 427), ('A11', 1400, 110, 352), ('A12', 1000, 90, 318)) AS v(area, t, other, income)";
    let long = format!(
        "(SELECT area, 'a' AS k, CAST(other AS DOUBLE) / t AS v, 1 AS w FROM {town} UNION ALL SELECT area, 'b', CAST(income AS DOUBLE), -2 FROM {town} UNION ALL SELECT area, 'c', CAST(t AS DOUBLE), 1 FROM {town})"
    );
    let call = |at: usize, rest: &str| format!("SELECT idx_compose(area, k, v, w, 'pca')[{at}]{rest} FROM {long}");
    near(&call(9, "['value']"), 2.941_947_620_407_973_9, 1e-12).await;
    near(&call(1, "['value']"), -1.448_354_579_426_198_5, 1e-12).await;
    near(&call(1, "['explained']"), 0.878_853_443_690_748_8, 1e-12).await;
    // contributions sum to the index
    for at in 1..=12 {
        let sum = format!(
            "SELECT sum(p['contribution']) - max(v) FROM (SELECT unnest(i['parts']) AS p, i['value'] AS v FROM (SELECT idx_compose(area, k, v, w, 'pca')[{at}] AS i FROM {long}))"
        );
        near(&sum, 0.0, 1e-14).await;
    }
}
