//! The golden values of the domain handbook, and published ones of others, against rates, gaps and inequality.

use std::fmt::Write as _;

use crate::{
    segregation::{number, session},
    shared::shared,
};

fn golden() -> Option<serde_json::Value> {
    let path = shared("domain/golden/golden.json")?;
    Some(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
}

/// Twelve areas of a fictional town: area, inhabitants, mean income, born elsewhere.
const TOWN: &str = "(VALUES ('A01', 1200, 412, 60), ('A02', 1500, 398, 90), ('A03', 1100, 441, 40), ('A04', 1800, 371, 150),
    ('A05', 2100, 262, 620), ('A06', 1900, 241, 780), ('A07', 1300, 334, 140), ('A08', 1600, 309, 260), ('A09', 2000, 228, 900),
    ('A10', 900, 427, 30), ('A11', 1400, 352, 110), ('A12', 1000, 318, 90)) AS v(area, pop, income, other)";

/// The documented example of two areas with ten deciles, whose order as text is wrong.
const LADDERS: [[(f64, f64); 10]; 2] = [
    [
        (7291.0, 75.9),
        (7997.0, 78.3),
        (6105.0, 83.8),
        (7666.0, 83.6),
        (5790.0, 80.5),
        (6934.0, 81.1),
        (5918.0, 81.7),
        (5974.0, 84.2),
        (7147.0, 80.6),
        (7534.0, 86.3),
    ],
    [
        (21675.0, 70.5),
        (20065.0, 71.6),
        (19750.0, 72.5),
        (24713.0, 73.5),
        (20112.0, 73.1),
        (19618.0, 76.2),
        (22408.0, 78.7),
        (19752.0, 80.6),
        (18939.0, 80.9),
        (19312.0, 80.0),
    ],
];

fn values(rows: impl IntoIterator<Item = String>) -> String {
    rows.into_iter().collect::<Vec<_>>().join(", ")
}

fn ladder(of: &[(f64, f64)]) -> String {
    // from the last, so that the order of rows says nothing
    values(
        of.iter()
            .enumerate()
            .rev()
            .map(|(at, (n, v))| format!("({}, {v:?}, {n:?})", at + 1)),
    )
}

async fn all_equal(checks: Vec<(String, f64)>, by: f64) {
    let context = session(2);
    let mut wrong = String::new();
    for (sql, expected) in checks {
        let got = number(&context, &sql).await;
        if got.is_none_or(|got| (got - expected).abs() > by * expected.abs().max(1e-3)) {
            writeln!(wrong, "{sql}: {got:?}, expected {expected}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[tokio::test]
async fn inequality_of_a_town() {
    let Some(golden) = golden() else { return };
    let of = |name: &str| golden[name].as_f64().unwrap();
    let mut checks: Vec<(String, f64)> = [
        ("ineq_theil_t(area, income, pop)", of("theil_T_between")),
        ("ineq_mld(area, income, pop)", of("mld_between")),
        ("ineq_gini(area, income, pop)", of("gini_between")),
        ("ineq_gini(income, pop)", of("gini_between")),
        ("100 * ineq_cov_between_area(area, income, pop)", of("cov_pct")),
        ("gap_cov(area, income, pop)['value']", of("cov_pct")),
        ("gap_bgv(area, income, pop)['value']", of("bgv")),
        ("sii(income, income, pop)['mean']", of("pop_weighted_mean_income")),
    ]
    .map(|(call, expected)| (format!("SELECT {call} FROM {TOWN}"), expected))
    .to_vec();
    for (q, at) in [(0.1, 0_usize), (0.5, 1), (0.9, 2)] {
        let expected = golden["weighted_p10_p50_p90"][at].as_f64().unwrap();
        checks.push((format!("SELECT wquantile(income, pop, {q}) FROM {TOWN}"), expected));
    }
    // 21 measures in one call say the same
    for (place, name, times) in [
        (7, "bgv", 1.0),
        (9, "cov_pct", 1.0),
        (18, "theil_T_between", 1000.0),
        (19, "mld_between", 1000.0),
    ] {
        checks.push((
            format!("SELECT who_measures(area, NULL, income, pop, NULL)[{place}]['value'] FROM {TOWN}"),
            times * of(name),
        ));
    }
    all_equal(checks, 1e-12).await;
}

#[tokio::test]
async fn gradients() {
    let Some(golden) = golden() else { return };
    let mut checks = Vec::new();
    for (area, rows) in (1..).zip(&LADDERS) {
        let from = format!("(VALUES {}) AS v(q, v, n)", ladder(rows));
        let of = &golden[format!("sii_docexample_area{area}")];
        for (call, field) in [
            ("sii_value(q, v, n)", "sii"),
            ("sii(q, v, n)['intercept']", "intercept"),
            ("sii(q, v, n)['mean']", "mean"),
            ("rii_value(q, v, n)", "rii"),
            ("aci_value(q, v, n)", "aci"),
            ("rci_value(q, v, n)", "rci"),
            ("who_measures(q, q, v, n, NULL)[3]['value']", "aci"),
            ("who_measures(q, q, v, n, NULL)[4]['value']", "rci"),
            ("who_measures(q, q, v, n, NULL)[5]['value']", "sii"),
            ("who_measures(q, q, v, n, NULL)[6]['value']", "rii"),
        ] {
            checks.push((format!("SELECT {call} FROM {from}"), of[field].as_f64().unwrap()));
        }
    }
    // the mean falls and the gap widens
    let widens = &golden["extra"]["gap_widens"];
    for (year, shares) in [[30.0, 24.0, 20.0, 16.0, 10.0], [29.0, 22.0, 17.0, 12.0, 5.0]]
        .iter()
        .enumerate()
    {
        let from = format!("(VALUES {}) AS v(q, v, n)", ladder(&shares.map(|share| (1.0, share))));
        for (call, name) in [
            ("sii_value(q, v, n)", "sii"),
            ("sii(q, v, n)['mean']", "mean"),
            ("who_measures(q, NULL, v, n, NULL)[1]['value']", "abs_gap"),
            ("who_measures(q, NULL, v, n, NULL)[2]['value']", "ratio"),
        ] {
            checks.push((
                format!("SELECT {call} FROM {from}"),
                widens[name][year].as_f64().unwrap(),
            ));
        }
    }
    all_equal(checks, 1e-12).await;
}

#[tokio::test]
async fn intervals_of_shares_and_counts() {
    let Some(golden) = golden() else { return };
    let mut checks = Vec::new();
    for (x, n, of) in [
        (7, 40, &golden["wilson_7_of_40"]),
        (0, 25, &golden["wilson_0_of_25"]),
        (25, 25, &golden["wilson_25_of_25"]),
        (11, 17, &golden["extra"]["wilson_11_of_17"]),
    ] {
        checks.push((format!("SELECT ci_wilson_lo({x}, {n})"), of[0].as_f64().unwrap()));
        checks.push((format!("SELECT ci_wilson_hi({x}, {n})"), of[1].as_f64().unwrap()));
    }
    for x in [0, 3, 9, 10, 82] {
        let of = &golden[format!("poisson_ci_count_{x}")];
        checks.push((format!("SELECT ci_poisson_lo({x})"), of[0].as_f64().unwrap()));
        checks.push((format!("SELECT ci_poisson_hi({x})"), of[1].as_f64().unwrap()));
        checks.push((
            format!(
                "SELECT CASE WHEN ci_poisson({x})['method'] = '{}' THEN 1 ELSE 0 END",
                of[2].as_str().unwrap()
            ),
            1.0,
        ));
    }
    let pooled = &golden["extra"]["pooled_per_1000"];
    let years =
        "(VALUES (2015, 1, 180), (2016, 0, 175), (2017, 3, 190), (2018, 2, 200), (2019, 0, 150)) AS v(year, x, n)";
    for (call, expected) in [
        ("pool_rate_value(year, x, n, 1000)", &pooled["pooled"]),
        ("pool_rate_lo(year, x, n, 1000)", &pooled["ci95"][0]),
        ("pool_rate_hi(year, x, n, 1000)", &pooled["ci95"][1]),
        ("1000 * avg(x / CAST(n AS DOUBLE))", &pooled["mean_of_rates"]),
    ] {
        checks.push((format!("SELECT {call} FROM {years}"), expected.as_f64().unwrap()));
    }
    all_equal(checks, 1e-10).await;
}

#[tokio::test]
async fn direct_standardisation() {
    let Some(golden) = golden() else { return };
    let events = [1, 0, 0, 1, 2, 2, 3, 3, 4, 5, 7, 9, 12, 15, 20, 24, 26, 22, 18];
    let people = [
        950, 980, 1010, 1000, 940, 970, 1020, 1050, 1080, 1100, 1090, 1040, 980, 900, 820, 640, 430, 260, 150,
    ];
    let weights = [
        5000, 5500, 5500, 5500, 6000, 6000, 6500, 7000, 7000, 7000, 7000, 6500, 6000, 5500, 5000, 4000, 2500, 1500,
        1000,
    ];
    let band = |at: usize| match at {
        18 => "90+".to_owned(),
        _ => format!("{}-{}", 5 * at, 5 * at + 4),
    };
    let rows = values((0..19).map(|at| format!("('{}', {}, {}, {})", band(at), weights[at], events[at], people[at])));
    let from = format!("(VALUES {rows}) AS v(age, w, x, n)");
    let of = &golden["dsr_per_100k"];
    let mut checks = Vec::new();
    for call in ["std_direct(age, x, n)", "std_direct_weighted(age, w, x, n)"] {
        for (field, expected) in [
            ("events", "events"),
            ("crude", "crude"),
            ("value", "dsr"),
            ("lo", "lo95"),
            ("hi", "hi95"),
        ] {
            checks.push((
                format!("SELECT {call}['{field}'] FROM {from}"),
                of[expected].as_f64().unwrap(),
            ));
        }
    }
    all_equal(checks, 1e-11).await;
}

#[tokio::test]
async fn empirical_bayes() {
    let Some(golden) = golden() else { return };
    let cases = [2, 1, 0, 4, 19, 24, 3, 6, 31, 0, 4, 1];
    let children = [240, 310, 230, 380, 520, 490, 280, 330, 540, 170, 300, 200];
    let rows = values((0..12).map(|at| format!("('A{:02}', {}, {})", at + 1, cases[at], children[at])));
    let of = &golden["eb_marshall"];
    let mut checks = Vec::new();
    for at in 0..12_usize {
        let from = format!("(VALUES {rows}) AS v(area, x, n)");
        for (field, name) in [("raw", "raw_per_1000"), ("value", "eb_per_1000")] {
            checks.push((
                format!(
                    "SELECT eb_global(area, x, n, 'poisson', 1000)[{}]['{field}'] FROM {from}",
                    at + 1
                ),
                of[name][at].as_f64().unwrap(),
            ));
        }
        // everybody a neighbour of everybody: local is global
        checks.push((
            format!(
                "SELECT eb_local(a.area, b.area, b.x, b.n, 'poisson', 1000)[{}]['value']
                 FROM (VALUES {rows}) AS a(area, x, n) CROSS JOIN (VALUES {rows}) AS b(area, x, n)",
                at + 1
            ),
            of["eb_per_1000"][at].as_f64().unwrap(),
        ));
    }
    all_equal(checks, 1e-12).await;
}

/// The life table in the tests of PHEindicatormethods, with the values that it prints (Office for National Statistics'
/// method); four decimals.
#[tokio::test]
async fn life_expectancy() {
    let ages = [
        0, 1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90,
    ];
    let people = [
        7060, 35059, 46974, 48489, 43219, 38561, 46009, 57208, 61435, 55601, 50209, 56416, 46411, 39820, 37978, 37039,
        33288, 23306, 11936, 11936,
    ];
    let deaths = [
        17, 9, 4, 8, 20, 15, 24, 33, 50, 71, 100, 163, 263, 304, 536, 872, 1390, 1605, 1936, 1937,
    ];
    let rows = values((0..20).map(|at| format!("({}, {}, {})", ages[at], deaths[at], people[at])));
    let from = format!("(VALUES {rows}) AS v(age, d, n)");
    let (mut checks, mut limits) = (Vec::new(), Vec::new());
    for (age, value, lo, hi) in [
        (0, 80.169_608_13, 79.882_685_48, 80.456_530_78),
        (1, 79.362_456_74, 79.089_881_6, 79.635_031_88),
        (25, 55.788_359_87, 55.538_015_79, 56.038_703_95),
        (65, 18.768_568_52, 18.575_703_52, 18.961_433_52),
        (90, 6.162_106_35, 5.887_683_386, 6.436_529_314),
    ] {
        for (field, expected) in [("value", value), ("lo", lo), ("hi", hi)] {
            let into = if field == "value" { &mut checks } else { &mut limits };
            into.push((
                format!("SELECT life_expectancy_{field}(age, d, n, {age}) FROM {from}"),
                expected,
            ));
        }
    }
    all_equal(checks, 1e-9).await;
    // the source takes 1.96 for the quantile of the normal distribution
    all_equal(limits, 1e-6).await;
}

/// Newcombe 1998, table II, method 10: the four decimals that are printed there.
#[tokio::test]
async fn newcombes_table() {
    let mut checks = Vec::new();
    for (counts, lo, hi) in [
        ("56, 70, 48, 80", 0.0524, 0.3339),
        ("9, 10, 3, 10", 0.1705, 0.8090),
        ("6, 7, 2, 7", 0.0582, 0.8062),
        ("5, 56, 0, 29", -0.0381, 0.1926),
        ("10, 10, 0, 20", 0.6791, 1.0),
        ("10, 10, 0, 10", 0.6075, 1.0),
    ] {
        checks.push((format!("SELECT round(prop_diff_lo({counts}), 4)"), lo));
        checks.push((format!("SELECT round(prop_diff_hi({counts}), 4)"), hi));
    }
    all_equal(checks, 1e-9).await;
}

/// A rank interval holds the rank, is the narrower the more people there are, and equal seeds give equal results.
#[tokio::test]
async fn rank_intervals() {
    let context = session(2);
    let ranks = |times: u32, seed: u32| {
        format!(
            "(SELECT unnest(rank_intervals(area, {times} * other, {times} * pop, 'share', 1, 0.95, {seed})) AS l FROM {TOWN})"
        )
    };
    let mut widths = Vec::new();
    for (times, seed) in [(1, 1), (1, 1), (10, 1), (1, 2)] {
        let from = ranks(times, seed);
        let outside = format!("SELECT count(*) FROM {from} WHERE l['rank'] NOT BETWEEN l['lo'] AND l['hi']");
        assert_eq!(number(&context, &outside).await, Some(0.0));
        let width = format!("SELECT sum(l['hi'] - l['lo']) FROM {from}");
        widths.push(number(&context, &width).await.unwrap());
    }
    assert_eq!(widths[0].to_bits(), widths[1].to_bits());
    assert!(widths[2] < widths[0], "{widths:?}");
    // a seed is not a result
    assert!((widths[3] - widths[0]).abs() <= 6.0, "{widths:?}");
}
