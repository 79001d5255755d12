//! What stands around the segregation indices, against published numbers: parts of M, its change, small units; and
//! bounds of hidden counts against every possible town.

use std::{io::Write as _, sync::Arc};

use arrow::{
    array::{ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray},
    datatypes::{DataType, Float64Type},
};
use datafusion::prelude::{CsvReadOptions, SessionContext};
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    oracles::OTHERS,
    segregation::{number, rows, session},
    shared::shared,
};

const FOLDER: &str = "data/oracles/segregation";
/// Two schools and four groups at two times.
const TOY: &str = "(VALUES ('1', 'a', 40, 20), ('2', 'a', 30, 20), ('3', 'a', 20, 20), ('4', 'a', 10, 15), ('1', 'b', 5, 5), \
                   ('2', 'b', 10, 10), ('3', 'b', 15, 10), ('4', 'b', 20, 15)) AS v(race, school, n1, n2)";
const SCHOOLS: &str = "(SELECT school, race, n AS n1, 0 AS n2 FROM elbersb_schools00 UNION ALL SELECT school, race, 0, n FROM elbersb_schools05)";

/// Returns the query that answers a row.
fn query(dataset: &str, index: &str) -> Option<String> {
    let decompose = |part: &str, area: &str, field: &str| {
        format!("SELECT seg_mutual_information_decompose({part}, {area}, race, n)['{field}'] FROM elbersb_schools00")
    };
    let h = |m: &str, h: &str| if index.ends_with(" H") { h } else { m }.to_owned();
    match dataset {
        "elbersb_schools00" => Some(match index {
            "between-state M" | "between-state H" => decompose("state", "school", &h("between", "h_between")),
            "within-state M" | "within-state H" => decompose("state", "school", &h("within", "h_within")),
            "district within state M" | "district within state H" => {
                decompose("state", "district", &h("within", "h_within"))
            }
            "school within state+district M" | "school within state+district H" => {
                decompose("state || '/' || district", "school", &h("within", "h_within"))
            }
            _ => {
                let (state, field) = index.strip_prefix("state ")?.split_once(' ')?;
                let field = match field {
                    "M" => "value",
                    "H" => "h",
                    "p" => "share",
                    "ent_ratio" => field,
                    _ => return None,
                };
                format!(
                    "SELECT l['{field}'] FROM (SELECT unnest(seg_mutual_information_parts(state, school, race, n)) AS l
                     FROM elbersb_schools00) WHERE l['part'] = '{state}'"
                )
            }
        }),
        "elbersb test toy (u,g,supergroup,n)" => {
            let field = match index {
                "within supergroup M" => "within",
                "within supergroup H" => "h_within",
                _ => return None,
            };
            Some(format!(
                "SELECT seg_mutual_information_decompose(s, g, u, n)['{field}'] FROM
                 (VALUES ('a', 'g1', '12', 40), ('a', 'g2', '12', 20), ('a', 'g3', '34', 5), ('a', 'g4', '34', 1),
                  ('b', 'g1', '12', 20), ('b', 'g2', '12', 40), ('b', 'g3', '34', 60), ('b', 'g4', '34', 80)) AS v(u, g, s, n)"
            ))
        }
        "elbersb_schools00 -> elbersb_schools05" | "elbersb test toy diff" => {
            let from = if dataset.contains("toy") { TOY } else { SCHOOLS };
            let (method, part) = index.split_once(' ')?;
            let part = match part {
                "M1" => "before",
                "M2" => "after",
                part => part,
            };
            Some(format!(
                "SELECT seg_change(school, race, n1, n2, '{method}')['{part}'] FROM {from}"
            ))
        }
        "Winship 1977 Table 2" => {
            let (_, of) = index.split_once("n=")?;
            let (n, p) = of.split_once(" p=")?;
            Some(format!(
                "SELECT seg_dissimilarity_expected(area, {n} * 0{p}, {n}) FROM (VALUES ('A'), ('B'), ('C')) AS v(area)"
            ))
        }
        _ => None,
    }
}

async fn schools(context: &SessionContext) {
    for name in ["elbersb_schools00", "elbersb_schools05"] {
        let path = shared(&format!("{FOLDER}/{name}.csv")).expect("an oracle file");
        context
            .register_csv(name, path.to_str().expect("a path in UTF-8"), CsvReadOptions::new())
            .await
            .expect("an oracle file");
    }
}

#[tokio::test]
async fn every_canonical_value_around_the_indices() {
    let Some(path) = shared(&format!("{FOLDER}/expected_values.csv")) else {
        return;
    };
    let context = session(2);
    schools(&context).await;
    let (_, names) = OTHERS
        .iter()
        .find(|(module, _)| *module == "oracles_around")
        .expect("this module");
    let mut reader = csv::Reader::from_path(path).expect("the expected values");
    let (mut answered, mut wrong) = (0, Vec::new());
    for record in reader.records() {
        let record = record.expect("a row");
        let (dataset, index, status) = (&record[0], &record[2], &record[6]);
        if !status.starts_with("canonical") || !names.iter().any(|name| index.starts_with(name)) {
            continue;
        }
        let sql = query(dataset, index).unwrap_or_else(|| panic!("{dataset}, {index}: answered by nobody"));
        let expected: f64 = record[4].parse().expect("a number");
        let fitted = ["shapley", "km"].iter().any(|method| index.starts_with(method)) && !index.contains(" M");
        // what was fitted is known to seven digits after the point
        let by = if fitted { 1e-7 } else { 1e-9 * expected.abs() };
        match number(&context, &sql).await {
            Some(got) if (got - expected).abs() <= by => {}
            got => wrong.push(format!("{dataset}, {index}: {got:?}, expected {expected}")),
        }
        answered += 1;
    }
    writeln!(
        std::io::stderr(),
        "oracles: {answered} canonical values around the indices"
    )
    .expect("a line");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(answered >= 42, "{answered}");
}

/// Every school's part of the structural change, as the R package prints it when it fits to the end.
#[tokio::test]
async fn every_school_of_the_change() {
    let Some(path) = shared(&format!("{FOLDER}/expected_elbersb_shapley_detailed_00_05.csv")) else {
        return;
    };
    let context = session(2);
    schools(&context).await;
    context
        .register_csv("key", path.to_str().expect("a path in UTF-8"), CsvReadOptions::new())
        .await
        .expect("an oracle file");
    // numbers of the whole
    for (stat, field) in [
        ("M1", "before"),
        ("M2", "after"),
        ("diff", "value"),
        ("additions", "additions"),
        ("removals", "removals"),
        ("group_marginal", "group_marginal"),
        ("unit_marginal", "unit_marginal"),
        ("structural", "structural"),
    ] {
        let sql = format!(
            "SELECT (SELECT c['{field}'] FROM (SELECT seg_change(school, race, n1, n2) AS c FROM {SCHOOLS}))
                  - (SELECT est FROM key WHERE stat = '{stat}')"
        );
        let apart = number(&context, &sql).await.expect("both");
        assert!(apart.abs() < 1e-7, "{stat}: {apart}");
    }
    let units = format!("(SELECT unnest(seg_change_units(school, race, n1, n2)) AS l FROM {SCHOOLS})");
    // the key's own fitting leaves schools of two hundred pupils up to 5·10⁻⁷ from the end; weighted that is nothing
    for (stat, field, by) in [
        ("p1", "share_before", 1e-12),
        ("p2", "share_after", 1e-12),
        ("ls_diff1", "change_before", 5e-7),
        ("ls_diff2", "change_after", 5e-7),
        ("total", "structural", 1e-9),
    ] {
        let joined = format!("{units} JOIN key ON school = l['area'] AND stat = '{stat}'");
        let sql = format!("SELECT CAST(count(*) AS DOUBLE) FROM {joined}");
        assert_eq!(number(&context, &sql).await, Some(1_710.0), "{stat}");
        let sql = format!("SELECT max(abs(l['{field}'] - est)) FROM {joined}");
        let apart = number(&context, &sql).await.expect("numbers");
        assert!(apart < by, "{stat}: {apart}");
    }
    let joined = format!("{units} JOIN key ON school = l['area'] AND stat = 'ls_diff_mean'");
    let sql = format!("SELECT max(abs((l['change_before'] + l['change_after']) / 2 - est)) FROM {joined}");
    let apart = number(&context, &sql).await.expect("numbers");
    assert!(apart < 5e-7, "{apart}");
    assert_eq!(
        number(&context, &format!("SELECT CAST(count(*) AS DOUBLE) FROM {units}")).await,
        Some(1_710.0),
        "no other school"
    );
}

/// The published parts have a structural change of the wrong sign, because fitting stopped early.
#[tokio::test]
async fn fitting_ends() {
    if shared(&format!("{FOLDER}/expected_values.csv")).is_none() {
        return;
    }
    let context = session(2);
    schools(&context).await;
    let change = format!("SELECT c FROM (SELECT seg_change(school, race, n1, n2) AS c FROM {SCHOOLS})");
    let of = |what: &str| format!("SELECT {what} FROM ({change})");
    assert!(number(&context, &of("c['residual']")).await.expect("a residual") <= 1e-9);
    assert!(number(&context, &of("c['iterations']")).await.expect("a number") > 10.0);
    assert!(number(&context, &of("c['structural']")).await.expect("a part") > 0.003);
}

/// The bias by formula is the bias that 500 bootstraps of the R package print.
#[tokio::test]
async fn the_bias_of_small_schools() {
    if shared(&format!("{FOLDER}/expected_values.csv")).is_none() {
        return;
    }
    let context = session(2);
    schools(&context).await;
    let sql = "SELECT seg_mutual_information_bias(school, race, n)['bias'] FROM elbersb_schools00";
    let bias = number(&context, sql).await.expect("a bias");
    assert!((bias - 0.00347).abs() < 5e-6, "{bias}");
    let sql = "SELECT round(seg_mutual_information_corrected(school, race, n), 3) FROM elbersb_schools00";
    assert_eq!(number(&context, sql).await, Some(0.422));
}

/// Registers columns of floats and of keys as `t`.
fn register(context: &SessionContext, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
    context.register_batch("t", batch).expect("a table");
}

/// Returns every column of a query as numbers.
async fn table(context: &SessionContext, sql: &str) -> Vec<Vec<Option<f64>>> {
    let batches = rows(context, sql).await;
    let all = arrow::compute::concat_batches(&batches[0].schema(), &batches).expect("one batch");
    all.columns()
        .iter()
        .map(|column| {
            let column = arrow::compute::cast(column, &DataType::Float64).expect("numbers");
            column.as_primitive::<Float64Type>().iter().collect()
        })
        .collect()
}

#[tokio::test]
async fn parts_add_up_in_random_cities() {
    const CITIES: i64 = 300;
    let mut rng = StdRng::seed_from_u64(577);
    let (mut k, mut part, mut area, mut group) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for city in 0..CITIES {
        for _ in 0..rng.random_range(60..180) {
            k.push(city);
            part.push(format!("p{}", rng.random_range(0..3)));
            area.push(format!("a{}", rng.random_range(0..4)));
            group.push(format!("g{}", rng.random_range(0..4)));
            before.push(f64::from(rng.random_range(0..40_u32)));
            after.push(f64::from(rng.random_range(0..40_u32)));
        }
    }
    let context = session(2);
    register(
        &context,
        vec![
            ("k", Arc::new(Int64Array::from(k))),
            ("part", Arc::new(StringArray::from(part))),
            ("area", Arc::new(StringArray::from(area))),
            ("grp", Arc::new(StringArray::from(group))),
            ("n1", Arc::new(Float64Array::from(before))),
            ("n2", Arc::new(Float64Array::from(after))),
        ],
    );
    let parts = "SELECT k, unnest(seg_mutual_information_parts(part, area, grp, n1)) AS l FROM t GROUP BY k";
    let change = "(SELECT k, seg_change(part || area, grp, n1, n2) AS c, seg_change(part || area, grp, n2, n1) AS r,
                   seg_change(part || area, grp, n1, n2, 'km') AS q, seg_change(part || area, grp, n1, n2, 'mrc') AS m FROM t GROUP BY k)";
    for zero in [
        // areas' parts are the whole's
        "SELECT w - s FROM (SELECT k AS o, seg_change_structural(part || area, grp, n1, n2) AS w FROM t GROUP BY k)
         JOIN (SELECT k, sum(l['structural']) AS s FROM (SELECT k, unnest(seg_change_units(part || area, grp, n1, n2)) AS l FROM t GROUP BY k)
           GROUP BY k) ON o = k",
        "SELECT d['within'] + d['between'] - m FROM (SELECT seg_mutual_information_decompose(part, area, grp, n1) AS d,
           seg_mutual_information(part || area, grp, n1) AS m FROM t GROUP BY k)",
        "SELECT seg_mutual_information_between(part, area, grp, n1) - seg_mutual_information(part, grp, n1) FROM t GROUP BY k",
        "SELECT seg_mutual_information_decompose(part, area, grp, n1)['h'] - seg_information_theory(part || area, grp, n1) FROM t GROUP BY k",
        &format!(
            "SELECT w - s FROM (SELECT k AS o, seg_mutual_information_within(part, area, grp, n1) AS w FROM t GROUP BY k)
             JOIN (SELECT k, sum(l['share'] * l['value']) AS s FROM ({parts}) GROUP BY k) ON o = k"
        ),
        &format!(
            "SELECT w - s FROM (SELECT k AS o, seg_mutual_information_decompose(part, area, grp, n1)['h_within'] AS w FROM t GROUP BY k)
             JOIN (SELECT k, sum(l['share'] * l['ent_ratio'] * coalesce(l['h'], 0)) AS s FROM ({parts}) GROUP BY k) ON o = k"
        ),
        &format!(
            "SELECT c['additions'] + c['removals'] + c['group_marginal'] + c['unit_marginal'] + c['structural'] - c['value'] FROM {change}"
        ),
        &format!(
            "SELECT q['additions'] + q['removals'] + q['group_marginal'] + q['unit_marginal'] + q['interaction'] + q['structural'] - q['value'] FROM {change}"
        ),
        &format!(
            "SELECT m['additions'] + m['removals'] + m['group_marginal'] + m['unit_marginal'] + m['structural'] - m['value'] FROM {change}"
        ),
        // back again is the same with the other sign
        &format!("SELECT c['additions'] + r['removals'] FROM {change}"),
        &format!("SELECT c['structural'] + r['structural'] FROM {change}"),
    ] {
        let values = table(&context, zero).await.remove(0);
        let there: Vec<f64> = values.into_iter().flatten().collect();
        assert!(there.len() > 250, "{zero}: {} values", there.len());
        let worst = there.iter().fold(0.0, |worst: f64, value| worst.max(value.abs()));
        assert!(worst < 1e-9, "{zero}: {worst}");
    }
}

/// Sizes that change alone are no structural change, also where all areas grow and some cells are empty.
#[tokio::test]
async fn sizes_alone_are_not_structural() {
    let context = session(1);
    let sql = "SELECT seg_change(area, grp, n, n * f * g) FROM (SELECT *, CASE area WHEN 'A' THEN 3 WHEN 'B' THEN 1 ELSE 0.5 END AS f,
                 CASE grp WHEN 'x' THEN 1 ELSE 4 END AS g FROM (VALUES ('A', 'x', 10), ('A', 'y', 0), ('B', 'x', 5), ('B', 'y', 30),
                 ('C', 'x', 8), ('C', 'y', 9)) AS v(area, grp, n))";
    for (part, low, high) in [
        ("structural", -1e-9, 1e-9),
        ("additions", 0.0, 0.0),
        ("removals", 0.0, 0.0),
    ] {
        let sql = sql.replacen(
            "seg_change(area, grp, n, n * f * g)",
            &format!("seg_change(area, grp, n, n * f * g)['{part}']"),
            1,
        );
        let value = number(&context, &sql).await.expect("a part");
        assert!(value >= low && value <= high, "{part}: {value}");
    }
}

/// Returns D and isolation of areas with a group and a total.
fn indices(areas: &[(f64, f64)]) -> Option<(f64, f64)> {
    let x: f64 = areas.iter().map(|of| of.0).sum();
    let y: f64 = areas.iter().map(|of| of.1 - of.0).sum();
    if x <= 0.0 || y <= 0.0 {
        return None;
    }
    let d: f64 = areas.iter().map(|(a, t)| (a / x - (t - a) / y).abs()).sum();
    let own: f64 = areas.iter().filter(|of| of.1 > 0.0).map(|(a, t)| a / x * a / t).sum();
    Some((d / 2.0, own))
}

/// Towns with hidden areas: number of the town, group, total, hidden.
fn hidings(rng: &mut StdRng, towns: usize, areas: usize, people: u32) -> Vec<Vec<(u32, u32, bool)>> {
    (0..towns)
        .map(|_| {
            let odds = rng.random_range(0.0..1.0);
            let count = rng.random_range(1..=areas);
            (0..count)
                .map(|_| {
                    let t = rng.random_range(0..=people);
                    (rng.random_range(0..=t), t, rng.random_bool(odds))
                })
                .collect()
        })
        .collect()
}

/// Returns lo and hi of D, lo and hi of isolation for each town.
async fn bounds(towns: &[Vec<(u32, u32, bool)>]) -> Vec<Vec<Option<f64>>> {
    let (mut k, mut area, mut x, mut t) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (town, areas) in (0_i64..).zip(towns) {
        for (at, (group, total, hidden)) in areas.iter().enumerate() {
            k.push(town);
            area.push(format!("a{at}"));
            x.push((!hidden).then(|| f64::from(*group)));
            t.push(f64::from(*total));
        }
    }
    let context = session(2);
    register(
        &context,
        vec![
            ("k", Arc::new(Int64Array::from(k))),
            ("area", Arc::new(StringArray::from(area))),
            ("x", Arc::new(Float64Array::from(x))),
            ("t", Arc::new(Float64Array::from(t))),
        ],
    );
    let sql = "SELECT d['lo'], d['hi'], i['lo'], i['hi'], d['value'] FROM (SELECT k, seg_dissimilarity_bounds(area, x, t) AS d,
               seg_isolation_bounds(area, x, t) AS i FROM t GROUP BY k) ORDER BY k";
    let columns = table(&context, sql).await;
    (0..towns.len())
        .map(|town| columns.iter().map(|column| column[town]).collect())
        .collect()
}

#[tokio::test]
async fn bounds_contain_the_truth_in_random_hidings() {
    let mut rng = StdRng::seed_from_u64(10_007);
    let mut towns = hidings(&mut rng, 9_000, 12, 60);
    towns.extend(hidings(&mut rng, 1_000, 60, 2_000));
    let mut compared = 0;
    for (town, bounds) in towns.iter().zip(bounds(&towns).await) {
        let areas: Vec<(f64, f64)> = town.iter().map(|of| (f64::from(of.0), f64::from(of.1))).collect();
        let Some((d, own)) = indices(&areas) else { continue };
        let of = |at: usize| bounds[at].unwrap_or_else(|| panic!("{town:?}: no bounds"));
        assert!(of(0) <= d + 1e-12 && d <= of(1) + 1e-12, "{town:?}: {d}, {bounds:?}");
        assert!(
            of(2) <= own + 1e-12 && own <= of(3) + 1e-12,
            "{town:?}: {own}, {bounds:?}"
        );
        compared += 1;
    }
    assert!(compared > 9_000, "{compared}");
}

/// Every way to fill the hidden cells of small towns: the largest D is the bound, and no D is below the other, which
/// the hidden reach when they are mixed as the rest.
#[tokio::test]
async fn bounds_are_reached() {
    let mut rng = StdRng::seed_from_u64(1_597);
    let towns = hidings(&mut rng, 3_000, 5, 5);
    let (mut high, mut low) = (0, 0);
    for (town, bounds) in towns.iter().zip(bounds(&towns).await) {
        let mut areas: Vec<(f64, f64)> = town.iter().map(|of| (f64::from(of.0), f64::from(of.1))).collect();
        let hidden: Vec<usize> = (0..town.len()).filter(|at| town[*at].2 && town[*at].1 > 0).collect();
        let ways: u32 = hidden.iter().map(|at| town[*at].1 + 1).product();
        let (mut least, mut most, mut alike) = (f64::MAX, f64::MIN, (f64::MAX, f64::MIN));
        for way in 0..ways {
            let mut rest = way;
            for at in &hidden {
                areas[*at].0 = f64::from(rest % (town[*at].1 + 1));
                rest /= town[*at].1 + 1;
            }
            if let Some((d, own)) = indices(&areas) {
                (least, most) = (least.min(d), most.max(d));
                alike = (alike.0.min(own), alike.1.max(own));
            }
        }
        if most < 0.0 {
            continue;
        }
        let of = |at: usize| bounds[at].unwrap_or_else(|| panic!("{town:?}: no bounds"));
        assert!((of(1) - most).abs() < 1e-12, "{town:?}: {most}, {bounds:?}");
        assert!(
            of(0) <= least + 1e-12 && of(2) <= alike.0 + 1e-12,
            "{town:?}: {bounds:?}"
        );
        high += 1;
        // the rest of the town, and the hidden mixed as it
        let known = |of: fn(&(u32, u32, bool)) -> u32| -> f64 {
            town.iter().filter(|of| !of.2).map(|at| f64::from(of(at))).sum()
        };
        let (x, t) = (known(|of| of.0), known(|of| of.1));
        if x > 0.0 && x < t {
            for (share, at) in [(x / t, 0), (of(2) / 2.0, 2), (1.0, 3)] {
                for hidden in &hidden {
                    areas[*hidden].0 = areas[*hidden].1 * share;
                }
                let (d, own) = indices(&areas).expect("both are there");
                let got = if at == 0 { d } else { own };
                if !hidden.is_empty() {
                    assert!((of(at) - got).abs() < 1e-12, "{town:?}: {got}, {bounds:?}");
                    low += 1;
                }
            }
        }
    }
    assert!(high > 2_000 && low > 1_500, "{high}, {low}");
}

/// The expected D against all ways to draw, by brute force.
#[tokio::test]
async fn the_expected_d_is_a_mean() {
    let context = session(1);
    for (n, p) in [
        (1_u32, 0.5),
        (2, 0.25),
        (7, 0.3),
        (40, 0.025),
        (400, 0.9),
        (3_000, 0.001),
    ] {
        // probabilities one after the other, from the middle of which nothing is lost
        let mut probability = (f64::from(n) * f64::ln(1.0 - p)).exp();
        let mut start = 0;
        if probability < 1e-250 {
            // turned round
            start = n;
            probability = (f64::from(n) * f64::ln(p)).exp();
        }
        let mut mean = 0.0;
        for step in 0..=n {
            let k = if start == 0 { step } else { n - step };
            mean += probability * (f64::from(k) - f64::from(n) * p).abs();
            let (up, odds) = if start == 0 {
                (k, p / (1.0 - p))
            } else {
                (n - k, (1.0 - p) / p)
            };
            probability *= f64::from(n - up) / f64::from(up + 1) * odds;
        }
        let expected = mean / (2.0 * f64::from(n) * p * (1.0 - p));
        let sql =
            format!("SELECT seg_dissimilarity_expected(area, {n} * {p}, {n}) FROM (VALUES ('A'), ('B')) AS v(area)");
        let got = number(&context, &sql).await.expect("a number");
        assert!((got - expected).abs() < 1e-11 * expected, "{n} {p}: {got}, {expected}");
    }
}
