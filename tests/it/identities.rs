//! What the segregation indices are of each other, over random towns: one of them wrong would break several lines.

use proptest::{prelude::*, test_runner::TestRunner};

use crate::segregation::{number, session};

/// What must be 0, up to rounding. `town` has (area, x, y, t), `people` has (area, grp, n) with x, y and the rest z.
const ZERO: [&str; 14] = [
    "SELECT seg_gorard(area, x, t) - (1 - sum(x) / sum(t)) * seg_dissimilarity(area, x, t) FROM town",
    "SELECT seg_karmel_maclachlan(area, x, t) - 2 * sum(x) / sum(t) * (1 - sum(x) / sum(t)) * seg_dissimilarity(area, x, t) FROM town",
    "SELECT seg_karmel_maclachlan(area, grp, n) - seg_dissimilarity(area, grp, n) * div_simpson(grp, n) FROM people",
    "SELECT seg_min_max(area, x, t) - 2 * seg_dissimilarity(area, x, t) / (1 + seg_dissimilarity(area, x, t)) FROM town",
    "SELECT seg_atkinson(area, x, t) - 1 + power(1 - seg_hutchens(area, x, t), 2) FROM town",
    "SELECT seg_variance_ratio(area, x, t) - (seg_isolation(area, x, t) - sum(x) / sum(t)) / (1 - sum(x) / sum(t)) FROM town",
    "SELECT seg_variance_ratio(area, x, t) + seg_exposure(area, x, t - x, t) / (1 - sum(x) / sum(t)) - 1 FROM town",
    "SELECT seg_relative_diversity(area, grp, n) * div_simpson(grp, n)
       - (SELECT sum(p * (1 - p) * v) FROM (
            SELECT seg_variance_ratio(area, x, t) AS v, sum(x) / sum(t) AS p FROM town
            UNION ALL SELECT seg_variance_ratio(area, y, t), sum(y) / sum(t) FROM town
            UNION ALL SELECT seg_variance_ratio(area, t - x - y, t), 1 - (sum(x) + sum(y)) / sum(t) FROM town))
     FROM people",
    "SELECT seg_gini(area, grp, n) * div_simpson(grp, n)
       - (SELECT sum(p * (1 - p) * g) FROM (
            SELECT seg_gini(area, x, t) AS g, sum(x) / sum(t) AS p FROM town
            UNION ALL SELECT seg_gini(area, y, t), sum(y) / sum(t) FROM town
            UNION ALL SELECT seg_gini(area, t - x - y, t), 1 - (sum(x) + sum(y)) / sum(t) FROM town))
     FROM people",
    "SELECT div_shannon(grp, n) - seg_mutual_information(area, grp, n)
       - (SELECT sum(t * e) / sum(t) FROM (SELECT sum(n) AS t, div_shannon(grp, n) AS e FROM people GROUP BY area)) FROM people",
    "SELECT seg_mutual_information(area, grp, n) - seg_mutual_information(grp, area, n) FROM people",
    "SELECT 1 - seg_gini(area, x, t) - (SELECT sum((q['y'] - b) * (q['x'] + a)) FROM (
          SELECT q, lag(q['x']) OVER (ORDER BY q['y'], q['x']) AS a, lag(q['y']) OVER (ORDER BY q['y'], q['x']) AS b
          FROM (SELECT unnest(seg_curve(area, x, t)) AS q FROM town)))
     FROM town",
    "SELECT max(abs(s - 1)) FROM (
       SELECT sum(q['value']) AS s FROM (SELECT unnest(seg_exposure_matrix(area, grp, n)) AS q FROM people) GROUP BY q['group'])",
    "SELECT seg_dissimilarity(area, grp, n)
       - (SELECT sum(q['value']) FROM (SELECT unnest(seg_local_dissimilarity(area, grp, n)) AS q FROM people)) FROM people",
];

#[test]
fn indices_are_what_they_are_of_each_other() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let context = session(1);
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 20,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let towns = prop::collection::vec((0_u32..30, 0_u32..30, 0_u32..30), 1..7);
    let values = std::cell::Cell::new(0);
    runner
        .run(&towns, |mut town| {
            // everybody is there, so that there is something to compare
            town.push((3, 1, 2));
            let rows: Vec<String> = town
                .iter()
                .enumerate()
                .map(|(area, (x, y, z))| format!("('a{area}', {x}.0, {y}.0, {}.0)", x + y + z))
                .collect();
            let with = format!(
                "WITH town AS (SELECT * FROM (VALUES {}) AS v(area, x, y, t)),
                 people AS (SELECT area, 'x' AS grp, x AS n FROM town UNION ALL SELECT area, 'y', y FROM town
                            UNION ALL SELECT area, 'z', t - x - y FROM town)",
                rows.join(", ")
            );
            for sql in ZERO {
                let value = runtime.block_on(number(&context, &format!("{with} {sql}"))).unwrap();
                prop_assert!(value.abs() < 1e-12, "{sql}: {value}");
                values.set(values.get() + 1);
            }
            let least = format!("{with} SELECT seg_gini(area, x, t) - seg_dissimilarity(area, x, t) FROM town");
            prop_assert!(runtime.block_on(number(&context, &least)).unwrap() > -1e-15);
            Ok(())
        })
        .unwrap();
    assert_eq!(values.get(), 20 * ZERO.len());
}
