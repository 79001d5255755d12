//! Spatial functions against published numbers, against searches of all pairs, and the laws that wrong peers break.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, AsArray, RecordBatch, StringArray},
    compute::{concat_batches, take_record_batch},
    datatypes::{DataType, Float64Type, UInt32Type},
};
use datafusion::{
    datasource::MemTable,
    prelude::{CsvReadOptions, SessionContext},
};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};

use crate::{
    segregation::{number, rows, session},
    shared::shared,
};

const FOLDER: &str = "data/oracles/segregation";

async fn csv(context: &SessionContext, name: &str) -> bool {
    let Some(path) = shared(&format!("{FOLDER}/{name}.csv")) else {
        return false;
    };
    context
        .register_csv(name, path.to_str().unwrap(), CsvReadOptions::new())
        .await
        .unwrap();
    true
}

/// A result as numbers, by column name.
async fn columns(context: &SessionContext, sql: &str) -> BTreeMap<String, Vec<f64>> {
    let batches = rows(context, sql).await;
    let batch = concat_batches(&batches[0].schema(), &batches).unwrap();
    let mut columns = BTreeMap::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if let Ok(column) = arrow::compute::cast(column, &DataType::Float64) {
            let column = column.as_primitive::<Float64Type>();
            columns.insert(
                field.name().clone(),
                column.iter().map(|of| of.unwrap_or(f64::NAN)).collect(),
            );
        }
    }
    columns
}

fn close(got: f64, expected: f64, by: f64) -> bool {
    (got - expected).abs() <= by * expected.abs().max(1e-6)
}

/// Tracts of Sacramento with keys that are text, and their edges.
fn sacramento(group: &str) -> String {
    format!(
        r#"(SELECT 't' || lpad(CAST("POLYID" - 1 AS VARCHAR), 3, '0') AS area, {group} AS x, "TOT_POP" AS t, cx_utm10n AS east,
            cy_utm10n AS north, area_m2_utm10n AS size, perimeter_m_utm10n AS perimeter,
            sqrt(power(cx_utm10n - avg(cx_utm10n) OVER (), 2) + power(cy_utm10n - avg(cy_utm10n) OVER (), 2)) AS distance
            FROM pysal_sacramento1_tracts)"#
    )
}

fn with_edges(areas: &str, file: &str, weight: &str) -> String {
    format!(
        "(SELECT area, area AS neighbour, perimeter, size, x, t, 0.0 AS w FROM {areas}
          UNION ALL SELECT 't' || lpad(CAST(i AS VARCHAR), 3, '0'), 't' || lpad(CAST(j AS VARCHAR), 3, '0'), 0, 0, NULL, NULL, {weight}
          FROM {file})"
    )
}

/// The 10 × 10 grid with a pattern, and its edges.
fn grid(x: &str, y: &str, steps: &str, own: &str) -> String {
    format!(
        r#"(SELECT "SP_ID" AS area, "SP_ID" AS neighbour, {x} AS x, {x} + {y} AS t, {own} AS w, perimeter, area AS size
           FROM oasisr_segdata
           UNION ALL SELECT a."SP_ID", b."SP_ID", NULL, NULL, 1, 0, 0
           FROM oasisr_segdata AS a JOIN oasisr_segdata AS b ON {steps})"#
    )
}

const ROOK: &str = "abs(a.cx - b.cx) + abs(a.cy - b.cy) BETWEEN 0.5 AND 1.1";
const QUEEN: &str = "greatest(abs(a.cx - b.cx), abs(a.cy - b.cy)) BETWEEN 0.5 AND 1.1";

/// The query for an index of the Sacramento tracts.
fn of_sacramento(index: &str, groups: &str) -> Option<String> {
    let group = groups.split(" vs rest").next()?;
    let areas = sacramento(&format!(r#""{group}""#));
    let place = "area, east, north, size";
    let call = match index {
        "DEL" => "seg_delta(area, size, x, t)".to_owned(),
        "ACO" => "seg_absolute_concentration(area, size, x, t)".to_owned(),
        "RCO" => "seg_relative_concentration(area, size, x, t)".to_owned(),
        "ACE" => "seg_absolute_centralization(area, distance, size, x, t)".to_owned(),
        "RCE" => "seg_relative_centralization(area, distance, x, t)".to_owned(),
        "ACL" => format!("seg_absolute_clustering({place}, x, t)"),
        "SP" => format!("seg_spatial_proximity({place}, x, t)"),
        "RCL" => format!("seg_relative_clustering({place}, x, t)"),
        "DPxx" => format!("seg_distance_decay_isolation({place}, x, t)"),
        "DPxy" => format!("seg_distance_decay_exposure({place}, x, t - x, t)"),
        "D(adj) Morrill" => {
            let edges = with_edges(&areas, "pysal_sacramento1_queen_pairs", "1");
            return Some(format!(
                "SELECT seg_adjusted_dissimilarity(area, neighbour, x, t, w) FROM {edges}"
            ));
        }
        "D(w) Wong" => {
            let edges = with_edges(&areas, "pysal_sacramento1_boundary_lengths", "shared_boundary_m_utm10n");
            return Some(format!(
                "SELECT seg_adjusted_dissimilarity(area, neighbour, x, t, w, 'row') FROM {edges}"
            ));
        }
        "D(s) Wong" => {
            let edges = with_edges(&areas, "pysal_sacramento1_boundary_lengths", "shared_boundary_m_utm10n");
            return Some(format!(
                "SELECT seg_shape_adjusted_dissimilarity(area, neighbour, perimeter, size, x, t, w) FROM {edges}"
            ));
        }
        _ => return None,
    };
    Some(format!("SELECT {call} FROM {areas}"))
}

/// The query for an index of a pattern on the grid.
fn of_grid(index: &str, groups: &str) -> Option<String> {
    let pattern = groups.split_whitespace().last()?;
    let (x, y) = (format!(r#""{pattern}1""#), format!(r#""{pattern}2""#));
    let edges = |steps: &str, own: &str| grid(&x, &y, steps, own);
    let place = r#""SP_ID", cx, cy, area"#;
    let far = "1, 1, 0";
    let center = "sqrt(power(cx - 5, 2) + power(cy - 5, 2))";
    let call = match index {
        "ISMorrill_rook[1]" | "ISWong_w[1]" => {
            return Some(format!(
                "SELECT seg_adjusted_dissimilarity(area, neighbour, x, t, w) FROM {}",
                edges(ROOK, "0")
            ));
        }
        "ISMorrill_queen[1]" => {
            return Some(format!(
                "SELECT seg_adjusted_dissimilarity(area, neighbour, x, t, w) FROM {}",
                edges(QUEEN, "0")
            ));
        }
        "ISWong_s[1]" => {
            return Some(format!(
                "SELECT seg_shape_adjusted_dissimilarity(area, neighbour, perimeter, size, x, t, w) FROM {}",
                edges(ROOK, "0")
            ));
        }
        // the perimeter without what borders on nothing: as many sides as there are neighbours
        "ISWong_s_pint[1]" => {
            let edges = edges(ROOK, "0");
            return Some(format!(
                "SELECT seg_shape_adjusted_dissimilarity(area, neighbour, CASE WHEN area = neighbour THEN sides ELSE 0 END, size, x, t, w)
                 FROM (SELECT *, sum(w) OVER (PARTITION BY area) AS sides FROM {edges})"
            ));
        }
        "ACL_rook_diag1[1]" => {
            return Some(format!(
                "SELECT seg_absolute_clustering(area, neighbour, x, t, w) FROM {}",
                edges(ROOK, "1")
            ));
        }
        "ACL_expd_unitdist[1]" => format!("seg_absolute_clustering({place}, {x}, {x} + {y}, {far})"),
        "SP_expd_unitdist" => format!("seg_spatial_proximity({place}, {x}, {x} + {y}, {far})"),
        "RCL_expd_unitdist[1,2]" => format!("seg_relative_clustering({place}, {x}, {x} + {y}, {far})"),
        "Pxx_expd_unitdist[1]" => format!("seg_proximity({place}, {x}, {x}, {x} + {y}, {far})"),
        "DPxx_unitdist[1]" => format!("seg_distance_decay_isolation({place}, {x}, {x} + {y}, {far})"),
        "DPxy_unitdist[1,2]" => format!("seg_distance_decay_exposure({place}, {x}, {y}, {x} + {y}, {far})"),
        "Delta[1]" => format!(r#"seg_delta("SP_ID", area, {x}, {x} + {y})"#),
        "RCE_mid[1,2]" => format!(r#"seg_relative_centralization("SP_ID", {center}, {x}, {x} + {y})"#),
        // the peer takes cells at one distance in the order of its rows; here they would be one
        "ACE_mid[1]" => format!(
            r#"seg_absolute_centralization("SP_ID", {center} + 1e-6 * CAST(substr("SP_ID", 2) AS INT), area, {x}, {x} + {y})"#
        ),
        _ => return None,
    };
    Some(format!("SELECT {call} FROM oasisr_segdata"))
}

#[tokio::test]
async fn published_values() {
    let context = session(4);
    let Some(path) = shared(&format!("{FOLDER}/expected_values.csv")) else {
        return;
    };
    for name in [
        "pysal_sacramento1_tracts",
        "pysal_sacramento1_queen_pairs",
        "pysal_sacramento1_boundary_lengths",
        "oasisr_segdata",
    ] {
        assert!(csv(&context, name).await);
    }
    let mut checked: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for record in csv::Reader::from_path(path).unwrap().records() {
        let record = record.unwrap();
        let (dataset, groups, index, params, status) = (&record[0], &record[1], &record[2], &record[3], &record[6]);
        if status != "canonical" {
            continue;
        }
        let sql = match dataset {
            "pysal_sacramento1_tracts" => of_sacramento(index, groups),
            "oasisr_segdata" => of_grid(index, groups),
            _ => None,
        };
        let Some(sql) = sql else { continue };
        let expected: f64 = record[4].parse().unwrap();
        let got = number(&context, &sql).await.unwrap_or(f64::NAN);
        if !((got - expected).abs() <= 1e-9 * expected.abs() || (expected.abs() < 1e-9 && got.abs() < 1e-12)) {
            wrong.push(format!(
                "{dataset} {groups} {index} ({params}): {got}, expected {expected}"
            ));
        }
        *checked.entry(dataset.to_owned()).or_default() += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(
        checked.get("pysal_sacramento1_tracts"),
        Some(&26),
        "13 indices of two groups"
    );
    assert_eq!(
        checked.get("oasisr_segdata"),
        Some(&(15 * 9)),
        "15 indices of nine patterns"
    );
}

/// What the design notes print of Sacramento within 2 km: the index of the literature and PySAL's.
#[tokio::test]
async fn surroundings_of_sacramento() {
    let context = session(4);
    if !csv(&context, "pysal_sacramento1_tracts").await {
        return;
    }
    let long = |groups: &[&str]| {
        let parts: Vec<String> = groups
            .iter()
            .map(|group| format!(r#"SELECT "POLYID" AS area, '{group}' AS g, cx_utm10n AS east, cy_utm10n AS north, "{group}" AS n FROM pysal_sacramento1_tracts"#))
            .collect();
        format!("({})", parts.join(" UNION ALL "))
    };
    let three = long(&["HISP", "BLACK", "WHITE"]);
    for (bandwidth, expected) in [(500, 0.4246), (1000, 0.4173), (1500, 0.4008), (2000, 0.3776)] {
        let sql = format!(
            "SELECT seg_smoothed_dissimilarity(area, g, east, north, n, {bandwidth}, 'triangular', 'round') FROM {three}"
        );
        let got = number(&context, &sql).await.unwrap();
        assert!(
            (got - expected).abs() < 1e-4,
            "{bandwidth} m: {got}, PySAL prints {expected}"
        );
    }
    for (function, expected) in [
        ("seg_spatial_dissimilarity", 0.4039),
        ("seg_spatial_information_theory", 0.1612),
    ] {
        let got = number(
            &context,
            &format!("SELECT {function}(area, g, east, north, n, 2000, 'triangular') FROM {three}"),
        )
        .await
        .unwrap();
        assert!((got - expected).abs() < 6e-5, "{function}: {got}, expected {expected}");
    }
}

/// The index of segregr is the same with a Gaussian kernel; its distances are approximate, so three digits.
#[tokio::test]
async fn surroundings_of_marilia() {
    let context = session(4);
    if !csv(&context, "segregr_marilia_2010").await {
        return;
    }
    let classes = [
        "0_to_05", "05_to_1", "1_to_2", "2_to_3", "3_to_5", "5_to_10", "10_to_15", "15_to_20", "20_above",
    ];
    let parts: Vec<String> = classes
        .iter()
        .map(|class| {
            format!(
                "SELECT id AS area, '{class}' AS g, cx AS east, cy AS north, mw_{class} AS n FROM segregr_marilia_2010"
            )
        })
        .collect();
    let long = format!("({})", parts.join(" UNION ALL "));
    for (bandwidth, d, h) in [
        (500, 0.193_844_92, 0.061_878_98),
        (1000, 0.143_616_34, 0.037_846_74),
        (2000, 0.085_287_04, 0.007_134_83),
    ] {
        for (function, expected) in [("dissimilarity", d), ("information_theory", h)] {
            let sql =
                format!("SELECT seg_spatial_{function}(area, g, east, north, n, {bandwidth}, 'gaussian') FROM {long}");
            let got = number(&context, &sql).await.unwrap();
            assert!(
                (got - expected).abs() < 3e-4,
                "{function} at {bandwidth}: {got}, segregr {expected}"
            );
        }
    }
}

/// EquiPop's answer key of a synthetic town: counts exactly, shares and distances to the digits printed.
#[tokio::test]
async fn nearest_people_as_equipop_finds_them() {
    let context = session(4);
    if !csv(&context, "equipop_gridby_people").await {
        return;
    }
    let ks = [50, 100, 200, 400, 800, 1600, 3200];
    let text = ks.map(|k| k.to_string()).join(" ");
    for mode in ["whole", "proportional"] {
        assert!(csv(&context, &format!("expected_equipop_gridby_knn_{mode}")).await);
        let mine = columns(
            &context,
            &format!(
                "SELECT CAST(split_part(l['area'], '/', 1) AS DOUBLE) AS e, CAST(split_part(l['area'], '/', 2) AS DOUBLE) AS s,
                   l['k'] AS k, l['n'] AS n, l['x'] AS x, l['share'] AS r, l['distance'] AS d
                 FROM (SELECT unnest(seg_neighbourhoods(CAST(CAST(x AS INT) AS VARCHAR) || '/' || CAST(CAST(y AS INT) AS VARCHAR), x, y,
                   count_group, count_all, '{text}', '{mode}', 'include', 1, 100 / sqrt(pi()))) AS l FROM equipop_gridby_people) ORDER BY k, e, s"
            ),
        )
        .await;
        let key = columns(
            &context,
            &format!(r#"SELECT * FROM expected_equipop_gridby_knn_{mode} ORDER BY "EastWest", "NorthSouth""#),
        )
        .await;
        let cells = key["EastWest"].len();
        assert_eq!((cells, mine["k"].len()), (2_360, 2_360 * ks.len()));
        for (scale, k) in ks.iter().enumerate() {
            for (name, column, by) in [
                ("N", "n", 1e-9),
                ("T", "x", 1e-9),
                ("R_g", "r", 1e-9),
                ("Dist", "d", 1e-9),
            ] {
                let expected = &key[&format!("{name}_{k}")];
                for cell in 0..cells {
                    let got = mine[column][scale * cells + cell];
                    assert!(
                        close(got, expected[cell], by),
                        "{mode} {name}_{k} of {cell}: {got}, {}",
                        expected[cell]
                    );
                }
            }
        }
        let profile = columns(
            &context,
            &format!(
                "SELECT l['dissimilarity'] AS d, l['gini'] AS g, l['information_theory'] AS h, l['isolation'] AS i, l['exposure'] AS e,
                   l['correlation'] AS v, l['si'] AS s, l['atkinson'] AS a, l['n_short'] AS short FROM (SELECT unnest(seg_neighbourhood_profile(
                   CAST(x AS VARCHAR) || '/' || CAST(y AS VARCHAR), x, y, count_group, count_all, '0 {text}', '{mode}', 'area')) AS l
                 FROM equipop_gridby_people) ORDER BY l['k']"
            ),
        )
        .await;
        assert!(profile["short"].iter().all(|short| *short < 1.0));
        let path = shared(&format!("{FOLDER}/expected_equipop_gridby_segprofile_{mode}.csv")).unwrap();
        let mut scales = 0;
        for (at, record) in csv::Reader::from_path(path).unwrap().records().enumerate() {
            let record = record.unwrap();
            for (place, column) in [
                (1, "d"),
                (2, "g"),
                (3, "h"),
                (4, "a"),
                (5, "i"),
                (6, "e"),
                (7, "v"),
                (8, "s"),
            ] {
                let expected: f64 = record[place].parse().unwrap();
                let got = profile[column][at];
                assert!(
                    close(got, expected, 1e-9),
                    "{mode} {column} at {}: {got}, {expected}",
                    &record[0]
                );
            }
            scales += 1;
        }
        assert_eq!(scales, 1 + ks.len());
        let si = format!(
            "SELECT seg_neighbourhood_isolation(CAST(x AS VARCHAR) || '/' || CAST(y AS VARCHAR), x, y, count_group, count_all, 400, '{mode}')
             FROM equipop_gridby_people"
        );
        let expected = if mode == "whole" { 0.408_133 } else { 0.408_214 };
        assert!((number(&context, &si).await.unwrap() - expected).abs() < 6e-7);
    }
}

/// The key that EquiPop's tools are compared by: every column of it, counts exactly, the rest to the ten digits printed.
/// Mean, median and Gini are of a value among the neighbours one by one, which is a join.
#[tokio::test]
async fn the_conformance_key_of_equipop() {
    let context = session(4);
    if !csv(&context, "equipop_gridby_people").await {
        return;
    }
    let people = "(SELECT lpad(CAST(CAST(x AS INT) AS VARCHAR), 5, '0') || '/' || lpad(CAST(CAST(y AS INT) AS VARCHAR), 5, '0') AS area,
                     x, y, count_group AS v, count_all AS w FROM equipop_gridby_people)";
    for (mode, file) in [
        ("whole", "equipop_gridby_reference"),
        ("proportional", "equipop_gridby_reference_proportional"),
    ] {
        assert!(csv(&context, file).await);
        let key = columns(&context, &format!("SELECT * FROM {file} ORDER BY x, y")).await;
        let near = |mode: &str| {
            format!(
                "(SELECT unnest(seg_neighbourhoods(area, x, y, v, w, '400', '{mode}', 'include', 1, 100 / sqrt(pi()))) AS l FROM {people})"
            )
        };
        // people on the last ring count as much of them as was taken
        let taken = if mode == "whole" {
            "1.0"
        } else {
            "CASE WHEN d < last - 1e-6 THEN 1.0 ELSE (400 - inside) / (n - inside) END"
        };
        let values = format!(
            "SELECT area, sum(v * w * taken) / sum(w * taken) AS mean, wquantile(v, w * taken, 0.49) AS low, wquantile(v, w * taken, 0.5) AS median, wquantile(v, w * taken, 0.51) AS high, ineq_gini(v, w * taken) AS gini
             FROM (SELECT *, {taken} AS taken FROM (
               SELECT *, sum(CASE WHEN d < last - 1e-6 THEN w ELSE 0 END) OVER (PARTITION BY area) AS inside FROM (
                 SELECT o.area, p.v, p.w, sqrt(power(o.x - p.x, 2) + power(o.y - p.y, 2)) AS d, l['distance'] AS last, l['n'] AS n
                 FROM {people} AS o JOIN {} ON l['area'] = o.area
                   JOIN {people} AS p ON power(o.x - p.x, 2) + power(o.y - p.y, 2) <= power(l['distance'], 2) + 1e-6)))
             GROUP BY area ORDER BY area",
            near("whole")
        );
        let mut mine = columns(&context, &values).await;
        for (names, sql) in [
            (
                "near",
                format!("SELECT l['n'] AS n, l['x'] AS x, l['share'] AS r, l['distance'] AS d FROM {} ORDER BY l['area']", near(mode)),
            ),
            (
                "within",
                format!(
                    "SELECT l['n'] AS n, l['x'] AS x, l['share'] AS r FROM (SELECT unnest(seg_surroundings(area, x, y, v, w, 800, 'uniform')) AS l
                     FROM {people}) ORDER BY l['area']"
                ),
            ),
            ("own", format!("SELECT w FROM {people} ORDER BY area")),
        ] {
            for (name, column) in columns(&context, &sql).await {
                mine.insert(format!("{names} {name}"), column);
            }
        }
        let mut compared = 2;
        for (name, column, exactly) in [
            ("N_local", "own w", true),
            ("N_400", "near n", true),
            ("Nv_count_group_400", "near n", true),
            ("T_count_group_400", "near x", mode == "whole"),
            ("R_count_group_400", "near r", false),
            ("Dist_400", "near d", false),
            ("N_r800", "within n", true),
            ("T_count_group_r800", "within x", true),
            ("R_count_group_r800", "within r", false),
            ("Mean_count_group_400", "mean", false),
            ("Gini_count_group_400", "gini", false),
        ] {
            assert_eq!(mine[column].len(), 2_360, "{column}");
            for (cell, (got, expected)) in mine[column].iter().zip(&key[name]).enumerate() {
                let by = if exactly { 0.0 } else { 1e-9 };
                assert!(close(*got, *expected, by), "{mode} {name} of {cell}: {got}, {expected}");
            }
            compared += 1;
        }
        // the key's median lies between two values where half of the people do; there is no such value here
        let mut same = 0;
        for (cell, expected) in key["Med_count_group_400"].iter().enumerate() {
            let of = |name: &str| mine[name][cell];
            assert!((of("low")..=of("high")).contains(expected), "{mode} median of {cell}");
            same += usize::from(close(of("median"), *expected, 1e-9));
        }
        assert!(same > 2_300, "{mode}: {same} medians");
        compared += 1;
        assert_eq!(compared, key.len(), "every column, x and y among them");
    }
}

/// A made-up town: where areas are, how large, and how many of three groups live there.
struct Town {
    areas: Vec<(f64, f64, f64, [u32; 3])>,
}

impl Town {
    fn new(rng: &mut StdRng, areas: usize) -> Self {
        let area = |rng: &mut StdRng| {
            let place = |rng: &mut StdRng| (rng.random_range(0.0..12_000.0_f64) * 10.0).round() / 10.0;
            (
                place(rng),
                place(rng),
                rng.random_range(1e4..4e6),
                [0; 3].map(|_| rng.random_range(0..400_u32)),
            )
        };
        Self {
            areas: (0..areas).map(|_| area(rng)).collect(),
        }
    }

    fn wide(&self) -> String {
        let rows: Vec<String> = self
            .areas
            .iter()
            .enumerate()
            .map(|(at, (east, north, size, [a, b, c]))| {
                format!("('k{at}', {east:?}, {north:?}, {size:?}, {a}.0, {b}.0, {c}.0)")
            })
            .collect();
        format!(
            "(SELECT *, a + b + c AS t FROM (VALUES {}) AS v(area, east, north, size, a, b, c))",
            rows.join(", ")
        )
    }

    fn long(&self) -> String {
        let wide = self.wide();
        let part = |group: &str| format!("SELECT area, '{group}' AS g, east, north, size, {group} AS n FROM {wide}");
        format!("({} UNION ALL {} UNION ALL {})", part("a"), part("b"), part("c"))
    }

    /// Pairs (i, j, distance); an area with itself √(0.6 a).
    fn pairs(&self) -> Vec<(usize, usize, f64)> {
        let mut pairs = Vec::new();
        for (i, left) in self.areas.iter().enumerate() {
            for (j, right) in self.areas.iter().enumerate() {
                let distance = if i == j {
                    (0.6 * left.2).sqrt()
                } else {
                    (left.0 - right.0).hypot(left.1 - right.1)
                };
                pairs.push((i, j, distance));
            }
        }
        pairs
    }

    fn n(&self, area: usize, group: usize) -> f64 {
        f64::from(self.areas[area].3[group])
    }

    fn t(&self, area: usize) -> f64 {
        self.areas[area].3.iter().map(|n| f64::from(*n)).sum()
    }
}

#[tokio::test]
async fn clustering_keeps_its_laws() {
    let context = session(2);
    let mut rng = StdRng::seed_from_u64(5);
    for _ in 0..12 {
        let areas = rng.random_range(2..40);
        let town = Town::new(&mut rng, areas);
        let wide = town.wide();
        let place = "area, east, north, size";
        let sql = format!(
            "SELECT seg_distance_decay_exposure({place}, a, a, t) AS aa, seg_distance_decay_exposure({place}, a, b, t) AS ab,
               seg_distance_decay_exposure({place}, a, c, t) AS ac, seg_distance_decay_isolation({place}, a, t) AS isolation,
               seg_distance_decay_isolation({place}, t, t) AS everybody, seg_spatial_proximity({place}, t / 4, t) AS proportional,
               seg_spatial_proximity({place}, a, t) AS sp, seg_relative_clustering({place}, t / 4, t) AS alike,
               seg_spatial_dissimilarity(area, east, north, a, t, 1e-3) - seg_dissimilarity(area, a, t) AS d,
               seg_spatial_information_theory(area, east, north, a, t, 1e-3) - seg_information_theory(area, a, t) AS h,
               seg_spatial_dissimilarity(area, east, north, a, t, 3000, 'quadratic') AS d3
             FROM {wide}"
        );
        let got: BTreeMap<String, f64> = columns(&context, &sql)
            .await
            .into_iter()
            .map(|(name, of)| (name, of[0]))
            .collect();
        assert!(
            (got["aa"] + got["ab"] + got["ac"] - 1.0).abs() < 1e-13,
            "rows add up to one: {got:?}"
        );
        assert!((got["aa"] - got["isolation"]).abs() < 1e-15);
        assert!(
            (got["everybody"] - 1.0).abs() < 1e-13,
            "everybody meets everybody: {got:?}"
        );
        assert!(
            (got["proportional"] - 1.0).abs() < 1e-13 && got["alike"].abs() < 1e-13,
            "in proportion: {got:?}"
        );
        assert!(
            got["d"].abs() < 1e-14 && got["h"].abs() < 1e-13,
            "surroundings of nobody else: {got:?}"
        );
        // all pairs, one by one
        let (mut near, mut met, mut all) = ([0.0; 3], 0.0, 0.0);
        let total: f64 = (0..areas).map(|i| town.t(i)).sum();
        for (i, j, distance) in town.pairs() {
            let c = (-distance / 1000.0).exp();
            let rest = |at: usize| town.t(at) - town.n(at, 0);
            for (near, (left, right)) in
                near.iter_mut()
                    .zip([(town.n(i, 0), town.n(j, 0)), (rest(i), rest(j)), (town.t(i), town.t(j))])
            {
                *near += c * left * right;
            }
        }
        let x: f64 = (0..areas).map(|i| town.n(i, 0)).sum();
        let sp = (near[0] / x + near[1] / (total - x)) / (near[2] / total);
        assert!(close(got["sp"], sp, 1e-12), "{} {sp}", got["sp"]);
        for i in 0..areas {
            let (mut group, mut people) = (0.0, 0.0);
            for (_, j, distance) in town.pairs().into_iter().filter(|pair| pair.0 == i) {
                let phi = if i == j {
                    1.0
                } else {
                    (1.0 - (distance / 3000.0).powi(2)).max(0.0)
                };
                group += phi * town.n(j, 0);
                people += phi * town.t(j);
            }
            met += town.t(i) * (group / people - x / total).abs();
            all += town.t(i);
        }
        let d3 = met / (2.0 * all * (x / total) * (1.0 - x / total));
        assert!(close(got["d3"], d3, 1e-12), "{} {d3}", got["d3"]);
        // one group against the rest is two groups in the long form
        let long = town.long();
        let two = format!(
            "SELECT (SELECT seg_spatial_proximity(area, g, east, north, size, n) FROM {long} WHERE g <> 'c')
                  - (SELECT seg_spatial_proximity({place}, a, a + b) FROM {wide})"
        );
        assert!(number(&context, &two).await.unwrap().abs() < 1e-13);
    }
}

#[tokio::test]
async fn a_compact_cluster_scores_above_a_scattered_one() {
    let context = session(2);
    let town = |chosen: &dyn Fn(i32, i32) -> bool| {
        let rows: Vec<String> = (0..144)
            .map(|at| {
                let (east, north) = (at % 12, at / 12);
                format!(
                    "('k{at}', {}, {}, 250000.0, {}, 100)",
                    east * 500,
                    north * 500,
                    if chosen(east, north) { 90 } else { 5 }
                )
            })
            .collect();
        format!("(VALUES {}) AS v(area, east, north, size, x, t)", rows.join(", "))
    };
    let compact = town(&|east, north| east < 4 && north < 4);
    let scattered = town(&|east, north| (east * 5 + north * 7) % 9 == 0);
    for (call, above) in [
        ("seg_spatial_proximity(area, east, north, size, x, t)", 0.15),
        ("seg_absolute_clustering(area, east, north, size, x, t)", 0.15),
        ("seg_relative_clustering(area, east, north, size, x, t)", 0.5),
        ("seg_distance_decay_isolation(area, east, north, size, x, t)", 0.15),
        ("seg_spatial_dissimilarity(area, east, north, x, t, 1500)", 0.2),
    ] {
        let together = number(&context, &format!("SELECT {call} FROM {compact}"))
            .await
            .unwrap();
        let apart = number(&context, &format!("SELECT {call} FROM {scattered}"))
            .await
            .unwrap();
        assert!(together > apart + above, "{call}: {together} together, {apart} apart");
    }
}

/// Twelve areas of a fictional town on a grid of three by four.
const LILLKOPING: &str = "(VALUES
    ('A01', 1200, 60, 2), ('A02', 1500, 90, 1), ('A03', 1100, 40, 0), ('A04', 1800, 150, 4), ('A05', 2100, 620, 19), ('A06', 1900, 780, 24),
    ('A07', 1300, 140, 3), ('A08', 1600, 260, 6), ('A09', 2000, 900, 31), ('A10', 900, 30, 0), ('A11', 1400, 110, 4), ('A12', 1000, 90, 1)
    ) AS v(area, t, other, cases)";

fn lillkoping() -> String {
    let at = "CAST(substr(area, 2) AS INT) - 1";
    let areas = format!("(SELECT area, t, other, ({at}) % 4 AS east, ({at}) / 4 AS north FROM {LILLKOPING})");
    format!(
        "(SELECT area, area AS neighbour, other, t, 1.0 * other / t AS value, 0 AS w FROM {areas}
          UNION ALL SELECT a.area, b.area, NULL, NULL, NULL, 1 FROM {areas} AS a JOIN {areas} AS b
            ON abs(a.east - b.east) + abs(a.north - b.north) = 1)"
    )
}

#[tokio::test]
async fn golden_values_of_neighbours() {
    let context = session(2);
    let Some(path) = shared("domain/golden/golden.json") else {
        return;
    };
    let golden: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let town = lillkoping();
    let got = columns(
        &context,
        &format!("SELECT m['value'] AS i, m['expected'] AS e, m['n_edges'] AS edges FROM (SELECT moran(area, neighbour, value, w) AS m FROM {town})"),
    )
    .await;
    assert!(close(
        got["i"][0],
        golden["moran_I_rowstd_rook"].as_f64().unwrap(),
        1e-12
    ));
    assert!(close(got["e"][0], golden["moran_expected"].as_f64().unwrap(), 1e-12));
    assert!(close(got["edges"][0], 34.0, 1e-15));
    let sql = format!(
        "SELECT l['value'] AS value, l['quadrant'] AS quadrant FROM (SELECT unnest(lisa(area, neighbour, value, w)) AS l FROM {town}) ORDER BY l['area']"
    );
    let batches = rows(&context, &sql).await;
    let batch = concat_batches(&batches[0].schema(), &batches).unwrap();
    let values = batch.column(0).as_primitive::<Float64Type>();
    for (at, expected) in golden["local_moran"].as_array().unwrap().iter().enumerate() {
        assert!(close(values.value(at), expected.as_f64().unwrap(), 1e-12), "area {at}");
    }
    let quadrants: Vec<&str> = batch.column(1).as_string::<i32>().iter().flatten().collect();
    let expected: Vec<&str> = golden["lisa_quadrant"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| of.as_str().unwrap())
        .collect();
    assert_eq!(quadrants, expected);
}

/// Moran's I of a chessboard is −1, of two halves near 1; a large pattern is beyond chance, noise is not.
#[tokio::test]
async fn patterns_are_told_from_noise() {
    let context = session(2);
    let board = |reach: u32, value: &dyn Fn(i32, i32) -> f64| {
        let rows: Vec<String> = (0..100)
            .map(|at| format!("('k{at}', {}, {}, {:?})", at % 10, at / 10, value(at % 10, at / 10)))
            .collect();
        let areas = format!("(VALUES {}) AS v(area, east, north, value)", rows.join(", "));
        format!(
            "(SELECT area, area AS neighbour, value, 0 AS w FROM {areas} UNION ALL
              SELECT e['area'], e['neighbour'], NULL, e['weight'] FROM (SELECT unnest(area_neighbours(area, east, north, 'band', {reach})) AS e FROM {areas}))"
        )
    };
    let moran = async |rows: &str| {
        let sql = format!(
            "SELECT m['value'] AS i, m['z'] AS z, m['p'] AS p FROM (SELECT moran(area, neighbour, value, w) AS m FROM {rows})"
        );
        let of = columns(&context, &sql).await;
        (of["i"][0], of["z"][0], of["p"][0])
    };
    let (i, z, p) = moran(&board(1, &|east, north| f64::from((east + north) % 2))).await;
    assert!(
        close(i, -1.0, 1e-12) && z < -10.0 && close(p, 0.001, 1e-12),
        "{i} {z} {p}"
    );
    let half = |east: i32, _: i32| f64::from(i32::from(east < 5));
    let halves = board(1, &half);
    let (i, z, p) = moran(&halves).await;
    assert!(i > 0.85 && z > 10.0 && close(p, 0.001, 1e-12), "{i} {z} {p}");
    let mut rng = StdRng::seed_from_u64(3);
    let noise: Vec<f64> = (0..100).map(|_| rng.random_range(0.0..1.0)).collect();
    let (i, z, p) = moran(&board(1, &|east, north| {
        noise[usize::try_from(north * 10 + east).unwrap()]
    }))
    .await;
    assert!(i.abs() < 0.2 && z.abs() < 2.5 && p > 0.01, "{i} {z} {p}");
    let spots = async |rows: &str| {
        let spots = "count(CASE WHEN g['spot'] = 'hot' THEN 1 END) AS hot, count(CASE WHEN g['spot'] = 'cold' THEN 1 END) AS cold";
        let sql = format!(
            "SELECT {spots}, max(CASE WHEN g['area'] = 'k0' THEN g['value'] END) AS corner
             FROM (SELECT unnest(gi_star(area, neighbour, value, w, 9999)) AS g FROM {rows})"
        );
        let of = columns(&context, &sql).await;
        (of["hot"][0], of["cold"][0], of["corner"][0])
    };
    // three cells of 1 among 100 of which half are 1: (3 − 3/2) / (½ √((300 − 9)/99)); three of a kind are no rarity
    let (hot, cold, corner) = spots(&halves).await;
    assert!(close(corner, 1.5 / (0.5 * (291.0_f64 / 99.0).sqrt()), 1e-12));
    assert!(hot < 1.0 && cold < 1.0, "{hot} {cold}");
    let (hot, cold, _) = spots(&board(2, &half)).await;
    assert!(hot > 20.0 && (hot - cold).abs() <= 4.0, "{hot} {cold}");
}

/// Assunção and Reis' index by its formula, one step at a time.
#[tokio::test]
async fn rates_of_small_places_are_weighed() {
    let context = session(2);
    let town = lillkoping();
    let got = number(
        &context,
        &format!("SELECT moran_eb(area, neighbour, other, t, w, 0)['value'] FROM {town}"),
    )
    .await
    .unwrap();
    let data = [
        (1200.0, 60.0),
        (1500.0, 90.0),
        (1100.0, 40.0),
        (1800.0, 150.0),
        (2100.0, 620.0),
        (1900.0, 780.0),
        (1300.0, 140.0),
        (1600.0, 260.0),
        (2000.0, 900.0),
        (900.0, 30.0),
        (1400.0, 110.0),
        (1000.0, 90.0_f64),
    ];
    let (t, x): (f64, f64) = data.iter().fold((0.0, 0.0), |of, (t, x)| (of.0 + t, of.1 + x));
    let b = x / t;
    let a = data.iter().map(|(t, x)| t * (x / t - b).powi(2)).sum::<f64>() / t - b / (t / 12.0);
    let z: Vec<f64> = data.iter().map(|(t, x)| (x / t - b) / (a + b / t).sqrt()).collect();
    let mean = z.iter().sum::<f64>() / 12.0;
    let (mut above, mut below) = (0.0, 0.0);
    for i in 0..12_usize {
        let near: Vec<usize> = (0..12)
            .filter(|j| (i % 4).abs_diff(j % 4) + (i / 4).abs_diff(j / 4) == 1)
            .collect();
        above += (z[i] - mean) * near.iter().map(|j| z[*j] - mean).sum::<f64>() / near.len() as f64;
        below += (z[i] - mean).powi(2);
    }
    assert!(close(got, above / below, 1e-12), "{got}");
}

/// Real neighbours, in any order of rows and on any number of partitions: the same bits.
#[tokio::test]
async fn edges_and_places_give_the_same_bits_in_any_order() {
    let mut rng = StdRng::seed_from_u64(77);
    let town = Town::new(&mut rng, 60);
    let wide = town.wide();
    let rows_of = format!(
        "SELECT k, area, area AS neighbour, east, north, size, a, b, t, a / (t + 1) AS value, 0.0 AS w FROM {wide} CROSS JOIN (VALUES ('p'), ('q')) AS k(k)
         UNION ALL SELECT k, e['area'], e['neighbour'], 0, 0, 0, NULL, NULL, NULL, NULL, e['weight'] / 3
         FROM (SELECT unnest(area_neighbours(area, east, north, 'gaussian', 1500)) AS e FROM {wide}) CROSS JOIN (VALUES ('p'), ('q')) AS k(k)"
    );
    let batches = rows(&session(1), &rows_of).await;
    let all = concat_batches(&batches[0].schema(), &batches).unwrap();
    assert!(all.num_rows() > 500, "{}", all.num_rows());
    let near = "area, neighbour";
    let edges = [
        format!("seg_adjusted_dissimilarity({near}, a, t, w)"),
        format!("seg_shape_adjusted_dissimilarity({near}, east, size, a, t, w)"),
        format!("seg_absolute_clustering({near}, a, t, w)"),
        format!("seg_spatial_proximity({near}, a, t, w)"),
        format!("seg_distance_decay_isolation({near}, a, t, w)"),
        format!("moran({near}, value, w, 99)"),
        format!("moran_eb({near}, a, t, w, 99)"),
        format!("lisa({near}, value, w, 99)"),
        format!("gi_star({near}, value, w, 99)"),
    ];
    let place = "area, east, north";
    let own = "FILTER (WHERE area = neighbour)";
    let places = [
        format!("seg_absolute_clustering({place}, size, a, t) {own}"),
        format!("seg_neighbourhoods({place}, a, t, '500 2000', 'sampled') {own}"),
        format!("seg_spatial_profile({place}, a, t) {own}"),
        format!("seg_local_centralization({place}, a, t) {own}"),
    ];
    let sql = format!(
        "SELECT k, {} FROM t GROUP BY k ORDER BY k",
        edges.iter().chain(&places).cloned().collect::<Vec<_>>().join(", ")
    );
    let mut seen: Vec<RecordBatch> = Vec::new();
    for partitions in [1_usize, 2, 16] {
        let mut order: Vec<u32> = (0..u32::try_from(all.num_rows()).unwrap()).collect();
        order.shuffle(&mut rng);
        let order = arrow::array::PrimitiveArray::<UInt32Type>::from_iter_values(order);
        let mixed = take_record_batch(&all, &order).unwrap();
        let size = mixed.num_rows().div_ceil(partitions);
        let parts = (0..partitions)
            .map(|at| vec![mixed.slice(at * size, size.min(mixed.num_rows() - at * size))])
            .collect();
        let context = session(partitions);
        register(&context, Arc::new(MemTable::try_new(mixed.schema(), parts).unwrap()));
        let batches = rows(&context, &sql).await;
        seen.push(concat_batches(&batches[0].schema(), &batches).unwrap());
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
    assert_eq!(seen[0].num_rows(), 2);
    for column in &seen[0].columns()[1..] {
        assert_eq!(column.null_count(), 0, "{column:?}");
        assert_eq!(
            column.slice(0, 1).to_data(),
            column.slice(1, 1).to_data(),
            "both halves are the same town"
        );
    }
    let names: &StringArray = seen[0].column(0).as_any().downcast_ref().unwrap();
    assert_eq!(names.value(0), "p");
}

#[expect(clippy::disallowed_methods, reason = "the functions alone, without a lake")]
fn register(context: &SessionContext, table: Arc<MemTable>) {
    context.register_table("t", table).unwrap();
}
